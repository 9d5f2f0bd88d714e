//! The form of a client: what was typed, as RFC 7591 says it, and where a refusal of it belongs.

use super::view::{
    oauth_clients::{Choice, ClientForm, TickBox},
    words::Problems,
};
use crate::{form::Fields, oauth};
use procura_app::oauth::clients::Draft;
use procura_model::{AgentId, Client, Error, GrantType, Json, Reason};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How a client shows itself, in words.
const METHODS: [(&str, &str); 4] = [
    ("client_secret_basic", "A secret in the header (client_secret_basic)"),
    ("client_secret_post", "A secret in the body (client_secret_post)"),
    ("private_key_jwt", "A key of its own, with which it signs (private_key_jwt)"),
    ("none", "Nothing: it runs on people's devices (none)"),
];

/// What a client may get tokens by, in words.
const GRANTS: [(GrantType, &str, &str); 6] = [
    (
        GrantType::AuthorizationCode,
        "A person lets it in",
        "In a browser, on the consent page. It needs a redirect URI.",
    ),
    (GrantType::DeviceCode, "A person lets it in with a code", "For devices without a browser."),
    (GrantType::RefreshToken, "It stays connected", "While the person who let it in is away."),
    (GrantType::ClientCredentials, "It comes alone", "Without a person, as the agent below."),
    (
        GrantType::TokenExchange,
        "It exchanges tokens",
        "One that it was given for one of its own, which reaches no further.",
    ),
    (GrantType::JwtBearer, "It brings assertions", "Of a trusted issuer, about a person (ID-JAG)."),
];

/// What was typed.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    name: String,
    redirects: String,
    method: String,
    jwks_uri: String,
    jwks: String,
    grants: Vec<String>,
    agent: String,
    scope: String,
    is_bound: bool,
    is_pushed: bool,
}

/// What stands in the form of a new client.
pub(super) fn fresh() -> Typed {
    let grants =
        [GrantType::AuthorizationCode, GrantType::RefreshToken].map(|grant| grant.as_str().to_owned());
    Typed { method: "client_secret_basic".to_owned(), grants: grants.into(), ..Typed::default() }
}

/// Reads the form.
pub(super) fn typed(fields: &Fields) -> Typed {
    let text = |name: &str| fields.text(name).to_owned();
    Typed {
        name: text("name"),
        redirects: text("redirects"),
        method: text("method"),
        jwks_uri: text("jwks_uri"),
        jwks: text("jwks"),
        grants: fields.all("grants").map(str::to_owned).collect(),
        agent: text("agent"),
        scope: text("scope"),
        is_bound: fields.has("bound"),
        is_pushed: fields.has("pushed"),
    }
}

/// What is set of a client, as somebody would type it.
pub(super) fn written(client: &Client) -> Typed {
    let metadata = &client.metadata;
    Typed {
        name: client.name.clone(),
        redirects: metadata.redirect_uris.join("\n"),
        method: metadata.token_endpoint_auth_method.as_str().to_owned(),
        jwks_uri: metadata.jwks_uri.clone().unwrap_or_default(),
        jwks: metadata.jwks.as_deref().map(pretty).unwrap_or_default(),
        grants: metadata.grant_types.iter().map(|grant| grant.as_str().to_owned()).collect(),
        agent: client.agent.map(|agent| agent.to_string()).unwrap_or_default(),
        scope: metadata.scope.as_ref().map(ToString::to_string).unwrap_or_default(),
        is_bound: metadata.dpop_bound_access_tokens,
        is_pushed: metadata.require_pushed_authorization_requests,
    }
}

/// A document on lines of its own; as it is where it is none.
fn pretty(text: &str) -> String {
    serde_json::from_str::<Value>(text)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| text.to_owned())
}

