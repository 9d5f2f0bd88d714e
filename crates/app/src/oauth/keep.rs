//! Upkeep of the authorization server: last uses are written down, signing keys replaced in time, and rows removed that
//! nobody needs any longer.

use super::{keys, live};
use crate::App;
use procura_model::{Result, time::DAY_MS};
use procura_store::lobby_oauth::OauthPrune;

/// How long used codes and refresh tokens are known after their time: whoever shows one by then is told from somebody
/// who guesses.
const REMEMBER_MS: i64 = 90 * DAY_MS;

/// One round.
///
/// # Errors
/// A fault.
pub(crate) async fn keep(app: &App) -> Result<()> {
    let now = app.now();
    live::write_uses(app).await?;
    keys::keep(app).await?;
    app.store
        .lobby()
        .prune_oauth(OauthPrune {
            expired: now,
            replies: now.plus_ms(app.settings.oauth.refresh_grace_ms.saturating_neg()),
            remembered: now.plus_ms(-REMEMBER_MS),
        })
        .await?;
    app.store.lobby().prune_pushed(now).await?;
    // A device that goes on polling is told for a day that it is too late.
    app.store.lobby().prune_devices(now.plus_ms(-DAY_MS)).await
}
