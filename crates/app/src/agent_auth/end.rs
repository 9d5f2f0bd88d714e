//! A registered agent is ended: by whoever holds its key, by a person of the organization, or by the issuer that vouched
//! for it. Everything that hangs on the registration dies in the same change and at the next call.

use super::{Place, ring::Held};
use crate::App;
use procura_crypto::{TokenKind, token};
use procura_model::{Ctx, Event, EventKind, RegistrationId, ResourceId, Result, Scope, oauth::Registration};
use procura_store::{Writer, agent_registrations, api_keys};

/// Ends the registration whose key this is, or the key alone where it has none. What is no live key of this API changes
/// nothing, and nobody is told.
///
/// # Errors
/// A fault.
pub async fn by_key(app: &App, ctx: &Ctx, place: &Place, shown: &str) -> Result<()> {
    let Ok(parsed) = token::parse(shown) else { return Ok(()) };
    if parsed.kind != TokenKind::ApiKey {
        return Ok(());
    }
    let Some(held) = app.api_keys.find(&app.store, &parsed.digest).await? else { return Ok(()) };
    let Held { tenant, key, .. } = &*held;
    if *tenant != place.tenant || key.resource != place.api.id || !key.is_live(ctx.now) {
        return Ok(());
    }
    let ctx = &ctx.in_tenant(*tenant);
    let mut writer = app.store.write(ctx).await?;
    let Some(registration) = key.registration else {
        if api_keys::revoke(&mut writer, key.id).await?.is_none() {
            return Ok(());
        }
        writer.commit(Event::new(EventKind::ApiKeyRevoked).about(key.id)).await?;
        app.api_keys.forget(key.id);
        return Ok(());
    };
    match agent_registrations::revoke(&mut writer, registration).await? {
        Some(one) => finish(app, writer, &[one], "the agent").await,
        None => Ok(()),
    }
}

/// Ends a registration as a person of the organization. Ending one that has ended changes nothing.
///
/// # Errors
/// `NOT_FOUND`, or the scope is missing.
pub async fn by_person(app: &App, ctx: &Ctx, id: RegistrationId) -> Result<()> {
    ctx.actor.require(Scope::WriteClients)?;
    let mut writer = app.store.write(ctx).await?;
    agent_registrations::get(&mut writer, id).await?;
    match agent_registrations::revoke(&mut writer, id).await? {
        Some(one) => finish(app, writer, &[one], "a person").await,
        None => Ok(()),
    }
}

/// Ends everything for which an issuer vouched under this name, in the change in which its word was used up, and says how
/// much that was.
pub(super) async fn by_issuer(
    app: &App,
    mut writer: Writer<'_>,
    issuer: &str,
    subject: &str,
) -> Result<usize> {
    let ended = agent_registrations::revoke_of_subject(&mut writer, issuer, subject).await?;
    if ended.is_empty() {
        return Ok(0);
    }
    finish(app, writer, &ended, "its issuer").await?;
    Ok(ended.len())
}

/// Ends everything at an API that is guarded no longer, in the change that removes it; the caller forgets the keys.
///
/// # Errors
/// A fault.
pub(crate) async fn of_resource(writer: &mut Writer<'_>, resource: ResourceId) -> Result<Vec<Event>> {
    let ended = agent_registrations::revoke_of_resource(writer, resource).await?;
    api_keys::revoke_of_resource(writer, resource).await?;
    Ok(ended.iter().map(|one| revoked(one, "the end of its API")).collect())
}

async fn finish(app: &App, mut writer: Writer<'_>, ended: &[Registration], by: &str) -> Result<()> {
    let mut dead = Vec::new();
    for one in ended {
        dead.extend(api_keys::revoke_of_registration(&mut writer, one.id).await?);
    }
    writer.commit_all(ended.iter().map(|one| revoked(one, by)).collect()).await?;
    for id in dead {
        app.api_keys.forget(id);
    }
    Ok(())
}

fn revoked(one: &Registration, by: &str) -> Event {
    let facts = serde_json::json!({ "resource": one.resource, "by": by });
    Event::new(EventKind::RegistrationRevoked).about(one.id).with_facts(&facts)
}
