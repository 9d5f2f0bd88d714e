//! OAuth clients (OAU-2): who they are, how they show it, and how they come to us: made by a person, registered by
//! themselves (RFC 7591), or named by a document at their own URL (draft-ietf-oauth-client-id-metadata-document).

mod assertion;
mod authenticate;
pub mod blocks;
pub mod deployment;
mod document;
mod find;
mod manual;
mod memory;
mod met;
mod metadata;
mod register;
mod secrets;
mod tries;

pub use authenticate::{Presented, authenticate};
pub use find::find;
pub use manual::{
    Draft, SecretShown, change, create, disable, enable, get, list, make_secret, remove, revoke_secret,
    secrets_of,
};
pub use memory::Memory;
pub use met::{MetClient, end_met, get_met, list_met};
pub use procura_store::oauth_clients::ClientSecret;
pub use register::{MAX_BODY_BYTES, Registered, register};

use crate::App;
use procura_model::{Client, ClientId, Reason, Result, time::DAY_MS};
use procura_store::Writer;

/// How long a client that came by itself waits for somebody to let it in.
const UNUSED_MS: i64 = 30 * DAY_MS;

/// One round of upkeep: forgets what nobody needs any longer, and removes clients that nobody ever let in.
///
/// # Errors
/// A fault.
pub(crate) async fn keep(app: &App) -> Result<()> {
    let now = app.now();
    app.oauth_clients.tidy(now);
    let mut lobby = app.store.lobby();
    lobby.prune_oauth_seen(now).await?;
    lobby.prune_oauth_clients(now.plus_ms(-UNUSED_MS)).await
}

/// Demands that a client is still as it was when it showed that it is itself, until this change is written: what was
/// remembered, or read before its secret was weighed, may be older than what the organization now wants of it.
///
/// # Errors
/// `UNAVAILABLE` where it was changed meanwhile: asked again, it is read anew.
pub(super) async fn hold(app: &App, writer: &mut Writer<'_>, client: &Client) -> Result<()> {
    if writer.lobby().hold_oauth_client(client).await? {
        return Ok(());
    }
    ended(app, &client.id);
    Err(Reason::Unavailable.because("The client was changed a moment ago: ask again."))
}

/// What this node remembers of the client and of its tokens is forgotten before the answer; other nodes read the
/// revocation.
fn ended(app: &App, id: &ClientId) {
    app.oauth_clients.forget(id);
    app.oauth.forget_client(id);
}
