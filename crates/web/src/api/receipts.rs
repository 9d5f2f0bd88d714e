//! Receipts (VER-6): what `verify` is asked to sign, and redeeming it, once.

use crate::{
    api::verify::{VerifyBody, bounded},
    body::Body,
    extract::Caller,
    operation::{Reply, Writing},
    respond::{ErrorBody, Failure},
    schema::ReasonCode,
    state::WebState,
};
use axum::{Json, extract::State};
use procura_app::receipts::{self, MAX_BYTES, Presented, Receipt, Wanted};
use procura_model::{
    AgentId, ApprovalId, PermissionId, Reason, ReceiptId, RequestId, ReservationId, Time, UserRef, Verdict,
    time::SECOND_MS,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// How long an audience may be, in bytes.
const AUDIENCE_BYTES: usize = 512;
/// How short and how long a nonce may be, in bytes.
const NONCE_BYTES: (usize, usize) = (16, 64);
/// How long a digest is: 32 bytes in base64url.
const DIGEST_BYTES: usize = 43;

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(redeem))
}

/// Whether a receipt is wanted: `true`, or for whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(as = ReceiptWish)]
pub(crate) enum ReceiptWish {
    /// `true`: for the ask's vendor, or for this server where the ask names none.
    Plain(bool),
    /// For somebody else.
    For(ReceiptAudience),
}

/// For whom a receipt is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReceiptAudience)]
pub(crate) struct ReceiptAudience {
    /// Who shall act on it: compared to the letter, so agree on one spelling.
    #[schema(min_length = 1, max_length = 512, example = "shop.example.com")]
    audience: String,
}

/// What the receipt shall say, where one is wanted.
pub(crate) fn wanted(wish: Option<ReceiptWish>, nonce: Option<String>) -> Reply<Option<Wanted>> {
    let (least, most) = NONCE_BYTES;
    visible("nonce", nonce.as_deref(), least, most)?;
    let audience = match wish {
        None | Some(ReceiptWish::Plain(false)) if nonce.is_some() => {
            let why = "nonce stands in the receipt: ask for one with receipt.";
            return Err(Failure(Reason::FieldInvalid.because(why)));
        }
        None | Some(ReceiptWish::Plain(false)) => return Ok(None),
        Some(ReceiptWish::Plain(true)) => None,
        Some(ReceiptWish::For(named)) => Some(named.audience),
    };
    visible("receipt.audience", audience.as_deref(), 1, AUDIENCE_BYTES)?;
    Ok(Some(Wanted { audience, nonce }))
}

fn visible(field: &str, text: Option<&str>, least: usize, most: usize) -> Reply<()> {
    bounded(field, text, least, most)?;
    if text.is_none_or(|text| text.bytes().all(|byte| byte.is_ascii_graphic())) {
        return Ok(());
    }
    Err(Failure(Reason::FieldInvalid.because(format!("{field} must be of visible ASCII characters."))))
}

/// A receipt to act on, and what it must be for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = RedeemRequest, example = json!({
    "receipt": "eyJhbGciOiJFZERTQSIsImtpZCI6Ii4uLiIsInR5cCI6InByb2N1cmEtcmVjZWlwdCtqd3QifQ.e30.c2ln",
    "audience": "shop.example.com",
    "ask": { "action": "purchase.ticket", "vendor": "shop.example.com", "amount": "742.00", "currency": "USD" },
}))]
pub(crate) struct RedeemBody {
    /// The receipt, as it came.
    #[schema(max_length = 8192)]
    receipt: String,
    /// For whom it must be. Name yourself: otherwise a receipt for somebody else passes.
    #[schema(nullable = false, max_length = 512)]
    audience: Option<String>,
    /// Which action it must be for, by digest. Send this or `ask`: otherwise a receipt for another action passes.
    #[schema(nullable = false, pattern = "^[A-Za-z0-9_-]{43}$")]
    digest: Option<String>,
    /// Which action it must be for, in full, as `verify` was asked; the user is the one whom the receipt names.
    #[schema(nullable = false)]
    ask: Option<VerifyBody>,
}

impl RedeemBody {
    fn presented(self) -> Reply<Presented> {
        bounded("receipt", Some(&self.receipt), 1, MAX_BYTES)?;
        bounded("audience", self.audience.as_deref(), 1, AUDIENCE_BYTES)?;
        bounded("digest", self.digest.as_deref(), DIGEST_BYTES, DIGEST_BYTES)?;
        Ok(Presented {
            receipt: self.receipt,
            audience: self.audience,
            digest: self.digest,
            ask: self.ask.map(VerifyBody::ask).transpose()?.map(|question| question.ask),
        })
    }
}

