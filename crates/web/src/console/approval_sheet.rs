//! One approval as a page shows it, signed in or by a link, and what the form on it says. Everything on it comes from
//! the stored canonical ask, which is what the answer is bound to: an agent cannot show a person one call and have
//! another one approved. What hides in a text is shown as a mark.

use super::view::{
    approvals::{AnswerBox, ApprovalCard, PastRow, PreviewBox, Sheet},
    facts::{Fact, flatten, plain, pretty},
    visible::{visible, visible_lines},
    words::{Id, Mark, When, span},
};
use crate::{body, form::Fields};
use procura_app::{
    App, agents,
    approvals::{self, Detail, Given, Grant, PatternPreview, shown_ask},
    budgets, organization, verify,
};
use procura_model::{
    Actor, Amount, AnswerMethod, AnswerWord, Approval, ApprovalAnswer, ApprovalScope, ApprovalState, Budget,
    Ctx, Currency, Error, Json, Permission, Reason, Result, Scope, Time,
    time::{DAY_MS, HOUR_MS, MINUTE_MS},
};
use procura_policy::sentence::period;

/// How many arguments a card shows; the page shows all.
const MAX_FACTS: usize = 6;

/// What a person does with the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// They answer.
    Given(Given),
    /// They want to see first what a pattern would have let pass.
    Preview(Box<Permission>),
    /// They only look.
    Look,
}

/// Reads the form.
pub(super) fn choice(fields: &Fields, now: Time) -> Result<Choice> {
    let given = |given: Given| Ok(Choice::Given(given));
    match fields.text("answer") {
        "grant" => given(Given::Grant(grant(fields, now)?)),
        "deny" => given(Given::Deny),
        "block" => given(Given::DenyAndBlock),
        "pattern" => given(Given::Grant(Grant::Pattern(Box::new(pattern(fields)?)))),
        "preview" => Ok(Choice::Preview(Box::new(pattern(fields)?))),
        _ => Ok(Choice::Look),
    }
}

fn grant(fields: &Fields, now: Time) -> Result<Grant> {
    match fields.text("scope") {
        "" | "once" => Ok(Grant::Once),
        "times" => {
            let times = fields.text("times").parse();
            times.map(Grant::Times).map_err(|_| wrong("Say how many times: a whole number from 2 to 100."))
        }
        "until" => {
            let ms = match fields.text("span") {
                "15m" => 15 * MINUTE_MS,
                "1h" => HOUR_MS,
                "8h" => 8 * HOUR_MS,
                "1d" => DAY_MS,
                "7d" => 7 * DAY_MS,
                "30d" => 30 * DAY_MS,
                _ => return Err(wrong("Say for how long.")),
            };
            Ok(Grant::Until(now.plus_ms(ms)))
        }
        "task" => Ok(Grant::Task),
        _ => Err(wrong("Say for how much: once, so many times, for a while, or for the task.")),
    }
}

fn wrong(sentence: &'static str) -> Error {
    Reason::FieldInvalid.because(sentence)
}

fn pattern(fields: &Fields) -> Result<Permission> {
    body::parse(fields.text("pattern").as_bytes()).map_err(|failure| failure.0)
}

/// The ask as it is stored; nothing of it where it cannot be read.
fn ask_of(approval: &Approval) -> Json {
    Json::parse(&approval.canonical_ask).unwrap_or(Json::Null)
}

fn member(ask: &Json, name: &str) -> Option<String> {
    ask.member(name).filter(|value| **value != Json::Null).map(|value| visible(&plain(value)))
}

/// The amount with its currency. Where the ask names none it is the permission's, and the sentence of
/// the decision says which; a person must never agree to a bare number.
fn amount(ask: &Json, sentence: &str) -> Option<String> {
    let amount = member(ask, "amount")?;
    let currency = member(ask, "currency").or_else(|| currency_in(sentence, &amount));
    Some(match currency {
        Some(currency) => format!("{amount} {currency}"),
        None => format!("{amount} (currency of the permission)"),
    })
}

