//! The decision before the action (VER-1). A no is an answer, not an error: 200 with `allowed:false`.

use crate::{
    api::receipts::{self, ReceiptWish},
    body::Body,
    extract::Caller,
    idempotency::RetryKey,
    operation::{Reply, Writing},
    respond::Failure,
    schema::{JsonValue, ReasonCode},
    state::WebState,
};
use axum::{Json, extract::State};
use procura_app::verify::{self, Answer, VerifyAsk};
use procura_model::{
    AgentId, Amount, Ask, Currency, GuardrailId, Json as Value, PermissionId, Reason, Risk, SessionId,
    Verdict,
};
use procura_policy::Explained;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// How long an action may be, in bytes.
const ACTION_BYTES: usize = 256;
/// How long a resource may be, in bytes.
const RESOURCE_BYTES: usize = 1_024;
/// How long the name of a task may be, in bytes.
const TASK_BYTES: usize = 128;
/// How long a host name may be, in bytes.
const VENDOR_BYTES: usize = 253;

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(verify_action))
        .routes(routes!(verify_action_alias))
        .routes(routes!(explain))
}

/// What the agent wants to do.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = VerifyRequest, example = json!({
    "agentId": "agt_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "action": "purchase.ticket",
    "vendor": "shop.example.com",
    "resource": "festival/2027",
    "amount": "742.00",
    "currency": "USD",
    "args": { "seats": 2 },
}))]
pub(crate) struct VerifyBody {
    /// Which agent; an agent key may leave it out, a platform key must name one.
    #[schema(value_type = Option<String>, nullable = false, pattern = "^agt_[0-9A-Z]{26}$")]
    agent_id: Option<AgentId>,
    /// What kind of thing, for example `purchase.ticket` or `tool.call`.
    #[schema(min_length = 1, max_length = 256)]
    action: String,
    /// On what, for example `shop/refund`.
    #[schema(nullable = false, max_length = 1024)]
    resource: Option<String>,
    /// With whom: a host name.
    #[schema(nullable = false, max_length = 253)]
    vendor: Option<String>,
    /// For how much: a decimal, better sent as a string; at most four decimal places.
    #[schema(value_type = Option<String>, nullable = false, example = "742.00")]
    amount: Option<Value>,
    /// In which currency (ISO 4217); the permission's or the organization's when absent.
    #[schema(value_type = Option<String>, nullable = false, example = "USD")]
    currency: Option<Currency>,
    /// The arguments that conditions look at.
    #[schema(value_type = Option<JsonValue>, nullable = false)]
    args: Option<Value>,
    /// In which session of the agent: the user for whom it acts. Not needed beside `X-Procura-Session`.
    #[schema(value_type = Option<String>, nullable = false, pattern = "^ses_[0-9A-Z]{26}$")]
    session_id: Option<SessionId>,
    /// Your own name for the task in which this is asked: an approval that is granted for a task holds there alone.
    #[schema(nullable = false, min_length = 1, max_length = 128, pattern = "^[!-~]+$")]
    task_id: Option<String>,
    /// Anything that should stand in the record with the decision; secrets in it are redacted.
    #[schema(value_type = Option<JsonValue>, nullable = false)]
    metadata: Option<Value>,
    /// Whether a signed receipt of the decision is wanted: `true`, or for whom.
    #[schema(nullable = false)]
    receipt: Option<ReceiptWish>,
    /// Your own random text, which comes back in the receipt: by it you know that this is the answer to your question.
    #[schema(nullable = false, min_length = 16, max_length = 64, pattern = "^[!-~]+$")]
    nonce: Option<String>,
}

impl VerifyBody {
    pub(crate) fn ask(self) -> Reply<VerifyAsk> {
        bounded("action", Some(&self.action), 1, ACTION_BYTES)?;
        bounded("resource", self.resource.as_deref(), 0, RESOURCE_BYTES)?;
        bounded("vendor", self.vendor.as_deref(), 0, VENDOR_BYTES)?;
        if let Some(task) = &self.task_id {
            bounded("taskId", Some(task), 1, TASK_BYTES)?;
            if !task.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(Failure(
                    Reason::FieldInvalid.because("taskId must be of visible ASCII characters."),
                ));
            }
        }
        let amount = self.amount.as_ref().map(Amount::from_json).transpose();
        Ok(VerifyAsk {
            agent: self.agent_id,
            ask: Ask {
                action: self.action,
                resource: self.resource,
                vendor: self.vendor,
                amount: amount.map_err(|_| Reason::AmountInvalid)?,
                currency: self.currency,
                args: self.args,
                user: None,
            },
            session: self.session_id,
            task: self.task_id,
            metadata: self.metadata,
            retry_key: None,
            receipt: receipts::wanted(self.receipt, self.nonce)?,
        })
    }
}

