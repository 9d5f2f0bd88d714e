//! The block `agent_auth`: where an agent registers and how. It stands in the API's metadata (RFC 9728) and, for the API
//! at the root, in the server's own (RFC 8414), to the letter the same. It names nothing that is not served.

use procura_app::{Settings, agent_auth::Place};
use serde::Serialize;

/// Where agents register.
pub(super) const REGISTER: &str = "/agent-auth/register";
/// Where they ask to be claimed.
pub(super) const CLAIM: &str = "/agent-auth/claim";
/// Where they fetch what they were given.
pub(super) const COMPLETE: &str = "/agent-auth/claim/complete";
/// Where a credential is ended, by its holder or by the issuer that vouched for it.
pub(super) const REVOKE: &str = "/agent-auth/revoke";
/// Where agents register in the second form.
pub(super) const IDENTITY: &str = "/agent-auth/identity";
/// Where they ask to be claimed in it.
pub(super) const IDENTITY_CLAIM: &str = "/agent-auth/identity/claim";
/// Where an issuer says what became of somebody for whom it vouched.
pub(super) const EVENTS: &str = "/agent-auth/events";
/// The grant by which an agent polls to be claimed.
pub(crate) const CLAIM_GRANT: &str = "urn:workos:agent-auth:grant-type:claim";
/// An ID-JAG.
pub(super) const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";
/// A person's address.
pub(super) const VERIFIED_EMAIL: &str = "verified_email";
/// The one kind of credential of the first form.
pub(super) const API_KEY: &str = "api_key";
/// What an issuer says when it vouches no longer.
pub(super) const REVOKED: &str = "https://schemas.workos.com/events/agent/auth/identity/assertion/revoked";

/// The block. What stands in it of a form that is not served is left out.
#[derive(Debug, Serialize)]
pub(crate) struct Block {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) register_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) claim_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) revocation_uri: Option<String>,
    pub(super) skill: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) identity_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) claim_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events_endpoint: Option<String>,
    identity_types_supported: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anonymous: Option<Anonymous>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_assertion: Option<IdentityAssertion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events_supported: Option<[&'static str; 1]>,
}

#[derive(Debug, Serialize)]
struct Anonymous {
    credential_types_supported: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct IdentityAssertion {
    assertion_types_supported: Vec<&'static str>,
    credential_types_supported: Vec<&'static str>,
}

/// What the endpoints of an API begin with.
pub(super) fn base(settings: &Settings, place: &Place) -> String {
    match place.access.root {
        true => settings.public_url.clone(),
        false => format!("{}/r/{}", settings.public_url, place.api.id),
    }
}

impl Block {
    /// Where the API's `auth.md` is.
    pub(crate) fn skill(&self) -> &str {
        &self.skill
    }

    /// The block of an API; `takes_email` says whether people can be asked by mail.
    pub(crate) fn of(settings: &Settings, place: &Place, takes_email: bool) -> Self {
        let base = base(settings, place);
        let (first, second) = (place.access.profiles.has_first(), place.access.profiles.has_second());
        let at = |is_served: bool, path: &str| is_served.then(|| format!("{base}{path}"));
        let assertions =
            [place.access.assertions.then_some(ID_JAG), (takes_email && first).then_some(VERIFIED_EMAIL)];
        let assertions: Vec<&'static str> = assertions.into_iter().flatten().collect();
        let types = [
            place.access.anonymous.then_some("anonymous"),
            (!assertions.is_empty()).then_some("identity_assertion"),
            (takes_email && second).then_some("service_auth"),
        ];
        let credentials = credentials(first, second);
        let vouched = second && place.access.assertions;
        Self {
            register_uri: at(first, REGISTER),
            claim_uri: at(first, CLAIM),
            revocation_uri: at(first, REVOKE),
            skill: skill(settings, place),
            identity_endpoint: at(second, IDENTITY),
            claim_endpoint: at(second, IDENTITY_CLAIM),
            events_endpoint: at(vouched, EVENTS),
            identity_types_supported: types.into_iter().flatten().collect(),
            anonymous: place
                .access
                .anonymous
                .then(|| Anonymous { credential_types_supported: credentials.clone() }),
            identity_assertion: (!assertions.is_empty()).then_some(IdentityAssertion {
                assertion_types_supported: assertions,
                credential_types_supported: credentials,
            }),
            events_supported: vouched.then_some([REVOKED]),
        }
    }
}

/// Keys in the first form, access tokens in the second.
fn credentials(first: bool, second: bool) -> Vec<&'static str> {
    [first.then_some(API_KEY), second.then_some("access_token")].into_iter().flatten().collect()
}

/// Where the API's `auth.md` is.
pub(super) fn skill(settings: &Settings, place: &Place) -> String {
    place.access.pages.skill.clone().unwrap_or_else(|| format!("{}/auth.md", base(settings, place)))
}
