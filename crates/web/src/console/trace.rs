//! The trace of one request: who did what, on whose behalf, and why it was allowed or not.

use super::{
    activity::{agent_names, name_of, sentence_of},
    desk::{Answer, Desk, page},
    receipts, screening,
    sessions::session_of,
    snippets::PLACEHOLDER,
    view::{
        activity::TracePage,
        chain::{Asked, chain},
        drawer::ApiCall,
        ending::Ended,
        facts::{named_members, plain},
        frame::Section,
        receipts::CheckedReceipt,
        visible::{escaped_json, visible, visible_lines},
        words::{Id, Mark},
    },
};
use crate::extract::Id as PathId;
use procura_app::{
    activity::{self, Trace},
    agents, approvals,
};
use procura_model::{
    AgentStatus, ApprovalState, Event, EventKind, Json, Origin, Reason, RequestId, Result, Verdict,
};

/// The page.
pub(super) async fn trace(desk: Desk, PathId(request): PathId<RequestId>) -> Answer {
    page(&trace_page(&desk, request, None).await?)
}

/// The page, with what a receipt is worth that somebody brought.
pub(super) async fn trace_page(
    desk: &Desk,
    request: RequestId,
    brought: Option<(&str, CheckedReceipt)>,
) -> Result<TracePage> {
    let trace = activity::trace(desk.app(), desk.ctx(), request).await?;
    let first = trace.records.first().ok_or(Reason::NotFound)?;
    let decision = trace.find(EventKind::Decision);
    let event = decision.map_or(&first.event, |decision| &decision.event);
    let facts = Json::parse(&event.facts).unwrap_or(Json::Null);
    let ask = facts.member("ask").filter(|ask| **ask != Json::Null);
    let agent_id = trace.records.iter().find_map(|record| record.event.agent);
    let names = agent_names(desk).await?;
    let is_enabled = match agent_id {
        Some(id) => {
            agents::get(desk.app(), desk.ctx(), id).await.is_ok_and(|a| a.status == AgentStatus::Enabled)
        }
        None => false,
    };
    let asked = asked(desk, event).await;
    Ok(TracePage {
        frame: desk.frame("Trace", Section::Activity).await?,
        request: Id::of(request),
        mark: mark_of(event, decision.is_some()),
        outcome: outcome_mark(&trace),
        ended: ended(&trace),
        approval: asked.as_ref().map(|asked| (Id::of(asked.approval), asked.state.into())),
        sentence: sentence_of(&event.facts).map_or_else(|| told(event).to_owned(), |said| visible(&said)),
        action: event.action.as_deref().map_or_else(|| event.kind.as_str().to_owned(), visible),
        resource: event.resource.as_deref().map(visible).unwrap_or_default(),
        agent: agent_id.map(|id| (Id::of(id), name_of(&names, id))),
        agent_is_enabled: is_enabled,
        user: event.user.as_ref().map(|user| Id(user.0.clone())),
        at: desk.past(first.at),
        origin: trace.origin.as_ref().map(from),
        key: agent_id.and(Some(&first.actor)).filter(|actor| actor.starts_with("key_")).map(Id::of),
        gates: chain(&trace.records, asked.as_ref()),
        arguments: ask.map(|ask| visible_lines(&named_members(ask))),
        is_replayable: facts.member("isReplayable") == Some(&Json::Bool(true)),
        curl: ask.map(|ask| curl(&desk.app().settings.public_url, ask)),
        rule_href: agent_id.zip(decision).map(|(id, decision)| {
            let (action, resource) = (decision.event.action.as_deref(), decision.event.resource.as_deref());
            let mut query = form_urlencoded::Serializer::new(format!("/policies/new?agent={id}"));
            query.append_pair("actions", action.unwrap_or_default());
            query.append_pair("resources", resource.unwrap_or_default());
            query.finish()
        }),
        receipt: receipts::section(desk, &facts, brought),
        session: session_of(&event.facts).map(Id),
        feedback: screening::of_trace(desk, &trace).await?,
        calls: vec![ApiCall::get(
            "Read this trace",
            "read:activity",
            desk.url(&format!("/v1/traces/{request}")),
        )],
    })
}

fn mark_of(event: &Event, is_decision: bool) -> Mark {
    match (event.verdict, is_decision) {
        (Some(verdict), _) => verdict.into(),
        (None, true) => Mark::unknown("No verdict"),
        (None, false) if event.reason.is_some_and(|reason| reason != Reason::Allowed) => {
            Mark::denied("Refused")
        }
        (None, false) => Mark::neutral("Recorded"),
    }
}

fn told(event: &Event) -> &'static str {
    event.reason.map_or(event.kind.text(), Reason::text)
}

fn outcome_mark(trace: &Trace) -> Option<Mark> {
    trace.outcome().map(|_| ended(trace).map_or(Mark::allowed("Done"), |ended| ended.mark))
}

/// How the action ended, where that was not well.
fn ended(trace: &Trace) -> Option<Ended> {
    let reason = trace.find(EventKind::Outcome).and_then(|outcome| outcome.event.reason);
    Ended::of(&trace.outcome()?, reason)
}

/// The approval that this decision asked for, as it stands now; none where it cannot be read.
async fn asked(desk: &Desk, decision: &Event) -> Option<Asked> {
    let id = decision.approval.filter(|_| decision.verdict == Some(Verdict::NeedsApproval))?;
    let approval = approvals::get(desk.app(), desk.ctx(), id).await.ok()?;
    let is_over = approval.state == ApprovalState::Waiting && approval.expires_at <= desk.ctx().now;
    let state = if is_over { ApprovalState::Expired } else { approval.state };
    Some(Asked { approval: id, state, used_in: approval.consumed_in })
}

fn from(origin: &Origin) -> String {
    let ip = origin.ip.map(|ip| format!(" from {ip}")).unwrap_or_default();
    let agent = origin.user_agent.as_ref().map(|name| format!(" by {name}")).unwrap_or_default();
    format!("{} {}{ip}{agent}", origin.method, origin.path)
}

/// The same question as a command, with escapes for what hides. The user is left out: no request may name its own.
fn curl(public_url: &str, ask: &Json) -> String {
    let Json::Map(members) = ask else { return plain(ask) };
    let asked = members.iter().filter(|(name, value)| name != "user" && *value != Json::Null).cloned();
    let body = escaped_json(&Json::Map(asked.collect()).canonical()).replace('\'', "'\\''");
    format!(
        "curl -sS {public_url}/v1/verify \\\n  -H \"Authorization: Bearer {PLACEHOLDER}\" \\\n  -H \"Content-Type: application/json\" \\\n  -d '{body}'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copied_command_cannot_break_out_of_its_quotes() {
        let ask =
            Json::parse(r#"{"action":"x","resource":"'; rm -rf / #","user":"ada","amount":null}"#).unwrap();
        let text = curl("http://localhost:1", &ask);
        assert!(text.ends_with(r#"-d '{"action":"x","resource":"'\''; rm -rf / #"}'"#), "{text}");
    }

    #[test]
    fn a_copied_command_shows_what_hides_and_asks_the_same() {
        let ask = Json::parse("{\"action\":\"pay\u{202e}moc\",\"args\":{\"n\u{200b}\":1}}").unwrap();
        let text = curl("http://localhost:1", &ask);
        assert!(text.contains(r#"{"action":"pay\u202emoc","args":{"n\u200b":1}}"#), "{text}");
        let body = text.split("-d '").nth(1).unwrap().trim_end_matches('\'');
        assert_eq!(Json::parse(body).unwrap(), ask);
    }
}
