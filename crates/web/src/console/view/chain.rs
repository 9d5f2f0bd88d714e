//! The chain of gates of one request, built from the recorded rows alone: what was not recorded is
//! not shown, and an intent without an outcome reads `unknown`, never as success (decisions 19).

mod screens;

use super::{
    ending::Ended,
    facts::{Fact, flatten, plain, pretty},
    visible::{visible, visible_lines},
    words::{Mark, duration},
};
use procura_model::{
    ApprovalId, ApprovalState, Event, EventKind, Json, Reason, Recorded, RequestId, Verdict,
};
use screens::{is_of_the_screen, sanitized, screened};

/// Width of the shared time scale, in units of its drawing.
const SCALE: i64 = 132;

/// One gate as it was passed, or not.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    pub(crate) name: &'static str,
    pub(crate) mark: Mark,
    /// What it decided, in one sentence.
    pub(crate) said: String,
    /// Microseconds that it took, where that was measured.
    pub(crate) us: Option<i64>,
    /// Microseconds since the request began, at the end of this gate.
    elapsed_us: Option<i64>,
    /// Where the time lies on the shared scale: start and width.
    pub(crate) on_scale: Option<(i64, i64)>,
    /// The code and what to do about it, where it refused.
    pub(crate) code: Option<(&'static str, &'static str)>,
    pub(crate) facts: Vec<Fact>,
    /// Longer texts: the arguments, the result.
    pub(crate) texts: Vec<(&'static str, String)>,
    pub(crate) is_open: bool,
    pub(crate) is_refusal: bool,
    pub(crate) is_lost: bool,
}

impl Gate {
    fn passed(name: &'static str, said: impl Into<String>) -> Self {
        Self {
            name,
            mark: Mark::allowed("Passed"),
            said: said.into(),
            us: None,
            elapsed_us: None,
            on_scale: None,
            code: None,
            facts: Vec::new(),
            texts: Vec::new(),
            is_open: false,
            is_refusal: false,
            is_lost: false,
        }
    }

    fn refused(mut self, word: &'static str) -> Self {
        self.mark = Mark::denied(word);
        self.is_refusal = true;
        self
    }

    fn because(mut self, reason: Option<Reason>) -> Self {
        self.code = reason.filter(|reason| *reason != Reason::Allowed).map(|r| (r.code(), fix(r)));
        self
    }

    /// The duration in its unit.
    pub(crate) fn took(&self) -> String {
        self.us.map(duration).unwrap_or_default()
    }
}

/// An approval that a call asked for, as it stands now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) approval: ApprovalId,
    pub(crate) state: ApprovalState,
    /// The request that used it.
    pub(crate) used_in: Option<RequestId>,
}

/// What to do, for somebody who looks at the trace already.
const fn fix(reason: Reason) -> &'static str {
    match reason {
        Reason::PromptInjection => {
            "Remove the instructions from the content; the rules that fired are listed here. If it is no attack, say so below."
        }
        Reason::ApprovalRequired => "A person answers it; the gate below shows how that stands now.",
        Reason::UpstreamInvalid => "The owner of the tool server must mend it.",
        Reason::UpstreamUnreachable => "Try again later; see whether the server answers under Tools.",
        Reason::CallCancelled => "Nothing to do; the gates show how far it came.",
        _ => reason.fix(),
    }
}

