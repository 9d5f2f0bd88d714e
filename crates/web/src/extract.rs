//! Who is calling. The API takes keys and nothing else, the console takes its cookie and nothing
//! else: a browser can therefore never be made to call the API with its owner's rights.
//!
//! [`Caller`] is for the API, [`Person`] for pages of somebody who is signed in. Both make the
//! request's `Ctx`, count the request against its limits, and hand the `Ctx` to the edge, which
//! records the request if the journey did not (AUD-1).

use crate::{cookie, exchange::Exchange, limits, respond::Failure, sentence, state::WebState};
use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::{HeaderMap, HeaderName, header, request::Parts},
};
use procura_app::{Identified, SignedIn, identity, limits::Limit};
use procura_model::{Ctx, Reason, Secret};
use serde::de::DeserializeOwned;
use std::{str::FromStr, sync::Arc};

/// In which session an agent acts.
const SESSION: HeaderName = HeaderName::from_static("x-procura-session");
/// A user's token, where a session begins.
const USER_TOKEN: HeaderName = HeaderName::from_static("x-user-auth-token");

/// Somebody who showed an API key.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The context of the request.
    pub ctx: Arc<Ctx>,
}

impl FromRequestParts<WebState> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, Failure> {
        if let Some(caller) = parts.extensions.get::<Self>() {
            return Ok(caller.clone());
        }
        let exchange = Exchange::of(parts)?;
        let identified = key_holder(state, &exchange, &parts.headers).await?;
        let caller = Self { ctx: exchange.enter(state, identified) };
        demand_no_user_token(&parts.headers)?;
        parts.extensions.insert(caller.clone());
        Ok(caller)
    }
}

/// Finds out whose key was sent, and for which user, and counts the request: against the key once it is
/// known, against the address before (decisions 22), so that guessing is bounded by address.
///
/// # Errors
/// `AUTH_*` of the key, `SESSION_*` of the session, `RATE_LIMITED`, or a fault.
pub async fn key_holder(
    state: &WebState,
    exchange: &Exchange,
    headers: &HeaderMap,
) -> Result<Identified, Failure> {
    let found = match presented_key(headers) {
        Ok(raw) => identity::by_key(&state.app, raw).await.map_err(Failure),
        Err(failure) => Err(failure),
    };
    let limited_as = match &found {
        Ok(identified) => identified.actor.id(),
        Err(_) => exchange.address_key(),
    };
    exchange.count(state, Limit::Global, &limited_as)?;
    in_presented_session(state, exchange, headers, found?).await
}

/// The same caller, acting for the user of the session that was sent, if any.
///
/// # Errors
/// `SESSION_*`.
pub(crate) async fn in_presented_session(
    state: &WebState,
    exchange: &Exchange,
    headers: &HeaderMap,
    identified: Identified,
) -> Result<Identified, Failure> {
    let Some(session) = presented_session(headers).transpose() else { return Ok(identified) };
    let acting = match session {
        Ok(raw) => identity::in_session(&state.app, identified.clone(), raw).await.map_err(Failure),
        Err(failure) => Err(failure),
    };
    if acting.is_err() {
        // Whose key it is, is known: the refusal leaves a record.
        let _entered = exchange.enter(state, identified);
    }
    acting
}

/// The session in `X-Procura-Session` (decision 6). Two different ones are refused.
fn presented_session(headers: &HeaderMap) -> Result<Option<&str>, Failure> {
    let mut values = headers.get_all(SESSION).iter();
    let Some(first) = values.next() else { return Ok(None) };
    let text = first.to_str().map_err(|_| Reason::SessionInvalid)?.trim();
    if values.any(|value| value != first) {
        return Err(Failure(Reason::SessionInvalid.because("Two different sessions were sent; send one.")));
    }
    Ok(Some(text))
}

/// A user's token is shown once, where a session begins; anywhere else it is refused unread (USR-5).
fn demand_no_user_token(headers: &HeaderMap) -> Result<(), Failure> {
    if headers.contains_key(USER_TOKEN) { Err(Reason::UserTokenUnexpected.into()) } else { Ok(()) }
}

/// The user's token, taken out of the headers before anybody else looks at them; it must be extracted before
/// [`Caller`], which refuses it. None where none was sent.
#[derive(Debug)]
pub struct UserToken(pub Option<Secret<String>>);

