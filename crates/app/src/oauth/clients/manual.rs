//! The clients that people of an organization make: software of their own that acts as one of their agents, or that is
//! registered by hand because it cannot register itself.

use super::{
    ended,
    metadata::{self, Said, Source},
    secrets,
};
use crate::{App, oauth::authorize::OFFLINE};
use procura_model::{
    AgentId, Client, ClientAuth, ClientId, ClientKind, ClientSecretId, Ctx, Event, EventKind, GrantType,
    Json, Page, PageAsk, Reason, Result, Scope, ShownOnce, oauth::ScopeList, time::SECOND_MS,
};
use procura_store::{
    Source as Rows, agents,
    oauth_clients::{self as rows, ClientSecret},
    oauth_grants, oauth_resources, oauth_sessions,
};

/// How many secrets of one client hold at once.
const MAX_SECRETS: usize = 5;
/// For how long at the most the secrets before a new one go on holding, in seconds.
const MAX_OVERLAP_SECONDS: i64 = 30 * 86_400;

/// What somebody wants a client to be.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What it says of itself, as members of RFC 7591.
    pub metadata: Json,
    /// As which agent it acts where no person is asked.
    pub agent: Option<AgentId>,
}

/// A fresh secret, shown once.
#[derive(Debug)]
pub struct SecretShown {
    /// What is told of it later.
    pub secret: ClientSecret,
    /// The secret.
    pub shown: ShownOnce,
}

async fn checked(app: &App, ctx: &Ctx, draft: &Draft) -> Result<Said> {
    let said = metadata::judge(&draft.metadata, Source::Person)?;
    if said.metadata.grant_types.contains(&GrantType::ClientCredentials) && draft.agent.is_none() {
        return Err(Reason::FieldInvalid
            .because("agentId is missing: client_credentials needs the agent that the client acts as."));
    }
    if let Some(agent) = draft.agent {
        agents::get(&mut app.store.read(ctx), agent).await?;
    }
    Ok(said)
}

/// A word that nothing here knows is a slip of the pen, and would be found out only when a token is asked for. What the
/// client has already may stay: the API whose word it was may come back.
async fn demand_known_scopes(source: &mut impl Rows, said: &Said, kept: Option<&ScopeList>) -> Result<()> {
    let Some(scope) = &said.metadata.scope else { return Ok(()) };
    let apis = oauth_resources::list(source).await?;
    let known = apis.iter().flat_map(|api| &api.settings.scopes).map(|scope| scope.name.as_str());
    let known = ScopeList::of(known.chain([Scope::Tools.as_str(), OFFLINE]));
    let is_known = |word: &str| known.contains(word) || kept.is_some_and(|kept| kept.contains(word));
    let Some(unknown) = scope.iter().find(|word| !is_known(word)) else { return Ok(()) };
    Err(Reason::OauthMetadataInvalid.because(format!(
        "scope: {unknown} is no scope of the gateway (tools), of an API that your organization guards, nor offline_access."
    )))
}

const fn has_secret(client: &Client) -> bool {
    matches!(client.metadata.token_endpoint_auth_method, ClientAuth::Basic | ClientAuth::Post)
}

/// The organization's clients, newest first.
///
/// # Errors
/// The scope is missing.
pub async fn list(app: &App, ctx: &Ctx, page: &PageAsk) -> Result<Page<Client>> {
    ctx.actor.require(Scope::ReadClients)?;
    rows::list(&mut app.store.read(ctx), page).await
}

/// One client.
///
/// # Errors
/// `NOT_FOUND`, or the scope is missing.
pub async fn get(app: &App, ctx: &Ctx, id: &ClientId) -> Result<Client> {
    ctx.actor.require(Scope::ReadClients)?;
    rows::get(&mut app.store.read(ctx), id).await
}

