//! `[oauth]`: how the authorization server behaves (OAU-1). Every time has bounds: what lasts too long is a credential
//! that nobody looks after, what lasts too short is a client that cannot work.

use super::{ConfigError, wrong};
use procura_app::settings::OauthSettings;
use procura_crypto::Algorithm;
use procura_model::time::{DAY_MS, MINUTE_MS, SECOND_MS};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// What can be written of the authorization server.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawOauth {
    /// What new access tokens are signed with: `EdDSA` or `RS256`.
    algorithm: Algorithm,
    /// How long an access token for the gateway lasts.
    access_minutes: i64,
    /// How long a code can be exchanged.
    code_seconds: i64,
    /// How long an unused refresh token lasts.
    refresh_days: i64,
    /// How long a client stays connected at the most.
    session_days: i64,
    /// How long a client whose answer was lost may send the same refresh again; 0 is never.
    refresh_grace_seconds: i64,
    /// How long a pushed request can be used.
    pushed_seconds: i64,
    /// How long a person has for a device.
    device_minutes: i64,
    /// After how long a signing key is replaced.
    key_days: i64,
    /// Whether clients may register themselves.
    registration: bool,
    /// Whether clients may be named by the URL of their metadata document.
    documents: bool,
    /// How many clients by document there may be.
    max_documents: i64,
    /// How many clients that nobody let in yet may come from one address, of each kind.
    unused_clients_per_address: i64,
}

impl Default for RawOauth {
    fn default() -> Self {
        Self {
            algorithm: Algorithm::EdDsa,
            access_minutes: 10,
            code_seconds: 60,
            refresh_days: 14,
            session_days: 30,
            refresh_grace_seconds: 10,
            pushed_seconds: 60,
            device_minutes: 10,
            key_days: 90,
            registration: true,
            documents: true,
            max_documents: 10_000,
            unused_clients_per_address: 50,
        }
    }
}

impl RawOauth {
    /// What it means.
    pub(super) fn checked(&self) -> Result<OauthSettings, ConfigError> {
        if !matches!(self.algorithm, Algorithm::EdDsa | Algorithm::Rs256) {
            return Err(wrong("oauth.algorithm", "must be EdDSA or RS256"));
        }
        Ok(OauthSettings {
            algorithm: self.algorithm,
            access_ms: within("oauth.access_minutes", self.access_minutes, 1..=60, MINUTE_MS)?,
            // OAuth 2.1 section 4.1.2: "a maximum authorization code lifetime of 10 minutes is RECOMMENDED".
            code_ms: within("oauth.code_seconds", self.code_seconds, 10..=600, SECOND_MS)?,
            refresh_idle_ms: within("oauth.refresh_days", self.refresh_days, 1..=90, DAY_MS)?,
            session_ms: within("oauth.session_days", self.session_days, 1..=365, DAY_MS)?,
            refresh_grace_ms: within(
                "oauth.refresh_grace_seconds",
                self.refresh_grace_seconds,
                0..=60,
                SECOND_MS,
            )?,
            // RFC 9126 section 2.2: "typically relatively short (e.g., between 5 and 600 seconds)".
            pushed_ms: within("oauth.pushed_seconds", self.pushed_seconds, 5..=600, SECOND_MS)?,
            device_ms: within("oauth.device_minutes", self.device_minutes, 1..=30, MINUTE_MS)?,
            key_ms: within("oauth.key_days", self.key_days, 1..=365, DAY_MS)?,
            registration: self.registration,
            documents: self.documents,
            max_documents: within("oauth.max_documents", self.max_documents, 1..=1_000_000, 1)?,
            unused_clients: within(
                "oauth.unused_clients_per_address",
                self.unused_clients_per_address,
                1..=10_000,
                1,
            )?,
        })
    }
}

fn within(
    key: &'static str,
    value: i64,
    range: RangeInclusive<i64>,
    unit_ms: i64,
) -> Result<i64, ConfigError> {
    if range.contains(&value) {
        return Ok(value.saturating_mul(unit_ms));
    }
    Err(wrong(key, format!("must be between {} and {}", range.start(), range.end())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_word_it_is_as_the_journeys_have_it() {
        assert_eq!(RawOauth::default().checked().ok(), Some(OauthSettings::default()));
    }

    #[test]
    fn every_time_has_bounds_and_every_token_is_signed() {
        let refused = |change: fn(&mut RawOauth)| {
            let mut raw = RawOauth::default();
            change(&mut raw);
            raw.checked().err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert!(refused(|raw| raw.algorithm = Algorithm::Es256).starts_with("oauth.algorithm"));
        assert!(refused(|raw| raw.access_minutes = 61).starts_with("oauth.access_minutes"));
        assert!(refused(|raw| raw.code_seconds = 601).starts_with("oauth.code_seconds"));
        assert!(refused(|raw| raw.refresh_grace_seconds = -1).starts_with("oauth.refresh_grace_seconds"));
        assert!(refused(|raw| raw.session_days = 0).starts_with("oauth.session_days"));
        assert!(refused(|raw| raw.max_documents = 0).starts_with("oauth.max_documents"));
        assert!(refused(|raw| raw.unused_clients_per_address = 0).starts_with("oauth.unused_clients"));
        assert_eq!(refused(|raw| raw.refresh_grace_seconds = 0), "");
    }
}
