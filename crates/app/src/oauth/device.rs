//! Devices without a browser (RFC 8628): software asks for a code, shows it to a person, and waits. The person types it
//! on a page of ours, sees who asks, and answers as on the consent page. Polling is in [`super::device_poll`].

use super::{
    authorize::{self, Reach},
    consent::{self, Allowed, Wanted},
    parameters::Parameters,
};
use crate::{
    App,
    codes::{draw, shown, typed},
};
use procura_crypto::{Minted, TokenKind, token};
use procura_model::{
    Client, Ctx, Digest, Error, Event, EventKind, GrantType, Reason, Result, SessionKind, ShownOnce,
    TenantId, time::SECOND_MS,
};
use procura_store::{
    lobby_oauth_devices::{Device, NewDevice},
    oauth_sessions,
};

/// Section 3.2: how long a device waits between two polls, in seconds.
const INTERVAL_SECONDS: i64 = 5;
/// How often another code is drawn where one is taken.
const DRAWS: usize = 5;

/// What a device is told (section 3.2).
#[derive(Debug)]
pub struct Begun {
    /// What it polls with.
    pub device_code: ShownOnce,
    /// What the person types.
    pub user_code: String,
    /// Where.
    pub verification_uri: String,
    /// For how long, in seconds.
    pub expires_in: i64,
    /// How long it waits between two polls, in seconds.
    pub interval: i64,
}

/// A device that waits for this person.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The code as it is shown.
    pub code: String,
    /// What the device asks for.
    pub device: Device,
    /// Whose software it runs.
    pub client: Client,
    /// The one organization in which it can be granted, where there is one.
    pub tenant: Option<TenantId>,
    /// What it asks for, API by API.
    pub reach: Vec<Reach>,
    /// By what it is known again what the person was shown.
    pub seen: String,
}

/// Takes the question of a client's device.
///
/// # Errors
/// `OAUTH_CLIENT_UNAUTHORIZED`, `OAUTH_SCOPE_INVALID`, `OAUTH_TARGET_INVALID`, `OAUTH_REQUEST_INVALID`.
pub async fn begin(app: &App, ctx: &Ctx, client: &Client, parameters: &Parameters) -> Result<Begun> {
    parameters.demand_single()?;
    if !client.may(GrantType::DeviceCode) {
        return Err(Reason::OauthClientUnauthorized.into());
    }
    let targets = authorize::targets(app, client, parameters.all("resource")).await?;
    let scope = authorize::scope(client, &targets, parameters.one("scope")?)?;
    let life_ms = app.settings.oauth.device_ms;
    let Minted { secret, digest, .. } = token::mint(TokenKind::DeviceCode, &app.entropy);
    let mut device = NewDevice {
        device_digest: digest,
        user_digest: digest,
        client: client.id.clone(),
        scope,
        resources: targets.into_iter().map(|target| target.audience).collect(),
        interval_seconds: INTERVAL_SECONDS,
        created_at: ctx.now,
        expires_at: ctx.now.plus_ms(life_ms),
    };
    let mut writer = app.store.write(ctx).await?;
    for _ in 0..DRAWS {
        let user_code = draw(&app.entropy);
        device.user_digest = app.seals.user_code(&user_code);
        if writer.lobby().insert_device(&device).await? {
            writer.commit(Event::new(EventKind::DeviceAsked).about(&client.id)).await?;
            return Ok(Begun {
                device_code: secret,
                user_code: shown(&user_code),
                verification_uri: format!("{}/device", app.settings.public_url),
                expires_in: life_ms / SECOND_MS,
                interval: INTERVAL_SECONDS,
            });
        }
    }
    Err(Error::unavailable("draw a user code", "every code that was drawn is taken"))
}

fn digest(app: &App, code: &str) -> Result<(String, Digest)> {
    let code = typed(code).ok_or_else(unknown)?;
    let digest = app.seals.user_code(&code);
    Ok((code, digest))
}

fn unknown() -> Error {
    Reason::LinkInvalid.because(
        "No device waits for this code. See that it is typed as the device shows it; codes last ten minutes.",
    )
}

/// The device that waits for whoever knows this code. Whoever asks is signed in, and is counted by the edge (section
/// 5.1).
///
/// # Errors
/// `LINK_INVALID` where none waits.
pub async fn look(app: &App, ctx: &Ctx, code: &str) -> Result<Waiting> {
    let (code, digest) = digest(app, code)?;
    let device = app.store.lobby().waiting_device(&digest, ctx.now).await?.ok_or_else(unknown)?;
    let client = super::clients::find(app, ctx, &device.client).await?;
    if client.disabled_at.is_some() {
        return Err(unknown());
    }
    let targets = authorize::targets(app, &client, device.resources.iter().map(String::as_str)).await?;
    let tenant = client.tenant.or_else(|| targets.iter().find_map(|target| target.tenant));
    let reach = authorize::in_words(&targets, &device.scope);
    let seen = consent::seen(&client, &device.scope, &targets)?;
    Ok(Waiting { code: shown(&code), device, client, tenant, reach, seen })
}

/// A person says yes: agent, grant and session in one transaction with the answer that the device finds at its next
/// poll.
///
/// # Errors
/// As [`consent::allow`], and `LINK_INVALID` where somebody answered before.
pub async fn allow(app: &App, ctx: &Ctx, waiting: &Waiting, allowed: Allowed) -> Result<()> {
    let there = consent::enter(app, ctx, allowed.tenant, waiting.tenant).await?;
    let ctx = there.as_ref().unwrap_or(ctx);
    let (_, digest) = digest(app, &waiting.code)?;
    let mut writer = app.store.write(ctx).await?;
    let wanted = Wanted {
        client: &waiting.client,
        scope: &waiting.device.scope,
        resources: &waiting.device.resources,
        kind: SessionKind::Device,
        first_by: waiting.device.expires_at,
    };
    let (session, events) = consent::grant(app, &mut writer, ctx, allowed, wanted).await?;
    oauth_sessions::insert(&mut writer, &session).await?;
    if !writer.lobby().answer_device(&digest, Some((ctx.tenant, session.id)), ctx.now).await? {
        return Err(unknown());
    }
    writer.commit_all(events).await
}

/// A person says no.
///
/// # Errors
/// `LINK_INVALID` where somebody answered before.
pub async fn refuse(app: &App, ctx: &Ctx, waiting: &Waiting) -> Result<()> {
    let (_, digest) = digest(app, &waiting.code)?;
    let mut writer = app.store.write(ctx).await?;
    if !writer.lobby().answer_device(&digest, None, ctx.now).await? {
        return Err(unknown());
    }
    writer.commit(Event::new(EventKind::GrantRefused).about(&waiting.client.id)).await
}