impl Typed {
    /// The form with what was typed.
    pub(super) fn form(&self, agents: &BTreeMap<AgentId, String>) -> ClientForm {
        let nobody = Choice {
            value: String::new(),
            word: "No agent of its own".to_owned(),
            chosen: self.agent.is_empty(),
        };
        let mut choices = vec![nobody];
        choices.extend(agent_choices(agents, &self.agent));
        let methods = METHODS.map(|(value, word)| Choice {
            value: value.to_owned(),
            word: word.to_owned(),
            chosen: value == self.method,
        });
        let grants = GRANTS.map(|(grant, word, says)| TickBox {
            value: grant.as_str(),
            word,
            says,
            ticked: self.grants.iter().any(|typed| typed == grant.as_str()),
        });
        ClientForm {
            name: self.name.clone(),
            redirects: self.redirects.clone(),
            methods: methods.into(),
            jwks_uri: self.jwks_uri.clone(),
            jwks: self.jwks.clone(),
            grants: grants.into(),
            agents: choices,
            scope: self.scope.clone(),
            is_bound: self.is_bound,
            is_pushed: self.is_pushed,
        }
    }

    /// As RFC 7591 says it. What the form does not have stays as it is on `present`.
    ///
    /// # Errors
    /// What cannot be read, beside its field.
    pub(super) fn draft(&self, present: Option<&Client>) -> Result<Draft, Problems> {
        let mut metadata = present.map(oauth::client_metadata).unwrap_or_default();
        // The keys stand in the form only for who signs: what somebody typed before choosing otherwise is no part of it.
        let is_signing = self.method == "private_key_jwt";
        let jwks = if is_signing && !self.jwks.is_empty() { Some(keys(&self.jwks)?) } else { None };
        let jwks_uri = Some(&self.jwks_uri).filter(|uri| is_signing && !uri.is_empty());
        let uris = self.redirects.lines().map(str::trim).filter(|line| !line.is_empty());
        let text = |text: &str| Some(text).filter(|text| !text.is_empty()).map(Value::from);
        for (name, value) in [
            ("client_name", text(&self.name)),
            ("redirect_uris", Some(uris.map(Value::from).collect())),
            ("token_endpoint_auth_method", text(&self.method)),
            ("grant_types", Some(self.grants.iter().map(String::as_str).map(Value::from).collect())),
            ("jwks", jwks),
            ("jwks_uri", jwks_uri.map(|uri| Value::from(uri.as_str()))),
            ("scope", text(&self.scope)),
            ("dpop_bound_access_tokens", Some(self.is_bound.into())),
            ("require_pushed_authorization_requests", Some(self.is_pushed.into())),
        ] {
            put(&mut metadata, name, value);
        }
        let agent = match self.agent.as_str() {
            "" => None,
            agent => Some(agent.parse().map_err(|_| at("agent", "There is no such agent."))?),
        };
        let metadata = Json::parse(&Value::Object(metadata).to_string())
            .map_err(|_| at("", "The form cannot be read."))?;
        Ok(Draft { metadata, agent })
    }
}

/// The agents to choose from. One that is chosen and not among them stays: saving a form must not change what it hides.
pub(super) fn agent_choices(agents: &BTreeMap<AgentId, String>, chosen: &str) -> Vec<Choice> {
    let mut choices: Vec<Choice> = agents
        .iter()
        .map(|(agent, name)| {
            let value = agent.to_string();
            Choice { chosen: value == chosen, value, word: name.clone() }
        })
        .collect();
    if !chosen.is_empty() && !choices.iter().any(|choice| choice.chosen) {
        choices.push(Choice { value: chosen.to_owned(), word: chosen.to_owned(), chosen: true });
    }
    choices
}

fn put(metadata: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    match value {
        Some(value) => metadata.insert(name.to_owned(), value),
        None => metadata.remove(name),
    };
}

fn keys(text: &str) -> Result<Value, Problems> {
    serde_json::from_str(text)
        .map_err(|_| at("jwks", "This is no JSON. It must be a key set, such as {\"keys\":[…]}."))
}