/// The chain of these rows; the rows do not know how an approval stands now, so that is told.
pub(crate) fn chain(records: &[Recorded], asked: Option<&Asked>) -> Vec<Gate> {
    let mut gates = Vec::new();
    if let Some(first) = records.first() {
        gates.push(caller(first));
    }
    let mut used = None;
    let mut outcome_seen = false;
    let mut intent_seen = false;
    for record in records {
        let event = &record.event;
        let facts = Json::parse(&event.facts).unwrap_or(Json::Null);
        match event.kind {
            EventKind::Decision => {
                gates.extend(session(event, &facts));
                gates.extend(screened(event, &facts));
                if !is_of_the_screen(event.reason) {
                    gates.push(decided(event, &facts));
                }
                gates.extend(waiting_for(event, asked));
                gates.extend(used.take());
            }
            // Recorded before the decision that it made possible, shown after it.
            EventKind::ApprovalConsumed => used = Some(approval(event, "A granted approval was used.")),
            EventKind::Intent => {
                intent_seen = true;
                gates.push(intent(event, &facts));
            }
            EventKind::Egress => gates.push(egress(event, &facts)),
            EventKind::Outcome => {
                outcome_seen = true;
                gates.extend(sanitized(event, &facts));
                gates.push(outcome(event, &facts));
            }
            EventKind::ApprovalRequested => {}
            kind => gates.push(happened(kind, event, &facts)),
        }
    }
    if intent_seen && !outcome_seen {
        gates.push(lost());
    }
    open_the_first_refusal(&mut gates);
    place_on_scale(&mut gates);
    gates.iter_mut().for_each(show_what_hides);
    gates
}

/// Everything foreign in a gate, with marks for what hides; where a fact leads is known by now.
fn show_what_hides(gate: &mut Gate) {
    gate.said = visible(&gate.said);
    for fact in &mut gate.facts {
        fact.name = visible(&fact.name);
        fact.value = visible(&fact.value);
    }
    for (_, text) in &mut gate.texts {
        *text = visible_lines(text);
    }
}

fn caller(first: &Recorded) -> Gate {
    let said = match first.actor.split_once('_').map(|(prefix, _)| prefix) {
        Some("key") => "A key was shown and is valid.",
        Some("acc") => "A person who is signed in.",
        _ => "Nobody had signed in yet.",
    };
    let mut gate = Gate::passed("Authenticated", said);
    if first.actor == "anonymous" {
        gate.mark = Mark::neutral("Anonymous");
    }
    gate.facts.push(Fact::new("actor", &first.actor));
    gate.facts.extend(first.event.agent.map(|agent| Fact::new("agent", agent.to_string())));
    gate.facts.extend(first.event.user.as_ref().map(|user| Fact::new("on behalf of", &user.0)));
    gate.facts.push(Fact::new("at", first.at.to_string()));
    gate
}

/// The session of the user for whom the agent acts, where it was one.
fn session(event: &Event, facts: &Json) -> Option<Gate> {
    let session = facts.member("session").and_then(Json::as_text)?;
    let mut gate = Gate::passed("Session", "It was live: the agent acts for one verified user.");
    gate.facts.push(Fact::new("session", session));
    gate.facts.extend(event.user.as_ref().map(|user| Fact::new("user", &user.0)));
    Some(gate)
}

fn decided(event: &Event, facts: &Json) -> Gate {
    let sentence = facts.member("sentence").map(plain);
    let said = sentence.unwrap_or_else(|| event.reason.map_or("", Reason::text).to_owned());
    let mut gate = Gate::passed("Decided", said).because(event.reason);
    match event.verdict {
        Some(Verdict::Allow) => gate.mark = Mark::allowed("Allowed"),
        Some(Verdict::NeedsApproval) => gate.mark = Mark::waiting("Needs approval"),
        Some(Verdict::Deny) => gate = gate.refused("Denied"),
        None => gate.mark = Mark::unknown("No verdict"),
    }
    gate.elapsed_us = event.duration_us;
    let mut add = |name: &str, value: Option<String>| {
        gate.facts.extend(value.map(|value| Fact::new(name, value)));
    };
    add("action", event.action.clone());
    add("resource", event.resource.clone());
    add("user", event.user.as_ref().map(|user| user.0.clone()));
    for name in ["vendor", "amount", "currency"] {
        let value = facts.member("ask").and_then(|ask| ask.member(name));
        add(name, value.filter(|value| **value != Json::Null).map(plain));
    }
    add("permission", facts.member("permission").filter(|value| **value != Json::Null).map(plain));
    add("guardrail", facts.member("guardrail").map(plain));
    add("policy version", facts.member("policyVersion").map(plain));
    let receipt = facts.member("gates").and_then(|gates| gates.member("receipt"));
    add("receipt", receipt.map(plain));
    add("missing", facts.member("missing").filter(|value| **value != Json::Null).map(plain));
    add("risk", event.risk.map(|risk| risk.as_str().to_owned()));
    if let Some(metadata) = facts.member("gates").and_then(|gates| gates.member("metadata")) {
        gate.texts.push(("Metadata of the caller", pretty(metadata)));
    }
    gate
}

