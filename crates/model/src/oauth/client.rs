//! OAuth clients: software that asks for tokens (OAU-2).

use crate::{
    ids::{AgentId, TenantId},
    time::Time,
};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// How long a client's id may be, in bytes.
const MAX_ID_BYTES: usize = 2_048;
/// What the ids that we hand out start with.
const PREFIX: &str = "cli_";

/// A client's id: `cli_` and a ULID where we handed it out, the https URL of its metadata document where the client
/// names itself (draft-ietf-oauth-client-id-metadata-document). That the URL is a good one is judged where it is fetched.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(String);

/// A text that is no client's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a client id is cli_ followed by 26 characters, or an https URL")]
pub struct ClientIdError;

impl ClientId {
    /// A new id of this time and chance.
    #[must_use]
    pub fn new(now: Time, entropy: &crate::entropy::Entropy) -> Self {
        Self(format!("{PREFIX}{}", ulid::Ulid::from_parts(now.as_unsigned_ms(), entropy.u128())))
    }

    /// The id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL of the client's metadata document, where its id is one.
    #[must_use]
    pub fn document_url(&self) -> Option<&str> {
        self.0.starts_with("https://").then_some(self.as_str())
    }
}

impl FromStr for ClientId {
    type Err = ClientIdError;

    fn from_str(text: &str) -> Result<Self, ClientIdError> {
        let is_ours = text.strip_prefix(PREFIX).is_some_and(|body| {
            body.len() == 26
                && !body.bytes().any(|byte| byte.is_ascii_lowercase())
                && ulid::Ulid::from_string(body).is_ok()
        });
        let is_url = text.starts_with("https://") && text.len() <= MAX_ID_BYTES && text.is_ascii();
        if is_ours || is_url { Ok(Self(text.to_owned())) } else { Err(ClientIdError) }
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for ClientId {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ClientId {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $wire:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$each])* #[serde(rename = $wire)] $variant,)* }

        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word on the wire and in the store.
            #[must_use]
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $wire,)* } }
        }

        impl FromStr for $name {
            type Err = crate::oauth::client::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text).ok_or(crate::oauth::client::UnknownWord)
            }
        }
    };
}
pub(super) use words;

/// A word that is none of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such word")]
pub struct UnknownWord;

words! {
    /// How a client came to us.
    ClientKind {
        /// A person made it.
        Manual = "manual",
        /// It registered itself (RFC 7591).
        Registered = "registered",
        /// Its id is the URL of its metadata document.
        Document = "document",
    }
}

words! {
    /// How a client shows that it is itself (RFC 7591 section 2).
    ClientAuth {
        /// Not at all: a public client.
        None = "none",
        /// Its secret in the Authorization header.
        Basic = "client_secret_basic",
        /// Its secret in the body.
        Post = "client_secret_post",
        /// An assertion that it signs (RFC 7523).
        PrivateKeyJwt = "private_key_jwt",
    }
}

words! {
    /// For what a client may get tokens.
    GrantType {
        /// RFC 6749 section 4.1.
        AuthorizationCode = "authorization_code",
        /// RFC 6749 section 6.
        RefreshToken = "refresh_token",
        /// RFC 6749 section 4.4.
        ClientCredentials = "client_credentials",
        /// RFC 8693.
        TokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange",
        /// RFC 7523 section 2.1.
        JwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer",
        /// RFC 8628.
        DeviceCode = "urn:ietf:params:oauth:grant-type:device_code",
    }
}

/// What a client says of itself (RFC 7591 section 2), as it is kept: judged, with what was left out filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientMetadata {
    /// Where answers may go; compared to the letter but for a loopback's port.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    /// How it shows that it is itself.
    pub token_endpoint_auth_method: ClientAuth,
    /// For what it may get tokens.
    pub grant_types: Vec<GrantType>,
    /// Its home page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// Its picture; never fetched by a browser from a page of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// What it may ask for at the most; without it, whatever the resource has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<super::ScopeList>,
    /// Whom to write to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    /// Its terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    /// What it does with data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    /// Where its keys are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// Its keys, as JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<String>,
    /// Which software it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software_id: Option<String>,
    /// Which version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software_version: Option<String>,
    /// `native` or `web`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_type: Option<String>,
    /// Whether every token of it must be bound to a key (RFC 9449 section 5.2).
    #[serde(default)]
    pub dpop_bound_access_tokens: bool,
    /// Whether its authorization requests must be pushed (RFC 9126 section 6).
    #[serde(default)]
    pub require_pushed_authorization_requests: bool,
}

/// A client without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its id.
    pub id: ClientId,
    /// The organization that made it; none where it belongs to the deployment.
    pub tenant: Option<TenantId>,
    /// How it came to us.
    pub kind: ClientKind,
    /// What it calls itself.
    pub name: String,
    /// What it says of itself.
    pub metadata: ClientMetadata,
    /// As which agent it acts where no person is asked.
    pub agent: Option<AgentId>,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
    /// When it last got a token.
    pub used_at: Option<Time>,
    /// Since when it gets none.
    pub disabled_at: Option<Time>,
}

impl Client {
    /// Whether it can show that it is itself.
    #[must_use]
    pub fn is_confidential(&self) -> bool {
        self.metadata.token_endpoint_auth_method != ClientAuth::None
    }

    /// Whether it may get tokens for this.
    #[must_use]
    pub fn may(&self, grant: GrantType) -> bool {
        self.metadata.grant_types.contains(&grant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::Entropy;

    #[test]
    fn an_id_is_ours_or_an_https_url() {
        let id = ClientId::new(Time::from_ms(1), &Entropy::seeded(1));
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        assert_eq!(id.document_url(), None);
        let url = "https://client.example/meta.json";
        assert_eq!(url.parse::<ClientId>().unwrap().document_url(), Some(url));
        for bad in [
            "",
            "cli_",
            "cli_01jd9z3v5m8q6t2w4x7y9a1b3c",
            "http://client.example/meta",
            "agt_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
        ] {
            assert_eq!(bad.parse::<ClientId>(), Err(ClientIdError), "{bad}");
        }
    }
}
