//! Whoever holds a passport's token. The request is counted by address before the token is looked at, so that nobody can
//! try tokens, or asks, without end. Nobody becomes known by it: the request leaves no record.

use crate::{exchange::Exchange, extract::Id, respond::Failure, state::WebState};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use procura_app::{
    limits::Limit,
    passports::{self, Opened},
};
use procura_model::{PassportId, Reason};

/// The passport in the path, opened by the token in `Authorization: Bearer`.
pub(crate) struct Holder(pub(crate) Opened);

impl FromRequestParts<WebState> for Holder {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, Failure> {
        let exchange = Exchange::of(parts)?;
        exchange.count(state, Limit::Global, &exchange.address_key())?;
        let token = presented(&parts.headers)?.to_owned();
        let named = Id::<PassportId>::from_request_parts(parts, state).await;
        // Whether a passport exists is nobody's business who has no token of it.
        let Id(id) = named.map_err(|_| Reason::PassportInvalid)?;
        Ok(Self(passports::open(&state.app, id, &token).await?))
    }
}

/// The one bearer token.
fn presented(headers: &HeaderMap) -> Result<&str, Reason> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or(Reason::CredentialMissing)?;
    if values.next().is_some() {
        return Err(Reason::PassportInvalid);
    }
    let text = value.to_str().map_err(|_| Reason::PassportInvalid)?;
    let (scheme, token) = text.trim().split_once(' ').ok_or(Reason::PassportInvalid)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(Reason::PassportInvalid) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_bearer_token_is_taken() {
        let token = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::AUTHORIZATION, value.parse().unwrap());
            }
            presented(&headers).map(str::to_owned)
        };
        assert_eq!(token(&["bearer pct_1"]), Ok("pct_1".to_owned()));
        assert_eq!(token(&[]), Err(Reason::CredentialMissing));
        for wrong in [&["pct_1"][..], &["Basic pct_1"], &["Bearer pct_1", "Bearer pct_1"]] {
            assert_eq!(token(wrong), Err(Reason::PassportInvalid), "{wrong:?}");
        }
    }
}
