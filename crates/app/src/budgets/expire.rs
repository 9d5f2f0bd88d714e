//! Ending the wait for what nobody settled in time. What it counts as was decided when it was held: an amount that
//! lapses carries its time on its ledger, and any other goes on counting until somebody reconciles it.

use super::settle::event_of;
use crate::App;
use procura_model::{Actor, Ctx, Result};
use procura_store::reservations;

/// How many end in one transaction.
const AT_ONCE: i64 = 100;
const ROUNDS: usize = 100;

/// Ends the waiting for what is due, in every organization.
///
/// # Errors
/// A fault; what is left is due the next time.
pub async fn expire(app: &App) -> Result<()> {
    let now = app.now();
    for tenant in app.store.lobby().reservations_due(now).await? {
        for _ in 0..ROUNDS {
            let ctx = Ctx::new(tenant, Actor::Operator, now, &app.entropy);
            let mut writer = app.store.write(&ctx).await?;
            let ended = reservations::expire(&mut writer, AT_ONCE).await?;
            if ended.is_empty() {
                break;
            }
            writer.commit_all(ended.iter().map(event_of).collect()).await?;
        }
    }
    Ok(())
}
