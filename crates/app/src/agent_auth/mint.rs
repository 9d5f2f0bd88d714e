//! New credentials of a guarded API. Shown once; the store keeps a digest.

use super::Place;
use crate::App;
use procura_crypto::{Minted, TokenKind, token};
use procura_model::{
    CredentialId, Ctx, Result, ShownOnce, Time,
    oauth::{ApiKey, KeyForm, Registration, RegistrationState},
    time::{DAY_MS, HOUR_MS},
};
use procura_store::{Writer, api_keys};

/// A fresh credential on its one way to the agent.
#[derive(Debug)]
pub struct Shown {
    /// The credential without its secret.
    pub key: ApiKey,
    /// The secret.
    pub secret: ShownOnce,
}

/// How long an access token lasts, in milliseconds.
const TOKEN_MS: i64 = HOUR_MS;

/// Until when a key of this registration is accepted: as long as it may wait to be claimed, and then as long as the API
/// lets keys last.
fn end(place: &Place, one: &Registration, now: Time) -> Option<Time> {
    match one.state {
        RegistrationState::Claimed => {
            place.access.key_days.map(|days| now.plus_ms(days.saturating_mul(DAY_MS)))
        }
        RegistrationState::Unclaimed | RegistrationState::Expired | RegistrationState::Revoked => {
            Some(one.expires_at)
        }
    }
}

/// Makes the key of a registration, with what it may do now, in the change that is under way.
///
/// # Errors
/// A fault.
pub(super) async fn key(
    app: &App,
    ctx: &Ctx,
    writer: &mut Writer<'_>,
    (place, one, form): (&Place, &Registration, KeyForm),
) -> Result<Shown> {
    let last = end(place, one, ctx.now);
    let expires_at = match form {
        KeyForm::Key => last,
        KeyForm::Token => Some(ctx.now.plus_ms(TOKEN_MS)).min(last.or(Some(ctx.now.plus_ms(TOKEN_MS)))),
    };
    let Minted { secret, digest, preview } = token::mint(TokenKind::ApiKey, &app.entropy);
    let key = ApiKey {
        id: CredentialId::new(ctx.now, &app.entropy),
        resource: place.api.id,
        registration: Some(one.id),
        form,
        name: one.name.clone(),
        preview,
        scope: one.scope.clone(),
        workspaces: one.workspaces.clone(),
        created_at: ctx.now,
        expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    api_keys::insert(writer, &key, &digest).await?;
    Ok(Shown { key, secret })
}
