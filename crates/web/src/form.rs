//! Forms of the console. A form of somebody who is signed in carries the session's form token in
//! the hidden field `form_token`; a form of somebody who is not (sign-in, set-up, an invitation) is
//! held to come from our own page by its origin alone.

use crate::{body, exchange::Exchange, extract::Person, limits, respond::Failure, state::WebState};
use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::{header, request::Parts},
};
use procura_app::{identity, limits::Limit};
use procura_model::{Reason, Secret};

/// The name of the hidden field.
pub const FORM_TOKEN: &str = "form_token";

/// The fields of a form, in the order in which they were sent.
pub struct Fields(Vec<(String, Secret<String>)>);

impl Fields {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(bytes);
        Self(pairs.map(|(name, value)| (name.into_owned(), Secret::new(value.into_owned()))).collect())
    }

    /// The first value of this name, trimmed; empty where there is none.
    #[must_use]
    pub fn text<'f>(&'f self, name: &'f str) -> &'f str {
        self.all(name).next().unwrap_or_default().trim()
    }

    /// Every value of this name, for boxes that can be ticked together.
    pub fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.expose().as_str())
    }

    /// Whether a box was ticked.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// The same without the blanks and line ends that pasting leaves around it.
    #[must_use]
    pub fn trimmed_secret(&mut self, name: &str) -> Option<Secret<String>> {
        let pasted = self.secret(name)?;
        let trimmed = pasted.expose().trim().to_owned();
        (!trimmed.is_empty()).then(|| Secret::new(trimmed))
    }

    /// The first value of this name as it was typed, into custody.
    #[must_use]
    pub fn secret(&mut self, name: &str) -> Option<Secret<String>> {
        let index = self.0.iter().position(|(key, value)| key == name && !value.expose().is_empty())?;
        Some(self.0.swap_remove(index).1)
    }
}

impl std::fmt::Debug for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// A form of somebody who is signed in, sent from a page of this very session.
#[derive(Debug)]
pub struct Form {
    /// Who sent it.
    pub person: Person,
    /// What it says.
    pub fields: Fields,
}

impl FromRequest<WebState> for Form {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &WebState) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let person = Person::from_request_parts(&mut parts, state).await?;
        let fields = fields(&parts, body, state).await?;
        let token = fields.text(FORM_TOKEN);
        if !identity::form_token_is_right(&state.app, &person.signed_in.session, token) {
            return Err(Reason::FormStale.into());
        }
        Ok(Self { person, fields })
    }
}

/// A form of somebody who need not be signed in. It tries a secret (a password, a link), so it is
/// counted against the limit for that, by address.
#[derive(Debug)]
pub struct OpenForm {
    /// What it says.
    pub fields: Fields,
}

impl FromRequest<WebState> for OpenForm {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &WebState) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        limits::host_is_ours(state, &parts)?;
        let exchange = Exchange::of(&parts)?;
        exchange.count(state, Limit::Auth, &exchange.address_key())?;
        Ok(Self { fields: fields(&parts, body, state).await? })
    }
}

/// A form of a page behind a one-time link, whose secret is the one thing that it needs. Such a page tells nobody where
/// it stood, so its own forms come without an origin; another site's do not pass where the browser says so.
#[derive(Debug)]
pub struct LinkForm {
    /// What it says.
    pub fields: Fields,
}

impl FromRequest<WebState> for LinkForm {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &WebState) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        limits::host_is_ours(state, &parts)?;
        if parts.headers.get(header::ORIGIN).is_some_and(|origin| origin == "null") {
            parts.headers.remove(header::ORIGIN);
        }
        Ok(Self { fields: fields(&parts, body, state).await? })
    }
}

async fn fields(parts: &Parts, body: axum::body::Body, state: &WebState) -> Result<Fields, Failure> {
    limits::origin_is_ours(parts)?;
    body::demand_type(&parts.headers, "application/x-www-form-urlencoded")?;
    let bytes = body::read(body, state.app.settings.max_body_bytes).await?;
    Ok(Fields::parse(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_and_secrets_leave_with_their_owner() {
        let mut fields = Fields::parse(b"name=+A%20b+&scope=x&scope=y&password=+p%26w+&empty=");
        assert_eq!(fields.text("name"), "A b");
        assert_eq!(fields.all("scope").collect::<Vec<_>>(), ["x", "y"]);
        assert!(fields.has("empty") && !fields.has("none") && fields.text("none").is_empty());
        assert!(!format!("{fields:?}").contains("p&w"));
        assert_eq!(fields.secret("password").unwrap().expose(), " p&w ");
        let mut pasted = Fields::parse(b"token=+a.b%0D%0A&blank=+%0A");
        assert_eq!(pasted.trimmed_secret("token").unwrap().expose(), "a.b");
        assert!(pasted.trimmed_secret("blank").is_none());
        assert!(fields.secret("password").is_none() && fields.secret("empty").is_none());
    }
}