pub(crate) fn bounded(field: &str, text: Option<&str>, least: usize, most: usize) -> Reply<()> {
    if text.is_none_or(|text| (least..=most).contains(&text.len())) {
        return Ok(());
    }
    Err(Failure(Reason::FieldInvalid.because(format!("{field} must have {least} to {most} bytes."))))
}

/// The decision.
#[derive(ToSchema)]
#[schema(as = VerifyAnswer, rename_all = "camelCase", example = json!({
    "success": true,
    "allowed": false,
    "decision": "deny",
    "reason": "Denied: 742.00 USD exceeds 500.00 USD per call.",
    "code": "AMOUNT_OVER_LIMIT",
    "risk": "medium",
    "requestId": "req_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "agentId": "agt_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "policyVersion": 7,
    "permissionId": "per_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "fix": "Ask for less, or have the limit raised.",
}))]
#[expect(dead_code, reason = "the documented form of procura_app::verify::Answer, which is what is sent")]
pub(crate) struct AnswerView {
    /// Always true: the question was answered.
    success: bool,
    /// Whether the action may be done now. Do nothing unless it is true.
    allowed: bool,
    /// The answer in a word: `allow`, `deny` or `needs_approval`.
    #[schema(value_type = String, pattern = "^(allow|deny|needs_approval)$")]
    decision: (),
    /// Why, in one sentence with both values.
    reason: String,
    /// Why, for programs.
    #[schema(value_type = ReasonCode)]
    code: (),
    /// How much harm the action could do.
    #[schema(value_type = String, pattern = "^(none|low|medium|high|critical)$")]
    risk: (),
    /// Names the decision and its trace.
    request_id: String,
    /// Whose policy was asked.
    agent_id: String,
    /// Which version of it.
    policy_version: i64,
    /// The permission that decided.
    #[schema(nullable = false)]
    permission_id: Option<String>,
    /// The guardrail that decided, above what the permissions said.
    #[schema(nullable = false)]
    guardrail_id: Option<String>,
    /// What is missing, in a word: `permission`, `approval`, `amount`, `argument`.
    #[schema(nullable = false)]
    missing: Option<String>,
    /// What to do next.
    #[schema(nullable = false)]
    fix: Option<String>,
    /// The approval that this call waits for, or that it used.
    #[schema(nullable = false)]
    approval_id: Option<String>,
    /// Where a person decides.
    #[schema(nullable = false)]
    approval_url: Option<String>,
    /// Until when the approval can be answered and used.
    #[schema(nullable = false, format = DateTime)]
    expires_at: Option<String>,
    /// What was taken from windows and budgets: commit it when the action happened, release it when it did not.
    #[schema(nullable = false)]
    reservation_id: Option<String>,
    /// Until when its outcome is awaited.
    #[schema(nullable = false, format = DateTime)]
    commit_by: Option<String>,
    /// The decision, signed for whoever carries the action out: a compact JWS, good for a minute. Only where it was asked for.
    #[schema(nullable = false)]
    receipt: Option<String>,
}

/// What would be decided, and which permissions came near.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Explanation)]
pub(crate) struct ExplanationView {
    /// Whether the action would be allowed now.
    allowed: bool,
    /// The answer in a word.
    #[schema(value_type = String, pattern = "^(allow|deny|needs_approval)$")]
    decision: Verdict,
    /// Why, in one sentence with both values.
    reason: String,
    /// Why, for programs.
    #[schema(value_type = ReasonCode)]
    code: Reason,
    /// How much harm the action could do.
    #[schema(value_type = String, pattern = "^(none|low|medium|high|critical)$")]
    risk: Risk,
    /// The permission that would decide.
    #[schema(value_type = Option<String>)]
    permission_id: Option<PermissionId>,
    /// The guardrail that would decide, above what the permissions said.
    #[schema(value_type = Option<String>)]
    guardrail_id: Option<GuardrailId>,
    /// What is missing, in a word.
    missing: Option<&'static str>,
    /// The permissions that came near, the nearest first.
    near: Vec<NearView>,
}

/// A permission that came near and did not decide.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NearPermission)]
pub(crate) struct NearView {
    /// Which.
    #[schema(value_type = Option<String>)]
    permission_id: Option<PermissionId>,
    /// Why it did not decide.
    sentence: String,
}

impl From<Explained> for ExplanationView {
    fn from(explained: Explained) -> Self {
        let near =
            |near: procura_policy::Near| NearView { permission_id: near.permission, sentence: near.sentence };
        let decision = explained.decision;
        Self {
            allowed: decision.is_allowed(),
            decision: decision.verdict,
            reason: decision.sentence.into_owned(),
            code: decision.reason,
            risk: decision.risk,
            permission_id: decision.permission,
            guardrail_id: decision.guardrail,
            missing: decision.missing,
            near: explained.near.into_iter().map(near).collect(),
        }
    }
}