/// Makes a client, with its first secret where it shows itself by one.
///
/// # Errors
/// `OAUTH_CLIENT_METADATA_INVALID`, `OAUTH_REDIRECT_URI_INVALID`, `FIELD_INVALID`, `NOT_FOUND` for the agent, or the
/// scope is missing.
pub async fn create(app: &App, ctx: &Ctx, draft: Draft) -> Result<(Client, Option<SecretShown>)> {
    ctx.actor.require(Scope::WriteClients)?;
    let said = checked(app, ctx, &draft).await?;
    let client = Client {
        id: ClientId::new(ctx.now, &app.entropy),
        tenant: Some(ctx.tenant),
        kind: ClientKind::Manual,
        name: said.name.clone(),
        metadata: said.metadata.clone(),
        agent: draft.agent,
        created_at: ctx.now,
        updated_at: ctx.now,
        used_at: None,
        disabled_at: None,
    };
    let made = match has_secret(&client) {
        true => Some(secrets::make(app, &client, ctx.now, None).await?),
        false => None,
    };
    let mut writer = app.store.write(ctx).await?;
    demand_known_scopes(&mut writer, &said, None).await?;
    rows::insert(&mut writer, &client).await?;
    let mut events = vec![event(EventKind::ClientRegistered, &client)];
    if let Some((_, row)) = &made {
        rows::insert_secret(&mut writer, &client.id, row).await?;
        events.push(event(EventKind::ClientSecretMade, &client));
    }
    writer.commit_all(events).await?;
    Ok((client, made.map(|(shown, row)| SecretShown { secret: row.secret, shown })))
}

fn event(kind: EventKind, client: &Client) -> Event {
    let event = Event::new(kind).about(&client.id);
    match client.agent {
        Some(agent) => event.of_agent(agent),
        None => event,
    }
}

/// Replaces what is said of a client. Where it is to act as another agent or for less, its sessions end: what was granted
/// before does not outlive what it may now.
///
/// # Errors
/// As [`create`], `NOT_FOUND`, and `STATE_CHANGED` where somebody else changed it at the same time.
pub async fn change(app: &App, ctx: &Ctx, id: &ClientId, draft: Draft) -> Result<Client> {
    ctx.actor.require(Scope::WriteClients)?;
    let said = checked(app, ctx, &draft).await?;
    let mut writer = app.store.write(ctx).await?;
    let before = rows::get(&mut writer, id).await?;
    demand_known_scopes(&mut writer, &said, before.metadata.scope.as_ref()).await?;
    let client = rows::update(&mut writer, &before, &said.name, &said.metadata, draft.agent).await?;
    let mut ends = 0;
    if before.agent != client.agent || is_narrower(&before, &client) {
        ends = oauth_sessions::revoke_of_client(&mut writer, id).await?.len();
    }
    if !has_secret(&client) {
        // They must not hold again when somebody changes it back.
        let none = ClientSecretId::new(ctx.now, &app.entropy);
        rows::shorten_secrets(&mut writer, id, none, ctx.now).await?;
    }
    let facts = serde_json::json!({ "sessionsEnded": ends });
    let changed = writer.commit(event(EventKind::ClientChanged, &client).with_facts(&facts)).await;
    // However the commit went: what may have been taken back is not served from memory.
    ended(app, id);
    changed.map(|()| client)
}

/// Whether a client may have less now than before; one without scopes may have everything.
fn is_narrower(before: &Client, now: &Client) -> bool {
    match (&before.metadata.scope, &now.metadata.scope) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(before), Some(now)) => !now.covers(before),
    }
}

/// Disables a client: it gets no token from now on, and what it has ends with all that people allowed it; enabled again
/// it begins anew.
///
/// # Errors
/// `NOT_FOUND`, or the scope is missing.
pub async fn disable(app: &App, ctx: &Ctx, id: &ClientId) -> Result<Client> {
    ctx.actor.require(Scope::WriteClients)?;
    let mut writer = app.store.write(ctx).await?;
    let Some(client) = rows::disable(&mut writer, id).await? else {
        return rows::get(&mut writer, id).await;
    };
    oauth_grants::end_of_client(&mut writer, id).await?;
    let disabled = writer.commit(event(EventKind::ClientDisabled, &client)).await;
    ended(app, id);
    disabled.map(|()| client)
}

