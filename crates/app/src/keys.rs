//! API keys (AGT-3): shown once, kept as a digest, scoped, rotated with or without overlap, revoked
//! at the next request.

use crate::App;
use procura_crypto::{Minted, TokenKind, token};
use procura_model::{
    Actor, AgentId, Credential, CredentialId, Ctx, Digest, Event, EventKind, KeyHolder, Reason, Result,
    Scope, Scopes, ShownOnce, Time, time::DAY_MS,
};
use procura_store::{agents, credentials as rows};

/// The longest time for which a rotated key lives on.
pub const MAX_OVERLAP_MS: i64 = 30 * DAY_MS;

/// What an agent's key may be given; everything else is for platform keys.
pub const AGENT_SCOPES: [Scope; 5] = Scope::OF_AGENTS;

/// What only a person can do, whatever a key says.
pub const PEOPLE_ONLY: [Scope; 1] = [Scope::DecideApprovals];

/// A key that somebody wants.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// A name for people.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// Until when.
    pub expires_at: Option<Time>,
}

/// A fresh key on its one way to the person who asked.
#[derive(Debug)]
pub struct KeyShown {
    /// The key without its secret.
    pub credential: Credential,
    /// The secret.
    pub secret: ShownOnce,
}

/// Mints a key; the caller stores its digest.
pub(crate) fn mint(app: &App, ctx: &Ctx, holder: KeyHolder, ask: NewKey) -> (KeyShown, Digest) {
    let kind = match holder {
        KeyHolder::Agent(_) => TokenKind::AgentKey,
        KeyHolder::Platform => TokenKind::PlatformKey,
    };
    let Minted { secret, digest, preview } = token::mint(kind, &app.entropy);
    let credential = Credential {
        id: CredentialId::new(ctx.now, &app.entropy),
        holder,
        name: ask.name,
        preview,
        scopes: ask.scopes,
        created_at: ctx.now,
        expires_at: ask.expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    (KeyShown { credential, secret }, digest)
}

/// The keys of an agent, newest first.
///
/// # Errors
/// The scope is missing.
pub async fn of_agent(app: &App, ctx: &Ctx, agent: AgentId) -> Result<Vec<Credential>> {
    ctx.actor.require(Scope::ReadAgents)?;
    let mut reader = app.store.read(ctx);
    agents::get(&mut reader, agent).await?;
    rows::list_of_agent(&mut reader, agent).await
}

/// One key, without its secret.
///
/// # Errors
/// `NOT_FOUND`, or the scope is missing.
pub async fn get(app: &App, ctx: &Ctx, id: CredentialId) -> Result<Credential> {
    let key = rows::get(&mut app.store.read(ctx), id).await?;
    ctx.actor.require(match key.holder {
        KeyHolder::Agent(_) => Scope::ReadAgents,
        KeyHolder::Platform => Scope::ReadKeys,
    })?;
    Ok(key)
}

/// The platform keys of the organization, newest first.
///
/// # Errors
/// The scope is missing.
pub async fn platform(app: &App, ctx: &Ctx) -> Result<Vec<Credential>> {
    ctx.actor.require(Scope::ReadKeys)?;
    let mut reader = app.store.read(ctx);
    rows::list_of_platform(&mut reader).await
}

/// Makes another key for an agent.
///
/// # Errors
/// `NOT_FOUND`, `FIELD_INVALID`.
pub async fn create_for_agent(app: &App, ctx: &Ctx, agent: AgentId, ask: NewKey) -> Result<KeyShown> {
    ctx.actor.require(Scope::WriteAgents)?;
    if !Scopes::of(&AGENT_SCOPES).covers(ask.scopes) {
        let known = Scopes::of(&AGENT_SCOPES);
        return Err(Reason::FieldInvalid.because(format!("An agent's key may have these scopes: {known}.")));
    }
    create(app, ctx, KeyHolder::Agent(agent), ask).await
}

/// Makes a platform key. Nobody can give a key more than they may do themselves.
///
/// # Errors
/// `FIELD_INVALID`, `AUTH_SCOPE_MISSING`, `AUTH_ROLE_MISSING`.
pub async fn create_platform(app: &App, ctx: &Ctx, ask: NewKey) -> Result<KeyShown> {
    ctx.actor.require(Scope::WriteKeys)?;
    if PEOPLE_ONLY.iter().any(|scope| ask.scopes.contains(*scope)) {
        return Err(
            Reason::FieldInvalid.because("Only a person can decide approvals; no key has that scope.")
        );
    }
    for scope in ask.scopes.iter() {
        ctx.actor.require(scope)?;
    }
    create(app, ctx, KeyHolder::Platform, ask).await
}

async fn create(app: &App, ctx: &Ctx, holder: KeyHolder, ask: NewKey) -> Result<KeyShown> {
    let ask = checked(ctx, ask)?;
    let (key, digest) = mint(app, ctx, holder, ask);
    let mut writer = app.store.write(ctx).await?;
    if let KeyHolder::Agent(agent) = holder {
        agents::get(&mut writer, agent).await?;
    }
    rows::insert(&mut writer, &key.credential, &digest).await?;
    writer.commit(event(EventKind::KeyCreated, &key.credential)).await?;
    Ok(key)
}

fn checked(ctx: &Ctx, mut ask: NewKey) -> Result<NewKey> {
    ask.name = ask.name.trim().to_owned();
    if ask.name.chars().count() > 80 || ask.name.chars().any(char::is_control) {
        return Err(Reason::FieldInvalid.because("name must have at most 80 characters."));
    }
    if ask.scopes.is_empty() {
        return Err(Reason::FieldInvalid.because("scopes must name at least one scope."));
    }
    if ask.expires_at.is_some_and(|at| at <= ctx.now) {
        return Err(Reason::FieldInvalid.because("expiresAt must lie in the future."));
    }
    Ok(ask)
}

/// Replaces a key by a new one with the same scopes. The old one dies now, or lives on for
/// `overlap_ms`.
///
/// # Errors
/// `NOT_FOUND`, `STATE_CHANGED` for a key that is dead already, `FIELD_INVALID`.
pub async fn rotate(app: &App, ctx: &Ctx, id: CredentialId, overlap_ms: i64) -> Result<KeyShown> {
    if !(0..=MAX_OVERLAP_MS).contains(&overlap_ms) {
        return Err(Reason::FieldInvalid.because("The overlap must be between 0 seconds and 30 days."));
    }
    let mut writer = app.store.write(ctx).await?;
    let old = rows::get(&mut writer, id).await?;
    ctx.actor.require(scope_to_write(&old))?;
    demand_as_much(ctx, &old)?;
    if !old.is_live(ctx.now) {
        return Err(Reason::StateChanged.because("The key is revoked or expired; make a new one."));
    }
    let ask = NewKey { name: old.name.clone(), scopes: old.scopes, expires_at: old.expires_at };
    let (key, digest) = mint(app, ctx, old.holder, ask);
    rows::insert(&mut writer, &key.credential, &digest).await?;
    if overlap_ms == 0 {
        rows::revoke(&mut writer, id).await?;
    } else {
        rows::expire_at(&mut writer, id, ctx.now.plus_ms(overlap_ms)).await?;
    }
    writer
        .commit(
            event(EventKind::KeyRotated, &key.credential).with_facts(&serde_json::json!({ "replaces": id })),
        )
        .await?;
    app.snapshots.forget_key(id);
    Ok(key)
}

/// Ends a key at the next request. Ending one that is revoked already changes nothing.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn revoke(app: &App, ctx: &Ctx, id: CredentialId) -> Result<()> {
    let mut writer = app.store.write(ctx).await?;
    let key = rows::get(&mut writer, id).await?;
    ctx.actor.require(scope_to_write(&key))?;
    if key.revoked_at.is_none() {
        rows::revoke(&mut writer, id).await?;
        writer.commit(event(EventKind::KeyRevoked, &key)).await?;
    }
    app.snapshots.forget_key(id);
    Ok(())
}

const fn scope_to_write(key: &Credential) -> Scope {
    match key.holder {
        KeyHolder::Agent(_) => Scope::WriteAgents,
        KeyHolder::Platform => Scope::WriteKeys,
    }
}

/// Rotating hands out a live secret: nobody gets one that may do more than they may.
fn demand_as_much(ctx: &Ctx, key: &Credential) -> Result<()> {
    if matches!(key.holder, KeyHolder::Agent(_)) || matches!(ctx.actor, Actor::Operator) {
        return Ok(());
    }
    key.scopes.iter().try_for_each(|scope| ctx.actor.require(scope))
}

fn event(kind: EventKind, key: &Credential) -> Event {
    let event = Event::new(kind).about(key.id);
    match key.holder {
        KeyHolder::Agent(agent) => event.of_agent(agent),
        KeyHolder::Platform => event,
    }
}
