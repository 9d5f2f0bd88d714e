//! What of the lobby is about the clients of the deployment, which registered themselves or are named by a document, as
//! its operator looks after them: they are no organization's, and what people allowed them is in many.

use crate::{Lobby, oauth_clients};
use procura_model::{Client, ClientId, Page, PageAsk, Result, TenantId, Time};

statements! {
    OAUTH_CLIENTS = "
        SELECT *
          FROM oauth_clients
         WHERE tenant_id IS NULL
           AND (CAST($1 AS TEXT) IS NULL OR client_id < $1)
           AND removed_at IS NULL
         ORDER BY client_id DESC
         LIMIT $2";
    DISABLE_OAUTH_CLIENT = "
        UPDATE oauth_clients
           SET disabled_at = $2, updated_at = $2
         WHERE client_id = $1
           AND tenant_id IS NULL
           AND disabled_at IS NULL
           AND removed_at IS NULL
     RETURNING *";
    ENABLE_OAUTH_CLIENT = "
        UPDATE oauth_clients
           SET disabled_at = NULL, updated_at = $2
         WHERE client_id = $1
           AND tenant_id IS NULL
           AND disabled_at IS NOT NULL
           AND removed_at IS NULL
     RETURNING *";
    /// Where a client has something that can end.
    OAUTH_CLIENT_TENANTS = "
        SELECT tenant_id
          FROM oauth_grants
         WHERE client_id = $1
           AND revoked_at IS NULL
         UNION
        SELECT tenant_id
          FROM oauth_sessions
         WHERE client_id = $1
           AND revoked_at IS NULL";
    OAUTH_DOCUMENTS = "
        SELECT COUNT(*) AS documents
          FROM oauth_clients
         WHERE kind = 'document'";
    OAUTH_DOCUMENTS_UNUSED = "
        SELECT COUNT(*) AS unused
          FROM oauth_clients
         WHERE registered_from = $1
           AND used_at IS NULL
           AND kind = 'document'";
}

impl Lobby<'_> {
    /// The clients of the deployment, the last by id first; the cursor is a client's id.
    ///
    /// # Errors
    /// A fault.
    pub async fn oauth_clients(&mut self, ask: &PageAsk) -> Result<Page<Client>> {
        let args = args![ask.after.as_deref(), ask.limit.saturating_add(1)];
        let rows = self.reading().all(&OAUTH_CLIENTS, args).await?;
        let clients = rows.iter().map(oauth_clients::read).collect::<Result<Vec<_>>>()?;
        Ok(Page::of(clients, ask, |client| client.id.to_string()))
    }

    /// Disables a client of the deployment; none where it is disabled or there is no such client.
    ///
    /// # Errors
    /// A fault.
    pub async fn disable_oauth_client(&mut self, client: &ClientId, now: Time) -> Result<Option<Client>> {
        let row = self.writing().maybe(&DISABLE_OAUTH_CLIENT, args![client, now]).await?;
        row.as_ref().map(oauth_clients::read).transpose()
    }

    /// Lets a client of the deployment ask again; none where it is not disabled or there is no such client.
    ///
    /// # Errors
    /// A fault.
    pub async fn enable_oauth_client(&mut self, client: &ClientId, now: Time) -> Result<Option<Client>> {
        let row = self.writing().maybe(&ENABLE_OAUTH_CLIENT, args![client, now]).await?;
        row.as_ref().map(oauth_clients::read).transpose()
    }

    /// The organizations in which a client has consents or sessions that live.
    ///
    /// # Errors
    /// A fault.
    pub async fn oauth_client_tenants(&mut self, client: &ClientId) -> Result<Vec<TenantId>> {
        let rows = self.reading().all(&OAUTH_CLIENT_TENANTS, args![client]).await?;
        rows.iter().map(|row| row.parse("tenant_id")).collect()
    }

    /// How many clients by document there are.
    ///
    /// # Errors
    /// A fault.
    pub async fn oauth_documents(&mut self) -> Result<i64> {
        self.reading().one(&OAUTH_DOCUMENTS, args![]).await?.int("documents")
    }

    /// How many clients by document that came from there nobody has let in yet.
    ///
    /// # Errors
    /// A fault.
    pub async fn oauth_documents_unused(&mut self, from: &str) -> Result<i64> {
        self.reading().one(&OAUTH_DOCUMENTS_UNUSED, args![from]).await?.int("unused")
    }
}
