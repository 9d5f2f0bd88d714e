//! What of the lobby is about agents that register themselves: a key of a guarded API says whose it is, an API is named
//! by its id in a path, a person comes with a link or a code and nothing else, and what is over is over in every
//! organization. The rest of the lobby is in [`crate::lobby`].

use crate::{Lobby, agent_registrations, api_keys, claim_attempts, oauth_resources, row::Row};
use procura_model::{
    Digest, Guarded, ResourceId, Result, TenantId, Time,
    oauth::{ApiKey, ClaimAttempt, Registration},
};

statements! {
    /// A key whose API is guarded no longer is none.
    API_KEY_BY_DIGEST = "
        SELECT k.tenant_id, k.key_id, k.resource_id, k.registration_id, k.form, k.name, k.preview, k.scope,
               k.workspaces, k.created_at, k.expires_at, k.revoked_at, k.last_used_at, r.identifier, r.settings
          FROM api_keys k
          JOIN oauth_resources r ON r.tenant_id = k.tenant_id AND r.resource_id = k.resource_id
         WHERE k.digest = $1";
    RESOURCE_BY_ID = "
        SELECT *
          FROM oauth_resources
         WHERE resource_id = $1";
    ATTEMPT_BY_CODE = "
        SELECT *
          FROM claim_attempts
         WHERE code_digest = $1
           AND link_digest IS NULL
           AND state = 'waiting'
           AND expires_at > $2";
    ATTEMPT_BY_LINK = "
        SELECT *
          FROM claim_attempts
         WHERE link_digest = $1
           AND state = 'waiting'
           AND expires_at > $2";
    REGISTRATION_BY_CLAIM_TOKEN = "
        SELECT *
          FROM agent_registrations
         WHERE claim_digest = $1";
    /// A try that a person has granted is fetched by the agent, which may come late.
    EXPIRE_REGISTRATIONS = "
        UPDATE agent_registrations
           SET state = 'expired', ended_at = $1
         WHERE registration_id IN (SELECT d.registration_id
                                     FROM agent_registrations d
                                    WHERE d.state = 'unclaimed'
                                      AND d.expires_at <= $1
                                    ORDER BY d.expires_at
                                    LIMIT 500)
           AND state = 'unclaimed'
           AND expires_at <= $1
     RETURNING *";
    PRUNE_CLAIM_ATTEMPTS = "
        DELETE FROM claim_attempts
         WHERE expires_at <= $1";
    PRUNE_API_TOKENS = "
        DELETE FROM api_keys
         WHERE expires_at <= $1
           AND form = 'access_token'";
    PRUNE_REGISTRATION_COUNTS = "
        DELETE FROM registration_counts
         WHERE hour < $1";
}

/// A credential of a guarded API, and where it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundApiKey {
    /// The organization of the API.
    pub tenant: TenantId,
    /// The credential; it may be revoked or expired.
    pub key: ApiKey,
    /// What stands in `resource` and `aud` of the API.
    pub identifier: String,
}

impl Lobby<'_> {
    /// The credential of this digest, with no scope that its API no longer has.
    ///
    /// # Errors
    /// A fault.
    pub async fn api_key(&mut self, digest: &Digest) -> Result<Option<FoundApiKey>> {
        let row = self.reading().maybe(&API_KEY_BY_DIGEST, args![digest]).await?;
        row.map(|row| {
            let mut key = api_keys::read(&row)?;
            let settings: procura_model::oauth::GuardedSettings = row.json("settings")?;
            let known = settings.scopes.iter().map(|scope| scope.name.as_str());
            key.scope = key.scope.intersect(&procura_model::oauth::ScopeList::of(known));
            Ok(FoundApiKey { tenant: row.parse("tenant_id")?, key, identifier: row.text("identifier")? })
        })
        .transpose()
    }

    /// The guarded API of this id, and whose it is.
    ///
    /// # Errors
    /// A fault.
    pub async fn resource_by_id(&mut self, id: ResourceId) -> Result<Option<(TenantId, Guarded)>> {
        let row = self.reading().maybe(&RESOURCE_BY_ID, args![id]).await?;
        row.map(|row| Ok((row.parse("tenant_id")?, oauth_resources::read(&row)?))).transpose()
    }

    /// The attempt that waits for a member who knows this code. One that was sent to an address waits for its link.
    ///
    /// # Errors
    /// A fault.
    pub async fn attempt_by_code(
        &mut self,
        code: &Digest,
        now: Time,
    ) -> Result<Option<(TenantId, ClaimAttempt)>> {
        self.reading().maybe(&ATTEMPT_BY_CODE, args![code, now]).await?.as_ref().map(attempt).transpose()
    }

    /// The attempt that waits for whoever has this link, and by what its code is known.
    ///
    /// # Errors
    /// A fault.
    pub async fn attempt_by_link(
        &mut self,
        link: &Digest,
        now: Time,
    ) -> Result<Option<(TenantId, ClaimAttempt, Digest)>> {
        let row = self.reading().maybe(&ATTEMPT_BY_LINK, args![link, now]).await?;
        row.map(|row| {
            let (tenant, attempt) = attempt(&row)?;
            Ok((tenant, attempt, row.digest("code_digest")?))
        })
        .transpose()
    }

    /// The registration whose claim token this is.
    ///
    /// # Errors
    /// A fault.
    pub async fn registration_by_claim_token(
        &mut self,
        digest: &Digest,
    ) -> Result<Option<(TenantId, Registration)>> {
        let row = self.reading().maybe(&REGISTRATION_BY_CLAIM_TOKEN, args![digest]).await?;
        row.map(|row| Ok((row.parse("tenant_id")?, agent_registrations::read(&row)?))).transpose()
    }

    /// Ends up to 500 registrations that nobody claimed in time, of every organization. Their keys ended by themselves.
    ///
    /// # Errors
    /// A fault.
    pub async fn expire_registrations(&mut self, now: Time) -> Result<Vec<(TenantId, Registration)>> {
        let rows = self.writing().all(&EXPIRE_REGISTRATIONS, args![now]).await?;
        rows.iter().map(|row| Ok((row.parse("tenant_id")?, agent_registrations::read(row)?))).collect()
    }

    /// Removes attempts and tokens that were over by `before`, and counts of hours before `hour`.
    ///
    /// # Errors
    /// A fault.
    pub async fn prune_agent_auth(&mut self, before: Time, hour: i64) -> Result<()> {
        self.writing().run(&PRUNE_CLAIM_ATTEMPTS, args![before]).await?;
        self.writing().run(&PRUNE_API_TOKENS, args![before]).await?;
        self.writing().run(&PRUNE_REGISTRATION_COUNTS, args![hour]).await
    }
}

fn attempt(row: &Row) -> Result<(TenantId, ClaimAttempt)> {
    Ok((row.parse("tenant_id")?, claim_attempts::read(row)?))
}