/// A call that needed a person: the gate that stands open for as long as nobody has answered.
fn waiting_for(event: &Event, asked: Option<&Asked>) -> Option<Gate> {
    let approval = event.approval.filter(|_| event.verdict == Some(Verdict::NeedsApproval))?;
    let now = asked.filter(|asked| asked.approval == approval);
    let (mark, said) = match now.map(|asked| asked.state) {
        None => (Mark::waiting("A person was asked"), "The call was not carried out by this request."),
        Some(state) => (state.into(), so_far(state)),
    };
    let mut gate = Gate::passed("Approval", said);
    gate.mark = mark;
    gate.is_open = now.is_none_or(|asked| asked.state == ApprovalState::Waiting);
    gate.facts.push(Fact::new("approval", approval.to_string()));
    gate.facts.extend(now.and_then(|asked| asked.used_in).map(|id| Fact::new("used in", id.to_string())));
    Some(gate)
}

/// What became of an approval, for the call that asked for it.
const fn so_far(state: ApprovalState) -> &'static str {
    match state {
        ApprovalState::Waiting => "The call waits for a person; nothing has been done.",
        ApprovalState::Granted => "A person granted it; the agent may send the same call once more.",
        ApprovalState::Consumed => "A person granted it, and the same call was sent again and used it.",
        ApprovalState::Denied => "A person denied it; nothing has been done.",
        ApprovalState::Expired => "It was not answered and used in time; nothing has been done.",
        ApprovalState::Cancelled => "The approval was withdrawn; nothing has been done.",
        ApprovalState::Stale => "What it was bound to has changed, so the call must be asked anew.",
    }
}

fn approval(event: &Event, said: &str) -> Gate {
    let mut gate = Gate::passed("Approval", said);
    gate.mark = Mark::allowed("Granted");
    gate.facts.extend(event.approval.map(|approval| Fact::new("approval", approval.to_string())));
    gate
}

fn intent(event: &Event, facts: &Json) -> Gate {
    let mut gate = Gate::passed("Intent recorded", "Durable before anything was sent.");
    gate.elapsed_us = event.duration_us;
    gate.facts = flatten(facts);
    gate
}

fn egress(event: &Event, facts: &Json) -> Gate {
    let mut gate = Gate::passed("Egress", "").because(event.reason);
    gate.elapsed_us = event.duration_us;
    gate.facts = flatten(facts);
    gate.facts.extend(event.target.as_ref().map(|target| Fact::new("to", target)));
    gate.facts.extend(event.status.map(|status| Fact::new("status", status.to_string())));
    gate.said = match (event.reason, facts.member("server").map(plain)) {
        (Some(reason), _) if reason != Reason::Allowed => reason.text().to_owned(),
        (_, Some(server)) => format!("Sent to the tool server {server}."),
        _ => "Sent to the tool server.".to_owned(),
    };
    if gate.code.is_some() { gate.refused("Failed") } else { gate }
}

fn outcome(event: &Event, facts: &Json) -> Gate {
    let word = event.target.clone().unwrap_or_else(|| "ok".to_owned());
    let mut gate = Gate::passed("Outcome", String::new()).because(event.reason);
    gate.elapsed_us = event.duration_us;
    match Ended::of(&word, event.reason) {
        None => {
            gate.mark = Mark::allowed("Done");
            gate.said = "The tool answered, and the caller has the answer.".to_owned();
        }
        Some(_) if word == "unknown" => gate = lost(),
        Some(ended) => {
            gate.is_refusal = ended.mark.tone == "denied";
            gate.mark = ended.mark;
            gate.said = ended.said;
        }
    }
    if let Some(sentence) = facts.member("sentence") {
        gate.said = plain(sentence);
    }
    let is_text = |name: &str| matches!(name, "result" | "text" | "preview");
    if let Json::Map(members) = facts {
        let rest = members.iter().filter(|(name, _)| !is_text(name) && name != "gates").cloned().collect();
        gate.facts = flatten(&Json::Map(rest));
        for (_, value) in members.iter().filter(|(name, _)| is_text(name)) {
            gate.texts.push((
                "Result, as the caller got it",
                value.as_text().map_or_else(|| pretty(value), str::to_owned),
            ));
        }
    }
    gate.facts.extend(event.status.map(|status| Fact::new("status", status.to_string())));
    gate
}

