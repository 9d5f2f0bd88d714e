//! A device polls until a person has answered (RFC 8628 sections 3.4 and 3.5).

use super::{
    cause::Cause,
    code::bound_key,
    issue::{self, Minter, Wanted},
    live::Changing,
    token::{Asked, Tokens},
};
use crate::App;
use procura_crypto::{TokenKind, token};
use procura_model::{Ctx, Digest, EventKind, Reason, Result, SessionId, oauth::GrantType};
use procura_store::{
    lobby_oauth_devices::{Device, DeviceState, Polled},
    oauth_sessions,
};

/// RFC 8628 section 3.4: the device code of this client; the first poll after the person's yes gets the tokens.
pub(super) async fn poll(app: &App, ctx: &Ctx, asked: Asked<'_>, shown: &str) -> Result<Tokens> {
    let parsed = token::parse(shown).map_err(|_| Reason::OauthGrantInvalid)?;
    if parsed.kind != TokenKind::DeviceCode {
        return Err(Reason::OauthGrantInvalid.into());
    }
    match app.store.lobby().poll_device(&parsed.digest, &asked.client.id, ctx.now).await? {
        Polled::Unknown => Err(Reason::OauthGrantInvalid.into()),
        Polled::TooSoon(_) => Err(Reason::OauthSlowDown.into()),
        Polled::Standing(device) => Err(not_yet(ctx, &device).into()),
        Polled::Granted(tenant, session) => {
            granted(app, &ctx.in_tenant(tenant), &asked, (&parsed.digest, session)).await
        }
    }
}

/// RFC 8628 section 3.5.
fn not_yet(ctx: &Ctx, device: &Device) -> Reason {
    match device.state {
        DeviceState::Denied => Reason::OauthAccessDenied,
        _ if device.used_at.is_some() => Reason::OauthGrantInvalid,
        DeviceState::Waiting | DeviceState::Granted(..) if device.expires_at <= ctx.now => {
            Reason::OauthExpired
        }
        DeviceState::Waiting | DeviceState::Granted(..) => Reason::OauthPending,
    }
}

/// What the request gets wrong is judged before the device's one answer is taken: it costs the device a poll. Taking it
/// and making the tokens is one change.
async fn granted(
    app: &App,
    ctx: &Ctx,
    asked: &Asked<'_>,
    (device, session): (&Digest, SessionId),
) -> Result<Tokens> {
    let found = oauth_sessions::find(&mut app.store.read(ctx), session).await?;
    let granted = found.map(|found| found.session).ok_or(Reason::OauthGrantInvalid)?;
    let target = issue::target(app, ctx.tenant, &asked.resources, &granted.resources).await?;
    let scope = issue::scope(&target, &granted.scope, asked.scope)?;
    let minter = Minter::ready(app, (ctx.tenant, ctx.now), &target, asked).await?;
    let mut writer = app.store.write(ctx).await?;
    if !writer.lobby().take_device(device, &asked.client.id, ctx.now).await? {
        return Err(Reason::OauthGrantInvalid.into());
    }
    let standing = oauth_sessions::find(&mut writer, session).await?;
    if let Some(cause) = Cause::against(standing.as_ref(), ctx.now) {
        let event = issue::refused(asked, GrantType::DeviceCode, cause).about(session);
        return Err(writer.refuse(event, Reason::OauthGrantInvalid).await);
    }
    let _changing = Changing::new(app, vec![session]);
    let until = ctx.now.plus_ms(app.settings.oauth.session_ms);
    let session = oauth_sessions::begin(&mut writer, session, until, bound_key(asked)).await?;
    let session = session.ok_or(Reason::OauthGrantInvalid)?;
    let issued = minter.mint(&session, Wanted::plain(&session, scope))?;
    issued.keep(&mut writer).await?;
    let refresh = if issue::may_refresh(&asked.client, &session) {
        Some(issue::refresh_token(app, &mut writer, &session, (1, ctx.now)).await?)
    } else {
        None
    };
    writer.commit(issued.event(EventKind::TokenIssued, GrantType::DeviceCode)).await?;
    Ok(issued.into_tokens(refresh))
}
