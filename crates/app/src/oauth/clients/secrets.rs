//! Secrets of clients. The store has a bcrypt hash, sealed; what was verified is remembered for a minute as a digest, so
//! that a client that asks often costs one hash a minute. The row of the secret is read each time all the same: a
//! rotation, a revocation, and a client that is disabled hold at once, on every node, whatever is remembered.

use crate::{App, passwords};
use parking_lot::Mutex;
use procura_crypto::{TokenKind, client_secret, token};
use procura_model::{
    Client, ClientId, ClientSecretId, Digest, Reason, Result, Secret, ShownOnce, Time, time::MINUTE_MS,
};
use procura_store::oauth_clients::{ClientSecret, NewClientSecret};
use std::collections::HashMap;

/// How many verified secrets are remembered; then all are forgotten.
const MAX_REMEMBERED: usize = 10_000;

/// Which secrets were verified lately.
#[derive(Debug, Default)]
pub(super) struct Verified(Mutex<HashMap<(ClientId, ClientSecretId), Remembered>>);

#[derive(Debug)]
struct Remembered {
    secret: Digest,
    /// Of the hash that it was verified against.
    hash: Digest,
    until: Time,
}

impl Verified {
    fn knows(&self, of: &(ClientId, ClientSecretId), secret: &Digest, hash: &Digest, now: Time) -> bool {
        self.0.lock().get(of).is_some_and(|one| one.until > now && one.secret == *secret && one.hash == *hash)
    }

    fn remember(&self, of: (ClientId, ClientSecretId), secret: Digest, hash: Digest, now: Time) {
        let mut all = self.0.lock();
        if all.len() >= MAX_REMEMBERED {
            all.clear();
        }
        all.insert(of, Remembered { secret, hash, until: now.plus_ms(MINUTE_MS) });
    }

    pub(super) fn forget(&self, client: &ClientId) {
        self.0.lock().retain(|(of, _), _| of != client);
    }

    pub(super) fn tidy(&self, now: Time) {
        self.0.lock().retain(|_, one| one.until > now);
    }
}

/// Demands that the secret is one of the client's.
pub(super) async fn check(app: &App, now: Time, client: &Client, secret: Secret<String>) -> Result<()> {
    let Some((digest, preview)) = client_secret::read(&secret) else {
        return pretend(app, secret).await.and(Err(Reason::OauthClientInvalid.into()));
    };
    let rows = app.store.lobby().oauth_client_secrets(&client.id, &preview, now).await?;
    let mut hashes = Vec::with_capacity(rows.len());
    for row in rows {
        let of = (client.id.clone(), row.id);
        let hash = Digest::of(&row.sealed_hash);
        if app.oauth_clients.verified.knows(&of, &digest, &hash, now) {
            return Ok(());
        }
        hashes.push((
            of,
            hash,
            app.seals.open_client_hash((client.tenant, &client.id, row.id), &row.sealed_hash)?,
        ));
    }
    let found = passwords::weigh(app, move || {
        if hashes.is_empty() {
            client_secret::pretend(&secret);
        }
        hashes.into_iter().find(|(_, _, stored)| client_secret::verify(&secret, stored))
    })
    .await?;
    let (of, hash, _) = found.ok_or(Reason::OauthClientInvalid)?;
    app.oauth_clients.verified.remember(of, digest, hash, now);
    Ok(())
}

/// Does the work of [`check`] for nothing.
pub(super) async fn pretend(app: &App, secret: Secret<String>) -> Result<()> {
    passwords::weigh(app, move || client_secret::pretend(&secret)).await
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
    let hash = passwords::weigh(app, move || client_secret::hash(&text, &entropy)).await??;
    let sealed_hash = app.seals.seal_client_hash((client.tenant, &client.id, id), &hash, &app.entropy)?;
    let secret = ClientSecret { id, preview: minted.preview, created_at: now, expires_at };
    Ok((minted.secret, NewClientSecret { secret, sealed_hash }))
}
