//! A person in the console: a browser with one cookie.

use super::{Http, Reply, shop::PASSWORD};
use http::header;
use procura_app::{Identified, onboarding::NewSession};
use procura_model::{AccountId, SessionId};

/// A person who is signed in.
#[derive(Clone)]
pub struct Person {
    /// Who.
    pub account: AccountId,
    /// Their address.
    pub email: String,
    /// Their session.
    pub session: SessionId,
    /// What their forms carry.
    pub form_token: String,
    /// Their browser: a client with the cookie.
    pub browser: Http,
    /// The cookie's value.
    pub cookie: String,
    pub(super) identified: Identified,
}

impl Person {
    pub(super) fn of(http: &Http, session: &NewSession) -> Self {
        let signed_in = &session.signed_in;
        let cookie = session.cookie.show().to_owned();
        Self {
            account: signed_in.account,
            email: signed_in.email.clone(),
            session: signed_in.session,
            form_token: signed_in.form_token.clone(),
            browser: http
                .with(header::COOKIE, &format!("procura={cookie}"))
                .with(header::ACCEPT, "text/html"),
            cookie,
            identified: signed_in.identified.clone(),
        }
    }

    /// The password of everybody in tests.
    #[must_use]
    pub const fn password(&self) -> &'static str {
        PASSWORD
    }

    /// Looks at a page.
    pub async fn page(&self, path: &str) -> Reply {
        self.browser.get(path).send().await
    }

    /// Sends a form of the console from its own page.
    pub async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let mut all = vec![("form_token", self.form_token.as_str())];
        all.extend_from_slice(fields);
        let base = self.browser.base().to_owned();
        self.browser.call(http::Method::POST, path).form(&all).header("origin", &base).send().await
    }
}