/// The currency that the sentence names behind this amount.
fn currency_in(sentence: &str, amount: &str) -> Option<String> {
    let mut words = sentence.split_ascii_whitespace();
    words.find(|word| *word == amount)?;
    let word = words.next()?.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    word.parse::<Currency>().ok().map(|currency| currency.to_string())
}

/// An approval in short; `agent` is the agent's name.
pub(super) fn card(now: Time, agent: &str, approval: &Approval) -> ApprovalCard {
    let ask = ask_of(approval);
    let mut facts: Vec<Fact> = ask.member("args").map(flatten).unwrap_or_default();
    for fact in &mut facts {
        fact.name = visible(&fact.name);
        fact.value = visible(&fact.value);
    }
    if facts.len() > MAX_FACTS {
        let more = facts.len() - MAX_FACTS;
        facts.truncate(MAX_FACTS);
        facts.push(Fact::new("and", format!("{more} more arguments")));
    }
    ApprovalCard {
        id: Id::of(approval.id),
        mark: approval.state.into(),
        is_waiting: approval.state == ApprovalState::Waiting && approval.expires_at > now,
        is_granted: approval.state == ApprovalState::Granted,
        agent: (Id::of(approval.agent), visible(agent)),
        user: approval.user.as_ref().map(|user| Id(user.0.clone())),
        action: member(&ask, "action").unwrap_or_default(),
        resource: member(&ask, "resource").unwrap_or_default(),
        amount: amount(&ask, &approval.sentence),
        facts,
        sentence: visible(&approval.sentence),
        created: When { at: approval.created_at.min(now), now },
        expires: When { at: approval.expires_at, now },
    }
}

/// What stands in the form while it waits.
pub(super) struct Typed {
    /// Where the form is sent to.
    pub(super) action: String,
    /// The pattern as it was typed; what is proposed where nothing was.
    pub(super) pattern: Option<String>,
    /// What the typed pattern would have let pass.
    pub(super) preview: Option<(Permission, PatternPreview)>,
}

impl Typed {
    /// Nothing yet.
    pub(super) const fn nothing(action: String) -> Self {
        Self { action, pattern: None, preview: None }
    }
}

/// Everything about one approval, for the person of this context.
pub(super) async fn sheet(app: &App, ctx: &Ctx, detail: Detail, typed: Typed) -> Result<Sheet> {
    let Detail { approval, answers, people } = &detail;
    let agent = agents::get(app, ctx, approval.agent).await?.name;
    let ask = ask_of(approval);
    let card = card(ctx.now, &agent, approval);
    let name = |account| {
        let found = people.iter().find(|person| person.member.account == account);
        found.map_or_else(|| account.to_string(), |person| person.member.email.clone())
    };
    let answer = if card.is_waiting { Some(answer_box(app, ctx, &detail, typed).await?) } else { None };
    Ok(Sheet {
        arguments: ask
            .member("args")
            .filter(|args| **args != Json::Null)
            .map(|args| visible_lines(&pretty(args))),
        vendor: member(&ask, "vendor"),
        left: left(app, ctx, approval, &ask).await?,
        task: approval.task.as_deref().map(|task| visible(task.strip_prefix("task:").unwrap_or(task))),
        permission: approval.permission.map(Id::of),
        policy_version: approval.policy_version,
        digest: approval.digest.hex(),
        asked_in: Id::of(approval.asked_in),
        decided_by: approval.decided_by.map(name),
        decided: approval.decided_at.map(|at| When { at, now: ctx.now }),
        consumed_in: approval.consumed_in.map(Id::of),
        granted: granted(approval, ctx.now),
        quorum: approval.quorum,
        agreed: approval.agreed,
        said: answers.iter().map(|answer| said(answer, &name(answer.account))).collect(),
        eligible: people
            .iter()
            .filter(|person| person.may_answer)
            .map(|person| person.member.email.clone())
            .collect(),
        answer,
        card,
    })
}

