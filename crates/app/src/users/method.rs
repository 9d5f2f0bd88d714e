//! How the users of an agent are verified, as types. An agent has one of the three methods with that method's settings,
//! so no other method's settings can lie about. No secret stands here: those are in the secret store.

use procura_crypto::{
    Algorithm, jwt,
    signed_token::{self, MAX_LIFETIME_SECONDS},
};
use procura_model::UserAuthMethod;
use procura_store::secrets::SecretPurpose;
use serde::{Deserialize, Serialize};

/// How the users of one agent are verified, and what follows for their sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserAuthSettings {
    /// The method.
    pub method: MethodSettings,
    /// How long a session lasts where nobody asks for less, in seconds.
    #[serde(default = "default_session_seconds")]
    pub session_seconds: u32,
    /// The browser widget, where there is one.
    #[serde(default)]
    pub widget: Option<WidgetSettings>,
}

impl UserAuthSettings {
    /// How long a session lasts where nobody says, in seconds.
    pub const USUAL_SESSION_SECONDS: u32 = 3_600;
}

/// One method with its settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MethodSettings {
    /// A JWT against a published key set (USR-2).
    Jwt(JwtSettings),
    /// A signed session token under a shared secret (USR-3).
    SignedToken(SignedTokenSettings),
    /// The customer's own server is asked (USR-4).
    Callback(CallbackSettings),
}

impl MethodSettings {
    /// Which method it is.
    #[must_use]
    pub const fn method(&self) -> UserAuthMethod {
        match self {
            Self::Jwt(_) => UserAuthMethod::Jwt,
            Self::SignedToken(_) => UserAuthMethod::SignedToken,
            Self::Callback(_) => UserAuthMethod::Callback,
        }
    }
}

/// What the secrets of a method are for; none where it has none.
pub(super) const fn purpose_of(method: UserAuthMethod) -> Option<SecretPurpose> {
    match method {
        UserAuthMethod::Jwt => None,
        UserAuthMethod::SignedToken => Some(SecretPurpose::UserToken),
        UserAuthMethod::Callback => Some(SecretPurpose::Callback),
    }
}

/// How a JWT is judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JwtSettings {
    /// Where the key set is published.
    pub jwks_url: String,
    /// What `iss` must be, to the letter.
    pub issuer: String,
    /// What `aud` must be or hold, to the letter.
    pub audience: String,
    /// The allowed algorithms.
    #[serde(default = "default_algorithms")]
    pub algorithms: Vec<Algorithm>,
    /// By how much clocks may differ, in seconds.
    #[serde(default = "default_jwt_leeway_seconds")]
    pub leeway_seconds: u32,
    /// The claim that holds the user's id.
    #[serde(default = "default_subject_claim")]
    pub subject_claim: String,
    /// The claim that holds the e-mail address; none where it is only an attribute.
    #[serde(default = "default_email_claim")]
    pub email_claim: Option<String>,
    /// The claim that holds the role; none where it is only an attribute.
    #[serde(default = "default_role_claim")]
    pub role_claim: Option<String>,
}

/// How a signed session token is judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct SignedTokenSettings {
    /// The longest life of a token, whatever its `exp` says, in seconds.
    pub max_lifetime_seconds: u32,
    /// By how much clocks may differ, in seconds.
    pub leeway_seconds: u32,
}

impl Default for SignedTokenSettings {
    fn default() -> Self {
        let usual = signed_token::Rules::new(&[], procura_model::Time::default());
        Self { max_lifetime_seconds: MAX_LIFETIME_SECONDS, leeway_seconds: usual.leeway_seconds }
    }
}

/// Whom to ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CallbackSettings {
    /// Where the callback listens.
    pub url: String,
}

/// The browser widget of an agent (USR-8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WidgetSettings {
    /// The origins of the pages that may embed it, as browsers write them.
    pub allowed_origins: Vec<String>,
    /// Where the business's agent listens; the only place to which the widget sends a user's token.
    pub endpoint: String,
}

const fn default_session_seconds() -> u32 {
    UserAuthSettings::USUAL_SESSION_SECONDS
}

fn default_algorithms() -> Vec<Algorithm> {
    Algorithm::ALL.to_vec()
}

const fn default_jwt_leeway_seconds() -> u32 {
    jwt::DEFAULT_LEEWAY_SECONDS
}

fn default_subject_claim() -> String {
    jwt::DEFAULT_SUBJECT_CLAIM.to_owned()
}

fn default_email_claim() -> Option<String> {
    Some("email".to_owned())
}

fn default_role_claim() -> Option<String> {
    Some("role".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_has_a_safe_default_and_what_is_null_is_none() {
        let text = r#"{"method":{"jwt":{"jwksUrl":"u","issuer":"i","audience":"a","roleClaim":null}}}"#;
        let settings: UserAuthSettings = serde_json::from_str(text).unwrap();
        assert_eq!((settings.session_seconds, settings.widget.is_none()), (3_600, true));
        let MethodSettings::Jwt(jwt) = &settings.method else { panic!("a jwt") };
        assert_eq!((jwt.leeway_seconds, jwt.subject_claim.as_str()), (30, "sub"));
        assert_eq!((jwt.algorithms.len(), jwt.email_claim.as_deref()), (5, Some("email")));
        assert_eq!(jwt.role_claim, None);
        let stored = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<UserAuthSettings>(&stored).unwrap(), settings);
        let signed: UserAuthSettings = serde_json::from_str(r#"{"method":{"signedToken":{}}}"#).unwrap();
        let wanted = SignedTokenSettings { max_lifetime_seconds: 3_600, leeway_seconds: 0 };
        assert_eq!(signed.method, MethodSettings::SignedToken(wanted));
        assert_eq!(signed.method.method(), UserAuthMethod::SignedToken);
    }

    #[test]
    fn two_methods_and_unknown_members_are_not_settings() {
        for text in [
            r#"{"method":{"signedToken":{},"callback":{"url":"u"}}}"#,
            r#"{"method":{"signedToken":{"secret":"s"}}}"#,
            r#"{"method":{}}"#,
            "{}",
        ] {
            assert!(serde_json::from_str::<UserAuthSettings>(text).is_err(), "{text}");
        }
    }
}
