//! The forms of approvals: what is shown of one, and what an answer may say.

use crate::{
    operation::Reply,
    respond::Failure,
    schema::{JsonValue, PermissionForm},
    state::WebState,
};
use procura_app::approvals::{self, Detail, Given, Grant, LinkShown, PastCall, PatternPreview};
use procura_model::{
    AccountId, AgentId, AnswerMethod, AnswerWord, Approval, ApprovalAnswer, ApprovalId, ApprovalScope,
    ApprovalState, Json as Value, Permission, PermissionId, Reason, RequestId, Time, UserRef, Verdict,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One approval with everything that it is bound to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Approval)]
pub(crate) struct ApprovalView {
    /// The approval's id.
    #[schema(value_type = String)]
    id: ApprovalId,
    /// For which agent.
    #[schema(value_type = String)]
    agent_id: AgentId,
    /// On behalf of which user.
    #[schema(value_type = Option<String>)]
    user: Option<UserRef>,
    /// SHA-256 of the canonical ask, in hexadecimal.
    digest: String,
    /// The canonical ask.
    #[schema(value_type = JsonValue)]
    ask: Option<Value>,
    /// The agent's policy version when it was asked.
    policy_version: i64,
    /// Which permission wants a person.
    #[schema(value_type = Option<String>)]
    permission_id: Option<PermissionId>,
    /// Why a person is asked.
    reason: String,
    /// Where it stands.
    #[schema(value_type = String, pattern = "^(waiting|granted|denied|expired|cancelled|consumed|stale)$")]
    state: ApprovalState,
    /// The page where a person decides.
    url: String,
    /// The request that first asked.
    #[schema(value_type = String)]
    asked_in: RequestId,
    /// When it was asked.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// Until when it can be answered and used.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
    /// Who answered.
    #[schema(value_type = Option<String>)]
    decided_by: Option<AccountId>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    decided_at: Option<Time>,
    /// The request that used it last.
    #[schema(value_type = Option<String>)]
    consumed_in: Option<RequestId>,
    /// In which task it was asked: `task:` and the agent's own name for it, or the id of the user's session.
    task: Option<String>,
    /// For how much it was granted.
    #[schema(value_type = Option<String>, pattern = "^(once|times|until|task|pattern)$")]
    scope: Option<ApprovalScope>,
    /// How often it was used.
    uses: i64,
    /// How often it may be used; null for as often as there is time.
    max_uses: Option<i64>,
    /// How many people must agree.
    quorum: i64,
    /// How many people have agreed.
    agreed: i64,
    /// What people said, in order; left out in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    answers: Option<Vec<AnswerView>>,
    /// Who may answer it; left out in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, nullable = false)]
    eligible: Option<Vec<AccountId>>,
}

/// What one person said of an approval.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApprovalAnswer)]
pub(crate) struct AnswerView {
    /// Who.
    #[schema(value_type = String)]
    account_id: AccountId,
    /// What they said.
    #[schema(value_type = String, pattern = "^(grant|deny)$")]
    answer: AnswerWord,
    /// For how much, as they sent it; null where they said no.
    #[schema(value_type = Option<JsonValue>)]
    terms: Option<Value>,
    /// By what they proved who they are.
    #[schema(value_type = String, pattern = "^(session|link)$")]
    method: AnswerMethod,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Time,
}

/// An approval as lists and changes show it.
pub(crate) fn view(web: &WebState, approval: Approval) -> ApprovalView {
    ApprovalView {
        url: approvals::url(&web.app, approval.id),
        id: approval.id,
        agent_id: approval.agent,
        user: approval.user,
        digest: approval.digest.hex(),
        ask: Value::parse(&approval.canonical_ask).ok(),
        policy_version: approval.policy_version,
        permission_id: approval.permission,
        reason: approval.sentence,
        state: approval.state,
        asked_in: approval.asked_in,
        created_at: approval.created_at,
        expires_at: approval.expires_at,
        decided_by: approval.decided_by,
        decided_at: approval.decided_at,
        consumed_in: approval.consumed_in,
        task: approval.task,
        scope: approval.scope,
        uses: approval.uses,
        max_uses: approval.max_uses,
        quorum: approval.quorum,
        agreed: approval.agreed,
        answers: None,
        eligible: None,
    }
}

/// An approval with what was said of it, and who may answer.
pub(crate) fn detailed(web: &WebState, detail: Detail) -> ApprovalView {
    let said = |answer: ApprovalAnswer| AnswerView {
        account_id: answer.account,
        answer: answer.word,
        terms: answer.terms.and_then(|terms| Value::parse(&terms).ok()),
        method: answer.method,
        at: answer.at,
    };
    let may = detail.people.into_iter().filter(|person| person.may_answer);
    ApprovalView {
        answers: Some(detail.answers.into_iter().map(said).collect()),
        eligible: Some(may.map(|person| person.member.account).collect()),
        ..view(web, detail.approval)
    }
}