/// What is left of each limit over time that this call would be counted against, once it is made.
async fn left(app: &App, ctx: &Ctx, approval: &Approval, ask: &Json) -> Result<Vec<Fact>> {
    if !ctx.actor.has(Scope::ReadBudgets) || approval.state != ApprovalState::Waiting {
        return Ok(Vec::new());
    }
    let Some(asked) = shown_ask(ask).map(|shown| shown.ask) else { return Ok(Vec::new()) };
    let asked_amount = asked.amount.unwrap_or(Amount::ZERO);
    let agent = verify::snapshot(app, ctx, approval.agent).await?;
    let counts = |budget: &Budget| {
        agent
            .budgets
            .iter()
            .any(|rule| rule.budget().id == budget.id && rule.ledger(approval.agent, &asked).is_some())
    };
    let mut facts = Vec::new();
    for standing in budgets::of_agent(app, ctx, approval.agent).await? {
        let is_other = standing.permission.as_ref().is_some_and(|one| one.id != approval.permission);
        let is_elsewhere = standing.budget.as_ref().is_some_and(|budget| !counts(budget));
        let Some(window) = standing.window().filter(|_| !is_other && !is_elsewhere) else { continue };
        let name = match &standing.budget {
            Some(budget) => format!("Left of “{}” after this", visible(&budget.name)),
            None => "Left of the permission after this".to_owned(),
        };
        if let (Some(limit), Some(left)) = (window.amount, standing.part.left) {
            let (currency, per) = (limit.currency, period(window.per));
            facts.push(Fact::new(
                &name,
                if left < asked_amount {
                    format!("nothing: only {left} {currency} of {limit} within {per} are left now")
                } else {
                    format!("{} {currency} of {limit} within {per}", left.less(asked_amount))
                },
            ));
        }
        if let (Some(limit), Some(left)) = (window.count, standing.part.calls_left) {
            let per = period(window.per);
            facts.push(Fact::new(
                &name,
                if left < 1 {
                    format!("nothing: all {limit} calls within {per} are used")
                } else {
                    format!("{} of {limit} calls within {per}", left - 1)
                },
            ));
        }
    }
    Ok(facts)
}

fn said(answer: &ApprovalAnswer, who: &str) -> String {
    let word = match answer.word {
        AnswerWord::Grant => "agreed",
        AnswerWord::Deny => "denied",
    };
    let how = match answer.method {
        AnswerMethod::Session => "signed in",
        AnswerMethod::Link => "by a link",
    };
    format!("{who} {word}, {how}")
}

/// For how much it was granted, and how often it was used.
fn granted(approval: &Approval, now: Time) -> Option<String> {
    let left = span(approval.expires_at.ms_since(now).max(0));
    let is_open = approval.state == ApprovalState::Granted && approval.expires_at > now;
    let scope = match (approval.scope?, approval.max_uses) {
        (ApprovalScope::Once, _) => "one call".to_owned(),
        (ApprovalScope::Pattern, _) => "one call; a permission was added beside it".to_owned(),
        (ApprovalScope::Times, Some(most)) => format!("{most} calls"),
        (ApprovalScope::Times | ApprovalScope::Until, _) => "as many calls as it asks".to_owned(),
        (ApprovalScope::Task, _) => "as many calls as it asks in this task".to_owned(),
    };
    let uses = match approval.uses {
        0 => "not used yet".to_owned(),
        1 => "used once".to_owned(),
        uses => format!("used {uses} times"),
    };
    Some(if is_open { format!("{scope}, for {left} more; {uses}") } else { format!("{scope}; {uses}") })
}

