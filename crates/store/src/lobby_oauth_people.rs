//! What of the lobby is about a person whose password is another now: what they let software do ends in every
//! organization, because whoever had the old password could have allowed it.

use crate::Lobby;
use procura_model::{AccountId, Result, Time};

statements! {
    REVOKE_GRANTS = "
        UPDATE oauth_grants
           SET revoked_at = $2
         WHERE account_id = $1
           AND revoked_at IS NULL";
    REVOKE_SESSIONS = "
        UPDATE oauth_sessions
           SET revoked_at = $2, revoked_for = 'password'
         WHERE account_id = $1
           AND revoked_at IS NULL";
    /// Every node forgets the person in each of their organizations.
    TELL = "
        INSERT INTO revocations (tenant_id, kind, subject, created_at)
        SELECT m.tenant_id, 'account', m.account_id, $2
          FROM members m
         WHERE m.account_id = $1";
}

impl Lobby<'_> {
    /// Takes back everything that a person let software do, in every organization, and tells every node. Says how many
    /// sessions of clients ended.
    ///
    /// # Errors
    /// A fault.
    pub async fn end_oauth_of(&mut self, account: AccountId, now: Time) -> Result<usize> {
        self.writing().run(&REVOKE_GRANTS, args![account, now]).await?;
        let ended = self.writing().count(&REVOKE_SESSIONS, args![account, now]).await?;
        self.writing().run(&TELL, args![account, now]).await?;
        Ok(ended)
    }
}
