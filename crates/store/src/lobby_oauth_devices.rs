//! What of the lobby is about devices that wait for a person (RFC 8628): a device asks before anybody knows in which
//! organization a person will answer, and polls with a secret alone. The rest of the lobby is in [`crate::lobby`].

use crate::{Lobby, row::Row};
use procura_model::{
    Digest, Doing as _, Result, SessionId, TenantId, Time,
    oauth::{ClientId, ScopeList},
};

statements! {
    INSERT_DEVICE = "
        INSERT INTO oauth_devices
               (device_digest, user_digest, client_id, scope, resources, state, interval_seconds, created_at,
                expires_at)
        VALUES ($1, $2, $3, $4, $5, 'waiting', $6, $7, $8)
        ON CONFLICT (user_digest) DO NOTHING
     RETURNING device_digest";
    WAITING_DEVICE = "
        SELECT *
          FROM oauth_devices
         WHERE user_digest = $1
           AND state = 'waiting'
           AND expires_at > $2";
    /// One answer: of two people who answer at once, one is heard.
    ANSWER_DEVICE = "
        UPDATE oauth_devices
           SET state = $2, tenant_id = $3, session_id = $4
         WHERE user_digest = $1
           AND state = 'waiting'
           AND expires_at > $5
     RETURNING device_digest";
    GRANTED_DEVICE = "
        SELECT *
          FROM oauth_devices
         WHERE device_digest = $1
           AND client_id = $2
           AND state = 'granted'
           AND used_at IS NULL
           AND expires_at > $3";
    /// One token: of two polls at once, one gets it.
    TAKE_DEVICE = "
        UPDATE oauth_devices
           SET used_at = $3
         WHERE device_digest = $1
           AND client_id = $2
           AND state = 'granted'
           AND used_at IS NULL
           AND expires_at > $3
     RETURNING *";
    /// RFC 8628 section 3.5: whoever polls too soon waits five seconds longer, in this and all subsequent polls.
    SLOW_DEVICE = "
        UPDATE oauth_devices
           SET polled_at = $3, interval_seconds = interval_seconds + 5
         WHERE device_digest = $1
           AND client_id = $2
           AND polled_at > $3 - interval_seconds * 1000
           AND interval_seconds < 600
     RETURNING *";
    POLL_DEVICE = "
        UPDATE oauth_devices
           SET polled_at = $3
         WHERE device_digest = $1
           AND client_id = $2
     RETURNING *";
    PRUNE_DEVICES = "
        DELETE FROM oauth_devices
         WHERE expires_at <= $1";
}

/// Where a device stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceState {
    /// Nobody answered yet.
    Waiting,
    /// A person agreed: the session of that organization is the device's.
    Granted(TenantId, SessionId),
    /// A person refused.
    Denied,
}

/// A device that waits for a person, or waited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Whose software it runs.
    pub client: ClientId,
    /// What it asked for.
    pub scope: ScopeList,
    /// Where.
    pub resources: Vec<String>,
    /// Where it stands.
    pub state: DeviceState,
    /// How long it waits between two polls.
    pub interval_seconds: i64,
    /// When it asked.
    pub created_at: Time,
    /// Until when a person can answer.
    pub expires_at: Time,
    /// When it got its tokens.
    pub used_at: Option<Time>,
}

/// A device that asks.
#[derive(Clone, Debug)]
pub struct NewDevice {
    /// The digest of what it polls with.
    pub device_digest: Digest,
    /// The digest of what the person types.
    pub user_digest: Digest,
    /// Whose software it runs.
    pub client: ClientId,
    /// What it asks for.
    pub scope: ScopeList,
    /// Where.
    pub resources: Vec<String>,
    /// How long it waits between two polls.
    pub interval_seconds: i64,
    /// When it asks.
    pub created_at: Time,
    /// Until when a person can answer.
    pub expires_at: Time,
}

/// What a poll finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Polled {
    /// No device of this client polls with this secret.
    Unknown,
    /// It came too soon; the interval is longer from now on.
    TooSoon(Device),
    /// Where the device stands; it gets nothing by this poll, or got it before.
    Standing(Device),
    /// A person agreed: the session is for whoever takes it first.
    Granted(TenantId, SessionId),
}

