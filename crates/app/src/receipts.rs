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

/// A receipt that is going to be signed. It has its name before the decision is recorded, so that the record can tell of it.
#[derive(Clone, Debug)]
pub(crate) struct Ordered {
    /// Its name.
    pub(crate) id: ReceiptId,
    wanted: Wanted,
}

/// Gives a receipt its name.
pub(crate) fn order(app: &App, ctx: &Ctx, wanted: Wanted) -> Ordered {
    Ordered { id: ReceiptId::new(ctx.now, &app.entropy), wanted }
}

/// What was asked and answered, and by which version of the organization's rules.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judged<'j> {
    pub(crate) ask: &'j Ask,
    pub(crate) answer: &'j Answer,
    pub(crate) rules_version: i64,
}

/// The receipt of a decision that is recorded.
///
/// # Errors
/// `UNAVAILABLE` without a key: then the answer is none.
pub(crate) fn sign(app: &App, ctx: &Ctx, ordered: Ordered, judged: &Judged<'_>) -> Result<String> {
    let Judged { ask, answer, rules_version } = *judged;
    let Ordered { id, wanted } = ordered;
    let issuer = app.settings.public_url.clone();
    let issued_at = ctx.now.as_ms().div_euclid(SECOND_MS);
    let receipt = Receipt {
        id,
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
        rules_version: Some(rules_version),
        permission: answer.permission_id,
        approval: answer.approval_id,
        reservation: answer.reservation_id,
    };
    app.seals.sign_receipt(&receipt)
}

const fn credential_of(actor: &Actor) -> Option<CredentialId> {
    match actor {
        Actor::Agent { credential, .. } => credential.key(),
        Actor::Platform { credential, .. } => Some(*credential),
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
        rules_version: receipt.rules_version,
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

/// A receipt that somebody looks at.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// What it says; we signed it.
    pub receipt: Receipt,
    /// Whether its time is over.
    pub is_expired: bool,
    /// When it was redeemed, or another receipt for the same reservation was.
    pub redeemed_at: Option<Time>,
}

/// Looks at a receipt of this organization without redeeming it.
///
/// # Errors
/// `RECEIPT_INVALID` where we did not sign it, or for another organization; the scope is missing.
pub async fn inspect(app: &App, ctx: &Ctx, token: &str) -> Result<Inspected> {
    ctx.actor.require(Scope::ReadActivity)?;
    let receipt = app.seals.open_receipt(token)?;
    if receipt.tenant != ctx.tenant {
        return Err(Reason::ReceiptInvalid.into());
    }
    let is_expired = match receipt.meets(&rules_of(app, ctx)) {
        Ok(()) => false,
        Err(ReceiptError::Expired) => true,
        Err(error) => return Err(error.into()),
    };
    let mut reader = app.store.read(ctx);
    let redeemed_at = rows::redeemed_at(&mut reader, receipt.id, receipt.reservation).await?;
    Ok(Inspected { receipt, is_expired, redeemed_at })
}

/// What every receipt of ours must be: our own, and of now.
fn rules_of<'r>(app: &'r App, ctx: &Ctx) -> Rules<'r> {
    Rules {
        issuer: &app.settings.public_url,
        audience: None,
        agent: None,
        digest: None,
        nonce: None,
        now: ctx.now,
    }
}

fn read(app: &App, ctx: &Ctx, presented: &Presented) -> Result<Receipt> {
    let receipt = app.seals.open_receipt(&presented.receipt)?;
    // Whoever is not of its organization learns nothing of a receipt.
    if receipt.tenant != ctx.tenant {
        return Err(Reason::ReceiptInvalid.into());
    }
    receipt.meets(&Rules {
        audience: presented.audience.as_deref(),
        digest: presented.digest.as_deref(),
        ..rules_of(app, ctx)
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
