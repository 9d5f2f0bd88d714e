//! What of the lobby is about OAuth clients: whoever shows a client's id has no tenant yet, and clients that registered
//! themselves or are named by a document are the deployment's own.

use crate::{
    Lobby,
    oauth_clients::{self, NewClientSecret},
    oauth_resources,
};
use procura_model::{Client, ClientId, ClientSecretId, Digest, Guarded, Result, TenantId, Time};

statements! {
    OAUTH_CLIENT = "
        SELECT *
          FROM oauth_clients
         WHERE client_id = $1
           AND removed_at IS NULL";
    OAUTH_CLIENT_SECRETS = "
        SELECT secret_id, sealed_hash, expires_at
          FROM oauth_client_secrets
         WHERE client_id = $1
           AND preview = $2
           AND revoked_at IS NULL
           AND (expires_at IS NULL OR expires_at > $3)";
    OAUTH_CLIENT_ALIKE = "
        SELECT *
          FROM oauth_clients
         WHERE registered_from = $1
           AND fingerprint = $2
           AND disabled_at IS NULL
           AND removed_at IS NULL";
    OAUTH_CLIENTS_UNUSED = "
        SELECT COUNT(*) AS unused
          FROM oauth_clients
         WHERE registered_from = $1
           AND used_at IS NULL
           AND kind = 'registered'";
    INSERT_OAUTH_CLIENT = "
        INSERT INTO oauth_clients
               (client_id, kind, name, metadata, fingerprint, registered_from, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
        ON CONFLICT DO NOTHING
     RETURNING client_id";
    INSERT_OAUTH_CLIENT_SECRET = "
        INSERT INTO oauth_client_secrets (client_id, secret_id, sealed_hash, preview, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    PUT_OAUTH_DOCUMENT = "
        INSERT INTO oauth_clients (client_id, kind, name, metadata, created_at, updated_at, registered_from)
        VALUES ($1, 'document', $2, $3, $4, $4, $5)
        ON CONFLICT (client_id)
        DO UPDATE SET name = excluded.name, metadata = excluded.metadata, updated_at = excluded.updated_at
         WHERE oauth_clients.kind = 'document'
     RETURNING *";
    TOUCH_OAUTH_CLIENT = "
        UPDATE oauth_clients
           SET used_at = $2
         WHERE client_id = $1
           AND (used_at IS NULL OR used_at < $3)
           AND (kind = 'manual'
                OR EXISTS (SELECT s.session_id
                             FROM oauth_sessions s
                            WHERE s.client_id = oauth_clients.client_id))
     RETURNING client_id";
    HOLD_OAUTH_CLIENT = "
        UPDATE oauth_clients
           SET updated_at = updated_at
         WHERE client_id = $1
           AND updated_at = $2
           AND disabled_at IS NULL
           AND removed_at IS NULL
     RETURNING client_id";
    PRUNE_OAUTH_CLIENTS = "
        DELETE FROM oauth_clients
         WHERE used_at IS NULL
           AND kind <> 'manual'
           AND disabled_at IS NULL
           AND created_at <= $1
           AND updated_at <= $1
           AND NOT EXISTS (SELECT s.session_id FROM oauth_sessions s WHERE s.client_id = oauth_clients.client_id)
           AND NOT EXISTS (SELECT g.grant_id FROM oauth_grants g WHERE g.client_id = oauth_clients.client_id)";
    OAUTH_RESOURCE = "
        SELECT *
          FROM oauth_resources
         WHERE identifier = $1";
}

/// A secret of a client as it is verified.
#[derive(Clone, Debug)]
pub struct SealedSecret {
    /// Its id.
    pub id: ClientSecretId,
    /// Its bcrypt hash, sealed.
    pub sealed_hash: Vec<u8>,
    /// When it ends by itself.
    pub expires_at: Option<Time>,
}

/// From whom a registration came, and how it is known again.
#[derive(Clone, Debug)]
pub struct Registered<'r> {
    /// A code of the address.
    pub from: &'r str,
    /// A digest of what the client says of itself; none where it must never be found again.
    pub fingerprint: Option<Digest>,
}

impl Lobby<'_> {
    /// The client of this id, also when it is disabled, so that the caller can tell.
    ///
    /// # Errors
    /// A fault.
    pub async fn oauth_client(&mut self, client: &ClientId) -> Result<Option<Client>> {
        let row = self.reading().maybe(&OAUTH_CLIENT, args![client]).await?;
        row.as_ref().map(oauth_clients::read).transpose()
    }

    /// The secrets of a client that hold and begin as the one that is shown.
    ///
    /// # Errors
    /// A fault.
    pub async fn oauth_client_secrets(
        &mut self,
        client: &ClientId,
        preview: &str,
        now: Time,
    ) -> Result<Vec<SealedSecret>> {
        let rows = self.reading().all(&OAUTH_CLIENT_SECRETS, args![client, preview, now]).await?;
        rows.iter()
            .map(|row| {
                Ok(SealedSecret {
                    id: row.parse("secret_id")?,
                    sealed_hash: row.bytes("sealed_hash")?,
                    expires_at: row.maybe_time("expires_at")?,
                })
            })
            .collect()
    }

    /// The client that registered itself from the same place with the same words.
    ///
    /// # Errors
    /// A fault.
    pub async fn oauth_client_alike(&mut self, from: &str, fingerprint: &Digest) -> Result<Option<Client>> {
        let row = self.reading().maybe(&OAUTH_CLIENT_ALIKE, args![from, fingerprint]).await?;
        row.as_ref().map(oauth_clients::read).transpose()
    }

    /// How many clients that were registered from there got no token yet.
    ///
    /// # Errors
    /// A fault.
    pub async fn oauth_clients_unused(&mut self, from: &str) -> Result<i64> {
        self.reading().one(&OAUTH_CLIENTS_UNUSED, args![from]).await?.int("unused")
    }

    /// Adds a client that registered itself, and answers whether it was added: not if one alike is there.
    ///
    /// # Errors
    /// A fault.
    pub async fn insert_oauth_client(&mut self, client: &Client, by: &Registered<'_>) -> Result<bool> {
        let args = args![
            &client.id,
            client.kind.as_str(),
            &client.name,
            oauth_clients::as_text(&client.metadata)?,
            by.fingerprint.as_ref().map(|digest| digest.as_bytes().as_slice()),
            by.from,
            client.created_at,
        ];
        Ok(self.writing().maybe(&INSERT_OAUTH_CLIENT, args).await?.is_some())
    }

    /// Adds the secret of a client that registered itself.
    ///
    /// # Errors
    /// A fault.
    pub async fn insert_oauth_client_secret(
        &mut self,
        client: &ClientId,
        new: &NewClientSecret,
    ) -> Result<()> {
        let NewClientSecret { secret, sealed_hash } = new;
        let args = args![
            client,
            secret.id,
            sealed_hash.as_slice(),
            &secret.preview,
            secret.created_at,
            secret.expires_at,
        ];
        self.writing().run(&INSERT_OAUTH_CLIENT_SECRET, args).await
    }

    /// Writes down what a client's document says now. `from` is a code of the address from which it was first named.
    ///
    /// # Errors
    /// A fault.
    pub async fn put_oauth_document(&mut self, client: &Client, from: &str) -> Result<Client> {
        let metadata = oauth_clients::as_text(&client.metadata)?;
        let args = args![&client.id, &client.name, metadata, client.updated_at, from];
        oauth_clients::read(&self.writing().one(&PUT_OAUTH_DOCUMENT, args).await?)
    }

    /// Writes down that a client was used, at most once a minute, and of one that came by itself only when a person has
    /// let it in: showing its id alone is no use. Says whether it was written.
    ///
    /// # Errors
    /// A fault.
    pub async fn touch_oauth_client(&mut self, client: &ClientId, now: Time) -> Result<bool> {
        let args = args![client, now, now.plus_ms(-procura_model::time::MINUTE_MS)];
        Ok(self.writing().maybe(&TOUCH_OAUTH_CLIENT, args).await?.is_some())
    }

    /// Says whether a client is still as it was read, and keeps it so until this change is written.
    ///
    /// # Errors
    /// A fault.
    pub async fn hold_oauth_client(&mut self, client: &Client) -> Result<bool> {
        let args = args![&client.id, client.updated_at];
        Ok(self.writing().maybe(&HOLD_OAUTH_CLIENT, args).await?.is_some())
    }

    /// Removes clients that came by themselves before this time and that nobody ever let in.
    ///
    /// # Errors
    /// A fault.
    pub async fn prune_oauth_clients(&mut self, before: Time) -> Result<()> {
        self.writing().run(&PRUNE_OAUTH_CLIENTS, args![before]).await
    }

    /// The guarded API of this identifier, and whose it is.
    ///
    /// # Errors
    /// A fault.
    pub async fn oauth_resource(&mut self, identifier: &str) -> Result<Option<(TenantId, Guarded)>> {
        let row = self.reading().maybe(&OAUTH_RESOURCE, args![identifier]).await?;
        row.map(|row| Ok((row.parse("tenant_id")?, oauth_resources::read(&row)?))).transpose()
    }
}