fn at(field: &'static str, text: &str) -> Problems {
    let mut problems = Problems::none();
    problems.add(field, text);
    problems
}

/// Where a refusal belongs: its sentence names the member.
pub(super) fn placed(error: &Error) -> Problems {
    let sentence = error.sentence();
    let field = match error.reason() {
        Reason::OauthRedirectInvalid => "redirects",
        Reason::FieldInvalid | Reason::NotFound => "agent",
        Reason::StateChanged => "",
        _ => MEMBERS.iter().find(|(start, _)| sentence.starts_with(start)).map_or("", |(_, field)| *field),
    };
    Problems::of(error, field)
}

/// What a sentence about the metadata begins with, and the field that it is about.
const MEMBERS: [(&str, &str); 8] = [
    ("client_name", "name"),
    ("token_endpoint_auth_method", "method"),
    ("private_key_jwt", "jwks_uri"),
    ("jwks_uri", "jwks_uri"),
    ("jwks and", "jwks"),
    ("jwks", "jwks"),
    ("grant_types", "grants"),
    ("scope", "scope"),
];

/// Whether the error of the form is shown with the form.
pub(super) fn is_about_the_form(error: &Error) -> bool {
    matches!(
        error.reason(),
        Reason::OauthRedirectInvalid
            | Reason::OauthMetadataInvalid
            | Reason::FieldInvalid
            | Reason::NotFound
            | Reason::StateChanged
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fields: &[u8]) -> Typed {
        typed(&Fields::parse(fields))
    }

    #[test]
    fn what_is_typed_is_said_as_the_rfc_says_it() {
        let typed = of(b"name=Night+job&redirects=https%3A%2F%2Fa.example%2Fcb%0D%0A%0D%0A+https%3A%2F%2Fb.example%2Fcb+\
            &method=private_key_jwt&jwks=%7B%22keys%22%3A%5B%5D%7D&grants=authorization_code&grants=refresh_token&bound=on");
        let draft = typed.draft(None).unwrap();
        assert_eq!(
            draft.metadata.canonical(),
            "{\"client_name\":\"Night job\",\"dpop_bound_access_tokens\":true,\
             \"grant_types\":[\"authorization_code\",\"refresh_token\"],\"jwks\":{\"keys\":[]},\
             \"redirect_uris\":[\"https://a.example/cb\",\"https://b.example/cb\"],\
             \"require_pushed_authorization_requests\":false,\"token_endpoint_auth_method\":\"private_key_jwt\"}"
        );
        assert_eq!(draft.agent, None);
    }

    #[test]
    fn keys_of_a_client_that_does_not_sign_are_left_out() {
        let draft =
            of(b"name=a&method=none&jwks=%7B%7D&jwks_uri=https%3A%2F%2Fa.example").draft(None).unwrap();
        assert_eq!(draft.metadata.member("jwks"), None);
        assert_eq!(draft.metadata.member("jwks_uri"), None);
    }

    #[test]
    fn what_cannot_be_read_is_said_beside_its_field() {
        for (fields, field) in
            [(&b"method=private_key_jwt&jwks=%7B"[..], "jwks"), (&b"method=none&agent=nobody"[..], "agent")]
        {
            let problems = of(fields).draft(None).unwrap_err();
            assert!(problems.at(field).is_some(), "{problems:?}");
        }
        for (sentence, field) in [
            ("client_name is missing.", "name"),
            ("jwks and jwks_uri must not both be there.", "jwks"),
            ("jwks_uri must be https.", "jwks_uri"),
            ("private_key_jwt needs jwks or jwks_uri.", "jwks_uri"),
            ("grant_types has nothing that this server and this client can use.", "grants"),
        ] {
            let error: Error = Reason::OauthMetadataInvalid.because(sentence);
            assert!(placed(&error).at(field).is_some(), "{sentence}");
        }
    }
}
