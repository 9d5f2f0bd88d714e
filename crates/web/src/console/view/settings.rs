//! Settings: the organization, its members, its platform keys, one's own password, the way out.

use super::{
    agents::{KeyRow, ScopeBox},
    frame::Frame,
    words::{Id, Mark, When},
};
use askama::Template;
use procura_model::Role;

/// One member.
#[derive(Clone, Debug)]
pub(crate) struct MemberRow {
    pub(crate) account: Id,
    pub(crate) email: String,
    pub(crate) role: Role,
    pub(crate) joined: When,
    pub(crate) is_me: bool,
}

/// One open invitation.
#[derive(Clone, Debug)]
pub(crate) struct InvitationRow {
    pub(crate) id: Id,
    pub(crate) email: String,
    pub(crate) role: Role,
    pub(crate) expires: When,
}

/// The organization's form.
#[derive(Clone, Debug, Default)]
pub(crate) struct OrganizationForm {
    pub(crate) name: String,
    pub(crate) currency: String,
    pub(crate) approval_hours: String,
    pub(crate) approval_quorum: String,
    pub(crate) owners_may_approve: bool,
    pub(crate) store_metadata: bool,
    pub(crate) report_only_prompts: bool,
    pub(crate) report_only_arguments: bool,
    pub(crate) report_only_results: bool,
    pub(crate) report_only_descriptions: bool,
}

/// What the egress guard says about a URL.
#[derive(Clone, Debug)]
pub(crate) struct UrlVerdict {
    pub(crate) mark: Mark,
    pub(crate) reason: String,
    pub(crate) addresses: Vec<String>,
}

/// The settings.
#[derive(Template)]
#[template(path = "settings.html")]
pub(crate) struct Settings {
    pub(crate) frame: Frame,
    pub(crate) id: Id,
    pub(crate) form: OrganizationForm,
    pub(crate) members: Vec<MemberRow>,
    pub(crate) invitations: Vec<InvitationRow>,
    pub(crate) keys: Vec<KeyRow>,
    pub(crate) scopes: Vec<ScopeBox>,
    pub(crate) roles: Vec<Role>,
    pub(crate) url: String,
    pub(crate) verdict: Option<UrlVerdict>,
    /// Who is asked about doubtful texts, in words.
    pub(crate) second_opinion: Option<String>,
}
