//! What this node keeps of the authorization server: the keys it signs with, what tokens can be for, and the tokens and
//! sessions that it has seen to hold.

use super::{keys::Keys, live::Kept, resources::Targets};
use crate::App;
use procura_model::{Actor, Ctx, Origin, Reason, RequestId, Result, TenantId, Time};
use std::sync::OnceLock;

/// What is kept in memory.
#[derive(Debug, Default)]
pub struct OauthState {
    pub(super) keys: Keys,
    pub(super) kept: Kept,
    pub(super) targets: Targets,
    home: OnceLock<TenantId>,
}

/// The organization in which is recorded what is the deployment's: the first one made.
///
/// # Errors
/// `UNAVAILABLE` while there is none.
pub async fn home(app: &App) -> Result<TenantId> {
    if let Some(home) = app.oauth.home.get() {
        return Ok(*home);
    }
    let first = app.store.lobby().tenants().await?.into_iter().next();
    let home = first.ok_or_else(|| Reason::Unavailable.because("No organization has been made yet."))?.id;
    Ok(*app.oauth.home.get_or_init(|| home))
}

/// The context of a request of which nobody knows yet in which organization it is: that of the deployment, until a
/// client, a code or a token says otherwise.
///
/// # Errors
/// `UNAVAILABLE` while there is no organization; as [`demand_safe_way`].
pub async fn arriving(app: &App, request: RequestId, now: Time, origin: Origin) -> Result<Ctx> {
    demand_safe_way(app)?;
    let mut ctx = Ctx::new(home(app).await?, Actor::Anonymous, now, &app.entropy).from(origin);
    ctx.request = request;
    Ok(ctx)
}

/// OAuth 2.1 section 1.5: every endpoint is https, because codes, secrets and tokens pass; plain http is for the loopback
/// alone. The operator is told at the start too.
///
/// # Errors
/// `OAUTH_REQUEST_INVALID`.
pub(super) fn demand_safe_way(app: &App) -> Result<()> {
    if app.settings.is_safe_on_the_way() {
        return Ok(());
    }
    Err(Reason::OauthRequestInvalid.because(
        "This server is reached over plain http, where codes and tokens can be read: its operator must set public_url to https.",
    ))
}
