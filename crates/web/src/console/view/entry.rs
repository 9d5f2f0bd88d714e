//! The pages outside the frame: sign-in, set-up, an invitation, a secret that is shown once, an error.

use super::{frame::Frame, words::Id};
use askama::Template;
use procura_model::Role;

/// Sign-in with a password.
#[derive(Template)]
#[template(path = "sign_in.html")]
pub(crate) struct SignIn {
    pub(crate) frame: Frame,
    pub(crate) email: String,
    /// Where to go afterwards: a path of ours.
    pub(crate) next: String,
}

/// Sign-in with a one-time link: looking at it does not use it up.
#[derive(Template)]
#[template(path = "sign_in_link.html")]
pub(crate) struct SignInLink {
    pub(crate) frame: Frame,
    pub(crate) link: String,
}

/// The first start.
#[derive(Template)]
#[template(path = "set_up.html")]
pub(crate) struct SetUpPage {
    pub(crate) frame: Frame,
    pub(crate) link: String,
    pub(crate) organization: String,
    pub(crate) email: String,
}

/// A new password for an owner who lost the old one.
#[derive(Template)]
#[template(path = "owner.html")]
pub(crate) struct OwnerPage {
    pub(crate) frame: Frame,
    pub(crate) link: String,
    pub(crate) email: String,
}

/// An invitation.
#[derive(Template)]
#[template(path = "invitation.html")]
pub(crate) struct InvitationPage {
    pub(crate) frame: Frame,
    pub(crate) link: String,
    pub(crate) organization: String,
    pub(crate) email: String,
    pub(crate) role: Role,
    pub(crate) has_account: bool,
}

/// Of a secret that is only ever compared.
pub(crate) const DIGEST: &str = "Only its digest is kept. If it is lost, make another one.";
/// Of a secret that must be used again.
pub(crate) const SEALED: &str =
    "It is stored encrypted, and nobody can read it back. If it is lost, replace it by another one.";

/// Of a key or a secret.
pub(crate) const STORED: &str = "I have stored it";
/// Of a link, which is used and not stored.
pub(crate) const HANDED_OVER: &str = "I have copied it to where it is opened";

/// A secret on its one way out.
#[derive(Template)]
#[template(path = "shown_once.html")]
pub(crate) struct ShownOncePage<'s> {
    pub(crate) frame: Frame,
    pub(crate) heading: &'s str,
    pub(crate) says: &'s str,
    pub(crate) secret: &'s str,
    /// What is kept of it: [`DIGEST`] or [`SEALED`].
    pub(crate) kept: &'static str,
    /// What the person says before going on: [`STORED`] or [`HANDED_OVER`].
    pub(crate) done: &'static str,
    pub(crate) next: &'s str,
}

/// Nothing has the id that was looked for.
#[derive(Template)]
#[template(path = "search.html")]
pub(crate) struct SearchPage {
    pub(crate) frame: Frame,
    pub(crate) said: &'static str,
}

/// An error: code, cause, fix, request id.
#[derive(Template)]
#[template(path = "failed.html")]
pub(crate) struct FailedPage<'s> {
    pub(crate) frame: Frame,
    pub(crate) code: &'static str,
    pub(crate) heading: &'static str,
    pub(crate) sentence: &'s str,
    pub(crate) fix: &'static str,
    pub(crate) status: u16,
    pub(crate) request: Id,
    pub(crate) way_on: &'static str,
    pub(crate) way_on_word: &'static str,
}
