//! What may be seen once: the `jti` of assertions and of proofs. One INSERT tells the first from all others, on every
//! node. The digest names whose it is, so that nobody uses up another's.

use crate::Lobby;
use procura_model::{Digest, Result, Time};

statements! {
    OAUTH_SEE_ONCE = "
        INSERT INTO oauth_seen (digest, expires_at)
        VALUES ($1, $2)
        ON CONFLICT (digest) DO NOTHING
     RETURNING expires_at";
    PRUNE_OAUTH_SEEN = "
        DELETE FROM oauth_seen
         WHERE expires_at <= $1";
}

impl Lobby<'_> {
    /// Whether this is the first time that this is seen. It is remembered until `expires_at`, which must not come before
    /// the end of what was seen.
    ///
    /// # Errors
    /// A fault: then it must be refused.
    pub async fn see_once(&mut self, digest: &Digest, expires_at: Time) -> Result<bool> {
        Ok(self.writing().maybe(&OAUTH_SEE_ONCE, args![digest, expires_at]).await?.is_some())
    }

    /// Forgets what is over.
    ///
    /// # Errors
    /// A fault.
    pub async fn prune_oauth_seen(&mut self, now: Time) -> Result<()> {
        self.writing().run(&PRUNE_OAUTH_SEEN, args![now]).await
    }
}
