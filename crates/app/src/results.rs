//! What was cut off a tool's result (RED-2), kept so that the agent can read on. It was screened and
//! redacted before it was cut; it lies sealed (VLT-2), and only the agent that got it reads it, for the user for
//! whom it got it, for an hour. Offsets are bytes; a slice never cuts a character.

use crate::App;
use procura_crypto::OpenError;
use procura_model::{AgentId, Ctx, Error, Reason, Result, ResultId, time::HOUR_MS};
use procura_screen::truncate::truncate_text;
use procura_store::results as rows;

/// How long the rest of a result is kept.
const KEEP_MS: i64 = HOUR_MS;
/// The longest result that is kept, in bytes.
const MAX_KEPT_BYTES: usize = 4 * 1024 * 1024;
/// The smallest slice: the longest character.
const LEAST_BYTES: usize = 4;

/// A part of a kept result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// The text.
    pub text: String,
    /// Where the next slice begins; none at the end.
    pub next_offset: Option<i64>,
    /// How large the whole is, in bytes.
    pub size_bytes: i64,
}

/// Keeps a result, already screened and redacted.
///
/// # Errors
/// A fault when it cannot be kept.
pub async fn keep(app: &App, ctx: &Ctx, agent: AgentId, text: &str) -> Result<ResultId> {
    let id = ResultId::new(ctx.now, &app.entropy);
    let cut = truncate_text(text, MAX_KEPT_BYTES);
    let sealed = app.seals.seal_result((ctx.tenant, id), ctx.actor.user(), &cut.text, &app.entropy)?;
    let mut unaudited = app.store.unaudited(ctx);
    rows::insert(&mut unaudited, id, agent, &sealed, ctx.now.plus_ms(KEEP_MS)).await?;
    Ok(id)
}

/// Reads a part of a kept result.
///
/// # Errors
/// `NOT_FOUND` when it is unknown, another agent's, got for another user, or no longer kept; `FIELD_INVALID` for an
/// offset inside a character or beyond the end.
pub async fn read(app: &App, ctx: &Ctx, agent: AgentId, id: ResultId, offset: i64) -> Result<Slice> {
    let sealed = rows::read(&mut app.store.read(ctx), id, agent).await?;
    let whole = match app.seals.open_result((ctx.tenant, id), ctx.actor.user(), &sealed) {
        Ok(whole) => whole,
        // The user is part of the place to which it is sealed.
        Err(OpenError::Forged) => return Err(Reason::NotFound.into()),
        Err(error) => return Err(Error::fault("open a kept result", error)),
    };
    slice(&whole, offset, app.settings.sanitize_max_bytes)
        .ok_or_else(|| Reason::FieldInvalid.because("offset must be one that an earlier answer named."))
}

fn slice(whole: &str, offset: i64, max_bytes: usize) -> Option<Slice> {
    let start = usize::try_from(offset).ok()?;
    let rest = whole.get(start..).filter(|rest| start == 0 || !rest.is_empty())?;
    let text = truncate_text(rest, max_bytes.max(LEAST_BYTES)).text.into_owned();
    let end = start + text.len();
    let next = (end < whole.len()).then(|| i64::try_from(end).ok()).flatten();
    Some(Slice { text, next_offset: next, size_bytes: i64::try_from(whole.len()).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slices_of_a_result_make_the_whole_and_cut_no_character() {
        for whole in ["", "plain text", "a\0b", "zwölf Boxkämpfer jagen \u{1f98a}\u{1f98a} über den Deich"]
        {
            for size in [1, 5, 1_000] {
                let (mut read, mut offset) = (String::new(), Some(0));
                while let Some(at) = offset {
                    let slice = slice(whole, at, size).unwrap();
                    assert_eq!(usize::try_from(slice.size_bytes), Ok(whole.len()));
                    read.push_str(&slice.text);
                    offset = slice.next_offset;
                }
                assert_eq!(read, whole);
            }
        }
    }

    #[test]
    fn an_offset_is_one_that_was_named() {
        for offset in [-1, 1, 3, 4, i64::MAX] {
            assert_eq!(slice("äb", offset, 10), None, "{offset}");
        }
        assert_eq!(slice("äb", 2, 10).unwrap().text, "b");
    }
}
