//! OAuth clients, guarded APIs and trusted issuers.

use super::{
    drawer::ApiCall,
    frame::Frame,
    words::{Id, When},
};
use askama::Template;

/// A choice of a form.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) word: String,
    pub(crate) chosen: bool,
}

/// One client in the list.
#[derive(Clone, Debug)]
pub(crate) struct ClientRow {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) method: &'static str,
    pub(crate) used: Option<When>,
    pub(crate) is_disabled: bool,
}

/// All clients, and the form of a new one as typed.
#[derive(Template)]
#[template(path = "clients.html")]
pub(crate) struct Clients {
    pub(crate) frame: Frame,
    pub(crate) rows: Vec<ClientRow>,
    pub(crate) older: Option<String>,
    pub(crate) newest: Option<&'static str>,
    pub(crate) called: String,
    pub(crate) redirects: String,
    pub(crate) methods: Vec<Choice>,
    pub(crate) agents: Vec<Choice>,
    pub(crate) calls: Vec<ApiCall>,
}

/// One secret of a client.
#[derive(Clone, Debug)]
pub(crate) struct SecretRow {
    pub(crate) id: Id,
    pub(crate) preview: String,
    pub(crate) made: When,
    pub(crate) ends: Option<When>,
}

/// One client.
#[derive(Template)]
#[template(path = "client.html")]
pub(crate) struct ClientPage {
    pub(crate) frame: Frame,
    pub(crate) id: Id,
    pub(crate) called: String,
    pub(crate) method: &'static str,
    pub(crate) grants: String,
    pub(crate) redirects: Vec<String>,
    pub(crate) agent: Option<Id>,
    pub(crate) used: Option<When>,
    pub(crate) is_disabled: bool,
    pub(crate) has_secrets: bool,
    pub(crate) secrets: Vec<SecretRow>,
    pub(crate) calls: Vec<ApiCall>,
}

/// One guarded API.
#[derive(Clone, Debug)]
pub(crate) struct GuardedRow {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) identifier: String,
    pub(crate) scopes: String,
    pub(crate) tokens: String,
}

/// One trusted issuer.
#[derive(Clone, Debug)]
pub(crate) struct IssuerRow {
    pub(crate) id: Id,
    pub(crate) issuer: String,
    pub(crate) keys: String,
}

/// The forms of a new API and of an issuer, as typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Typed {
    pub(crate) name: String,
    pub(crate) identifier: String,
    pub(crate) scopes: String,
    pub(crate) issuer: String,
    pub(crate) jwks_uri: String,
    pub(crate) tenant: String,
}

/// Guarded APIs and trusted issuers.
#[derive(Template)]
#[template(path = "guarded.html")]
pub(crate) struct GuardedPage {
    pub(crate) frame: Frame,
    pub(crate) apis: Vec<GuardedRow>,
    pub(crate) issuers: Vec<IssuerRow>,
    pub(crate) typed: Typed,
    pub(crate) calls: Vec<ApiCall>,
}
