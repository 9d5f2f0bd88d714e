//! The keys that access tokens are signed with. One of each wanted algorithm signs at a time; it is replaced on schedule,
//! and stays published until everything that it signed is over (RFC 9068 section 4 has resources fetch them; RFC 8414
//! section 2 says where). Wanted is what the operator set, and what some guarded API has.
//!
//! * The first key is made when the first token or key set is asked for, every further one by upkeep. An RSA key takes
//!   long to draw, so it is made when an API wants it or by upkeep, before anybody waits for a token.
//! * A new key is published for ten minutes before it signs, so that nodes, which read the table every minute, and
//!   resources, which keep the set for a while, know it by then. A key that a node does not know makes it read again.
//! * Of many nodes that make the next key one does: the generation is unique in the store.

use super::state::home;
use crate::App;
use parking_lot::RwLock;
use procura_crypto::{
    AccessTokenError, Algorithm, JwkSet, NewOauthKey, OauthKey, access_token, jwk::ChoiceError,
    jws::JwsError, signing::key_set,
};
use procura_model::{
    Actor, Ctx, Doing as _, Event, EventKind, Json, Reason, Result, Time,
    oauth::{Claims, SigningAlg},
    time::{DAY_MS, MINUTE_MS, SECOND_MS},
};
use procura_store::lobby_oauth::SigningKeyRow;
use std::sync::Arc;

/// With what access tokens can be signed.
const SIGNING: [Algorithm; 2] = [Algorithm::EdDsa, Algorithm::Rs256];
/// How often the table is read.
const READ_EVERY_MS: i64 = MINUTE_MS;
/// How often a key that is not known makes us read it again.
const LOOK_AGAIN_MS: i64 = 5 * SECOND_MS;
/// How long a new key is published before it signs.
const AHEAD_MS: i64 = 10 * MINUTE_MS;
/// How long the longest-lived access token lasts; a key stays published for that long after it last signed.
pub const LONGEST_TOKEN_MS: i64 = DAY_MS;

/// The keys that this node knows.
#[derive(Default)]
pub struct Keys {
    held: RwLock<Option<Arc<Held>>>,
    making: tokio::sync::Mutex<()>,
}

struct Held {
    read_at: Time,
    keys: Vec<(SigningKeyRow, Arc<OauthKey>)>,
    set: JwkSet,
    published: Json,
}

impl Held {
    /// The newest key of the algorithm whose time has come and that stays published for as long as what it signs holds.
    fn signer(&self, algorithm: Algorithm, now: Time) -> Option<&(SigningKeyRow, Arc<OauthKey>)> {
        let lasts = |row: &SigningKeyRow| {
            row.published_until.is_none_or(|until| until >= now.plus_ms(LONGEST_TOKEN_MS))
        };
        let may_sign = self.of(algorithm).filter(|(row, _)| row.signs_from <= now && lasts(row));
        may_sign.max_by_key(|(row, _)| row.generation)
    }

    fn of(&self, algorithm: Algorithm) -> impl Iterator<Item = &(SigningKeyRow, Arc<OauthKey>)> {
        self.keys.iter().filter(move |(_, key)| key.algorithm() == algorithm)
    }
}

/// Sees to it that there is a key of this algorithm, so that nobody who asks for a token waits until it is drawn.
///
/// # Errors
/// As [`signer`].
pub(super) async fn prepare(app: &App, now: Time, algorithm: Algorithm) -> Result<()> {
    // Ed25519 keys cost nothing: the first who needs one makes it.
    if algorithm == Algorithm::EdDsa { Ok(()) } else { signer(app, now, algorithm).await.map(drop) }
}

/// The key of this algorithm that signs now.
///
/// # Errors
/// `UNAVAILABLE` while there is no organization; a fault.
pub(super) async fn signer(app: &App, now: Time, algorithm: Algorithm) -> Result<Arc<OauthKey>> {
    let known = app.oauth.keys.held.read().clone();
    let is_recent = |held: &Arc<Held>| now.ms_since(held.read_at).saturating_abs() < READ_EVERY_MS;
    let held = match known.filter(is_recent) {
        Some(held) => held,
        None => read(app, now).await?,
    };
    if let Some((_, key)) = held.signer(algorithm, now) {
        return Ok(Arc::clone(key));
    }
    let held = make_first(app, now, algorithm).await?;
    let (_, key) = held.signer(algorithm, now).ok_or("there is no key").doing("make a signing key")?;
    Ok(Arc::clone(key))
}

/// The key set, to publish. While there is no organization, nothing is signed, and no key is in it.
///
/// # Errors
/// A fault.
pub async fn published(app: &App, now: Time) -> Result<Json> {
    match signer(app, now, app.settings.oauth.algorithm).await {
        Ok(_) => {}
        Err(error) if error.reason() == Reason::Unavailable => return Ok(key_set([])),
        Err(error) => return Err(error),
    }
    let held = app.oauth.keys.held.read().clone();
    Ok(held.map_or_else(|| key_set([]), |held| held.published.clone()))
}

/// What a signed access token says, if a published key signed it for this server; when and where it holds is not
/// looked at. None where it is none of ours.
pub(super) async fn open(app: &App, raw: &str, now: Time) -> Result<Option<Claims>> {
    let issuer = &app.settings.public_url;
    let known = app.oauth.keys.held.read().clone();
    let held = match known {
        Some(held) => held,
        None => read(app, now).await?,
    };
    match access_token::open(&held.set, issuer, raw) {
        Ok(claims) => Ok(Some(claims)),
        Err(AccessTokenError::Jws(JwsError::Key(ChoiceError::Unknown)))
            if now.ms_since(held.read_at).saturating_abs() >= LOOK_AGAIN_MS =>
        {
            let held = read(app, now).await?;
            Ok(access_token::open(&held.set, issuer, raw).ok())
        }
        Err(_) => Ok(None),
    }
}