fn lost() -> Gate {
    let mut gate =
        Gate::passed("Outcome", "The intent has no outcome: it is not known whether the action happened.");
    gate.mark = Mark::unknown("Unknown");
    gate.is_lost = true;
    gate.is_open = true;
    gate
}

fn happened(kind: EventKind, event: &Event, facts: &Json) -> Gate {
    let mut gate = Gate::passed("Happened", kind.text()).because(event.reason);
    gate.mark = if gate.code.is_some() { Mark::denied("Refused") } else { Mark::neutral("Recorded") };
    gate.is_refusal = gate.code.is_some();
    if let Some(reason) = event.reason.filter(|reason| *reason != Reason::Allowed) {
        reason.text().clone_into(&mut gate.said);
    }
    gate.elapsed_us = event.duration_us;
    gate.facts.push(Fact::new("event", kind.as_str()));
    gate.facts.extend(event.target.as_ref().map(|target| Fact::new("about", target)));
    gate.facts.extend(event.status.map(|status| Fact::new("status", status.to_string())));
    gate.facts.extend(flatten(facts));
    gate
}

fn open_the_first_refusal(gates: &mut [Gate]) {
    if let Some(gate) = gates.iter_mut().find(|gate| gate.is_refusal) {
        gate.is_open = true;
    }
}

