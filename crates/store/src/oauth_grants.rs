//! What people allowed clients: one live row for each person, client and agent. A person who allows more widens it; one
//! who takes it back ends it, and the next consent is another row.

use crate::{
    oauth_sessions,
    row::Row,
    tx::{Source, Writer},
};
use procura_model::{AccountId, Doing as _, Grant, GrantId, Page, PageAsk, Reason, Result, oauth::ClientId};

statements! {
    PUT = "
        INSERT INTO oauth_grants
               (tenant_id, grant_id, account_id, agent_id, client_id, scope, resources, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
        ON CONFLICT (tenant_id, account_id, client_id, agent_id) WHERE revoked_at IS NULL
        DO UPDATE SET scope = excluded.scope,
                      resources = excluded.resources,
                      updated_at = excluded.updated_at
     RETURNING *";
    LIVE_OF = "
        SELECT *
          FROM oauth_grants
         WHERE tenant_id = $1
           AND account_id = $2
           AND client_id = $3
           AND revoked_at IS NULL
         ORDER BY updated_at DESC, grant_id DESC";
    GET = "
        SELECT g.*, c.name AS client_name, a.name AS agent_name, p.email AS email
          FROM oauth_grants g
          JOIN oauth_clients c ON c.client_id = g.client_id
          JOIN agents a ON a.tenant_id = g.tenant_id AND a.agent_id = g.agent_id
          JOIN accounts p ON p.account_id = g.account_id
         WHERE g.tenant_id = $1
           AND g.grant_id = $2";
    LIST = "
        SELECT g.*, c.name AS client_name, a.name AS agent_name, p.email AS email
          FROM oauth_grants g
          JOIN oauth_clients c ON c.client_id = g.client_id
          JOIN agents a ON a.tenant_id = g.tenant_id AND a.agent_id = g.agent_id
          JOIN accounts p ON p.account_id = g.account_id
         WHERE g.tenant_id = $1
           AND (CAST($2 AS TEXT) IS NULL OR g.account_id = $2)
           AND (CAST($3 AS TEXT) IS NULL OR g.client_id = $3)
           AND (CAST($4 AS TEXT) IS NULL OR g.grant_id < $4)
           AND g.revoked_at IS NULL
         ORDER BY g.grant_id DESC
         LIMIT $5";
    REVOKE = "
        UPDATE oauth_grants
           SET revoked_at = $3
         WHERE tenant_id = $1
           AND grant_id = $2
           AND revoked_at IS NULL
     RETURNING *";
    REVOKE_OF_ACCOUNT = "
        UPDATE oauth_grants
           SET revoked_at = $3
         WHERE tenant_id = $1
           AND account_id = $2
           AND revoked_at IS NULL";
    REVOKE_OF_CLIENT = "
        UPDATE oauth_grants
           SET revoked_at = $3
         WHERE tenant_id = $1
           AND client_id = $2
           AND revoked_at IS NULL";
}

/// A grant with the names that a person reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedGrant {
    /// What was allowed.
    pub grant: Grant,
    /// What the client calls itself.
    pub client_name: String,
    /// The agent's name.
    pub agent_name: String,
    /// The address of who allowed it.
    pub email: String,
}

/// Which grants are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrantFilter {
    /// Only this person's.
    pub account: Option<AccountId>,
    /// Only this client's.
    pub client: Option<ClientId>,
}

/// Writes down what a person allowed: a new row, or their live one of the same client and agent with this scope and
/// these resources. The row that holds is answered.
///
/// # Errors
/// A fault.
pub async fn put(w: &mut Writer<'_>, grant: &Grant) -> Result<Grant> {
    let now = w.now();
    let resources = serde_json::to_string(&grant.resources).doing("write the resources of a grant")?;
    let args = args![
        grant.id.to_string(),
        grant.account,
        grant.agent,
        grant.client.as_str(),
        grant.scope.to_string(),
        resources,
        now,
    ];
    read(&w.desk().one(&PUT, args).await?)
}

/// What a person allows a client now, the newest first.
///
/// # Errors
/// A fault.
pub async fn live_of(source: &mut impl Source, account: AccountId, client: &ClientId) -> Result<Vec<Grant>> {
    let args = args![account, client.as_str()];
    source.desk().all(&LIVE_OF, args).await?.iter().map(read).collect()
}

/// One grant, also when it was taken back.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn get(source: &mut impl Source, grant: GrantId) -> Result<NamedGrant> {
    read_named(&source.desk().maybe(&GET, args![grant.to_string()]).await?.ok_or(Reason::NotFound)?)
}

/// The live grants, newest first; the cursor is a grant's id.
///
/// # Errors
/// A fault.
pub async fn list(source: &mut impl Source, filter: &GrantFilter, ask: &PageAsk) -> Result<Page<NamedGrant>> {
    let account = filter.account.map(|account| account.to_string());
    let args = args![
        account.as_deref(),
        filter.client.as_ref().map(ClientId::as_str),
        ask.after.as_deref(),
        ask.limit.saturating_add(1),
    ];
    let rows = source.desk().all(&LIST, args).await?.iter().map(read_named).collect::<Result<Vec<_>>>()?;
    Ok(Page::of(rows, ask, |row| row.grant.id.to_string()))
}

/// Takes a grant back; none where there is nothing to take back. Its sessions are ended by
/// [`crate::oauth_sessions`].
///
/// # Errors
/// A fault.
pub async fn revoke(w: &mut Writer<'_>, grant: GrantId) -> Result<Option<Grant>> {
    let now = w.now();
    w.desk().maybe(&REVOKE, args![grant.to_string(), now]).await?.as_ref().map(read).transpose()
}

/// Takes back everything that a person allowed in this organization, and ends every session of clients for them: what
/// clients held does not come back with the person. Says how many sessions those were.
///
/// # Errors
/// A fault.
pub async fn end_of_account(w: &mut Writer<'_>, account: AccountId) -> Result<usize> {
    let now = w.now();
    w.desk().run(&REVOKE_OF_ACCOUNT, args![account, now]).await?;
    Ok(oauth_sessions::revoke_of_account(w, account).await?.len())
}

/// Takes back everything that people of this organization allowed a client, and ends every session of it: what it held
/// does not come back with it. Says how many sessions those were.
///
/// # Errors
/// A fault.
pub async fn end_of_client(w: &mut Writer<'_>, client: &ClientId) -> Result<usize> {
    let now = w.now();
    w.desk().run(&REVOKE_OF_CLIENT, args![client.as_str(), now]).await?;
    Ok(oauth_sessions::revoke_of_client(w, client).await?.len())
}

fn read(row: &Row) -> Result<Grant> {
    Ok(Grant {
        id: row.parse("grant_id")?,
        account: row.parse("account_id")?,
        agent: row.parse("agent_id")?,
        client: row.parse("client_id")?,
        scope: row.parse("scope")?,
        resources: row.json("resources")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        revoked_at: row.maybe_time("revoked_at")?,
    })
}

fn read_named(row: &Row) -> Result<NamedGrant> {
    Ok(NamedGrant {
        grant: read(row)?,
        client_name: row.text("client_name")?,
        agent_name: row.text("agent_name")?,
        email: row.text("email")?,
    })
}
