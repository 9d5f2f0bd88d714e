//! Invitations into an organization. Their links are opened by people who are nobody yet, so looking one up
//! and using it are in the lobby.

use crate::{
    row::Row,
    tx::{Source, Writer},
};
use procura_model::{Digest, Invitation, InvitationId, Reason, Result};

statements! {
    INSERT = "
        INSERT INTO invitations
               (tenant_id, invitation_id, digest, email, role, invited_by, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    LIST_OPEN = "
        SELECT tenant_id, invitation_id, email, role, expires_at
          FROM invitations
         WHERE tenant_id = $1
           AND used_at IS NULL
           AND revoked_at IS NULL
           AND expires_at > $2
         ORDER BY invitation_id DESC";
    REVOKE = "
        UPDATE invitations
           SET revoked_at = $3
         WHERE tenant_id = $1
           AND invitation_id = $2
           AND used_at IS NULL
           AND revoked_at IS NULL
     RETURNING invitation_id";
}

/// Makes an invitation of the writer's own organization.
///
/// # Errors
/// A fault.
pub async fn insert(
    w: &mut Writer<'_>,
    invitation: &Invitation,
    digest: &Digest,
    invited_by: &str,
) -> Result<()> {
    let now = w.now();
    let Invitation { id, email, role, expires_at, .. } = invitation;
    w.desk().run(&INSERT, args![*id, digest, email, *role, invited_by, now, *expires_at]).await
}

/// Invitations that can still be used, newest first.
///
/// # Errors
/// A fault.
pub async fn list_open(source: &mut impl Source) -> Result<Vec<Invitation>> {
    let now = source.now();
    source.desk().all(&LIST_OPEN, args![now]).await?.iter().map(read).collect()
}

/// Takes an invitation back.
///
/// # Errors
/// `NOT_FOUND` when there is none that is open, or a fault.
pub async fn revoke(w: &mut Writer<'_>, invitation: InvitationId) -> Result<()> {
    let now = w.now();
    w.desk().maybe(&REVOKE, args![invitation, now]).await?.ok_or(Reason::NotFound)?;
    Ok(())
}

pub(crate) fn read(row: &Row) -> Result<Invitation> {
    Ok(Invitation {
        id: row.parse("invitation_id")?,
        tenant: row.parse("tenant_id")?,
        email: row.text("email")?,
        role: row.parse("role")?,
        expires_at: row.time("expires_at")?,
    })
}
