//! Access tokens that anybody verifies alone: JWTs as RFC 9068 has them.

use crate::{
    algorithm::Algorithm,
    claims::{Claims as Members, MAX_DEPTH},
    jwk::JwkSet,
    jws::{JwsError, Kind, UnverifiedJws},
    oauth_key::{OauthKey, OauthKeyError},
    signing::{map, number, text},
};
use procura_model::{
    Json,
    oauth::{ActorLink, Claims},
};

/// RFC 9068 section 2.1: what stands in the header's `typ`.
pub const TYPE: &str = "at+jwt";
/// How long a token may be, in bytes.
pub const MAX_BYTES: usize = 16_384;
/// How many links a chain of actors may have.
pub const MAX_CHAIN: usize = 8;

/// Why a text is no access token of ours. Says nothing of what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessTokenError {
    /// Form, header, key or signature.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// Another issuer's.
    #[error("`iss` is not this server.")]
    Issuer,
    /// A claim is missing, or is not what it must be.
    #[error("A claim is missing or cannot be read.")]
    Claims,
}

/// The signed token.
///
/// # Errors
/// [`OauthKeyError::Sign`], which means a broken key.
pub fn sign(key: &OauthKey, issuer: &str, claims: &Claims) -> Result<String, OauthKeyError> {
    key.sign(TYPE, &content(issuer, claims).canonical())
}

/// What a token says, if a key of the set signed it for this issuer. When and for whom it holds is not looked at.
///
/// # Errors
/// [`AccessTokenError`]: the first thing that is not so.
pub fn open(keys: &JwkSet, issuer: &str, token: &str) -> Result<Claims, AccessTokenError> {
    let allowed = [Algorithm::EdDsa, Algorithm::Rs256];
    let jws = UnverifiedJws::read_as(Kind::AccessToken, token, &allowed, MAX_BYTES)?;
    let members = Members::read(jws.verify(keys)?, MAX_DEPTH).map_err(|_| AccessTokenError::Claims)?;
    // RFC 9068 section 4: "the issuer identifier ... must exactly match the value of the iss claim".
    if members.member("iss").and_then(Json::as_text) != Some(issuer) {
        return Err(AccessTokenError::Issuer);
    }
    read(&members).ok_or(AccessTokenError::Claims)
}

/// RFC 9068 section 2.2, and `act`, `may_act` (RFC 8693 section 4), `cnf` (RFC 9449 section 6.1). `org` and `sid` are
/// our own: the organization, and the session on which the token hangs.
fn content(issuer: &str, claims: &Claims) -> Json {
    let mut members = vec![
        ("iss", text(issuer)),
        ("sub", text(&claims.sub)),
        ("aud", text(&claims.aud)),
        ("exp", number(claims.exp)),
        ("iat", number(claims.iat)),
        ("jti", text(claims.jti.to_string())),
        ("client_id", text(claims.client_id.as_str())),
        ("scope", text(claims.scope.to_string())),
        ("sid", text(claims.sid.to_string())),
        ("org", text(claims.tenant.to_string())),
        ("act", chain(&claims.act)),
    ];
    members.extend(claims.auth_time.map(|at| ("auth_time", number(at))));
    members.extend(claims.jkt.as_ref().map(|jkt| ("cnf", map(vec![("jkt", text(jkt))]))));
    members.extend(claims.may_act.as_ref().map(|sub| ("may_act", map(vec![("sub", text(sub))]))));
    map(members)
}

fn chain(link: &ActorLink) -> Json {
    let mut members = vec![("sub", text(&link.sub))];
    members.extend(link.act.as_deref().map(|next| ("act", chain(next))));
    map(members)
}

fn read(members: &Members) -> Option<Claims> {
    let word = |name| members.member(name).and_then(Json::as_text);
    Some(Claims {
        jti: word("jti")?.parse().ok()?,
        tenant: word("org")?.parse().ok()?,
        sub: word("sub")?.to_owned(),
        client_id: word("client_id")?.parse().ok()?,
        aud: word("aud")?.to_owned(),
        scope: word("scope")?.parse().ok()?,
        sid: word("sid")?.parse().ok()?,
        act: read_chain(members.member("act")?, MAX_CHAIN)?,
        iat: seconds(members.member("iat")?)?,
        exp: seconds(members.member("exp")?)?,
        auth_time: optional(members.member("auth_time"), seconds)?,
        jkt: optional(members.member("cnf"), |cnf| Some(cnf.member("jkt")?.as_text()?.to_owned()))?,
        may_act: optional(members.member("may_act"), |may| Some(may.member("sub")?.as_text()?.to_owned()))?,
    })
}

/// None where a member stands that cannot be read: such a token is refused, not read without it.
fn optional<T>(member: Option<&Json>, read: impl Fn(&Json) -> Option<T>) -> Option<Option<T>> {
    member.map_or(Some(None), |member| read(member).map(Some))
}

fn seconds(json: &Json) -> Option<i64> {
    match json {
        Json::Number(digits) => digits.parse().ok(),
        Json::Null | Json::Bool(_) | Json::Text(_) | Json::List(_) | Json::Map(_) => None,
    }
}

fn read_chain(json: &Json, left: usize) -> Option<ActorLink> {
    let left = left.checked_sub(1)?;
    let act = optional(json.member("act"), |next| read_chain(next, left).map(Box::new))?;
    Some(ActorLink { sub: json.member("sub")?.as_text()?.to_owned(), act })
}

#[cfg(test)]
#[path = "access_token_tests.rs"]
mod tests;
