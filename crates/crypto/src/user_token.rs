//! A user's token from its arrival to its end (USR-5). It stays in [`Secret`] the whole way: it is verified here, or
//! put here into the body of the one request that asks the customer's own server, and laid open nowhere else.

use crate::{
    jwt::{self, JwtError, UnverifiedJwt},
    signed_token::{self, SignedTokenError},
};
use procura_model::{AgentId, Json, RequestId, Secret, VerifiedUser};

/// How long any token may be, in bytes.
pub const MAX_BYTES: usize = jwt::MAX_BYTES;

/// Whether it is empty, or blank.
#[must_use]
pub fn is_missing(token: &Secret<String>) -> bool {
    token.expose().trim().is_empty()
}

/// Whether it is longer than any token may be.
#[must_use]
pub fn is_too_long(token: &Secret<String>) -> bool {
    token.expose().len() > MAX_BYTES
}

/// Whom a signed session token names, if it holds.
///
/// # Errors
/// As [`signed_token::verify`].
pub fn verify_signed(
    rules: &signed_token::Rules<'_>,
    token: &Secret<String>,
) -> Result<VerifiedUser, SignedTokenError> {
    signed_token::verify(rules, token.expose())
}

/// A JWT whose form and header are right.
///
/// # Errors
/// As [`UnverifiedJwt::read`].
pub fn read_jwt<'t>(
    rules: &jwt::Rules<'_>,
    token: &'t Secret<String>,
) -> Result<UnverifiedJwt<'t>, JwtError> {
    UnverifiedJwt::read(rules, token.expose())
}

/// What an identity callback is sent: `{"token","agentId","requestId"}`. The caller sends it and lets it die.
#[must_use]
pub fn callback_body(token: &Secret<String>, agent: AgentId, request: RequestId) -> Vec<u8> {
    let text = |text: &str| Json::Text(text.to_owned());
    let token = text(token.expose());
    format!(r#"{{"token":{token},"agentId":"{agent}","requestId":"{request}"}}"#).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_model::{Entropy, Time};

    #[test]
    fn the_body_of_a_callback_is_one_object_whatever_the_token_holds() {
        let (now, entropy) = (Time::from_ms(0), Entropy::seeded(8));
        let (agent, request) = (AgentId::new(now, &entropy), RequestId::new(now, &entropy));
        for raw in ["abc.def", "\",\"userId\":\"eve", "\u{0}\n\u{1f600}\\"] {
            let body = callback_body(&Secret::new(raw.to_owned()), agent, request);
            let json = Json::parse(std::str::from_utf8(&body).unwrap()).unwrap();
            let Json::Map(members) = &json else { panic!("an object") };
            assert_eq!(members.len(), 3);
            let text = |name| json.member(name).and_then(Json::as_text);
            assert_eq!(text("token"), Some(raw));
            assert_eq!(text("agentId"), Some(agent.to_string().as_str()));
            assert_eq!(text("requestId"), Some(request.to_string().as_str()));
        }
    }

    #[test]
    fn nothing_and_too_much_are_told_apart_from_a_token() {
        let token = |text: &str| Secret::new(text.to_owned());
        assert!(is_missing(&token("")) && is_missing(&token(" \t")) && !is_missing(&token("x")));
        assert!(
            !is_too_long(&token(&"x".repeat(MAX_BYTES))) && is_too_long(&token(&"x".repeat(MAX_BYTES + 1)))
        );
    }
}