/// What was redeemed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RedeemAnswer)]
pub(crate) struct RedeemedView {
    /// Always true.
    success: bool,
    /// Always true: this call redeemed it, and no other did or will.
    redeemed: bool,
    /// The receipt.
    #[schema(value_type = String)]
    receipt_id: ReceiptId,
    /// The decision that it tells of, and its trace.
    #[schema(value_type = String)]
    request_id: RequestId,
    /// The agent that may do it.
    #[schema(value_type = String)]
    agent_id: AgentId,
    /// The answer: always `allow`.
    #[schema(value_type = String, pattern = "^allow$")]
    decision: Verdict,
    /// Why.
    #[schema(value_type = ReasonCode)]
    code: Reason,
    /// For whom it was.
    audience: String,
    /// The digest of the action.
    digest: String,
    /// The nonce that was sent with the question.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    nonce: Option<String>,
    /// The pseudonym of the user for whom the agent acts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    user: Option<UserRef>,
    /// By which version of the agent's policy.
    policy_version: i64,
    /// The permission that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    permission_id: Option<PermissionId>,
    /// The approval that was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    approval_id: Option<ApprovalId>,
    /// What was reserved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    reservation_id: Option<ReservationId>,
    /// When it was decided.
    #[schema(value_type = String, format = DateTime)]
    issued_at: Time,
    /// Until when the receipt could be redeemed.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
}

impl From<Receipt> for RedeemedView {
    fn from(receipt: Receipt) -> Self {
        let time = |seconds: i64| Time::from_ms(seconds.saturating_mul(SECOND_MS));
        Self {
            success: true,
            redeemed: true,
            receipt_id: receipt.id,
            request_id: receipt.request,
            agent_id: receipt.agent,
            decision: receipt.verdict,
            code: receipt.code,
            audience: receipt.audience,
            digest: receipt.digest,
            nonce: receipt.nonce,
            user: receipt.user,
            policy_version: receipt.policy_version,
            permission_id: receipt.permission,
            approval_id: receipt.approval,
            reservation_id: receipt.reservation,
            issued_at: time(receipt.issued_at),
            expires_at: time(receipt.expires_at),
        }
    }
}

/// Redeem a receipt
///
/// Answers 200 to exactly one call for each receipt, and only while the receipt is good: signed here, for this
/// organization, an allow, not expired, for the audience and action that are named, its agent enabled, the agent's policy
/// unchanged, the key and the session that asked not revoked, what was reserved still held or committed.
#[utoipa::path(
    post, path = "/v1/receipts/redeem", operation_id = "redeemReceipt", tag = "Verify",
    request_body = RedeemBody,
    responses(
        (status = 200, description = "Redeemed, now and by this call.", body = RedeemedView),
        (status = 410, description = "The receipt has expired.", body = ErrorBody<'static>),
        Writing,
    ),
    security(("bearer" = ["redeem:receipts"]), ("apiKey" = ["redeem:receipts"])),
)]
pub(crate) async fn redeem(
    State(web): State<WebState>,
    caller: Caller,
    Body(body): Body<RedeemBody>,
) -> Reply<Json<RedeemedView>> {
    Ok(Json(receipts::redeem(&web.app, &caller.ctx, &body.presented()?).await?.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::parse;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        receipt: Option<ReceiptWish>,
        nonce: Option<String>,
    }

    fn read(text: &str) -> Result<Option<Wanted>, Reason> {
        let asked = parse::<Asked>(text.as_bytes()).map_err(|failure| failure.0.reason())?;
        wanted(asked.receipt, asked.nonce).map_err(|failure| failure.0.reason())
    }

    #[test]
    fn a_receipt_is_asked_for_by_true_or_by_its_audience() {
        assert_eq!(read("{}"), Ok(None));
        assert_eq!(read(r#"{"receipt":false}"#), Ok(None));
        assert_eq!(read(r#"{"receipt":true}"#), Ok(Some(Wanted::default())));
        let named = Wanted { audience: Some("shop.example".to_owned()), nonce: Some("n".repeat(64)) };
        let text = format!(r#"{{"receipt":{{"audience":"shop.example"}},"nonce":"{}"}}"#, "n".repeat(64));
        assert_eq!(read(&text), Ok(Some(named)));
    }

    #[test]
    fn what_cannot_stand_in_a_receipt_is_refused() {
        let (short, long) = ("n".repeat(15), "n".repeat(65));
        for text in [
            r#"{"receipt":1}"#.to_owned(),
            r#"{"receipt":"true"}"#.to_owned(),
            r#"{"receipt":{}}"#.to_owned(),
            r#"{"receipt":{"audience":""}}"#.to_owned(),
            r#"{"receipt":{"audience":"a b"}}"#.to_owned(),
            r#"{"receipt":{"audience":"a","nonce":"b"}}"#.to_owned(),
            format!(r#"{{"receipt":{{"audience":"{}"}}}}"#, "a".repeat(513)),
            format!(r#"{{"receipt":true,"nonce":"{short}"}}"#),
            format!(r#"{{"receipt":true,"nonce":"{long}"}}"#),
            r#"{"receipt":true,"nonce":"sixteen  letters"}"#.to_owned(),
            r#"{"nonce":"0123456789abcdef"}"#.to_owned(),
            r#"{"receipt":false,"nonce":"0123456789abcdef"}"#.to_owned(),
        ] {
            assert_eq!(read(&text), Err(Reason::FieldInvalid), "{text}");
        }
    }
}