/// Decide an action
///
/// Answers whether the agent may do this now, and records the decision before it answers. A denial
/// is 200 with `allowed:false`; anything else than 200 with `allowed:true` means: do not act.
/// With an `Idempotency-Key`, asking the same again decides anew, and what it reserves is reserved once.
#[utoipa::path(
    post, path = "/v1/verify", operation_id = "verify", tag = "Verify",
    params(
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Known again for 24 hours."),
        ("X-Procura-Session" = Option<String>, Header, nullable = false,
            description = "The session's token, in place of `sessionId`: the user for whom the agent acts."),
    ),
    request_body = VerifyBody,
    responses((status = 200, description = "The decision.", body = AnswerView), Writing),
    security(("bearer" = ["verify"]), ("apiKey" = ["verify"])),
)]
pub(crate) async fn verify_action(
    State(web): State<WebState>,
    caller: Caller,
    RetryKey(retry_key): RetryKey,
    Body(body): Body<VerifyBody>,
) -> Reply<Json<Answer>> {
    let question = VerifyAsk { retry_key, ..body.ask()? };
    Ok(Json(verify::verify(&web.app, &caller.ctx, question).await?))
}

/// Decide an action (second path)
///
/// The same operation as `POST /v1/verify`.
#[utoipa::path(
    post, path = "/api/verify", operation_id = "verifyAlias", tag = "Verify",
    params(
        ("Idempotency-Key" = Option<String>, Header, nullable = false, description = "Known again for 24 hours."),
        ("X-Procura-Session" = Option<String>, Header, nullable = false,
            description = "The session's token, in place of `sessionId`: the user for whom the agent acts."),
    ),
    request_body = VerifyBody,
    responses((status = 200, description = "The decision.", body = AnswerView), Writing),
    security(("bearer" = ["verify"]), ("apiKey" = ["verify"])),
)]
pub(crate) async fn verify_action_alias(
    web: State<WebState>,
    caller: Caller,
    retry_key: RetryKey,
    body: Body<VerifyBody>,
) -> Reply<Json<Answer>> {
    verify_action(web, caller, retry_key, body).await
}

/// Explain a decision
///
/// Answers what the decision would be and how each permission was judged. Nothing is decided: no
/// approval is opened or used.
#[utoipa::path(
    post, path = "/v1/verify/explain", operation_id = "explainVerify", tag = "Verify",
    request_body = VerifyBody,
    responses((status = 200, description = "What would be decided, and why.", body = ExplanationView), Writing),
    security(("bearer" = ["verify"]), ("apiKey" = ["verify"])),
)]
pub(crate) async fn explain(
    State(web): State<WebState>,
    caller: Caller,
    Body(body): Body<VerifyBody>,
) -> Reply<Json<ExplanationView>> {
    Ok(Json(verify::explain(&web.app, &caller.ctx, body.ask()?).await?.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::parse;

    fn refused(text: &str) -> Reason {
        match parse::<VerifyBody>(text.as_bytes()).and_then(VerifyBody::ask) {
            Ok(ask) => panic!("{text} was read as {ask:?}"),
            Err(failure) => failure.0.reason(),
        }
    }

    #[test]
    fn amounts_are_read_from_their_text() {
        for (text, amount) in [("742.10", "742.10"), ("\"742.1\"", "742.10"), ("0.0001", "0.0001")] {
            let text = format!(r#"{{"action":"pay","amount":{text}}}"#);
            let ask = parse::<VerifyBody>(text.as_bytes()).and_then(VerifyBody::ask).unwrap();
            assert_eq!(ask.ask.amount.unwrap().to_string(), amount);
        }
        for text in ["-1", "1e3", "0.00001", "\"12 USD\"", "true"] {
            assert_eq!(
                refused(&format!(r#"{{"action":"pay","amount":{text}}}"#)),
                Reason::AmountInvalid,
                "{text}"
            );
        }
    }

    #[test]
    fn a_user_cannot_be_claimed_and_bounds_hold() {
        let long = format!(r#"{{"action":"{}"}}"#, "a".repeat(257));
        for text in [
            r#"{"action":"pay","userId":"u1"}"#,
            r#"{"action":"pay","user":"u1"}"#,
            r#"{"action":"pay","sessionId":"ses_1"}"#,
            r#"{"action":""}"#,
            r#"{"action":"pay","agentId":"per_01JD9Z3V5M8Q6T2W4X7Y9A1B3C"}"#,
            r#"{"action":"pay","currency":"usd"}"#,
            &long,
        ] {
            assert_eq!(refused(text), Reason::FieldInvalid, "{text}");
        }
    }
}
