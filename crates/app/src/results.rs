//! What was cut off a tool's result (RED-2), kept so that the agent can read on. It was screened and
//! redacted before it was cut; only the agent that got the result reads it, for an hour.

use crate::App;
use procura_model::{AgentId, Ctx, Result, ResultId, time::HOUR_MS};
use procura_store::results as rows;

/// How long the rest of a result is kept.
const KEEP_MS: i64 = HOUR_MS;
/// The longest result that is kept, in bytes.
const MAX_KEPT_BYTES: usize = 4 * 1024 * 1024;

pub use rows::Slice;

/// Keeps a result, already screened and redacted.
///
/// # Errors
/// A fault when it cannot be kept.
pub async fn keep(app: &App, ctx: &Ctx, agent: AgentId, text: &str) -> Result<ResultId> {
    let id = ResultId::new(ctx.now, &app.entropy);
    let cut = procura_screen::truncate::truncate_text(text, MAX_KEPT_BYTES);
    let mut unaudited = app.store.unaudited(ctx);
    rows::insert(&mut unaudited, id, agent, &cut.text, ctx.now.plus_ms(KEEP_MS)).await?;
    Ok(id)
}

/// Reads a part of a kept result.
///
/// # Errors
/// `NOT_FOUND` when it is unknown, another agent's, or no longer kept.
pub async fn read(app: &App, ctx: &Ctx, agent: AgentId, id: ResultId, offset: i64) -> Result<Slice> {
    let mut reader = app.store.read(ctx);
    let most = i64::try_from(app.settings.sanitize_max_bytes).unwrap_or(i64::MAX);
    rows::read(&mut reader, id, agent, offset, most).await
}
