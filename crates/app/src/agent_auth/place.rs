//! At which API an agent registers: the one that this server describes at its root, or one that is named by its id; and
//! what its organization may set of it.

use crate::{App, oauth};
use procura_model::{
    Actor, Ctx, Guarded, GuardedScope, Reason, ResourceId, Result, TenantId,
    oauth::{AgentAccess, ScopeList, redirect_uri},
};
use procura_store::oauth_resources;

/// How long a registration may wait to be claimed, in hours.
const UNCLAIMED_HOURS: std::ops::RangeInclusive<i64> = 1..=168;
/// How long a key may last, in days.
const KEY_DAYS: std::ops::RangeInclusive<i64> = 1..=3_650;
/// How long ago a person may have signed in at the provider, in seconds.
const LOGIN_SECONDS: std::ops::RangeInclusive<i64> = 60..=2_592_000;

/// An API at which agents register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whose it is.
    pub tenant: TenantId,
    /// The API.
    pub api: Guarded,
    /// What agents may do at it by themselves.
    pub access: AgentAccess,
}

impl Place {
    fn of((tenant, api): (TenantId, Guarded)) -> Option<Self> {
        let access = api.settings.agents.clone()?;
        Some(Self { tenant, api, access })
    }

    /// Whether people can be asked by mail: the organization wants it, and this server can send any.
    #[must_use]
    pub fn takes_email(&self, app: &App) -> bool {
        self.access.email && app.mailer.is_on()
    }

    /// Its scopes, in its own order.
    #[must_use]
    pub fn scopes(&self) -> ScopeList {
        ScopeList::of(self.api.settings.scopes.iter().map(|scope| scope.name.as_str()))
    }

    /// What an agent may do for which nobody answers, as far as the API still has it.
    #[must_use]
    pub fn unclaimed(&self) -> ScopeList {
        self.scopes().intersect(&self.access.unclaimed)
    }

    /// What a claim may give at the most, as far as the API still has it.
    #[must_use]
    pub fn claimed(&self) -> ScopeList {
        self.scopes().intersect(&self.access.claimed)
    }

    /// These scopes with their sentences.
    #[must_use]
    pub fn in_words(&self, scope: &ScopeList) -> Vec<GuardedScope> {
        self.api.settings.scopes.iter().filter(|one| scope.contains(&one.name)).cloned().collect()
    }
}

/// The API that this server describes at its own root, where there is one (decision 3).
///
/// # Errors
/// A fault.
pub async fn root(app: &App) -> Result<Option<Place>> {
    let tenant = match (app.settings.default_organization, oauth::home(app).await) {
        (Some(named), _) => named,
        (None, Ok(first)) => first,
        (None, Err(error)) if error.reason() == Reason::Unavailable => return Ok(None),
        (None, Err(error)) => return Err(error),
    };
    let ctx = Ctx::new(tenant, Actor::Anonymous, app.now(), &app.entropy);
    let apis = oauth_resources::list(&mut app.store.read(&ctx)).await?;
    let mut places = apis.into_iter().filter_map(|api| Place::of((tenant, api)));
    Ok(places.find(|place| place.access.root))
}

/// The API of this id.
///
/// # Errors
/// `NOT_FOUND` where there is none, or agents cannot register at it.
pub async fn at(app: &App, id: ResourceId) -> Result<Place> {
    let found = app.store.lobby().resource_by_id(id).await?;
    found.and_then(Place::of).ok_or_else(|| Reason::NotFound.into())
}

/// What an organization may set of agents at an API that has these scopes.
///
/// # Errors
/// `FIELD_INVALID`.
pub fn checked(mut access: AgentAccess, scopes: &ScopeList) -> Result<AgentAccess> {
    let no = |what: &'static str| Err(Reason::FieldInvalid.because(what));
    if !(access.anonymous || access.assertions || access.email) {
        return no("agents: at least one of anonymous, assertions and email must be true.");
    }
    if access.claimed.is_empty() {
        access.claimed = scopes.clone();
    }
    if !scopes.covers(&access.claimed) || !access.claimed.covers(&access.unclaimed) {
        return no("agents: claimed must be scopes of the API, and unclaimed some of claimed.");
    }
    if access.anonymous && access.unclaimed.is_empty() {
        return no("agents: unclaimed must name a scope where anonymous is true.");
    }
    if !UNCLAIMED_HOURS.contains(&access.unclaimed_hours) {
        return no("agents: unclaimedHours must be from 1 to 168.");
    }
    if access.key_days.is_some_and(|days| !KEY_DAYS.contains(&days)) {
        return no("agents: keyDays must be from 1 to 3650.");
    }
    if access.max_login_seconds.is_some_and(|seconds| !LOGIN_SECONDS.contains(&seconds)) {
        return no("agents: maxLoginSeconds must be from 60 to 2592000.");
    }
    let pages = &access.pages;
    for url in [&pages.skill, &pages.console, &pages.example, &pages.mcp].into_iter().flatten() {
        // They stand in a text that programs follow: an https URL, and nothing that could end its line or its quotes.
        let is_plain = url.len() <= 1_024
            && url.bytes().all(|byte| byte.is_ascii_graphic())
            && !url.contains(['"', '\'', '`', '\\', '<', '>', '$']);
        let without_fragment = url.split('#').next().unwrap_or_default();
        if !is_plain || redirect_uri::register(without_fragment).is_err() {
            return no("agents: pages must be https URLs of at most 1024 bytes.");
        }
    }
    Ok(access)
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_model::oauth::{AgentPages, Profiles};

    fn access() -> AgentAccess {
        AgentAccess {
            anonymous: true,
            assertions: true,
            email: true,
            unclaimed: ScopeList::of(["read"]),
            claimed: ScopeList::default(),
            unclaimed_hours: 24,
            key_days: None,
            max_login_seconds: None,
            profiles: Profiles::Both,
            root: true,
            pages: AgentPages::default(),
        }
    }

    #[test]
    fn settings_that_would_give_away_more_than_the_api_has_are_refused() {
        let scopes = ScopeList::of(["read", "write"]);
        assert_eq!(checked(access(), &scopes).unwrap().claimed, scopes, "all where nobody says");
        let broken: [fn(&mut AgentAccess); 8] = [
            |access| access.unclaimed = ScopeList::of(["admin"]),
            |access| access.claimed = ScopeList::of(["admin"]),
            |access| access.claimed = ScopeList::of(["write"]),
            |access| access.unclaimed = ScopeList::default(),
            |access| access.unclaimed_hours = 0,
            |access| access.key_days = Some(0),
            |access| (access.anonymous, access.assertions, access.email) = (false, false, false),
            |access| access.pages.console = Some("https://a.example/\n# x".to_owned()),
        ];
        for change in broken {
            let mut one = access();
            change(&mut one);
            assert_eq!(checked(one.clone(), &scopes).unwrap_err().reason(), Reason::FieldInvalid, "{one:?}");
        }
        let mut seed = access();
        seed.pages.console = Some("https://app.example/organizations/settings#api-keys".to_owned());
        assert!(checked(seed, &scopes).is_ok());
    }
}
