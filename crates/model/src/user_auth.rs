//! By which one method the users of an agent are verified (USR-1).

use serde::{Deserialize, Serialize};

/// How a user's token is verified. An agent has exactly one method, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UserAuthMethod {
    /// A JWT against the key set that the customer publishes (USR-2).
    Jwt,
    /// A signed session token under a shared secret (USR-3).
    SignedToken,
    /// The customer's own server is asked (USR-4).
    Callback,
}

impl UserAuthMethod {
    /// Every method.
    pub const ALL: [Self; 3] = [Self::Jwt, Self::SignedToken, Self::Callback];

    /// The word in the store and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jwt => "jwt",
            Self::SignedToken => "signedToken",
            Self::Callback => "callback",
        }
    }
}

impl std::str::FromStr for UserAuthMethod {
    type Err = UnknownMethod;

    fn from_str(text: &str) -> Result<Self, UnknownMethod> {
        Self::ALL.into_iter().find(|method| method.as_str() == text).ok_or(UnknownMethod)
    }
}

/// A word that names no method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such method: use jwt, signedToken or callback")]
pub struct UnknownMethod;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_has_one_word() {
        for method in UserAuthMethod::ALL {
            assert_eq!(method.as_str().parse(), Ok(method));
            assert_eq!(serde_json::to_value(method).unwrap(), method.as_str());
        }
        assert_eq!("JWT".parse::<UserAuthMethod>(), Err(UnknownMethod));
    }
}
