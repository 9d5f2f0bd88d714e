//! The limits by name, with LIM-1's defaults.

use super::gcra::Rate;

/// Which limit a request counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Every request, by credential once known, by address before.
    Global,
    /// The MCP endpoint.
    Mcp,
    /// Sign-in and everything else that tries a secret.
    Auth,
    /// Making accounts, agents or clients without being signed in.
    Registration,
    /// Trying a redaction rule on what was recorded: each try tells something of results that nobody may read.
    RuleTrial,
    /// Asking whether keys of guarded APIs hold.
    KeyVerify,
}

impl Limit {
    /// The name in headers and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Mcp => "mcp",
            Self::Auth => "auth",
            Self::Registration => "registration",
            Self::RuleTrial => "rule_trials",
            Self::KeyVerify => "key_verify",
        }
    }
}

/// How much each limit allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitSettings {
    /// Every request.
    pub global: Rate,
    /// The MCP endpoint.
    pub mcp: Rate,
    /// Tries of a secret.
    pub auth: Rate,
    /// Registrations.
    pub registration: Rate,
    /// Trials of redaction rules.
    pub rule_trials: Rate,
    /// Keys of guarded APIs that one caller has verified.
    pub key_verify: Rate,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            global: Rate::per_minute(100),
            mcp: Rate::per_minute(30),
            auth: Rate::per_minute(10),
            registration: Rate::per_minute(5),
            rule_trials: Rate::per_minute(10),
            key_verify: Rate::per_minute(600_000),
        }
    }
}

impl LimitSettings {
    /// The rate of a limit.
    #[must_use]
    pub const fn rate(&self, limit: Limit) -> Rate {
        match limit {
            Limit::Global => self.global,
            Limit::Mcp => self.mcp,
            Limit::Auth => self.auth,
            Limit::Registration => self.registration,
            Limit::RuleTrial => self.rule_trials,
            Limit::KeyVerify => self.key_verify,
        }
    }
}
