//! `Idempotency-Key`: a write that is sent again gets the first answer, and changes nothing.
//! Answers that showed a secret are never kept: a replay of those is told so. Of what was sent an HMAC is kept and no
//! plain digest: it may be a secret that somebody thought of, and a digest of such a one can be tried out. Nor is the key
//! kept in its caller's words.

use crate::App;
use procura_model::{Ctx, Reason, Result, time::DAY_MS};
use procura_store::idempotency as rows;

/// How a keyed write goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is the first of its kind: do it, then [`finish`] or [`release`].
    First,
    /// It was done: this was the answer.
    Again {
        /// The status of the first answer.
        status: u16,
        /// Its body; empty where it showed a secret.
        body: Vec<u8>,
    },
}

/// Whether this is a key at all.
pub(crate) fn check(key: &str) -> Result<()> {
    if key.is_empty() || key.len() > 255 || !key.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(
            Reason::FieldInvalid.because("Idempotency-Key must be 1 to 255 visible ASCII characters.")
        );
    }
    Ok(())
}

/// Takes the turn of a keyed write.
///
/// # Errors
/// `IDEMPOTENCY_MISMATCH` when the key was used with another body, `STATE_CHANGED` while the first is
/// still being done, `FIELD_INVALID` for a key that is none.
pub async fn begin(app: &App, ctx: &Ctx, key: &str, body: &[u8]) -> Result<Turn> {
    check(key)?;
    let what =
        app.seals.request_code(ctx.tenant, [ctx.origin.method.as_bytes(), ctx.origin.path.as_bytes(), body]);
    let actor = ctx.actor.id();
    let mut unaudited = app.store.unaudited(ctx);
    let code = app.seals.idempotency_code(ctx.tenant, key);
    let name = rows::Key { actor: &actor, name: &code };
    match rows::begin(&mut unaudited, name, &what, ctx.now.plus_ms(DAY_MS)).await? {
        rows::Begun::New => Ok(Turn::First),
        rows::Begun::Same(first) => Ok(Turn::Again { status: first.status, body: first.body }),
        rows::Begun::Running => {
            Err(Reason::StateChanged.because("The first request with this Idempotency-Key is still running."))
        }
        rows::Begun::Mismatch => Err(Reason::IdempotencyMismatch.into()),
    }
}

/// Keeps the answer of a keyed write.
///
/// # Errors
/// A fault when it cannot be kept.
pub async fn finish(app: &App, ctx: &Ctx, key: &str, status: u16, body: Vec<u8>) -> Result<()> {
    let actor = ctx.actor.id();
    let code = app.seals.idempotency_code(ctx.tenant, key);
    let name = rows::Key { actor: &actor, name: &code };
    rows::finish(&mut app.store.unaudited(ctx), name, &rows::StoredAnswer { status, body }).await
}

/// Gives the turn back after a failure, so that the write can be tried again.
///
/// # Errors
/// A fault when it cannot be given back.
pub async fn release(app: &App, ctx: &Ctx, key: &str) -> Result<()> {
    let actor = ctx.actor.id();
    let code = app.seals.idempotency_code(ctx.tenant, key);
    rows::release(&mut app.store.unaudited(ctx), rows::Key { actor: &actor, name: &code }).await
}
