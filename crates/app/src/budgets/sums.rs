//! What was added up of ledgers for one request. A request that asks many questions, a batch or a search of AuthZEN, adds up
//! each ledger once, and all its answers stand on the same sums.

use procura_model::{Currency, ReservationId, Result, Time};
use procura_store::{
    Source,
    ledgers::{self, Look, Used},
};
use std::collections::HashMap;

/// The sums of one request. Kept no longer: the next request must see what was spent meanwhile.
#[derive(Debug, Default)]
pub struct Sums(HashMap<Key, Used>);

/// Everything on which a sum depends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    ledger: String,
    since: Time,
    at: Time,
    currency: Option<Currency>,
    without: Option<ReservationId>,
}

impl Sums {
    /// What was committed and is held, read where it was not read before.
    ///
    /// # Errors
    /// A fault when it cannot be read.
    pub(crate) async fn used(&mut self, source: &mut impl Source, look: &Look<'_>) -> Result<Used> {
        let key = Key {
            ledger: look.ledger.to_owned(),
            since: look.since,
            at: look.at,
            currency: look.currency,
            without: look.without,
        };
        if let Some(known) = self.0.get(&key) {
            return Ok(*known);
        }
        let used = ledgers::used(source, look).await?;
        self.0.insert(key, used);
        Ok(used)
    }
}
