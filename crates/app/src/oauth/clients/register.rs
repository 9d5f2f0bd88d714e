//! Dynamic registration (RFC 7591): a client says who it is and is given an id. Anybody may, so what it gets opens
//! nothing by itself: a person has to let it in. What anybody may do a thousand times is bounded: a rate for each address,
//! a number of clients that nobody ever let in for each address, and those are removed after 30 days. A public client that
//! registers again from the same address with the same words is the same client; one with a secret never is, for the
//! secret must not be shown to another.

use super::{
    metadata::{self, Said, Source},
    secrets,
};
use crate::App;
use procura_model::{
    Client, ClientAuth, ClientId, ClientKind, Ctx, Digest, Event, EventKind, Json, Reason, Result, ShownOnce,
};
use procura_store::lobby_oauth_clients::Registered as By;
use std::net::IpAddr;

/// How long a registration may be, in bytes.
pub const MAX_BODY_BYTES: usize = 16 * 1_024;

/// A client that registered itself.
#[derive(Debug)]
pub struct Registered {
    /// The client.
    pub client: Client,
    /// Its secret, where it has one.
    pub secret: Option<ShownOnce>,
}

/// Registers a client.
///
/// # Errors
/// `OAUTH_CLIENT_METADATA_INVALID`, `OAUTH_REDIRECT_URI_INVALID`, `RATE_LIMITED` where too many clients from this
/// address wait for somebody to let them in, `NOT_FOUND` where the operator switched registration off.
pub async fn register(app: &App, ctx: &Ctx, raw: &[u8]) -> Result<Registered> {
    if !app.settings.oauth.registration {
        return Err(Reason::NotFound.because("Clients cannot register themselves here."));
    }
    let no = |sentence: &'static str| Reason::OauthMetadataInvalid.because(sentence);
    if raw.len() > MAX_BODY_BYTES {
        return Err(no("A registration has at most 16 KiB."));
    }
    let json = std::str::from_utf8(raw).ok().and_then(|text| Json::parse(text).ok());
    let json =
        json.ok_or_else(|| no("A registration is one JSON object in UTF-8, without a member twice."))?;
    let said = metadata::judge(&json, Source::Registration)?;
    let from = address(app, ctx);
    let is_public = said.metadata.token_endpoint_auth_method == ClientAuth::None;
    let fingerprint = match is_public {
        true => Some(fingerprint(&said)?),
        false => None,
    };
    let mut lobby = app.store.lobby();
    if let Some(fingerprint) = &fingerprint
        && let Some(client) = lobby.oauth_client_alike(&from, fingerprint).await?
    {
        return Ok(Registered { client, secret: None });
    }
    if lobby.oauth_clients_unused(&from).await? >= app.settings.oauth.unused_clients {
        return Err(Reason::RateLimited
            .because("Too many clients were registered from this address and never used; use one of them."));
    }
    add(app, ctx, said, By { from: &from, fingerprint }).await
}

async fn add(app: &App, ctx: &Ctx, said: Said, by: By<'_>) -> Result<Registered> {
    let client = Client {
        id: ClientId::new(ctx.now, &app.entropy),
        tenant: None,
        kind: ClientKind::Registered,
        name: said.name,
        metadata: said.metadata,
        agent: None,
        created_at: ctx.now,
        updated_at: ctx.now,
        used_at: None,
        disabled_at: None,
    };
    let secret = match client.metadata.token_endpoint_auth_method {
        ClientAuth::Basic | ClientAuth::Post => Some(secrets::make(app, &client, ctx.now, None).await?),
        ClientAuth::None | ClientAuth::PrivateKeyJwt => None,
    };
    let mut writer = app.store.write(ctx).await?;
    if !writer.lobby().insert_oauth_client(&client, &by).await? {
        // Somebody alike was faster.
        drop(writer);
        let alike = by.fingerprint.as_ref().ok_or(Reason::StateChanged)?;
        let client = app.store.lobby().oauth_client_alike(by.from, alike).await?;
        // Or it is there and was disabled.
        let client = client.ok_or_else(|| {
            Reason::OauthMetadataInvalid.because("This client was disabled by the operator.")
        })?;
        return Ok(Registered { client, secret: None });
    }
    if let Some((_, row)) = &secret {
        writer.lobby().insert_oauth_client_secret(&client.id, row).await?;
    }
    writer.commit(Event::new(EventKind::ClientRegistered).about(&client.id)).await?;
    Ok(Registered { client, secret: secret.map(|(shown, _)| shown) })
}

/// By what the same words are known again.
fn fingerprint(said: &Said) -> Result<Digest> {
    use procura_model::Doing as _;
    let text = serde_json::to_string(&(&said.name, &said.metadata)).doing("write down a registration")?;
    Ok(Digest::of(text.as_bytes()))
}

/// A code of the address from which somebody asks.
pub(super) fn address(app: &App, ctx: &Ctx) -> String {
    app.seals.address_code(&block(ctx.origin.ip))
}

/// The address; of IPv6 the block that one site has.
pub(super) fn block(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        None => "nowhere".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_site_is_one_address() {
        let of = |text: &str| block(Some(text.parse().unwrap()));
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.7"), of("192.0.2.7"));
        assert_ne!(of("192.0.2.8"), of("192.0.2.7"));
        assert_eq!(block(None), "nowhere");
    }
}