/// All times on one scale, each beginning where the one before ended, so that the eye sees where the
/// time went. What is recorded is the time since the request began.
fn place_on_scale(gates: &mut [Gate]) {
    let total = gates.iter().filter_map(|gate| gate.elapsed_us).max().unwrap_or(0).max(1);
    let mut began = 0;
    for gate in gates {
        let Some(ended) = gate.elapsed_us else { continue };
        let took = (ended - began).max(0);
        let width = (SCALE.saturating_mul(took) / total).clamp(2, SCALE);
        gate.us = Some(took);
        gate.on_scale = Some(((SCALE.saturating_mul(began) / total).min(SCALE - width), width));
        began = began.max(ended);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_model::{AgentId, Entropy, RequestId, Time};

    fn record(position: i64, event: Event) -> Recorded {
        let entropy = Entropy::seeded(3);
        let request = RequestId::new(Time::from_ms(5), &entropy);
        Recorded { request, position, at: Time::from_ms(5), actor: "anonymous".to_owned(), event }
    }

    fn decision(verdict: Verdict, reason: Reason, facts: &str) -> Event {
        let mut event =
            Event::new(EventKind::Decision).of_agent(AgentId::new(Time::from_ms(1), &Entropy::seeded(1)));
        event.verdict = Some(verdict);
        event.reason = Some(reason);
        event.duration_us = Some(400);
        facts.clone_into(&mut event.facts);
        event
    }

    #[test]
    fn an_intent_without_an_outcome_is_unknown_and_open() {
        let rows = [
            record(0, decision(Verdict::Allow, Reason::Allowed, "{}")),
            record(1, Event::new(EventKind::Intent)),
        ];
        let gates = chain(&rows, None);
        let last = gates.last().unwrap();
        assert_eq!((last.mark.tone, last.is_lost, last.is_open), ("unknown", true, true));
    }

    #[test]
    fn the_first_refusal_is_open_and_the_rest_is_closed() {
        let facts =
            r#"{"sentence":"742.00 USD exceeds 500.00 USD.","gates":{"screen":{"risk":"none","rules":[]}}}"#;
        let gates = chain(&[record(0, decision(Verdict::Deny, Reason::AmountOverLimit, facts))], None);
        let open: Vec<_> = gates.iter().filter(|gate| gate.is_open).map(|gate| gate.name).collect();
        assert_eq!(open, ["Decided"]);
        let names: Vec<_> = gates.iter().map(|gate| gate.name).collect();
        assert_eq!(names, ["Authenticated", "Screened", "Decided"]);
        assert_eq!(gates.last().unwrap().code.unwrap().0, "AMOUNT_OVER_LIMIT");
    }

    #[test]
    fn an_injection_is_refused_by_the_screen_and_not_by_the_policy() {
        let facts = r#"{"sentence":"The text looks like a prompt injection.","gates":{"screen":{"risk":"high","rules":["override"]}}}"#;
        let gates = chain(&[record(0, decision(Verdict::Deny, Reason::PromptInjection, facts))], None);
        let names: Vec<_> = gates.iter().map(|gate| (gate.name, gate.is_refusal)).collect();
        assert_eq!(names, [("Authenticated", false), ("Screened", true)]);
    }

    #[test]
    fn a_call_for_a_user_shows_the_session_on_which_it_hangs() {
        let facts = r#"{"session":"ses_01JD9Z3V5M8Q6T2W4X7Y9A1B3C","sentence":"The action is allowed."}"#;
        let gates = chain(&[record(0, decision(Verdict::Allow, Reason::Allowed, facts))], None);
        let gate = gates.iter().find(|gate| gate.name == "Session").unwrap();
        assert_eq!(gate.facts[0].href.as_deref(), Some("/sessions/ses_01JD9Z3V5M8Q6T2W4X7Y9A1B3C"));
        let gates = chain(&[record(0, decision(Verdict::Allow, Reason::Allowed, "{}"))], None);
        assert!(gates.iter().all(|gate| gate.name != "Session"));
    }

    #[test]
    fn times_follow_each_other_on_one_scale() {
        let mut end = Event::new(EventKind::Outcome).about("ok");
        end.duration_us = Some(1_000);
        let rows = [
            record(0, decision(Verdict::Allow, Reason::Allowed, "{}")),
            record(1, Event::new(EventKind::Intent)),
            record(2, end),
        ];
        let times: Vec<_> = chain(&rows, None).iter().filter_map(|gate| gate.us).collect();
        assert_eq!(times, [400, 600]);
    }

    #[test]
    fn facts_that_cannot_be_read_do_not_break_the_page() {
        let gates = chain(&[record(0, decision(Verdict::Deny, Reason::NoPermission, "not json"))], None);
        assert_eq!(gates.len(), 2);
    }

    #[test]
    fn a_withheld_result_is_not_told_as_a_failure_and_its_fix_points_at_this_page() {
        let mut end = Event::new(EventKind::Outcome).about("withheld");
        end.reason = Some(Reason::PromptInjection);
        end.facts = r#"{"risk":"high","rules":["override"],"redactions":0,"droppedBytes":0}"#.to_owned();
        let rows = [record(0, decision(Verdict::Allow, Reason::Allowed, "{}")), record(1, end)];
        let gates = chain(&rows, None);
        let last = gates.last().unwrap();
        assert_eq!((last.name, last.mark.word, last.mark.tone), ("Outcome", "Result withheld", "denied"));
        assert!(gates.iter().filter_map(|gate| gate.code).all(|(_, fix)| !fix.contains("in the trace")));
    }

    #[test]
    fn an_approval_that_was_used_no_longer_waits_in_the_trace_that_asked_for_it() {
        let entropy = Entropy::seeded(9);
        let approval = ApprovalId::new(Time::from_ms(5), &entropy);
        let mut asking = decision(Verdict::NeedsApproval, Reason::ApprovalRequired, "{}");
        asking.approval = Some(approval);
        let used_in = Some(RequestId::new(Time::from_ms(9), &entropy));
        let rows = [record(0, asking)];
        let told = |state, used_in| {
            let gates = chain(&rows, Some(&Asked { approval, state, used_in }));
            let gate = gates.last().unwrap().clone();
            (gate.mark.word, gate.is_open, gate.facts.len())
        };
        assert_eq!(told(ApprovalState::Consumed, used_in), ("Used", false, 2));
        assert_eq!(told(ApprovalState::Waiting, None), ("Waiting", true, 1));
    }
}
