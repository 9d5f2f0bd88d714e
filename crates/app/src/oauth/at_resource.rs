//! Somebody shows an access token at an API of ours (RFC 6750, RFC 9449 section 7): who that is, and whether the token
//! is theirs to show.

use super::live;
use crate::{App, Identified};
use procura_crypto::dpop::{self, Wanted};
use procura_model::{Actor, AgentCredential, Reason, Result, Scope, Scopes, Secret, oauth::ScopeList};

/// A token as it was shown.
#[derive(Debug)]
pub struct ShownToken<'s> {
    /// Its text.
    pub token: &'s str,
    /// The proof that came with it, where it was shown as DPoP; none where it was shown as Bearer.
    pub proof: Option<Proof<'s>>,
    /// What this API is called in `aud`.
    pub audiences: &'s [&'s str],
}

/// A proof of possession, and the request that it must be for.
#[derive(Debug)]
pub struct Proof<'s> {
    /// The one DPoP header; none where there is none, or several.
    pub text: Option<Secret<String>>,
    /// The request's method.
    pub method: &'s str,
    /// The request's URL.
    pub url: &'s str,
}

/// Identifies an agent by an access token.
///
/// # Errors
/// `ACCESS_TOKEN_*`, `AGENT_DISABLED`; `REVOCATION_STATE_STALE` when this node
/// cannot know what was revoked.
pub async fn identify(app: &App, shown: ShownToken<'_>) -> Result<Identified> {
    let live = live::access_token(app, shown.token, shown.audiences).await?;
    match (&live.claims.jkt, shown.proof) {
        (None, None) => {}
        (Some(jkt), Some(proof)) => demand_proof(app, shown.token, jkt, proof).await?,
        // RFC 9449 section 7.2: a bound token "MUST be rejected" where it comes as Bearer.
        (Some(_), None) => {
            let text = "The token is bound to a key: send it by the scheme DPoP with a proof.";
            return Err(Reason::AccessTokenUnproven.because(text));
        }
        // RFC 9449 section 7.1: shown as DPoP, the token must be bound to the proof's key; this one is to none.
        (None, Some(_)) => {
            let text = "The token is not bound to a key: send it by the scheme Bearer.";
            return Err(Reason::AccessTokenUnproven.because(text));
        }
    }
    let actor = Actor::Agent {
        agent: live.token.agent,
        scopes: scopes(&live.token.scope),
        credential: AgentCredential::Token(live.token),
        user: None,
    };
    Ok(Identified { tenant: live.tenant, actor })
}

/// RFC 9449 section 4.3, at a resource: the proof is for this request and this token, made by the token's key, and
/// never seen before.
async fn demand_proof(app: &App, token: &str, jkt: &str, proof: Proof<'_>) -> Result<()> {
    let text = proof
        .text
        .ok_or_else(|| Reason::AccessTokenUnproven.because("Exactly one DPoP header is needed."))?;
    let wanted = Wanted { method: proof.method, url: proof.url, now: app.now(), token: Some(token) };
    let proven = dpop::check(&text, &wanted)
        .map_err(|error| Reason::AccessTokenUnproven.because(error.to_string()))?;
    if proven.jkt != jkt {
        return Err(Reason::AccessTokenUnproven.because("The DPoP proof is of another key than the token's."));
    }
    if app.store.lobby().see_once(&proven.code, proven.expires_at).await? {
        return Ok(());
    }
    Err(Reason::AccessTokenUnproven
        .because("The DPoP proof was used before; make a new one for each request."))
}

/// What of a token's scopes is one of an agent at our own API. Everything else opens nothing here.
fn scopes(list: &ScopeList) -> Scopes {
    let known = list.iter().filter_map(|word| word.parse::<Scope>().ok());
    known.filter(|scope| Scope::OF_AGENTS.contains(scope)).collect()
}
