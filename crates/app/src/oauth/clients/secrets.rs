//! Secrets of clients. The store has a bcrypt hash, sealed; what was verified is remembered for a minute as a digest, so
//! that a client that asks often costs one hash a minute (see [`super::memory`] for how it is forgotten).

use super::{
    memory::Known,
    tries::{self, Tries},
};
use crate::App;
use procura_crypto::{TokenKind, client_secret, token};
use procura_model::{Client, ClientSecretId, Reason, Result, Secret, ShownOnce, Time};
use procura_store::oauth_clients::{ClientSecret, NewClientSecret};

/// Demands that the secret is one of the client's.
pub(super) async fn check(
    app: &App,
    (tries, now): (Tries<'_>, Time),
    known: &Known,
    secret: Secret<String>,
) -> Result<()> {
    let client = &known.client;
    let Some((digest, preview)) = client_secret::read(&secret) else {
        return pretend(app, tries, secret).await.and(Err(Reason::OauthClientInvalid.into()));
    };
    if known.has_verified(&digest, now) {
        return Ok(());
    }
    let rows = app.store.lobby().oauth_client_secrets(&client.id, &preview, now).await?;
    let mut hashes = Vec::with_capacity(rows.len());
    for row in rows {
        let hash = app.seals.open_client_hash((client.tenant, &client.id, row.id), &row.sealed_hash)?;
        hashes.push((row.expires_at, hash));
    }
    let weighed = tries.weigh(app, move || {
        if hashes.is_empty() {
            client_secret::pretend(&secret);
        }
        hashes.into_iter().find(|(_, stored)| client_secret::verify(&secret, stored))
    });
    let (ends_at, _) = weighed.await?.ok_or(Reason::OauthClientInvalid)?;
    known.verified(digest, ends_at, now);
    Ok(())
}

/// Does the work of [`check`] for nothing.
pub(super) async fn pretend(app: &App, tries: Tries<'_>, secret: Secret<String>) -> Result<()> {
    tries.weigh(app, move || client_secret::pretend(&secret)).await
}

/// A fresh secret of a client: what is shown once, and what is stored.
pub(super) async fn make(
    app: &App,
    client: &Client,
    now: Time,
    expires_at: Option<Time>,
) -> Result<(ShownOnce, NewClientSecret)> {
    let minted = token::mint(TokenKind::ClientSecret, &app.entropy);
    let id = ClientSecretId::new(now, &app.entropy);
    let (text, entropy) = (Secret::new(minted.secret.show().to_owned()), app.entropy.clone());
    let hash = tries::weigh_own(app, move || client_secret::hash(&text, &entropy)).await??;
    let sealed_hash = app.seals.seal_client_hash((client.tenant, &client.id, id), &hash, &app.entropy)?;
    let secret = ClientSecret { id, preview: minted.preview, created_at: now, expires_at };
    Ok((minted.secret, NewClientSecret { secret, sealed_hash }))
}
