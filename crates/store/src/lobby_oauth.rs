//! What of the lobby is about tokens: whoever shows a code, a refresh token or an opaque access token says by it alone
//! in which organization they are; and the keys that tokens are signed with, which are the deployment's. The rest of
//! the lobby is in [`crate::lobby`].

use crate::{Lobby, oauth_codes, oauth_codes::Code, oauth_refresh, oauth_refresh::RefreshToken, row::Row};
use procura_model::{
    Digest, Result, TenantId, Time,
    oauth::{Claims, SigningAlg},
};

statements! {
    CODE_BY_DIGEST = "
        SELECT *
          FROM oauth_codes
         WHERE digest = $1";
    REFRESH_BY_DIGEST = "
        SELECT *
          FROM oauth_refresh_tokens
         WHERE digest = $1";
    ACCESS_BY_DIGEST = "
        SELECT tenant_id, claims
          FROM oauth_access_tokens
         WHERE digest = $1
           AND revoked_at IS NULL
           AND expires_at > $2";
    KEYS = "
        SELECT kid, algorithm, sealed, generation, created_at, signs_from, published_until
          FROM oauth_keys
         WHERE published_until IS NULL
            OR published_until > $1
         ORDER BY signs_from, generation, kid";
    /// Of many nodes that make the next key, one does.
    INSERT_KEY = "
        INSERT INTO oauth_keys (kid, algorithm, public_jwk, sealed, generation, created_at, signs_from)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (algorithm, generation) DO NOTHING
     RETURNING kid";
    RETIRE_KEYS = "
        UPDATE oauth_keys
           SET published_until = $2
         WHERE kid <> $1
           AND algorithm = $3
           AND published_until IS NULL";
    RETIRE_ALGORITHM = "
        UPDATE oauth_keys
           SET published_until = $2
         WHERE algorithm = $1
           AND published_until IS NULL";
    SIGNING_ALGORITHMS = "
        SELECT DISTINCT signing_alg
          FROM oauth_resources
         WHERE signing_alg IS NOT NULL";
    PRUNE_OAUTH_REFRESH = "
        DELETE FROM oauth_refresh_tokens
         WHERE expires_at <= $1
           AND (replayed_at IS NULL OR replayed_at <= $1)";
    FORGET_REPLIES = "
        UPDATE oauth_refresh_tokens
           SET sealed_reply = NULL
         WHERE sealed_reply IS NOT NULL
           AND used_at <= $1";
    PRUNE_OAUTH_CODES = "
        DELETE FROM oauth_codes
         WHERE expires_at <= $1
           AND (replayed_at IS NULL OR replayed_at <= $1)";
    PRUNE_OAUTH_ACCESS = "
        DELETE FROM oauth_access_tokens
         WHERE expires_at <= $1";
    PRUNE_OAUTH_SESSIONS = "
        DELETE FROM oauth_sessions
         WHERE expires_at <= $1
           AND NOT EXISTS (SELECT c.digest
                             FROM oauth_codes c
                            WHERE c.tenant_id = oauth_sessions.tenant_id
                              AND c.session_id = oauth_sessions.session_id)
           AND NOT EXISTS (SELECT r.digest
                             FROM oauth_refresh_tokens r
                            WHERE r.tenant_id = oauth_sessions.tenant_id
                              AND r.session_id = oauth_sessions.session_id)
           AND NOT EXISTS (SELECT a.token_id
                             FROM oauth_access_tokens a
                            WHERE a.tenant_id = oauth_sessions.tenant_id
                              AND a.session_id = oauth_sessions.session_id)";
    PRUNE_OAUTH_KEYS = "
        DELETE FROM oauth_keys
         WHERE published_until <= $1";
}

/// A key that access tokens are signed with, its private half sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKeyRow {
    /// Its thumbprint.
    pub kid: String,
    /// With what it signs, by its JOSE name.
    pub algorithm: String,
    /// Its private half.
    pub sealed: Vec<u8>,
    /// Counts up with every key of the algorithm.
    pub generation: i64,
    /// When it was made.
    pub created_at: Time,
    /// From when on it signs.
    pub signs_from: Time,
    /// Until when it is published, once another took its place.
    pub published_until: Option<Time>,
}

/// A refresh token that was found by its digest, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<T> {
    /// The organization.
    pub tenant: TenantId,
    /// What was found.
    pub row: T,
}

/// Up to when rows of the authorization server are removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OauthPrune {
    /// Access tokens and keys whose time was over by then.
    pub expired: Time,
    /// Answers to refreshes from before then.
    pub replies: Time,
    /// Codes, refresh tokens and sessions whose time was over by then; used ones must be known for a while.
    pub remembered: Time,
}