/// For how much it is granted: at most one of the fields; none is one call.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ApprovalGrant, example = json!({ "times": 3 }))]
pub(crate) struct GrantBody {
    /// `once`, or `task` for calls of the task or the user's session in which it was asked.
    #[schema(nullable = false, pattern = "^(once|task)$")]
    scope: Option<String>,
    /// For so many calls.
    #[schema(nullable = false, minimum = 2, maximum = 100)]
    times: Option<i64>,
    /// For calls until then, at most 30 days from now.
    #[schema(value_type = Option<String>, format = DateTime, nullable = false)]
    until: Option<Time>,
    /// For one call; beside it this permission is added, which must allow and end within 30 days. Needs
    /// `write:permissions` as well.
    #[schema(value_type = Option<PermissionForm>, nullable = false)]
    pattern: Option<Permission>,
}

impl GrantBody {
    /// What it says.
    pub(crate) fn grant(self) -> Reply<Grant> {
        match (self.scope.as_deref(), self.times, self.until, self.pattern) {
            (None | Some("once"), None, None, None) => Ok(Grant::Once),
            (Some("task"), None, None, None) => Ok(Grant::Task),
            (None, Some(times), None, None) => Ok(Grant::Times(times)),
            (None, None, Some(until), None) => Ok(Grant::Until(until)),
            (None, None, None, Some(pattern)) => Ok(Grant::Pattern(Box::new(pattern))),
            _ => {
                let sentence =
                    "Send one of scope (once or task), times, until and pattern, or nothing for one call.";
                Err(Failure(Reason::FieldInvalid.because(sentence)))
            }
        }
    }
}

/// How it is denied.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ApprovalDenial, example = json!({ "block": true }))]
pub(crate) struct DenyBody {
    /// Whether a permission that blocks the action on the resource is added. Needs `write:permissions` as well.
    #[schema(nullable = false)]
    block: Option<bool>,
}

impl DenyBody {
    /// What it says.
    pub(crate) fn given(&self) -> Given {
        if self.block == Some(true) { Given::DenyAndBlock } else { Given::Deny }
    }
}

/// A link, shown this once.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApprovalLink)]
pub(crate) struct LinkView {
    /// The whole address.
    url: String,
    /// Until when it works.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
}

impl From<LinkShown> for LinkView {
    fn from(link: LinkShown) -> Self {
        Self { url: link.url.show().to_owned(), expires_at: link.expires_at }
    }
}

/// The pattern to be tried.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PatternToPreview, example = json!({ "pattern": {
    "effect": "allow", "actions": ["purchase.*"], "vendors": ["shop.example.com"],
    "maxAmount": { "value": "50.00", "currency": "USD" }, "expiresAt": "2026-12-01T00:00:00Z",
} }))]
pub(crate) struct PreviewBody {
    /// A permission that allows, with an end within 30 days.
    #[schema(value_type = PermissionForm)]
    pub(crate) pattern: Permission,
}

/// What a pattern would have let pass.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PatternPreview)]
pub(crate) struct PreviewView {
    /// Whether it covers the call that waits; null where that depends on the user.
    covers_this: Option<bool>,
    /// How many past decisions were looked at, newest first.
    looked_at: u64,
    /// Whether there are older ones that were not looked at.
    has_older: bool,
    /// How many of them it would have let pass.
    matched: u64,
    /// How many of them cannot be judged, because the record does not hold all that was asked.
    unknown: u64,
    /// The newest 20 that it would have let pass.
    newest: Vec<PastCallView>,
}

/// A past call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PastCall)]
pub(crate) struct PastCallView {
    /// The request.
    #[schema(value_type = String)]
    request_id: RequestId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// What was asked.
    action: String,
    /// On what.
    resource: Option<String>,
    /// For how much.
    amount: Option<String>,
    /// In which currency, where it named one.
    currency: Option<String>,
    /// What was answered then.
    #[schema(value_type = Option<String>, pattern = "^(allow|deny|needs_approval)$")]
    decision: Option<Verdict>,
}

impl From<PatternPreview> for PreviewView {
    fn from(seen: PatternPreview) -> Self {
        let past = |call: PastCall| PastCallView {
            request_id: call.request,
            at: call.at,
            action: call.action,
            resource: call.resource,
            amount: call.amount.map(|amount| amount.to_string()),
            currency: call.currency.map(|currency| currency.to_string()),
            decision: call.verdict,
        };
        Self {
            covers_this: seen.covers_this,
            looked_at: seen.looked_at,
            has_older: seen.has_older,
            matched: seen.matched,
            unknown: seen.unknown,
            newest: seen.newest.into_iter().map(past).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::parse;

    #[test]
    fn a_grant_says_one_thing() {
        let read = |text: &str| parse::<GrantBody>(text.as_bytes()).and_then(GrantBody::grant);
        assert_eq!(read("{}").unwrap(), Grant::Once);
        assert_eq!(read(r#"{"scope":"once"}"#).unwrap(), Grant::Once);
        assert_eq!(read(r#"{"scope":"task"}"#).unwrap(), Grant::Task);
        assert_eq!(read(r#"{"times":3}"#).unwrap(), Grant::Times(3));
        assert!(matches!(read(r#"{"until":"2027-01-01T00:00:00Z"}"#).unwrap(), Grant::Until(_)));
        for text in [
            r#"{"scope":"forever"}"#,
            r#"{"scope":"once","times":3}"#,
            r#"{"times":3,"until":"2027-01-01T00:00:00Z"}"#,
            r#"{"times":"3"}"#,
            r#"{"forever":true}"#,
        ] {
            assert_eq!(read(text).unwrap_err().0.reason(), Reason::FieldInvalid, "{text}");
        }
    }
}
