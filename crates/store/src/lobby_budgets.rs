//! What of the lobby is about budgets: which organizations have reservations that nobody settled in time. The rest of
//! the lobby is in [`crate::lobby`].

use crate::Lobby;
use procura_model::{Result, TenantId, Time};

statements! {
    RESERVATIONS_DUE = "
        SELECT tenant_id
          FROM reservations
         WHERE state = 'held'
           AND commit_by <= $1
         GROUP BY tenant_id
         LIMIT 100";
}

impl Lobby<'_> {
    /// Organizations with reservations that nobody settled in time.
    ///
    /// # Errors
    /// A fault.
    pub async fn reservations_due(&mut self, now: Time) -> Result<Vec<TenantId>> {
        let rows = self.reading().all(&RESERVATIONS_DUE, args![now]).await?;
        rows.iter().map(|row| row.parse("tenant_id")).collect()
    }
}