/// Reads the keys again, and makes the next one of each wanted algorithm when the time has come; one that nobody wants any
/// longer is let go when it would have been replaced. A node that has signed and verified nothing yet has nothing to look
/// after but the operator's RSA key.
///
/// # Errors
/// A fault.
pub(super) async fn keep(app: &App) -> Result<()> {
    let now = app.now();
    let Some(known) = app.oauth.keys.held.read().clone() else { return begin(app, now).await };
    if now.ms_since(known.read_at).saturating_abs() < READ_EVERY_MS {
        return Ok(());
    }
    let held = read(app, now).await?;
    let mut wanted = vec![app.settings.oauth.algorithm];
    wanted.extend(app.store.lobby().signing_algorithms().await?.into_iter().map(of_api));
    for algorithm in SIGNING {
        let live = held.of(algorithm).map(|(row, _)| row).filter(|row| row.published_until.is_none());
        let Some(newest) = live.max_by_key(|row| row.generation) else { continue };
        if now.ms_since(newest.signs_from) < app.settings.oauth.key_ms {
            continue;
        }
        if wanted.contains(&algorithm) {
            let next = (newest.generation.saturating_add(1), now.plus_ms(AHEAD_MS));
            make(app, now, algorithm, next).await?;
        } else {
            let until = now.plus_ms(LONGEST_TOKEN_MS + MINUTE_MS);
            app.store.lobby().retire_signing_keys(algorithm.name(), until).await?;
        }
        read(app, now).await?;
    }
    Ok(())
}

/// The operator's key, where it takes long to draw, before the first token is asked for.
async fn begin(app: &App, now: Time) -> Result<()> {
    match prepare(app, now, app.settings.oauth.algorithm).await {
        Err(error) if error.reason() == Reason::Unavailable => Ok(()),
        done => done,
    }
}

/// With what an API has its tokens signed.
pub(super) const fn of_api(alg: SigningAlg) -> Algorithm {
    match alg {
        SigningAlg::EdDsa => Algorithm::EdDsa,
        SigningAlg::Rs256 => Algorithm::Rs256,
    }
}

async fn read(app: &App, now: Time) -> Result<Arc<Held>> {
    let rows = app.store.lobby().signing_keys(now).await?;
    let mut keys = Vec::with_capacity(rows.len());
    for row in rows {
        let algorithm = Algorithm::by_name(&row.algorithm)
            .ok_or("the algorithm is none of ours")
            .doing("read a signing key")?;
        let private = app.seals.open_signing_key(&row.kid, &row.sealed)?;
        let key = OauthKey::open(algorithm, &private).doing("open a signing key")?;
        keys.push((row, Arc::new(key)));
    }
    let published = key_set(keys.iter().map(|(_, key)| key.jwk().clone()));
    let set = JwkSet::parse(&published.canonical()).doing("read our own key set")?;
    let held = Arc::new(Held { read_at: now, keys, set, published });
    *app.oauth.keys.held.write() = Some(Arc::clone(&held));
    Ok(held)
}

/// Makes the key with which everything begins, unless somebody else just did.
async fn make_first(app: &App, now: Time, algorithm: Algorithm) -> Result<Arc<Held>> {
    let _one = app.oauth.keys.making.lock().await;
    let held = read(app, now).await?;
    if held.signer(algorithm, now).is_some() {
        return Ok(held);
    }
    let generation = held.of(algorithm).map(|(row, _)| row.generation).max().unwrap_or(0);
    // A minute ago: another node's clock, or a request that came in just before, must find that it signs already.
    make(app, now, algorithm, (generation.saturating_add(1), now.plus_ms(-MINUTE_MS))).await?;
    read(app, now).await
}

async fn make(
    app: &App,
    now: Time,
    algorithm: Algorithm,
    (generation, signs_from): (i64, Time),
) -> Result<()> {
    let entropy = app.entropy.clone();
    let ctx = Ctx::new(home(app).await?, Actor::Operator, now, &app.entropy);
    // Drawing an RSA key takes long.
    let drawn = tokio::task::spawn_blocking(move || OauthKey::generate(algorithm, &entropy)).await;
    let NewOauthKey { key, private } = drawn.doing("draw a signing key")?.doing("draw a signing key")?;
    let row = SigningKeyRow {
        kid: key.kid().to_owned(),
        algorithm: algorithm.name().to_owned(),
        sealed: app.seals.seal_signing_key(key.kid(), &private, &app.entropy)?,
        generation,
        created_at: now,
        signs_from,
        published_until: None,
    };
    let others_until = signs_from.plus_ms(LONGEST_TOKEN_MS + MINUTE_MS);
    let mut writer = app.store.write(&ctx).await?;
    if !writer.lobby().insert_signing_key(&row, &key.jwk().canonical(), others_until).await? {
        return Ok(());
    }
    let facts = serde_json::json!({ "algorithm": algorithm.name(), "signsFrom": signs_from });
    writer.commit(Event::new(EventKind::SigningKeyMade).about(key.kid()).with_facts(&facts)).await
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}
