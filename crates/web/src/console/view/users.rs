//! How the users of an agent are verified: the list of agents, one agent's page with its method, its
//! secrets (by date alone), its widget, and the token console. Nothing here can hold a user's id, e-mail
//! address, role or attribute, nor a token or a secret: no struct has a place for one (USR-7, VLT-6).

use super::{
    drawer::ApiCall,
    frame::Frame,
    words::{Id, Mark, When},
};
use askama::Template;
use procura_model::UserAuthMethod;

/// The method for people.
pub(crate) const fn title(method: UserAuthMethod) -> &'static str {
    match method {
        UserAuthMethod::Jwt => "JWT",
        UserAuthMethod::SignedToken => "Signed session token",
        UserAuthMethod::Callback => "Identity callback",
    }
}

/// An agent in the list of connections.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionRow {
    pub(crate) agent: Id,
    pub(crate) name: String,
    pub(crate) mark: Mark,
    /// The method, where one was chosen.
    pub(crate) method: Option<&'static str>,
    /// How many sessions are live.
    pub(crate) live: i64,
    pub(crate) changed: Option<When>,
}

/// The agents with the way in which their users are verified.
#[derive(Template)]
#[template(path = "connections.html")]
pub(crate) struct Connections {
    pub(crate) frame: Frame,
    pub(crate) rows: Vec<ConnectionRow>,
    pub(crate) newest: Option<String>,
    pub(crate) older: Option<String>,
}

/// A method that can be chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MethodTab {
    /// Its word in the URL and in the form.
    pub(crate) word: &'static str,
    pub(crate) title: &'static str,
    /// Whether it is the one that is in use.
    pub(crate) is_set: bool,
}

/// The settings of every method, as typed; the page shows those of one.
#[derive(Clone, Debug, Default)]
pub(crate) struct MethodForm {
    pub(crate) jwks_url: String,
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) algorithms: Vec<String>,
    pub(crate) leeway: String,
    pub(crate) subject_claim: String,
    pub(crate) email_claim: String,
    pub(crate) role_claim: String,
    pub(crate) max_lifetime: String,
    pub(crate) callback_url: String,
    pub(crate) session_seconds: String,
}

/// An algorithm that a JWT may be signed with.
pub(crate) const ALGORITHMS: [&str; 5] = ["RS256", "PS256", "ES256", "ES384", "EdDSA"];

impl MethodForm {
    /// Whether an algorithm is ticked.
    pub(crate) fn has(&self, algorithm: &str) -> bool {
        self.algorithms.iter().any(|each| each == algorithm)
    }
}

/// A secret without its value.
#[derive(Clone, Debug)]
pub(crate) struct SecretRow {
    pub(crate) id: Id,
    pub(crate) set: When,
    /// When it stops, where a newer one has taken its place.
    pub(crate) retires: Option<When>,
}

/// The widget's settings, as typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct WidgetForm {
    /// One origin per line.
    pub(crate) origins: String,
    pub(crate) endpoint: String,
}

/// One step of a verification that was tried.
#[derive(Clone, Debug)]
pub(crate) struct TrialStep {
    pub(crate) name: String,
    pub(crate) mark: Mark,
    pub(crate) detail: String,
}

/// What came of trying a token. The token itself is gone.
#[derive(Clone, Debug)]
pub(crate) struct Trial {
    pub(crate) mark: Mark,
    /// The code, its sentence and the fix, where the token was refused.
    pub(crate) refused: Option<(&'static str, String, &'static str)>,
    pub(crate) steps: Vec<TrialStep>,
    /// Which members of an identity the token has, by name; nothing of what they say.
    pub(crate) members: Vec<(&'static str, Mark)>,
    /// The names of further members, which become attributes.
    pub(crate) attributes: Vec<String>,
}

/// How the users of one agent are verified.
#[derive(Template)]
#[template(path = "user_auth.html")]
pub(crate) struct UserAuthPage {
    pub(crate) frame: Frame,
    pub(crate) agent: (Id, String),
    pub(crate) state: Mark,
    /// What is still missing, where something is.
    pub(crate) missing: Option<&'static str>,
    /// The method in use: its title.
    pub(crate) method: Option<&'static str>,
    pub(crate) changed: Option<When>,
    pub(crate) live: i64,
    pub(crate) tabs: Vec<MethodTab>,
    /// The method whose form is shown.
    pub(crate) shown: MethodTab,
    pub(crate) form: MethodForm,
    /// The secrets of the shown method, newest first.
    pub(crate) secrets: Vec<SecretRow>,
    pub(crate) widget: WidgetForm,
    /// What a page of the business includes.
    pub(crate) snippet: String,
    /// Whether the widget can be used as it is set.
    pub(crate) has_widget: bool,
    pub(crate) trial: Option<Trial>,
    pub(crate) calls: Vec<ApiCall>,
}

impl UserAuthPage {
    /// Whether the shown method has a secret of its own.
    pub(crate) fn needs_secret(&self) -> bool {
        self.shown.word != "jwt"
    }
}
