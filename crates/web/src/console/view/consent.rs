//! The pages on which a person answers what software asks for: the consent page, a device's code, and the errors that go
//! back to nobody.

use super::{
    frame::Frame,
    words::{Id, When},
};
use askama::Template;
use procura_app::oauth::authorize::Reach;

/// How we know the software.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// People of this organization made it.
    Made(String),
    /// It registered itself, under whatever name it likes.
    Itself,
    /// A document of this host says what it is.
    Document(String),
}

/// Where the answer goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Goes {
    /// To this host; the whole address beside it.
    Host(String, String),
    /// To a program on the person's own computer.
    Computer(String),
    /// To a device that shows this code.
    Device(String),
}

/// The software and what it asks for.
#[derive(Clone, Debug)]
pub(crate) struct Software {
    pub(crate) name: String,
    pub(crate) known: Known,
    pub(crate) goes: Goes,
    /// The APIs that it wants to reach, each with its scopes and what they allow.
    pub(crate) reach: Vec<Reach>,
    /// For how many days it may stay connected; none where it must ask again when its token ends.
    pub(crate) days: Option<i64>,
}

/// An agent as which the software could act.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    /// What the form sends.
    pub(crate) value: String,
    pub(crate) name: String,
    pub(crate) says: String,
    pub(crate) is_chosen: bool,
}

/// An organization with its agents; the first choice is a new one.
#[derive(Clone, Debug)]
pub(crate) struct PlaceBox {
    pub(crate) organization: String,
    pub(crate) choices: Vec<Choice>,
}

/// The consent page.
#[derive(Template)]
#[template(path = "consent.html")]
pub(crate) struct ConsentPage {
    pub(crate) frame: Frame,
    pub(crate) software: Software,
    /// Who is signed in.
    pub(crate) email: String,
    /// Where they sign in as somebody else.
    pub(crate) other: String,
    /// Where they can say yes; nowhere, if empty.
    pub(crate) places: Vec<PlaceBox>,
    /// Where the form goes.
    pub(crate) action: &'static str,
    /// What the form brings back.
    pub(crate) hidden: Vec<(&'static str, String)>,
}

/// Where a person types the code of a device.
#[derive(Template)]
#[template(path = "device.html")]
pub(crate) struct DevicePage {
    pub(crate) frame: Frame,
    pub(crate) email: String,
    pub(crate) code: String,
}

/// A device has its answer.
#[derive(Template)]
#[template(path = "device_done.html")]
pub(crate) struct DeviceDone {
    pub(crate) frame: Frame,
    pub(crate) name: String,
    pub(crate) is_allowed: bool,
}

/// A request that goes back to nobody.
#[derive(Template)]
#[template(path = "oauth_failed.html")]
pub(crate) struct OauthFailed<'s> {
    pub(crate) frame: Frame,
    pub(crate) wire: &'static str,
    pub(crate) code: &'static str,
    pub(crate) sentence: &'s str,
    /// The host to which nothing was sent, where the request named one that its client registered.
    pub(crate) host: Option<String>,
    /// The client that the request named, if that is an id of ours.
    pub(crate) client: Option<String>,
    pub(crate) request: Id,
}

/// A session of software in a list of what somebody allowed.
#[derive(Clone, Debug)]
pub(crate) struct AccessSession {
    pub(crate) id: Id,
    pub(crate) how: &'static str,
    pub(crate) begun: When,
    pub(crate) last_used: Option<When>,
    pub(crate) ends: When,
}

/// What somebody allowed.
#[derive(Clone, Debug)]
pub(crate) struct AccessRow {
    pub(crate) id: Id,
    pub(crate) client: String,
    pub(crate) host: Option<String>,
    pub(crate) agent: (Id, String),
    /// Who allowed it, where that may be somebody else.
    pub(crate) email: Option<String>,
    pub(crate) scope: String,
    pub(crate) given: When,
    pub(crate) last_used: Option<When>,
    pub(crate) sessions: Vec<AccessSession>,
    pub(crate) may_revoke: bool,
}

/// What somebody allowed, and takes back.
#[derive(Template)]
#[template(path = "access.html")]
pub(crate) struct AccessPage {
    pub(crate) frame: Frame,
    pub(crate) organization: String,
    pub(crate) rows: Vec<AccessRow>,
    /// Whether it is everybody's.
    pub(crate) is_all: bool,
    /// The list to which one comes back.
    pub(crate) back: &'static str,
    /// Where clients connect.
    pub(crate) address: String,
    pub(crate) older: Option<String>,
    pub(crate) newest: Option<String>,
    pub(crate) calls: Vec<super::drawer::ApiCall>,
}