impl FromRequestParts<WebState> for UserToken {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &WebState) -> Result<Self, Failure> {
        let tokens: Vec<_> = parts.headers.get_all(USER_TOKEN).iter().cloned().collect();
        if tokens.iter().any(|token| Some(token) != tokens.first()) {
            // Left in the headers: whoever asks next refuses the request.
            return Ok(Self(None));
        }
        parts.headers.remove(USER_TOKEN);
        let text = tokens.first().map(|token| String::from_utf8_lossy(token.as_bytes()).into_owned());
        Ok(Self(text.map(Secret::new)))
    }
}

/// Whose key was sent, where that is all that is asked: nothing is counted, and no session is looked at.
///
/// # Errors
/// `AUTH_*` of the key, or a fault.
pub(crate) async fn key_alone(state: &WebState, headers: &HeaderMap) -> Result<Identified, Failure> {
    demand_no_user_token(headers)?;
    identity::by_key(&state.app, presented_key(headers)?).await.map_err(Failure)
}

/// The key in either header, if any.
///
/// # Errors
/// `AUTH_CREDENTIAL_MALFORMED` where two different ones were sent, or one that is no text.
pub(crate) fn shown_key(headers: &HeaderMap) -> Result<Option<&str>, Failure> {
    match presented_key(headers) {
        Ok(key) => Ok(Some(key)),
        Err(failure) if failure.0.reason() == Reason::CredentialMissing => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// The key in `x-api-key` or `Authorization: Bearer`. Two different ones are refused: whoever
/// stands between could have added one.
fn presented_key(headers: &HeaderMap) -> Result<&str, Failure> {
    let mut keys = Vec::with_capacity(2);
    for value in headers.get_all("x-api-key") {
        keys.push(value.to_str().map_err(|_| Reason::CredentialMalformed)?.trim());
    }
    for value in headers.get_all(header::AUTHORIZATION) {
        keys.push(bearer(value.to_str().map_err(|_| Reason::CredentialMalformed)?)?);
    }
    let first = *keys.first().ok_or(Reason::CredentialMissing)?;
    if keys.iter().any(|key| *key != first) {
        return Err(Failure(Reason::CredentialMalformed.because(
            "Two different credentials were sent; send one, as `Authorization: Bearer` or as `x-api-key`.",
        )));
    }
    Ok(first)
}

fn bearer(value: &str) -> Result<&str, Failure> {
    let (scheme, rest) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
    if scheme.eq_ignore_ascii_case("bearer") {
        return Ok(rest.trim());
    }
    Err(Failure(Reason::CredentialMalformed.because("The Authorization header's scheme must be Bearer.")))
}

/// Somebody who is signed in to the console. Without a live session the rejection is
/// `AUTH_SIGN_IN_REQUIRED`, which the console's own layer turns into a redirect to the sign-in.
#[derive(Clone, Debug)]
pub struct Person {
    /// The context of the request.
    pub ctx: Arc<Ctx>,
    /// Who, in which organization, with the token that forms of this session carry.
    pub signed_in: Arc<SignedIn>,
}

impl FromRequestParts<WebState> for Person {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, Failure> {
        if let Some(person) = parts.extensions.get::<Self>() {
            return Ok(person.clone());
        }
        limits::host_is_ours(state, parts)?;
        demand_no_user_token(&parts.headers)?;
        let exchange = Exchange::of(parts)?;
        let raw = cookie::session(&state.app.settings, &parts.headers).ok_or(Reason::SignInRequired);
        let found = match raw {
            Ok(raw) => identity::by_cookie(&state.app, raw).await,
            Err(reason) => Err(reason.into()),
        };
        let limited_as = match &found {
            Ok(signed_in) => signed_in.session.to_string(),
            Err(_) => exchange.address_key(),
        };
        exchange.count(state, Limit::Global, &limited_as)?;
        let signed_in = found?;
        let ctx = exchange.enter(state, signed_in.identified.clone());
        let person = Self { ctx, signed_in: Arc::new(signed_in) };
        parts.extensions.insert(person.clone());
        Ok(person)
    }
}

/// Somebody who may be signed in or not: `None` where [`Person`] would say `AUTH_SIGN_IN_REQUIRED`.
#[derive(Clone, Debug)]
pub struct Visitor(pub Option<Person>);

impl FromRequestParts<WebState> for Visitor {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, Failure> {
        match Person::from_request_parts(parts, state).await {
            Ok(person) => Ok(Self(Some(person))),
            Err(Failure(error)) if error.reason() == Reason::SignInRequired => Ok(Self(None)),
            Err(failure) => Err(failure),
        }
    }
}

/// Somebody who came by a one-time link: nobody yet, on a page of ours.
#[derive(Clone, Copy, Debug)]
pub struct LinkVisit;

impl FromRequestParts<WebState> for LinkVisit {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, Failure> {
        limits::host_is_ours(state, parts)?;
        demand_no_user_token(&parts.headers)?;
        Ok(Self)
    }
}

/// The one id in the path. An id of another kind names nothing here: 404.
#[derive(Clone, Copy, Debug)]
pub struct Id<T>(pub T);

impl<T: FromStr + Send> FromRequestParts<WebState> for Id<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, Failure> {
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Reason::NotFound)?;
        let (_, text) = params.iter().next().ok_or(Reason::NotFound)?;
        Ok(Self(text.parse().map_err(|_| Reason::NotFound)?))
    }
}

