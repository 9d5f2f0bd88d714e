//! Receipts (VER-6): a decision, signed for whoever carries the action out. Anybody verifies one offline with the
//! published keys; whoever wants to be sure that it is used once, and that nothing has changed since, redeems it here.

use crate::{App, budgets, verify::Answer};
use procura_crypto::{
    ReceiptError,
    receipt::{LIFETIME_SECONDS, Rules, action_digest},
};
use procura_model::{
    ActingUser, Actor, Ask, CredentialId, Ctx, Event, EventKind, Reason, ReceiptId, Result, Scope, Time,
    Verdict, VerifiedUser,
    time::{DAY_MS, HOUR_MS, SECOND_MS},
};
use procura_store::redemptions as rows;
use serde::Serialize;
use std::sync::Arc;

pub use procura_crypto::{Receipt, receipt::MAX_BYTES};

/// How long after its end it is still known that a receipt was redeemed. No two clocks differ by so much, and for a day a
/// question can be repeated with its key and has another receipt for the same reservation.
const KEEP_REDEEMED_MS: i64 = DAY_MS + HOUR_MS;

/// What the receipt of a decision shall say beside the decision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// For whom; the ask's vendor when absent, or this server where it names none.
    pub audience: Option<String>,
    /// By what the caller tells that this is the answer to its question.
    pub nonce: Option<String>,
}

/// A receipt that somebody wants to act on.
#[derive(Clone, Debug)]
pub struct Presented {
    /// As it came.
    pub receipt: String,
    /// For whom it must be; anybody when absent.
    pub audience: Option<String>,
    /// Which action it must be for, by digest.
    pub digest: Option<String>,
    /// Which action it must be for, in full; for whose sake is what the receipt says.
    pub ask: Option<Ask>,
}

/// The receipt of a decision that is recorded.
///
/// # Errors
/// `UNAVAILABLE` without a key: then the answer is none.
pub(crate) fn sign(app: &App, ctx: &Ctx, ask: &Ask, wanted: Wanted, answer: &Answer) -> Result<String> {
    let issuer = app.settings.public_url.clone();
    let issued_at = ctx.now.as_ms().div_euclid(SECOND_MS);
    let receipt = Receipt {
        id: ReceiptId::new(ctx.now, &app.entropy),
        audience: wanted.audience.or_else(|| ask.vendor.clone()).unwrap_or_else(|| issuer.clone()),
        issuer,
        agent: answer.agent_id,
        issued_at,
        expires_at: issued_at.saturating_add(LIFETIME_SECONDS),
        tenant: ctx.tenant,
        request: answer.request_id,
        verdict: answer.decision,
        code: answer.code,
        digest: action_digest(&ask.canonical()),
        nonce: wanted.nonce,
        user: ask.user.as_ref().map(|user| user.reference.clone()),
        session: ask.user.as_ref().map(|user| user.session),
        credential: credential_of(&ctx.actor),
        policy_version: answer.policy_version,
        permission: answer.permission_id,
        approval: answer.approval_id,
        reservation: answer.reservation_id,
    };
    app.seals.sign_receipt(&receipt)
}

const fn credential_of(actor: &Actor) -> Option<CredentialId> {
    match actor {
        Actor::Agent { credential, .. } | Actor::Platform { credential, .. } => Some(*credential),
        Actor::Account { .. } | Actor::Anonymous | Actor::Operator => None,
    }
}

/// Redeems a receipt, once: it is one of ours and of this organization, an allow, not expired, for this audience and this
/// action, and everything that the decision stood on is as it was.
///
/// # Errors
/// `RECEIPT_INVALID`, `RECEIPT_EXPIRED`, `RECEIPT_MISMATCH`, `RECEIPT_DENIED`, `RECEIPT_STALE`, `RECEIPT_REDEEMED`.
pub async fn redeem(app: &App, ctx: &Ctx, presented: &Presented) -> Result<Receipt> {
    ctx.actor.require(Scope::RedeemReceipts)?;
    let receipt = read(app, ctx, presented)?;
    let mut writer = app.store.write(ctx).await?;
    let what = rows::Redemption {
        receipt: receipt.id,
        kept_until: Time::from_ms(receipt.expires_at.saturating_mul(SECOND_MS)).plus_ms(KEEP_REDEEMED_MS),
        agent: receipt.agent,
        policy_version: receipt.policy_version,
        credential: receipt.credential,
        session: receipt.session,
        reservation: receipt.reservation,
    };
    if let Some(reservation) = receipt.reservation {
        budgets::keep(&mut writer, reservation).await?;
    }
    rows::redeem(&mut writer, &what).await?;
    writer.commit(event_of(&receipt)).await?;
    Ok(receipt)
}

fn read(app: &App, ctx: &Ctx, presented: &Presented) -> Result<Receipt> {
    let receipt = app.seals.open_receipt(&presented.receipt)?;
    // Whoever is not of its organization learns nothing of a receipt.
    if receipt.tenant != ctx.tenant {
        return Err(Reason::ReceiptInvalid.into());
    }
    receipt.meets(&Rules {
        issuer: &app.settings.public_url,
        audience: presented.audience.as_deref(),
        agent: None,
        digest: presented.digest.as_deref(),
        nonce: None,
        now: ctx.now,
    })?;
    let is_other = |ask: &Ask| action_digest(&of_user(ask, &receipt).canonical()) != receipt.digest;
    if presented.ask.as_ref().is_some_and(is_other) {
        return Err(ReceiptError::Action.into());
    }
    if receipt.verdict != Verdict::Allow {
        return Err(Reason::ReceiptDenied.into());
    }
    Ok(receipt)
}

/// The ask as it was judged: for the user whom the receipt names.
fn of_user(ask: &Ask, receipt: &Receipt) -> Ask {
    let acting = receipt.user.as_ref().map(|user| {
        let supposed = ActingUser::supposed(VerifiedUser::default());
        Arc::new(ActingUser { reference: user.clone(), ..supposed })
    });
    Ask { user: acting, ..ask.clone() }
}

/// What is recorded of a redemption beside the receipt's own id.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Redeemed<'r> {
    decision: String,
    digest: &'r str,
    policy_version: i64,
}

fn event_of(receipt: &Receipt) -> Event {
    let facts = Redeemed {
        decision: receipt.request.to_string(),
        digest: &receipt.digest,
        policy_version: receipt.policy_version,
    };
    let mut event = Event::new(EventKind::ReceiptRedeemed).of_agent(receipt.agent).about(receipt.id);
    event.user.clone_from(&receipt.user);
    event.approval = receipt.approval;
    event.with_facts(&facts)
}
