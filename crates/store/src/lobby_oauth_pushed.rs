//! What of the lobby is about pushed authorization requests (RFC 9126): a client pushes before anybody knows in which
//! organization a person will answer. The rest of the lobby is in [`crate::lobby`].

use crate::Lobby;
use procura_model::{Digest, Result, Time, oauth::ClientId};

statements! {
    INSERT_PUSHED = "
        INSERT INTO oauth_pushed (digest, client_id, parameters, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5)";
    /// RFC 9126 section 4: another client's request is as good as none. The first look gives the person time to sign
    /// in and to read; from then on a reload finds it again until it was answered.
    OPEN_PUSHED = "
        UPDATE oauth_pushed
           SET expires_at = CASE WHEN opened_at IS NULL THEN $4 ELSE expires_at END,
               opened_at = COALESCE(opened_at, $3)
         WHERE digest = $1
           AND client_id = $2
           AND used_at IS NULL
           AND expires_at > $3
     RETURNING parameters";
    CONSUME_PUSHED = "
        UPDATE oauth_pushed
           SET used_at = $3
         WHERE digest = $1
           AND client_id = $2
           AND used_at IS NULL
           AND expires_at > $3
     RETURNING digest";
    PRUNE_PUSHED = "
        DELETE FROM oauth_pushed
         WHERE expires_at <= $1";
}

/// A request that a client pushed.
#[derive(Clone, Debug)]
pub struct NewPushed {
    /// The digest of the secret in its `request_uri`.
    pub digest: Digest,
    /// Whose it is.
    pub client: ClientId,
    /// Its parameters, as a form.
    pub parameters: String,
    /// When it came.
    pub created_at: Time,
    /// Until when it can be opened.
    pub expires_at: Time,
}

impl Lobby<'_> {
    /// Keeps a pushed request.
    ///
    /// # Errors
    /// A fault.
    pub async fn insert_pushed(&mut self, pushed: &NewPushed) -> Result<()> {
        let args = args![
            &pushed.digest,
            pushed.client.as_str(),
            &pushed.parameters,
            pushed.created_at,
            pushed.expires_at,
        ];
        self.writing().run(&INSERT_PUSHED, args).await
    }

    /// The parameters of a pushed request of this client that nobody answered yet; looked at for the first time, it
    /// lives until `until`.
    ///
    /// # Errors
    /// A fault.
    pub async fn open_pushed(
        &mut self,
        digest: &Digest,
        client: &ClientId,
        now: Time,
        until: Time,
    ) -> Result<Option<String>> {
        let row = self.writing().maybe(&OPEN_PUSHED, args![digest, client.as_str(), now, until]).await?;
        row.map(|row| row.text("parameters")).transpose()
    }

    /// Uses a pushed request up; of many who try, one gets it.
    ///
    /// # Errors
    /// A fault.
    pub async fn consume_pushed(&mut self, digest: &Digest, client: &ClientId, now: Time) -> Result<bool> {
        Ok(self.writing().maybe(&CONSUME_PUSHED, args![digest, client.as_str(), now]).await?.is_some())
    }

    /// Removes pushed requests that are over.
    ///
    /// # Errors
    /// A fault.
    pub async fn prune_pushed(&mut self, now: Time) -> Result<()> {
        self.writing().run(&PRUNE_PUSHED, args![now]).await
    }
}
