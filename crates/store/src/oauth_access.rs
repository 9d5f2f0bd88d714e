//! Access tokens that have a row: opaque ones by their digest (RFC 7662), and signed ones that were revoked before
//! their time, without one (RFC 7009).

use crate::{
    revocations::{self, Subject},
    tx::{Source, Writer},
};
use procura_model::{Digest, Doing as _, Result, SessionId, Time, TokenId, oauth::Claims};

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