/// Lets a client act again.
///
/// # Errors
/// `NOT_FOUND`, or the scope is missing.
pub async fn enable(app: &App, ctx: &Ctx, id: &ClientId) -> Result<Client> {
    ctx.actor.require(Scope::WriteClients)?;
    let mut writer = app.store.write(ctx).await?;
    let Some(client) = rows::enable(&mut writer, id).await? else {
        return rows::get(&mut writer, id).await;
    };
    let enabled = writer.commit(event(EventKind::ClientEnabled, &client)).await;
    ended(app, id);
    enabled.map(|()| client)
}

/// Removes a client for good, with its secrets and tokens.
///
/// # Errors
/// `NOT_FOUND`, or the scope is missing.
pub async fn remove(app: &App, ctx: &Ctx, id: &ClientId) -> Result<()> {
    ctx.actor.require(Scope::WriteClients)?;
    let mut writer = app.store.write(ctx).await?;
    let client = rows::remove(&mut writer, id).await?;
    oauth_grants::end_of_client(&mut writer, id).await?;
    let removed = writer.commit(event(EventKind::ClientRemoved, &client)).await;
    ended(app, id);
    removed
}

/// The secrets of a client that hold, oldest first.
///
/// # Errors
/// `NOT_FOUND`, or the scope is missing.
pub async fn secrets_of(app: &App, ctx: &Ctx, id: &ClientId) -> Result<Vec<ClientSecret>> {
    ctx.actor.require(Scope::ReadClients)?;
    let mut reader = app.store.read(ctx);
    rows::get(&mut reader, id).await?;
    rows::secrets(&mut reader, id).await
}

/// Makes another secret of a client. Those before it go on for so long, or for ever where nobody says.
///
/// # Errors
/// `NOT_FOUND`, `FIELD_INVALID` for a client that has no secrets or too many, or the scope is missing.
pub async fn make_secret(
    app: &App,
    ctx: &Ctx,
    id: &ClientId,
    overlap_seconds: Option<i64>,
) -> Result<SecretShown> {
    ctx.actor.require(Scope::WriteClients)?;
    if overlap_seconds.is_some_and(|seconds| !(0..=MAX_OVERLAP_SECONDS).contains(&seconds)) {
        return Err(Reason::FieldInvalid.because("overlapSeconds must be from 0 to 2592000."));
    }
    let mut reader = app.store.read(ctx);
    let client = rows::get(&mut reader, id).await?;
    if !has_secret(&client) {
        return Err(Reason::FieldInvalid.because("The client shows itself by no secret."));
    }
    if overlap_seconds.is_none() && rows::secrets(&mut reader, id).await?.len() >= MAX_SECRETS {
        return Err(Reason::FieldInvalid.because("A client has at most five secrets; revoke one first."));
    }
    let (shown, row) = secrets::make(app, &client, ctx.now, None).await?;
    let mut writer = app.store.write(ctx).await?;
    rows::insert_secret(&mut writer, id, &row).await?;
    if let Some(seconds) = overlap_seconds {
        rows::shorten_secrets(&mut writer, id, row.secret.id, ctx.now.plus_ms(seconds * SECOND_MS)).await?;
    }
    let made = writer.commit(event(EventKind::ClientSecretMade, &client)).await;
    app.oauth_clients.forget(id);
    made.map(|()| SecretShown { secret: row.secret, shown })
}

/// Revokes a secret: it shows nobody any more.
///
/// # Errors
/// `NOT_FOUND`, or the scope is missing.
pub async fn revoke_secret(app: &App, ctx: &Ctx, id: &ClientId, secret: ClientSecretId) -> Result<()> {
    ctx.actor.require(Scope::WriteClients)?;
    let mut writer = app.store.write(ctx).await?;
    let client = rows::get(&mut writer, id).await?;
    rows::revoke_secret(&mut writer, id, secret).await?;
    let revoked = writer.commit(event(EventKind::ClientSecretRevoked, &client)).await;
    app.oauth_clients.forget(id);
    revoked
}