/// The two ids in the path, in their order.
#[derive(Clone, Copy, Debug)]
pub struct Ids<A, B>(pub A, pub B);

impl<A: FromStr + Send, B: FromStr + Send> FromRequestParts<WebState> for Ids<A, B> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, Failure> {
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Reason::NotFound)?;
        let mut texts = params.iter().map(|(_, text)| text);
        let (first, second) = texts.next().zip(texts.next()).ok_or(Reason::NotFound)?;
        Ok(Self(first.parse().map_err(|_| Reason::NotFound)?, second.parse().map_err(|_| Reason::NotFound)?))
    }
}

/// The query, strictly: what is unknown, doubled or of the wrong kind is `FIELD_INVALID`.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<WebState> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &WebState) -> Result<Self, Failure> {
        query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn query<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    let reader = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text.as_bytes()));
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let path = error.path().to_string();
        Failure(sentence::field_invalid(&path, &error.into_inner().to_string()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(headers: &[(&'static str, &'static str)]) -> Result<String, Reason> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        presented_key(&map).map(str::to_owned).map_err(|failure| failure.0.reason())
    }

    #[test]
    fn one_key_is_taken_from_either_header() {
        assert_eq!(key(&[("x-api-key", "abc")]), Ok("abc".to_owned()));
        assert_eq!(key(&[("authorization", "bearer abc")]), Ok("abc".to_owned()));
        assert_eq!(key(&[("authorization", "Bearer abc"), ("x-api-key", "abc")]), Ok("abc".to_owned()));
        assert_eq!(key(&[]), Err(Reason::CredentialMissing));
    }

    #[test]
    fn what_is_not_one_key_is_malformed() {
        for headers in [
            &[("authorization", "Bearer abc"), ("x-api-key", "abd")][..],
            &[("x-api-key", "abc"), ("x-api-key", "abd")],
            &[("authorization", "Basic abc")],
            &[("authorization", "abc")],
        ] {
            assert_eq!(key(headers), Err(Reason::CredentialMalformed), "{headers:?}");
        }
    }

    #[test]
    fn one_session_is_taken_and_a_users_token_nowhere_but_where_it_is_asked_for() {
        let map = |headers: &[(&'static str, &'static str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(*name, value.parse().unwrap());
            }
            map
        };
        assert!(presented_session(&map(&[])).unwrap().is_none());
        let twice = map(&[("x-procura-session", " pcs_1 "), ("x-procura-session", "pcs_1")]);
        assert_eq!(presented_session(&twice).unwrap_err().0.reason(), Reason::SessionInvalid);
        assert_eq!(presented_session(&map(&[("x-procura-session", " pcs_1")])).unwrap(), Some("pcs_1"));
        assert!(demand_no_user_token(&map(&[])).is_ok());
        let refused = demand_no_user_token(&map(&[("x-user-auth-token", "t")])).unwrap_err();
        assert_eq!(refused.0.reason(), Reason::UserTokenUnexpected);
    }

    #[derive(serde::Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the reading is looked at")]
    struct Wanted {
        limit: Option<i64>,
        state: Option<procura_model::ApprovalState>,
    }

    #[test]
    fn a_query_is_read_strictly() {
        assert!(query::<Wanted>("limit=3&state=waiting").is_ok());
        for (text, part) in [
            ("limit=three", "limit"),
            ("limit=3&limit=4", "limit"),
            ("colour=red", "colour"),
            ("state=maybe", "waiting"),
        ] {
            let error = query::<Wanted>(text).unwrap_err().0;
            assert_eq!(error.reason(), Reason::FieldInvalid);
            assert!(error.sentence().contains(part), "{}", error.sentence());
        }
    }
}
