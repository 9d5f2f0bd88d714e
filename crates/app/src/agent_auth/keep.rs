//! Upkeep of registered agents: what nobody claimed in time is over, last uses are written down, and rows go that nobody
//! needs any longer.

use crate::App;
use procura_model::{
    Actor, Ctx, Result,
    time::{DAY_MS, HOUR_MS},
};
use procura_store::api_keys;

/// How long an attempt is known after its end: the agent may fetch what it was given late.
const REMEMBER_MS: i64 = 7 * DAY_MS;

/// One round.
///
/// # Errors
/// A fault.
pub(crate) async fn keep(app: &App) -> Result<()> {
    let now = app.now();
    for (tenant, key, at) in app.api_keys.uses() {
        let ctx = Ctx::new(tenant, Actor::Operator, now, &app.entropy);
        api_keys::touch_used(&mut app.store.unaudited(&ctx), key, at).await?;
    }
    app.store.lobby().expire_registrations(now).await?;
    let hour = now.as_ms().div_euclid(HOUR_MS);
    app.store.lobby().prune_agent_auth(now.plus_ms(-REMEMBER_MS), hour - 1).await
}
