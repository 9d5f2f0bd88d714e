//! What agents may do by themselves at a guarded API, as its organization sets it (AGT-4).

use procura_model::oauth::{AgentAccess, AgentPages, Profiles, ScopeList};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How long an agent may wait to be claimed where nobody says, in hours.
const USUAL_HOURS: i64 = 24;

const fn usual_hours() -> i64 {
    USUAL_HOURS
}

/// Which wire forms of registration are served.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = AgentProfiles)]
pub(crate) enum ProfilesView {
    /// Keys.
    #[default]
    First,
    /// Assertions of this server that are exchanged for tokens.
    Second,
    /// Both.
    Both,
}

/// Addresses of the API's own that its `auth.md` names.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = AgentPages)]
pub(crate) struct PagesView {
    /// Where its `auth.md` is, if not here.
    #[schema(max_length = 1024)]
    skill: Option<String>,
    /// Where its people manage their keys.
    #[schema(max_length = 1024)]
    console: Option<String>,
    /// A path of it that can be read with a key.
    #[schema(max_length = 1024)]
    example: Option<String>,
    /// Where its MCP server is.
    #[schema(max_length = 1024)]
    mcp: Option<String>,
}

/// What agents may do by themselves.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = AgentAccess, example = json!({
    "anonymous": true,
    "assertions": true,
    "email": false,
    "unclaimedScopes": ["orders:read"],
    "claimedScopes": ["orders:read", "orders:write"],
    "unclaimedHours": 24,
    "profiles": "first",
    "root": true,
}))]
pub(crate) struct AccessView {
    /// Whether an agent may register that says nothing of itself.
    #[serde(default)]
    anonymous: bool,
    /// Whether assertions (ID-JAG) of trusted issuers are taken.
    #[serde(default)]
    assertions: bool,
    /// Whether people may be asked by mail; only where this server can send any.
    #[serde(default)]
    email: bool,
    /// What an agent may do for which nobody answers yet.
    #[serde(default)]
    #[schema(max_items = 64)]
    unclaimed_scopes: Vec<String>,
    /// What a person or an issuer may give at the most; every scope where it is empty.
    #[serde(default)]
    #[schema(max_items = 64)]
    claimed_scopes: Vec<String>,
    /// How long an agent may wait to be claimed, in hours.
    #[serde(default = "usual_hours")]
    #[schema(minimum = 1, maximum = 168)]
    unclaimed_hours: i64,
    /// How long the key of a claimed agent lasts, in days; without end where absent.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3650)]
    key_days: Option<i64>,
    /// How long ago the person of an assertion may have signed in, in seconds; not asked where absent.
    #[serde(default)]
    #[schema(minimum = 60, maximum = 2_592_000)]
    max_login_seconds: Option<i64>,
    /// Which wire forms are served.
    #[serde(default)]
    profiles: ProfilesView,
    /// Whether this server describes the API at its own root; one API alone can be.
    #[serde(default)]
    root: bool,
    /// What its `auth.md` points to.
    #[serde(default)]
    pages: PagesView,
}

impl AccessView {
    /// As it is kept. A word that is no scope is left out here, and missed where it is judged.
    pub(super) fn settings(self) -> AgentAccess {
        let PagesView { skill, console, example, mcp } = self.pages;
        AgentAccess {
            anonymous: self.anonymous,
            assertions: self.assertions,
            email: self.email,
            unclaimed: ScopeList::of(self.unclaimed_scopes),
            claimed: ScopeList::of(self.claimed_scopes),
            unclaimed_hours: self.unclaimed_hours,
            key_days: self.key_days,
            max_login_seconds: self.max_login_seconds,
            profiles: match self.profiles {
                ProfilesView::First => Profiles::First,
                ProfilesView::Second => Profiles::Second,
                ProfilesView::Both => Profiles::Both,
            },
            root: self.root,
            pages: AgentPages { skill, console, example, mcp },
        }
    }
}

impl From<AgentAccess> for AccessView {
    fn from(access: AgentAccess) -> Self {
        let words = |scope: &ScopeList| scope.iter().map(str::to_owned).collect();
        let AgentPages { skill, console, example, mcp } = access.pages;
        Self {
            anonymous: access.anonymous,
            assertions: access.assertions,
            email: access.email,
            unclaimed_scopes: words(&access.unclaimed),
            claimed_scopes: words(&access.claimed),
            unclaimed_hours: access.unclaimed_hours,
            key_days: access.key_days,
            max_login_seconds: access.max_login_seconds,
            profiles: match access.profiles {
                Profiles::First => ProfilesView::First,
                Profiles::Second => ProfilesView::Second,
                Profiles::Both => ProfilesView::Both,
            },
            root: access.root,
            pages: PagesView { skill, console, example, mcp },
        }
    }
}