impl Lobby<'_> {
    /// The code that has this digest, also when it was used or is over.
    ///
    /// # Errors
    /// A fault.
    pub async fn oauth_code(&mut self, digest: &Digest) -> Result<Option<Found<Code>>> {
        let row = self.reading().maybe(&CODE_BY_DIGEST, args![digest]).await?;
        row.map(|row| Ok(Found { tenant: row.parse("tenant_id")?, row: oauth_codes::read(&row)? }))
            .transpose()
    }

    /// The refresh token that has this digest, also when it was used or is over.
    ///
    /// # Errors
    /// A fault.
    pub async fn oauth_refresh(&mut self, digest: &Digest) -> Result<Option<Found<RefreshToken>>> {
        let row = self.reading().maybe(&REFRESH_BY_DIGEST, args![digest]).await?;
        row.map(|row| Ok(Found { tenant: row.parse("tenant_id")?, row: oauth_refresh::read(&row)? }))
            .transpose()
    }

    /// What the opaque access token says that has this digest.
    ///
    /// # Errors
    /// A fault.
    pub async fn oauth_access(&mut self, digest: &Digest, now: Time) -> Result<Option<Found<Claims>>> {
        let row = self.reading().maybe(&ACCESS_BY_DIGEST, args![digest, now]).await?;
        row.map(|row| Ok(Found { tenant: row.parse("tenant_id")?, row: row.json("claims")? })).transpose()
    }

    /// The keys that are published at `now`, in the order in which they begin to sign.
    ///
    /// # Errors
    /// A fault.
    pub async fn signing_keys(&mut self, now: Time) -> Result<Vec<SigningKeyRow>> {
        self.reading().all(&KEYS, args![now]).await?.iter().map(read_key).collect()
    }

    /// With what some guarded API has its tokens signed.
    ///
    /// # Errors
    /// A fault.
    pub async fn signing_algorithms(&mut self) -> Result<Vec<SigningAlg>> {
        let rows = self.reading().all(&SIGNING_ALGORITHMS, args![]).await?;
        rows.iter().map(|row| row.parse("signing_alg")).collect()
    }

    /// Lets every key of an algorithm go at `until`: nobody wants it any longer.
    ///
    /// # Errors
    /// A fault.
    pub async fn retire_signing_keys(&mut self, algorithm: &str, until: Time) -> Result<()> {
        self.writing().run(&RETIRE_ALGORITHM, args![algorithm, until]).await
    }

    /// Keeps a new key, and lets every other one of its algorithm go at `others_until`. Says no where another node has
    /// made the key of this generation.
    ///
    /// # Errors
    /// A fault.
    pub async fn insert_signing_key(
        &mut self,
        key: &SigningKeyRow,
        public_jwk: &str,
        others_until: Time,
    ) -> Result<bool> {
        let args = args![
            &key.kid,
            &key.algorithm,
            public_jwk,
            key.sealed.as_slice(),
            key.generation,
            key.created_at,
            key.signs_from,
        ];
        if self.writing().maybe(&INSERT_KEY, args).await?.is_none() {
            return Ok(false);
        }
        self.writing().run(&RETIRE_KEYS, args![&key.kid, others_until, &key.algorithm]).await?;
        Ok(true)
    }

    /// Removes what nobody needs any longer.
    ///
    /// # Errors
    /// A fault.
    pub async fn prune_oauth(&mut self, prune: OauthPrune) -> Result<()> {
        self.writing().run(&FORGET_REPLIES, args![prune.replies]).await?;
        self.writing().run(&PRUNE_OAUTH_ACCESS, args![prune.expired]).await?;
        self.writing().run(&PRUNE_OAUTH_KEYS, args![prune.expired]).await?;
        for statement in [&PRUNE_OAUTH_CODES, &PRUNE_OAUTH_REFRESH, &PRUNE_OAUTH_SESSIONS] {
            self.writing().run(statement, args![prune.remembered]).await?;
        }
        Ok(())
    }
}

fn read_key(row: &Row) -> Result<SigningKeyRow> {
    Ok(SigningKeyRow {
        kid: row.text("kid")?,
        algorithm: row.text("algorithm")?,
        sealed: row.bytes("sealed")?,
        generation: row.int("generation")?,
        created_at: row.time("created_at")?,
        signs_from: row.time("signs_from")?,
        published_until: row.maybe_time("published_until")?,
    })
}
