//! The gates of a chain that are screens: what they saw in arguments, prompts, descriptions and results, and what was done
//! to a result before the caller got it.

use super::Gate;
use crate::console::view::{
    facts::{Fact, plain},
    words::{Mark, duration, would_have_been_blocked},
};
use procura_app::screening::{UNHEARD_FIX, unheard_sentence};
use procura_model::{Event, Json, Reason};

/// The kind under which all rules of an organization are recorded.
const OPERATOR_RULE: &str = "operator-rule";

pub(super) const fn is_of_the_screen(reason: Option<Reason>) -> bool {
    matches!(reason, Some(Reason::PromptInjection | Reason::CouldNotScan))
}

/// What the screen saw in the arguments, where they were screened: `gates.screen {risk, rules}`.
pub(super) fn screened(event: &Event, facts: &Json) -> Option<Gate> {
    let seen = facts.member("gates").and_then(|gates| gates.member("screen"));
    if !is_of_the_screen(event.reason) {
        return seen.map(|seen| looked("Screened", seen, place_of(event)));
    }
    let said = facts.member("sentence").map(plain).unwrap_or_default();
    let mut gate = Gate::passed("Screened", said).refused("Refused").because(event.reason);
    advise_about_the_second_opinion(&mut gate, event.reason, seen);
    gate.facts = seen.map(of_the_screen).unwrap_or_default();
    gate.facts.extend(event.action.as_ref().map(|action| Fact::new("action", action)));
    gate.facts.extend(event.resource.as_ref().map(|resource| Fact::new("resource", resource)));
    gate.elapsed_us = event.duration_us;
    Some(gate)
}

/// Where the text stood that a decision's screen looked at.
fn place_of(event: &Event) -> &'static str {
    match (event.action.as_deref(), event.target.as_deref()) {
        (Some("prompt.screen"), _) => "in the prompt",
        (_, Some("definition_reported")) => "in the tool's description",
        _ => "in the arguments",
    }
}

/// A screen that let a text pass.
fn looked(name: &'static str, seen: &Json, place: &str) -> Gate {
    let risk = seen.member("risk").map(plain).unwrap_or_default();
    let said = match risk.as_str() {
        "" | "none" => format!("Nothing was found {place}."),
        risk if seen.member("reportOnly") == Some(&Json::Bool(true)) => {
            format!(
                "Found {place}, of {risk} risk; it would have been blocked, and this channel only reports."
            )
        }
        risk => format!("Found {place}, of {risk} risk; it was reported and let pass."),
    };
    let mut gate = Gate::passed(name, said);
    if !matches!(risk.as_str(), "" | "none") {
        let is_lifted = seen.member("reportOnly") == Some(&Json::Bool(true));
        gate.mark = if is_lifted { would_have_been_blocked(&risk) } else { Mark::neutral("Reported") };
    }
    gate.facts = of_the_screen(seen);
    gate
}

/// What a screen saw: risk, rules, whether only that it reports let it pass, and the second opinion.
fn of_the_screen(seen: &Json) -> Vec<Fact> {
    let mut facts = Vec::new();
    for name in ["risk", "rules"] {
        let said = seen.member(name).map(plain).filter(|said| !said.is_empty());
        facts.extend(said.map(|said| Fact::new(name, said)));
    }
    if seen.member("reportOnly") == Some(&Json::Bool(true)) {
        facts.push(Fact::new("this channel", "only reports"));
    }
    facts.extend(seen.member("secondOpinion").map(second_opinion));
    facts
}

/// Where a text was refused because nobody could be asked about it, the classifier is to be mended and not the text.
fn advise_about_the_second_opinion(gate: &mut Gate, reason: Option<Reason>, seen: Option<&Json>) {
    let asked = seen.and_then(|seen| seen.member("secondOpinion"));
    let Some(why) = asked.and_then(|asked| asked.member("failure")) else { return };
    if reason == Some(Reason::CouldNotScan) {
        gate.said = unheard_sentence(&plain(why));
        gate.code = Some((Reason::CouldNotScan.code(), UNHEARD_FIX));
    }
}

/// What the operator's classifier was asked and said.
fn second_opinion(asked: &Json) -> Fact {
    let said = |name: &str| asked.member(name).map(plain);
    let word = match (said("verdict").as_deref(), said("failure")) {
        (Some("attack"), _) => "an attack".to_owned(),
        (Some("no_attack"), _) => "no attack".to_owned(),
        (_, Some(why)) => format!("no answer ({why})"),
        _ => "no answer".to_owned(),
    };
    let took = said("micros").and_then(|micros| micros.parse().ok()).map(duration);
    let after = took.map(|took| format!(", after {took}")).unwrap_or_default();
    Fact::new("second opinion", format!("{word}{after}"))
}

/// What was done to the result before the caller got it: `{risk, rules, redactions, kinds, droppedBytes, kept}`.
pub(super) fn sanitized(event: &Event, facts: &Json) -> Vec<Gate> {
    let member = |name: &str| facts.member(name).map(plain);
    let only = |names: &[&str]| {
        let pick = |name: &&str| member(name).map(|value| Fact::new(*name, value));
        names.iter().filter_map(pick).collect::<Vec<_>>()
    };
    let mut gates = Vec::new();
    if member("upstream").is_some() || member("risk").is_none() {
        return gates;
    }
    let mut screen = looked("Screened result", facts, "in the result");
    if is_of_the_screen(event.reason) {
        let said = event.reason.map_or("", Reason::text);
        screen = Gate::passed("Screened result", said).refused("Refused").because(event.reason);
        advise_about_the_second_opinion(&mut screen, event.reason, Some(facts));
    }
    screen.facts = of_the_screen(facts);
    let is_withheld = screen.is_refusal;
    gates.push(screen);
    if is_withheld {
        return gates;
    }
    let redactions = member("redactions").unwrap_or_default();
    let mut redact = Gate::passed("Redacted", "There was no secret in the result.");
    if !matches!(redactions.as_str(), "" | "0") {
        let noun = if redactions == "1" { "secret was" } else { "secrets were" };
        redact.said = format!("{redactions} {noun} taken out: {}.", taken_out(facts));
        redact.mark = Mark::neutral("Changed");
    }
    redact.facts = only(&["redactions", "kinds"]);
    redact.facts.extend(member("ownRules").map(|rules| Fact::new("rules of your own", rules)));
    gates.push(redact);
    if let Some(dropped) = member("droppedBytes").filter(|bytes| bytes != "0") {
        let on = member("kept").map(|kept| format!(" as {kept}")).unwrap_or_default();
        let said = format!("{dropped} bytes were kept back; the agent can read on{on}.");
        let mut cut = Gate::passed("Truncated", said);
        cut.mark = Mark::neutral("Changed");
        cut.facts = vec![Fact::new("bytes kept back", dropped)];
        cut.facts.extend(member("kept").map(|kept| Fact::new("kept as", kept)));
        gates.push(cut);
    }
    gates
}

/// What was taken out, with the organization's own rules by their names.
fn taken_out(facts: &Json) -> String {
    let list = |name: &str| match facts.member(name) {
        Some(Json::List(items)) => items.iter().map(plain).collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    let kinds = list("kinds").into_iter().filter(|kind| kind != OPERATOR_RULE);
    list("ownRules").into_iter().chain(kinds).collect::<Vec<_>>().join(", ")
}
