//! Access tokens that have a row: opaque ones by their digest (RFC 7662), and signed ones that were revoked before
//! their time, without one (RFC 7009).

use crate::{
    Store,
    revocations::{self, Subject},
    tokens::{Kept, Tokens},
    tx::{Source, Writer},
    value::Value,
};
use procura_model::{Ctx, Digest, Doing as _, Error, Event, Result, SessionId, Time, TokenId, oauth::Claims};

statements! {
    INSERT = "
        INSERT INTO oauth_access_tokens (tenant_id, token_id, digest, session_id, claims, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    REVOKE = "
        INSERT INTO oauth_access_tokens
               (tenant_id, token_id, session_id, claims, created_at, expires_at, revoked_at)
        VALUES ($1, $2, $3, $4, $5, $6, $5)
        ON CONFLICT (tenant_id, token_id)
        DO UPDATE SET revoked_at = excluded.revoked_at
                WHERE oauth_access_tokens.revoked_at IS NULL
     RETURNING token_id";
    REVOKED_OF = "
        SELECT token_id
          FROM oauth_access_tokens
         WHERE tenant_id = $1
           AND session_id = $2
           AND revoked_at IS NOT NULL
           AND expires_at > $3";
}

/// Keeps an opaque token.
///
/// # Errors
/// A fault.
pub async fn insert(w: &mut Writer<'_>, digest: &Digest, claims: &Claims) -> Result<()> {
    let now = w.now();
    let text = serde_json::to_string(claims).doing("write the claims of a token")?;
    let args = args![claims.jti.to_string(), digest, claims.sid, text, now, expiry(claims)];
    w.desk().run(&INSERT, args).await
}

/// Keeps an opaque token with the event that tells of it, in the commit that many callers share (decisions.md 21).
///
/// # Errors
/// A fault: the token is not sure, so it must not be handed out.
pub async fn keep(
    store: &Store,
    ctx: &Ctx,
    (digest, claims): (&Digest, &Claims),
    event: &Event,
) -> Result<()> {
    let tokens = Tokens { access: Some(row(ctx, digest, claims)?), rotation: None };
    match store.keep(ctx, event, tokens).await? {
        Kept::Whole => Ok(()),
        Kept::Nothing => Err(Error::fault("keep an access token", "nothing was written")),
    }
}

/// A row of [`crate::many::ACCESS_TOKENS`].
pub(crate) fn row(ctx: &Ctx, digest: &Digest, claims: &Claims) -> Result<Vec<Value>> {
    let text = serde_json::to_string(claims).doing("write the claims of a token")?;
    Ok(args![ctx.tenant, claims.jti.to_string(), digest, claims.sid, text, ctx.now, expiry(claims)])
}

/// Revokes one token, whatever its form; every node hears of it. Says no where it was revoked before.
///
/// # Errors
/// A fault.
pub async fn revoke(w: &mut Writer<'_>, claims: &Claims) -> Result<bool> {
    let now = w.now();
    let text = serde_json::to_string(claims).doing("write the claims of a token")?;
    let args = args![claims.jti.to_string(), claims.sid, text, now, expiry(claims)];
    if w.desk().maybe(&REVOKE, args).await?.is_none() {
        return Ok(false);
    }
    revocations::insert(w, Subject::OauthSession(claims.sid)).await?;
    Ok(true)
}

/// The tokens of a session that were revoked before their time and would hold still.
///
/// # Errors
/// A fault.
pub async fn revoked_of(source: &mut impl Source, session: SessionId) -> Result<Vec<TokenId>> {
    let now = source.now();
    let rows = source.desk().all(&REVOKED_OF, args![session, now]).await?;
    rows.iter().map(|row| row.parse("token_id")).collect()
}

fn expiry(claims: &Claims) -> Time {
    Time::from_ms(claims.exp.saturating_mul(procura_model::time::SECOND_MS))
}
