//! Receipts that were redeemed, each once (VER-6). One statement is the whole of it: a receipt is redeemed only
//! while everything still stands that its decision stood on.

use crate::tx::{Source, Writer};
use procura_model::{AgentId, CredentialId, Reason, ReceiptId, ReservationId, Result, SessionId, Time};

statements! {
    REDEEM = "
        INSERT INTO redemptions (tenant_id, receipt_id, at, expires_at, reservation_id)
        SELECT tenant_id, CAST($2 AS TEXT), CAST($3 AS BIGINT), CAST($4 AS BIGINT), CAST($9 AS TEXT)
          FROM agents
         WHERE tenant_id = $1
           AND agent_id = $5
           AND status = 'enabled'
           AND policy_version = $6
           AND EXISTS (SELECT tenant_id
                         FROM tenants
                        WHERE tenant_id = $1
                          AND rules_version = $10)
           AND (CAST($7 AS TEXT) IS NULL
                OR EXISTS (SELECT credential_id
                             FROM credentials
                            WHERE tenant_id = $1
                              AND credential_id = $7
                              AND revoked_at IS NULL
                              AND (expires_at IS NULL OR expires_at > $3)))
           AND (CAST($8 AS TEXT) IS NULL
                OR EXISTS (SELECT session_id
                             FROM agent_sessions
                            WHERE tenant_id = $1
                              AND session_id = $8
                              AND revoked_at IS NULL
                              AND expires_at > $3))
           AND (CAST($9 AS TEXT) IS NULL
                OR EXISTS (SELECT reservation_id
                             FROM reservations
                            WHERE tenant_id = $1
                              AND reservation_id = $9
                              AND ((state = 'committed' AND COALESCE(actual, 0) >= COALESCE(held, 0))
                                   OR (state = 'held' AND commit_by > $3))))
            ON CONFLICT DO NOTHING
     RETURNING receipt_id";
    FIND = "
        SELECT at
          FROM redemptions
         WHERE tenant_id = $1
           AND (receipt_id = $2 OR reservation_id = $3)";
    OF_RESERVATION = "
        SELECT receipt_id
          FROM redemptions
         WHERE tenant_id = $1
           AND reservation_id = $2";
}

/// A receipt, and what must still be as it was when it was signed.
#[derive(Clone, Copy, Debug)]
pub struct Redemption {
    /// Which receipt.
    pub receipt: ReceiptId,
    /// Until when it is known that it was redeemed.
    pub kept_until: Time,
    /// The agent, which must be enabled.
    pub agent: AgentId,
    /// The version that its policy must still have.
    pub policy_version: i64,
    /// The version that the organization's guardrails and budgets must still have; a receipt that names none is stale.
    pub rules_version: Option<i64>,
    /// The key that asked, which must still be good.
    pub credential: Option<CredentialId>,
    /// The session of the user for whom it asked, which must still live.
    pub session: Option<SessionId>,
    /// What was reserved, which must be held still, or committed for all that was held; of several receipts for it one
    /// is redeemed. Its ledgers are taken before.
    pub reservation: Option<ReservationId>,
}

/// Redeems a receipt; of many who try at once, one does.
///
/// # Errors
/// `RECEIPT_REDEEMED`, `RECEIPT_STALE`, or a fault.
pub async fn redeem(w: &mut Writer<'_>, what: &Redemption) -> Result<()> {
    let now = w.now();
    let args = args![
        what.receipt,
        now,
        what.kept_until,
        what.agent,
        what.policy_version,
        what.credential,
        what.session,
        what.reservation,
        what.rules_version,
    ];
    if w.desk().maybe(&REDEEM, args).await?.is_some() {
        return Ok(());
    }
    match w.desk().maybe(&FIND, args![what.receipt, what.reservation]).await? {
        Some(_) => Err(Reason::ReceiptRedeemed.into()),
        None => Err(Reason::ReceiptStale.into()),
    }
}

/// When a receipt was redeemed, or another for what was reserved with it; none where neither was.
///
/// # Errors
/// A fault.
pub async fn redeemed_at(
    source: &mut impl Source,
    receipt: ReceiptId,
    reservation: Option<ReservationId>,
) -> Result<Option<Time>> {
    source.desk().maybe(&FIND, args![receipt, reservation]).await?.map(|row| row.time("at")).transpose()
}

/// Whether a receipt for what was reserved was redeemed.
///
/// # Errors
/// A fault.
pub async fn is_redeemed(w: &mut Writer<'_>, reservation: ReservationId) -> Result<bool> {
    Ok(w.desk().maybe(&OF_RESERVATION, args![reservation]).await?.is_some())
}

#[cfg(test)]
#[path = "redemptions_tests.rs"]
mod tests;
