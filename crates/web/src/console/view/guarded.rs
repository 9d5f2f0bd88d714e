//! Guarded APIs with how to protect them, and trusted issuers.

use super::{
    drawer::ApiCall,
    frame::Frame,
    oauth_clients::Choice,
    words::{Id, When},
};
use askama::Template;

/// One guarded API in the list.
#[derive(Clone, Debug)]
pub(crate) struct GuardedRow {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) identifier: String,
    pub(crate) scopes: usize,
    pub(crate) tokens: &'static str,
    pub(crate) lasts: String,
    pub(crate) is_bound: bool,
}

/// All guarded APIs.
#[derive(Template)]
#[template(path = "guarded.html")]
pub(crate) struct GuardedList {
    pub(crate) frame: Frame,
    pub(crate) rows: Vec<GuardedRow>,
    pub(crate) calls: Vec<ApiCall>,
}

/// What tokens can be like: the word in the form, and what it says.
pub(crate) const TOKENS: [(&str, &str); 4] = [
    ("jwt", "Signed (JWT)"),
    ("EdDSA", "Signed (JWT, EdDSA)"),
    ("RS256", "Signed (JWT, RS256)"),
    ("opaque", "Opaque"),
];

/// The form of a guarded API, as typed.
#[derive(Clone, Debug)]
pub(crate) struct GuardedForm {
    pub(crate) name: String,
    pub(crate) identifier: String,
    /// Each scope with its sentence; the last are empty.
    pub(crate) scopes: Vec<(String, String)>,
    /// Which of [`TOKENS`] they are.
    pub(crate) tokens: &'static str,
    pub(crate) seconds: String,
    pub(crate) is_bound: bool,
}

impl GuardedForm {
    /// What is said of its tokens.
    pub(crate) fn token_words(&self) -> &'static str {
        TOKENS.iter().find(|(word, _)| *word == self.tokens).map_or("", |(_, says)| *says)
    }
}

/// Something to copy, with what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Guide {
    pub(crate) title: &'static str,
    pub(crate) says: &'static str,
    pub(crate) text: String,
}

/// One guarded API, or a new one.
#[derive(Template)]
#[template(path = "guarded_api.html")]
pub(crate) struct GuardedPage {
    pub(crate) frame: Frame,
    /// Its id and when it was last changed; none where it is new.
    pub(crate) known: Option<(Id, When)>,
    pub(crate) called: String,
    pub(crate) form: GuardedForm,
    pub(crate) action: String,
    pub(crate) guides: Vec<Guide>,
    pub(crate) calls: Vec<ApiCall>,
}

/// One trusted issuer in the list.
#[derive(Clone, Debug)]
pub(crate) struct IssuerRow {
    pub(crate) id: Id,
    pub(crate) issuer: String,
    pub(crate) keys: String,
    pub(crate) agent: Option<(Id, String)>,
    pub(crate) changed: When,
}

/// All trusted issuers.
#[derive(Template)]
#[template(path = "issuers.html")]
pub(crate) struct IssuerList {
    pub(crate) frame: Frame,
    pub(crate) rows: Vec<IssuerRow>,
    pub(crate) calls: Vec<ApiCall>,
}

/// The form of a trusted issuer, as typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct IssuerForm {
    pub(crate) issuer: String,
    pub(crate) jwks_uri: String,
    pub(crate) tenant: String,
    pub(crate) agents: Vec<Choice>,
    pub(crate) clients: String,
}

/// One trusted issuer, or a new one.
#[derive(Template)]
#[template(path = "issuer.html")]
pub(crate) struct IssuerPage {
    pub(crate) frame: Frame,
    pub(crate) known: Option<(Id, When)>,
    pub(crate) form: IssuerForm,
    pub(crate) action: String,
    /// What an assertion for this server must name as its audience.
    pub(crate) audience: String,
    pub(crate) calls: Vec<ApiCall>,
}
