//! Typed ids: `prefix_` and a ULID, so an id sorts by the time it was made, and an agent's id can
//! never be passed where a client's is meant, in Rust or over HTTP.

use crate::{entropy::Entropy, time::Time};
use std::{fmt, str::FromStr};
use ulid::Ulid;

/// A text that is not an id of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an id that starts with {expected}_ followed by 26 characters")]
pub struct IdError {
    /// The prefix that was wanted, without the underscore.
    pub expected: &'static str,
}

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Ulid);

        impl $name {
            /// What the id starts with, without the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new id of this time and chance.
            #[must_use]
            pub fn new(now: Time, entropy: &Entropy) -> Self {
                Self(Ulid::from_parts(now.as_unsigned_ms(), entropy.u128()))
            }

            /// The time at which the id was made, read from the id itself.
            #[must_use]
            pub fn made_at(&self) -> Time {
                Time::from_ms(i64::try_from(self.0.timestamp_ms()).unwrap_or(i64::MAX))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut buffer = [0_u8; 26];
                f.write_str(concat!($prefix, "_"))?;
                f.write_str(self.0.array_to_str(&mut buffer))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let error = IdError { expected: $prefix };
                let body = text.strip_prefix(concat!($prefix, "_")).ok_or(error)?;
                if body.len() != 26 || body.bytes().any(|b| b.is_ascii_lowercase()) {
                    return Err(error);
                }
                Ulid::from_string(body).map(Self).map_err(|_| error)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

id! {
    /// An organization: the isolated customer.
    TenantId "org";
    /// A person who signs in to the console.
    AccountId "acc";
    /// A registered autonomous actor.
    AgentId "agt";
    /// A key that authenticates an agent or a platform.
    CredentialId "key";
    /// A live authenticated span: of a person in the console, or of an agent for a user.
    SessionId "ses";
    /// An allowed or blocked action with its limits.
    PermissionId "per";
    /// A human answer to one ask.
    ApprovalId "apr";
    /// One request and the decision about it.
    RequestId "req";
    /// An upstream that offers tools.
    ServerId "srv";
    /// A thing that happened.
    EventId "evt";
    /// An invitation to join an organization.
    InvitationId "inv";
    /// A stored tool result whose rest can be read later.
    ResultId "out";
    /// A secret of the customer's in the secret store.
    SecretId "sec";
    /// A limit over time on what may be spent or done.
    BudgetId "bud";
    /// What one allowed ask has taken from budgets.
    ReservationId "rsv";
    /// A signed decision.
    ReceiptId "rcp";
    /// A Cedar policy of an organization.
    GuardrailId "grd";
    /// The public view of an agent's permissions.
    PassportId "psp";
    /// An organization's own rule of what is secret, or is not.
    RedactionRuleId "rdr";
    /// What a person allowed a client.
    GrantId "gra";
    /// One access token.
    TokenId "tok";
    /// A secret of a client.
    ClientSecretId "csk";
    /// An API that an organization guards with this authorization server.
    ResourceId "res";
    /// Somebody whose assertions an organization believes.
    IssuerId "iss";
    /// An agent that registered itself at a guarded API.
    RegistrationId "reg";
    /// One try to have such an agent claimed.
    ClaimAttemptId "cla";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_keeps_its_kind() {
        let entropy = Entropy::seeded(1);
        let id = AgentId::new(Time::from_ms(1_700_000_000_000), &entropy);
        let text = id.to_string();
        assert_eq!(text.len(), 30);
        assert_eq!(text.parse::<AgentId>(), Ok(id));
        assert_eq!(id.made_at(), Time::from_ms(1_700_000_000_000));
        assert!(text.parse::<ServerId>().is_err());
        assert!(text.to_lowercase().parse::<AgentId>().is_err());
        assert!("agt_".parse::<AgentId>().is_err());
    }

    #[test]
    fn ids_sort_by_time() {
        let entropy = Entropy::seeded(2);
        let early = RequestId::new(Time::from_ms(10), &entropy).to_string();
        let late = RequestId::new(Time::from_ms(11), &entropy).to_string();
        assert!(early < late);
    }
}