async fn answer_box(app: &App, ctx: &Ctx, detail: &Detail, typed: Typed) -> Result<AnswerBox> {
    let approval = &detail.approval;
    let usual = organization::get(app, ctx).await?.settings.currency;
    let standings = budgets::of_agent(app, ctx, approval.agent).await?;
    let mut permissions = standings.into_iter().filter_map(|standing| standing.permission);
    let window = permissions.find(|one| one.id == approval.permission).and_then(|one| one.window);
    let proposed =
        || approvals::pattern_of(approval, window, usual, ctx.now).map(|pattern| pattern_text(&pattern));
    Ok(AnswerBox {
        action: typed.action,
        objection: objection(ctx, detail),
        may_widen: approval.quorum <= 1 && ctx.actor.has(Scope::WritePermissions),
        block: approvals::block_of(approval).map(|block| visible(&procura_policy::sentence(&block))),
        pattern: typed.pattern.or_else(proposed).unwrap_or_default(),
        preview: typed.preview.map(|(pattern, seen)| preview_box(&pattern, seen, ctx.now)),
    })
}

/// Why the person of this context cannot answer; empty when they can.
fn objection(ctx: &Ctx, detail: &Detail) -> String {
    let Actor::Account { account, .. } = ctx.actor else {
        return "Only a person can answer.".to_owned();
    };
    if detail.answers.iter().any(|answer| answer.account == account) {
        return "You have agreed. Others must agree too.".to_owned();
    }
    match detail.people.iter().find(|person| person.member.account == account) {
        Some(person) if person.may_answer => String::new(),
        Some(_) => "You own this agent, and here nobody approves the calls of their own agents.".to_owned(),
        None => "Your role may not answer. An approver, admin or owner of the organization can.".to_owned(),
    }
}

fn pattern_text(pattern: &Permission) -> String {
    let text = serde_json::to_string(pattern).unwrap_or_default();
    Json::parse(&text).map(|document| pretty(&document)).unwrap_or_default()
}

fn preview_box(pattern: &Permission, seen: PatternPreview, now: Time) -> PreviewBox {
    let more = if seen.has_older { " Older ones were not looked at." } else { "" };
    let unknown = match seen.unknown {
        0 => String::new(),
        unknown => format!(" {unknown} cannot be told: the record does not hold all that was asked."),
    };
    let row = |past: approvals::PastCall| PastRow {
        request: Id::of(past.request),
        mark: past.verdict.map_or_else(|| Mark::unknown("Unknown"), Mark::from),
        what: visible(&match past.resource {
            Some(resource) => format!("{} {resource}", past.action),
            None => past.action,
        }),
        amount: match (past.amount, past.currency) {
            (Some(amount), Some(currency)) => format!("{amount} {currency}"),
            (Some(amount), None) => amount.to_string(),
            (None, _) => String::new(),
        },
        at: When { at: past.at.min(now), now },
    };
    PreviewBox {
        sentence: visible(&procura_policy::sentence(pattern)),
        covers: match seen.covers_this {
            Some(true) => "It covers this call.",
            Some(false) => "It does not cover this call.",
            None => "Whether it covers this call depends on the user.",
        },
        counted: format!(
            "Of the last {} calls of this agent it would have let {} pass.{unknown}{more}",
            seen.looked_at, seen.matched
        ),
        newest: seen.newest.into_iter().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_never_shown_without_a_currency() {
        let ask = |text: &str| Json::parse(text).unwrap();
        let bare = ask(r#"{"amount":"142.00","currency":null}"#);
        let sentence = "A person must approve: the amount 142.00 USD is above 100.00 EUR (per_1).";
        assert_eq!(amount(&bare, sentence).unwrap(), "142.00 USD");
        assert_eq!(
            amount(&bare, "A person must approve every such call (per_1).").unwrap(),
            "142.00 (currency of the permission)"
        );
        let named = ask(r#"{"amount":"142.00","currency":"EUR"}"#);
        assert_eq!(amount(&named, sentence).unwrap(), "142.00 EUR");
        assert_eq!(amount(&ask("{}"), sentence), None);
    }
}
