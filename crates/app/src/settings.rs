//! What the operator set, already checked: nothing further in reads a file or the environment.

use crate::screening::SecondOpinion;
use procura_cluster::LimitSettings;
use procura_crypto::Cost;

/// The settings that journeys read.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The URL under which this deployment is reached, without a trailing slash.
    pub public_url: String,
    /// Host names, with or without port, that the Host header may name besides the public URL's.
    pub allowed_hosts: Vec<String>,
    /// Origins that may call the MCP endpoint from a browser besides the public URL's.
    pub allowed_origins: Vec<String>,
    /// Addresses whose `X-Forwarded-For` is believed, as networks such as `10.0.0.0/8`.
    pub trusted_proxies: Vec<String>,
    /// Whether cookies are marked Secure: the public URL is https.
    pub secure_cookies: bool,
    /// Short warnings that every console page shows: `demo`, `no TLS`.
    pub mode_badges: Vec<String>,
    /// Whether the sandbox is open without sign-in, as in the demo (VER-7).
    pub open_sandbox: bool,
    /// How hard passwords are hashed.
    pub scrypt: Cost,
    /// Rate limits.
    pub limits: LimitSettings,
    /// How long a tool result may be before it is cut, in bytes (RED-2).
    pub sanitize_max_bytes: usize,
    /// How long what was cut off can be read, in milliseconds.
    pub sanitize_keep_ms: i64,
    /// How much of what was cut off is kept for an organization, in bytes; the oldest goes first.
    pub sanitize_keep_bytes: usize,
    /// How long a request body may be, in bytes.
    pub max_body_bytes: usize,
    /// The classifier that is asked about texts that our own scan is unsure of (SCR-3).
    pub second_opinion: Option<SecondOpinion>,
    /// How long somebody stays signed in, in milliseconds.
    pub sign_in_ttl_ms: i64,
    /// The authorization server.
    pub oauth: OauthSettings,
    /// The organization whose API is described at the root; the first one made where absent (decision 3).
    pub default_organization: Option<procura_model::TenantId>,
    /// How mail is sent.
    pub mailer: crate::mail::Mailer,
    /// How many agents may register themselves.
    pub registrations: RegistrationLimits,
}

/// How many agents may register themselves in an hour. Counted in the store, so on all nodes together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegistrationLimits {
    /// Without anybody who answers for them, or by a person's address.
    pub unclaimed: PerHour,
    /// With an assertion of a trusted issuer.
    pub asserted: PerHour,
    /// How many mails one address is sent.
    pub mails: i64,
}

/// How much in an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerHour {
    /// From one address.
    pub address: i64,
    /// From one network: /24 of IPv4, /48 of IPv6.
    pub network: i64,
    /// At one organization.
    pub organization: i64,
}

impl Default for RegistrationLimits {
    fn default() -> Self {
        Self {
            unclaimed: PerHour { address: 5, network: 20, organization: 100 },
            asserted: PerHour { address: 60, network: 240, organization: 1_000 },
            mails: 5,
        }
    }
}

/// How the authorization server behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OauthSettings {
    /// What new access tokens are signed with; keys of both kinds are published.
    pub algorithm: procura_crypto::Algorithm,
    /// How long an access token for the gateway lasts, in milliseconds.
    pub access_ms: i64,
    /// How long a code can be exchanged, in milliseconds.
    pub code_ms: i64,
    /// How long an unused refresh token lasts, in milliseconds.
    pub refresh_idle_ms: i64,
    /// How long a client's session lasts at the most, in milliseconds.
    pub session_ms: i64,
    /// How long a client whose answer was lost may send the same refresh again, in milliseconds; 0 is never.
    pub refresh_grace_ms: i64,
    /// How long a pushed request can be used, in milliseconds.
    pub pushed_ms: i64,
    /// How long a person has for a device, in milliseconds.
    pub device_ms: i64,
    /// After how long a signing key is replaced, in milliseconds.
    pub key_ms: i64,
    /// Whether clients may register themselves (RFC 7591).
    pub registration: bool,
}

impl Default for OauthSettings {
    fn default() -> Self {
        use procura_model::time::{DAY_MS, MINUTE_MS, SECOND_MS};
        Self {
            algorithm: procura_crypto::Algorithm::EdDsa,
            access_ms: 10 * MINUTE_MS,
            code_ms: MINUTE_MS,
            refresh_idle_ms: 14 * DAY_MS,
            session_ms: 30 * DAY_MS,
            refresh_grace_ms: 10 * SECOND_MS,
            pushed_ms: MINUTE_MS,
            device_ms: 10 * MINUTE_MS,
            key_ms: 90 * DAY_MS,
            registration: true,
        }
    }
}

impl Settings {
    /// Settings for a deployment at `public_url`, everything else as it is without configuration.
    #[must_use]
    pub fn for_url(public_url: &str) -> Self {
        Self {
            public_url: public_url.trim_end_matches('/').to_owned(),
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            secure_cookies: public_url.starts_with("https://"),
            mode_badges: Vec::new(),
            open_sandbox: false,
            scrypt: Cost::default(),
            limits: LimitSettings::default(),
            sanitize_max_bytes: 50 * 1024,
            sanitize_keep_ms: 15 * procura_model::time::MINUTE_MS,
            sanitize_keep_bytes: 64 * 1024 * 1024,
            max_body_bytes: 1024 * 1024,
            second_opinion: None,
            sign_in_ttl_ms: 12 * procura_model::time::HOUR_MS,
            oauth: OauthSettings::default(),
            default_organization: None,
            mailer: crate::mail::Mailer::Off,
            registrations: RegistrationLimits::default(),
        }
    }
}
