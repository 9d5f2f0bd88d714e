//! The secrets of a method (VLT-6): given or made, sealed at once, replaced with or without overlap, removed, and never
//! read back. Of a new secret the older one lives on for as long as was asked, so that both sides can change over; at
//! most two are live.

use super::method;
use crate::App;
use procura_crypto::shared_secret;
use procura_model::{
    AgentId, Ctx, Event, EventKind, Reason, Result, Scope, Secret, SecretId, ShownOnce, Time, UserAuthMethod,
    time::DAY_MS,
};
use procura_store::{
    Source, Writer, agents,
    secrets::{self as rows, SecretOf, StoredSecret},
    user_auth,
};

/// The longest time for which a replaced secret lives on.
pub const MAX_OVERLAP_MS: i64 = 30 * DAY_MS;
/// The usual time for which a replaced secret lives on.
pub const DEFAULT_OVERLAP_MS: i64 = DAY_MS;

/// All that is ever said of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptSecret {
    /// Its id.
    pub id: SecretId,
    /// When it was set.
    pub created_at: Time,
    /// From when on it is no longer used, where a newer one has taken its place.
    pub retires_at: Option<Time>,
}

impl From<StoredSecret> for KeptSecret {
    fn from(stored: StoredSecret) -> Self {
        Self { id: stored.id, created_at: stored.created_at, retires_at: stored.retires_at }
    }
}

/// A secret that somebody wants to set.
#[derive(Debug)]
pub struct NewSecret {
    /// The secret; made by us where none is given.
    pub given: Option<Secret<String>>,
    /// For how long the one before lives on.
    pub overlap_ms: i64,
}

/// A secret that was set.
#[derive(Debug)]
pub struct SecretSet {
    /// What may be said of it.
    pub secret: KeptSecret,
    /// The secret itself, where we made it: shown this once.
    pub shown: Option<ShownOnce>,
}

/// Sets or replaces the secret of an agent's method.
///
/// # Errors
/// `NOT_FOUND`, `AUTH_NOT_CONFIGURED` where no method is set, `FIELD_INVALID` for a weak secret, an overlap out of
/// bounds, or a method that has none.
pub async fn add(app: &App, ctx: &Ctx, agent: AgentId, ask: NewSecret) -> Result<SecretSet> {
    ctx.actor.require(Scope::WriteAgents)?;
    if !(0..=MAX_OVERLAP_MS).contains(&ask.overlap_ms) {
        return Err(Reason::FieldInvalid.because("overlapSeconds must be between 0 and 2592000."));
    }
    let (secret, shown) = match ask.given {
        Some(given) => {
            shared_secret::check(&given).map_err(|weak| Reason::FieldInvalid.because(weak.to_string()))?;
            (given, None)
        }
        None => {
            let (secret, shown) = shared_secret::make(&app.entropy);
            (secret, Some(shown))
        }
    };
    let id = SecretId::new(ctx.now, &app.entropy);
    let mut writer = app.store.write(ctx).await?;
    let of = held(&mut writer, agent).await?;
    let sealed = app.seals.seal_secret((ctx.tenant, of.purpose, id), &secret, &app.entropy)?;
    let destroyed = make_room(&mut writer, of, ask.overlap_ms).await?;
    let stored = StoredSecret { id, of, sealed, created_at: ctx.now, retires_at: None };
    rows::insert(&mut writer, &stored).await?;
    let facts = serde_json::json!({
        "purpose": of.purpose.as_str(),
        "made": if shown.is_some() { "here" } else { "elsewhere" },
        "overlapSeconds": ask.overlap_ms / 1_000,
        "destroyed": destroyed,
    });
    let event = Event::new(EventKind::SecretReplaced).of_agent(agent).about(id).with_facts(&facts);
    writer.commit(event).await?;
    app.snapshots.forget_agent(ctx.tenant, agent);
    Ok(SecretSet { secret: stored.into(), shown })
}

/// Destroys a secret at once.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn remove(app: &App, ctx: &Ctx, agent: AgentId, secret: SecretId) -> Result<()> {
    ctx.actor.require(Scope::WriteAgents)?;
    let mut writer = app.store.write(ctx).await?;
    agents::get(&mut writer, agent).await?;
    let row = user_auth::hold(&mut writer, agent).await?.ok_or(Reason::NotFound)?;
    let purpose = method::purpose_of(row.method).ok_or(Reason::NotFound)?;
    rows::remove(&mut writer, SecretOf { purpose, agent }, secret).await?;
    writer.commit(Event::new(EventKind::SecretRemoved).of_agent(agent).about(secret)).await?;
    app.snapshots.forget_agent(ctx.tenant, agent);
    Ok(())
}

/// What may be said of the live secrets of a method.
pub(super) async fn secrets_of(
    source: &mut impl Source,
    agent: AgentId,
    method: UserAuthMethod,
) -> Result<Vec<KeptSecret>> {
    let Some(purpose) = method::purpose_of(method) else { return Ok(Vec::new()) };
    let stored = rows::list(source, SecretOf { purpose, agent }).await?;
    Ok(stored.into_iter().map(KeptSecret::from).collect())
}

/// What the secrets of this agent are for; of two who replace one at once, one waits for the other here.
async fn held(writer: &mut Writer<'_>, agent: AgentId) -> Result<SecretOf> {
    agents::get(writer, agent).await?;
    let row = user_auth::hold(writer, agent).await?.ok_or(Reason::UserAuthMissing)?;
    let purpose = method::purpose_of(row.method).ok_or_else(|| {
        Reason::FieldInvalid.because("The method jwt has no secret here: its keys are those of the key set.")
    })?;
    Ok(SecretOf { purpose, agent })
}

/// Lets the secret that lives longest live on for a while, and destroys all others.
async fn make_room(writer: &mut Writer<'_>, of: SecretOf, overlap_ms: i64) -> Result<Vec<SecretId>> {
    let newest = rows::list(writer, of).await?.into_iter().next().filter(|_| overlap_ms > 0);
    let destroyed = rows::remove_others(writer, of, newest.as_ref().map(|secret| secret.id)).await?;
    if let Some(newest) = newest {
        let until = writer.now().plus_ms(overlap_ms);
        rows::retire(writer, of, newest.id, until).await?;
    }
    Ok(destroyed)
}
