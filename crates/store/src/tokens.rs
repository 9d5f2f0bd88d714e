//! Tokens that are kept in the commit of the record: opaque access tokens, and refresh tokens that one use turns into the
//! next. They wait in the queue of [`crate::writer`] with the record that tells of them, and one transaction takes many. A
//! refresh token is used by one conditional statement; whose row it does not bring back is told so, has nothing written,
//! and takes nobody with it.

use crate::{
    db::{Db, Unwritten},
    many,
    record::Entry,
    value::Value,
};
use procura_model::{Digest, Error};
use std::collections::HashSet;

/// What is to be kept beside rows of the record.
#[derive(Default)]
pub(crate) struct Tokens {
    /// A row of [`many::ACCESS_TOKENS`].
    pub(crate) access: Option<Vec<Value>>,
    /// A use of a refresh token; without it nothing of this is written.
    pub(crate) rotation: Option<Rotation>,
}

/// The use of a refresh token.
pub(crate) struct Rotation {
    /// Of which.
    pub(crate) used: Digest,
    /// A row of [`many::ROTATE`].
    pub(crate) of: Vec<Value>,
    /// A row of [`many::REFRESH_TOKENS`]: the next.
    pub(crate) next: Vec<Value>,
}

/// What one caller of the queue wants written.
pub(crate) struct Deposit<'d> {
    pub(crate) entries: &'d [Entry],
    pub(crate) tokens: Option<&'d Tokens>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// It is durable.
    Whole,
    /// The refresh token could not be used as it was seen; nothing was written.
    Nothing,
}

/// Writes what can be written, and returns once that is durable.
pub(crate) async fn commit(db: &Db, deposits: &[Deposit<'_>]) -> Result<Vec<Kept>, Unwritten> {
    let mut tx = db.begin().await.map_err(Unwritten::Outage)?;
    let mut used = HashSet::new();
    let rotations: Vec<_> =
        deposits.iter().filter_map(rotation).filter(|one| used.insert(one.used)).collect();
    let shown: Vec<_> = rotations.iter().map(|rotation| &rotation.of).collect();
    let mut won = HashSet::new();
    for row in tx.many(&many::ROTATE, &shown).await? {
        won.insert(row.digest("digest").map_err(Unwritten::Rejected)?);
    }
    // Of those who show one token at the same time the first uses it.
    let kept: Vec<Kept> = deposits
        .iter()
        .map(|deposit| match rotation(deposit) {
            Some(rotation) if !won.remove(&rotation.used) => Kept::Nothing,
            Some(_) | None => Kept::Whole,
        })
        .collect();
    let written = || deposits.iter().zip(&kept).filter(|(_, kept)| **kept == Kept::Whole).map(|(one, _)| one);
    let next: Vec<_> = written().filter_map(rotation).map(|rotation| &rotation.next).collect();
    tx.many(&many::REFRESH_TOKENS, &next).await?;
    let access: Vec<_> = written().filter_map(|one| one.tokens?.access.as_ref()).collect();
    tx.many(&many::ACCESS_TOKENS, &access).await?;
    let entries: Vec<_> = written().flat_map(|one| one.entries).map(Entry::values).collect();
    tx.many(&many::EVIDENCE, &entries).await?;
    tx.commit().await.map_err(unsure)?;
    Ok(kept)
}

fn rotation<'d>(deposit: &Deposit<'d>) -> Option<&'d Rotation> {
    deposit.tokens?.rotation.as_ref()
}

/// A commit that failed may have been made all the same: nobody tries it again.
const fn unsure(error: Error) -> Unwritten {
    Unwritten::Outage(error)
}

#[cfg(test)]
#[path = "tokens_tests.rs"]
mod tests;