impl Lobby<'_> {
    /// Keeps a device's question. Says no where another device has the same user code.
    ///
    /// # Errors
    /// A fault.
    pub async fn insert_device(&mut self, device: &NewDevice) -> Result<bool> {
        let resources = serde_json::to_string(&device.resources).doing("write the resources of a device")?;
        let args = args![
            &device.device_digest,
            &device.user_digest,
            device.client.as_str(),
            device.scope.to_string(),
            resources,
            device.interval_seconds,
            device.created_at,
            device.expires_at,
        ];
        Ok(self.writing().maybe(&INSERT_DEVICE, args).await?.is_some())
    }

    /// The device that waits for a person who knows this code.
    ///
    /// # Errors
    /// A fault.
    pub async fn waiting_device(&mut self, user_code: &Digest, now: Time) -> Result<Option<Device>> {
        self.reading().maybe(&WAITING_DEVICE, args![user_code, now]).await?.as_ref().map(read).transpose()
    }

    /// A person's answer: the session, or none for no. Says whether this answer was the one.
    ///
    /// # Errors
    /// A fault.
    pub async fn answer_device(
        &mut self,
        user_code: &Digest,
        granted: Option<(TenantId, SessionId)>,
        now: Time,
    ) -> Result<bool> {
        let state = if granted.is_some() { "granted" } else { "denied" };
        let (tenant, session) =
            (granted.map(|both| both.0.to_string()), granted.map(|both| both.1.to_string()));
        let args = args![user_code, state, tenant.as_deref(), session.as_deref(), now];
        Ok(self.writing().maybe(&ANSWER_DEVICE, args).await?.is_some())
    }

    /// A device asks how it stands. Where a person agreed, [`Self::take_device`] takes the session.
    ///
    /// # Errors
    /// A fault.
    pub async fn poll_device(&mut self, device: &Digest, client: &ClientId, now: Time) -> Result<Polled> {
        if let Some(row) = self.reading().maybe(&GRANTED_DEVICE, args![device, client.as_str(), now]).await? {
            return match read(&row)?.state {
                DeviceState::Granted(tenant, session) => Ok(Polled::Granted(tenant, session)),
                DeviceState::Waiting | DeviceState::Denied => Err(crate::row::wrong("state")),
            };
        }
        if let Some(row) = self.writing().maybe(&SLOW_DEVICE, args![device, client.as_str(), now]).await? {
            return Ok(Polled::TooSoon(read(&row)?));
        }
        let row = self.writing().maybe(&POLL_DEVICE, args![device, client.as_str(), now]).await?;
        row.as_ref().map(read).transpose().map(|found| found.map_or(Polled::Unknown, Polled::Standing))
    }

    /// Takes what a person granted to a device: once. To be called in the change that makes its tokens.
    ///
    /// # Errors
    /// A fault.
    pub async fn take_device(&mut self, device: &Digest, client: &ClientId, now: Time) -> Result<bool> {
        Ok(self.writing().maybe(&TAKE_DEVICE, args![device, client.as_str(), now]).await?.is_some())
    }

    /// Removes devices for which it was too late by then.
    ///
    /// # Errors
    /// A fault.
    pub async fn prune_devices(&mut self, expired: Time) -> Result<()> {
        self.writing().run(&PRUNE_DEVICES, args![expired]).await
    }
}

fn read(row: &Row) -> Result<Device> {
    let state = match row.text("state")?.as_str() {
        "waiting" => DeviceState::Waiting,
        "granted" => DeviceState::Granted(row.parse("tenant_id")?, row.parse("session_id")?),
        "denied" => DeviceState::Denied,
        _ => return Err(crate::row::wrong("state")),
    };
    Ok(Device {
        client: row.parse("client_id")?,
        scope: row.parse("scope")?,
        resources: row.json("resources")?,
        state,
        interval_seconds: row.int("interval_seconds")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        used_at: row.maybe_time("used_at")?,
    })
}
