//! One-time links by which an approver answers on another device (APR-2). A link is for one approval and one person;
//! its digest is here, its secret nowhere. Whose a shown link is, the lobby says ([`crate::lobby_approvals`]).

use crate::tx::{Source as _, Writer};
use procura_model::{AccountId, ApprovalId, Digest, Result, Time};

statements! {
    INSERT = "
        INSERT INTO approval_links (tenant_id, digest, approval_id, account_id, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    CONSUME = "
        UPDATE approval_links
           SET used_at = $5
         WHERE tenant_id = $1
           AND digest = $2
           AND approval_id = $3
           AND account_id = $4
           AND used_at IS NULL
           AND expires_at > $5
     RETURNING approval_id";
}

/// A one-time link to one approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApprovalLink {
    /// The digest of its secret.
    pub digest: Digest,
    /// To which approval.
    pub approval: ApprovalId,
    /// For whom.
    pub account: AccountId,
}

/// Makes a link.
///
/// # Errors
/// A fault.
pub async fn insert(w: &mut Writer<'_>, link: &ApprovalLink, expires_at: Time) -> Result<()> {
    let now = w.now();
    let args = args![&link.digest, link.approval, link.account, now, expires_at];
    w.desk().run(&INSERT, args).await
}

/// Uses a link; of many who try, one gets it.
///
/// # Errors
/// A fault.
pub async fn consume(w: &mut Writer<'_>, link: &ApprovalLink) -> Result<bool> {
    let now = w.now();
    let args = args![&link.digest, link.approval, link.account, now];
    Ok(w.desk().maybe(&CONSUME, args).await?.is_some())
}
