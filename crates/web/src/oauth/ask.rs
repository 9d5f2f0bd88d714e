//! What a client asks directly, without a browser: a form, and what shows that the client is itself (RFC 6749 sections
//! 2.3.1 and 3.2). Texts are decoded here and judged in `procura_app::oauth`.

use super::told::Told;
use crate::{body, exchange::Exchange, state::WebState};
use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use procura_app::{
    limits::Limit,
    oauth::{arriving, clients::Presented, parameters::Parameters},
};
use procura_model::{Actor, Client, Ctx, Reason, Result, Secret};
use std::sync::Arc;

/// How long a form may be, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// A form of a client.
pub(super) struct Ask {
    /// The context until the client is known.
    pub(super) ctx: Ctx,
    /// The request and its answer.
    pub(super) exchange: Arc<Exchange>,
    /// What it says.
    pub(super) parameters: Parameters,
    /// Every DPoP header (RFC 9449).
    pub(super) proofs: Vec<String>,
    /// User and password of the Authorization header.
    basic: Option<(String, Secret<String>)>,
}

impl FromRequest<WebState> for Ask {
    type Rejection = Told;

    async fn from_request(request: Request, state: &WebState) -> Result<Self, Told> {
        let (parts, unread) = request.into_parts();
        let exchange = Exchange::of(&parts)?;
        exchange.count(state, Limit::Global, &exchange.address_key())?;
        // RFC 6749 section 3.1: nothing of the request stands in its address, where it would be kept.
        if parts.uri.query().is_some_and(|query| !query.is_empty()) {
            return Err(Reason::OauthRequestInvalid.because("The parameters belong into the body.").into());
        }
        let is_form = body::demand_type(&parts.headers, "application/x-www-form-urlencoded").is_ok();
        if !is_form {
            let words = "The body must be application/x-www-form-urlencoded.";
            return Err(Reason::OauthRequestInvalid.because(words).into());
        }
        let bytes = body::read(unread, MAX_BYTES).await?;
        let parameters = Parameters::parse(&bytes);
        let basic = basic(&parts.headers)?;
        let shown = parts.headers.get_all("dpop").iter();
        let proofs = shown.map(|value| value.to_str().unwrap_or_default().to_owned()).collect();
        let ctx = arriving(&state.app, exchange.request, exchange.now, exchange.origin.clone()).await?;
        Ok(Self { ctx, exchange, parameters, proofs, basic })
    }
}

impl Ask {
    /// What shows that the client is itself, at this endpoint.
    ///
    /// # Errors
    /// `OAUTH_REQUEST_INVALID` where something of it came twice.
    pub(super) fn presented(&mut self, endpoint: &'static str) -> Result<Presented> {
        let secret = |name| -> Result<Option<Secret<String>>> {
            Ok(self.parameters.one(name)?.map(|text| Secret::new(text.to_owned())))
        };
        Ok(Presented {
            client_id: self.parameters.one("client_id")?.map(str::to_owned),
            secret: secret("client_secret")?,
            assertion_type: self.parameters.one("client_assertion_type")?.map(str::to_owned),
            assertion: secret("client_assertion")?,
            basic: self.basic.take(),
            endpoint,
        })
    }

    /// The context in the organization of a client that has one: what it does is recorded there.
    pub(super) fn ctx_of(&self, web: &WebState, client: &Client) -> Option<Ctx> {
        let tenant = client.tenant.filter(|tenant| *tenant != self.ctx.tenant)?;
        let mut ctx = Ctx::new(tenant, Actor::Anonymous, self.exchange.now, &web.app.entropy);
        ctx.request = self.exchange.request;
        Some(ctx.from(self.exchange.origin.clone()))
    }
}

/// RFC 6749 section 2.3.1: id and secret are form-encoded each before they are joined. A header of another scheme is
/// none of ours to judge.
fn basic(headers: &HeaderMap) -> Result<Option<(String, Secret<String>)>> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let invalid = || Reason::OauthClientInvalid.because("The Authorization header cannot be read.");
    if values.next().is_some() {
        return Err(Reason::OauthRequestInvalid.because("Two Authorization headers were sent."));
    }
    let (scheme, rest) = value.to_str().map_err(|_| invalid())?.trim().split_once(' ').ok_or_else(invalid)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(invalid());
    }
    let decoded = STANDARD.decode(rest.trim()).map_err(|_| invalid())?;
    let text = String::from_utf8(decoded).map_err(|_| invalid())?;
    let (id, secret) = text.split_once(':').ok_or_else(invalid)?;
    Ok(Some((form_decoded(id), Secret::new(form_decoded(secret)))))
}

fn form_decoded(text: &str) -> String {
    let mut pairs = form_urlencoded::parse(text.as_bytes());
    // A text with & or = was not encoded, as by clients that do not know this rule: then it is taken as it is.
    if text.contains(['&', '=']) {
        return text.to_owned();
    }
    pairs.next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &str) -> Result<Option<(String, String)>> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        Ok(basic(&headers)?.map(|(id, secret)| (id, secret.expose().clone())))
    }

    #[test]
    fn id_and_secret_are_decoded_after_they_are_parted() {
        let plain = STANDARD.encode("https%3A%2F%2Fc.example%2Fa:s%2Bx+y");
        let read = of(&format!("basic {plain}")).unwrap().unwrap();
        assert_eq!(read, ("https://c.example/a".to_owned(), "s+x y".to_owned()));
        for bad in ["Basic", "Basic !!", "Bearer x", &format!("Basic {}", STANDARD.encode("nocolon"))] {
            assert_eq!(of(bad).unwrap_err().reason(), Reason::OauthClientInvalid, "{bad}");
        }
        assert!(basic(&HeaderMap::new()).unwrap().is_none());
    }
}
