//! What an access token can be for (RFC 8707): the gateway, or an API that an organization guards with this server. What
//! was read of an API is kept until its organization changes one, as in [`crate::snapshots`].

use super::{authorize::OFFLINE, keys};
use crate::{App, Settings};
use parking_lot::RwLock;
use procura_crypto::Algorithm;
use procura_egress::{Host, WebUrl};
use procura_model::{
    Ctx, Error, Event, EventKind, Guarded, GuardedScope, Reason, ResourceId, Result, Scope, TenantId,
    TokenForm,
    oauth::{GuardedSettings, ScopeList, SigningAlg},
    server::is_server_name,
    time::SECOND_MS,
};
use procura_store::{
    oauth_resources as rows,
    revocations::{Revocation, Subject},
};
use std::{collections::HashMap, sync::Arc};

/// Where the gateway is, below the public URL.
const GATEWAY: &str = "/v1/mcp";
/// How long a token may last, in seconds.
const SECONDS: std::ops::RangeInclusive<i64> = 60..=3_600;
/// How many scopes one API has.
const MAX_SCOPES: usize = 64;
/// How long an identifier may be, in bytes.
const MAX_IDENTIFIER_BYTES: usize = 1_024;
/// How many APIs are kept in memory at the most; then all are dropped and read anew.
const MAX_KEPT: usize = 10_000;

/// The guarded APIs that this node has read.
#[derive(Default)]
pub(super) struct Targets(RwLock<Held>);

#[derive(Default)]
struct Held {
    generation: u64,
    targets: HashMap<String, Arc<Target>>,
}

impl Targets {
    /// The API of this identifier, or the generation in which a reading begins.
    fn known(&self, identifier: &str) -> Result<Arc<Target>, u64> {
        let held = self.0.read();
        held.targets.get(identifier).cloned().ok_or(held.generation)
    }

    fn keep(&self, generation: u64, target: &Arc<Target>) {
        let mut held = self.0.write();
        if held.generation != generation {
            return;
        }
        if held.targets.len() >= MAX_KEPT {
            held.targets.clear();
        }
        held.targets.insert(target.audience.clone(), Arc::clone(target));
    }

    /// Forgets the APIs of an organization: it changed or removed one. Whoever does calls this after the commit, however
    /// that went.
    fn forget(&self, tenant: TenantId) {
        let mut held = self.0.write();
        held.generation += 1;
        held.targets.retain(|_, target| target.tenant != Some(tenant));
    }

    pub(super) fn obey(&self, row: &Revocation) {
        if row.subject == Subject::Tenant {
            self.forget(row.tenant);
        }
    }
}

impl std::fmt::Debug for Targets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Targets").field("targets", &self.0.read().targets.len()).finish()
    }
}

/// Something that access tokens are for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What stands in `aud`.
    pub audience: String,
    /// Whose it is; none is the gateway, which is every organization's.
    pub tenant: Option<TenantId>,
    /// The form of its tokens.
    pub form: TokenForm,
    /// How long they last, in seconds.
    pub seconds: i64,
    /// Its scopes.
    pub scopes: Vec<GuardedScope>,
    /// Whether every token must be bound to a key (RFC 9449).
    pub dpop_required: bool,
    /// What its signed tokens are signed with.
    pub algorithm: Algorithm,
}

/// The refusal of an identifier, of which nobody learns whether another organization guards it.
pub(super) fn unknown() -> Error {
    Reason::OauthTargetInvalid.because(
        "The resource is none that is guarded here; it is compared to the letter, also a slash at its end.",
    )
}

/// What a resource indicator stands for.
///
/// # Errors
/// `OAUTH_TARGET_INVALID` where it is nothing that is guarded here; `REVOCATION_STATE_STALE` when this node cannot know.
pub async fn find(app: &App, identifier: &str) -> Result<Arc<Target>> {
    if identifier.len() > MAX_IDENTIFIER_BYTES {
        return Err(unknown());
    }
    let wanted = alike(identifier);
    if let Some(audience) = of_gateway(&app.settings.public_url, &wanted) {
        return Ok(Arc::new(gateway(app, audience)));
    }
    crate::revocations::demand_fresh(app)?;
    let generation = match app.oauth.targets.known(&wanted) {
        Ok(known) => return Ok(known),
        Err(generation) => generation,
    };
    let (tenant, api) = app.store.lobby().oauth_resource(&wanted).await?.ok_or_else(unknown)?;
    let GuardedSettings { scopes, tokens, token_seconds, dpop_required, signing_alg } = api.settings;
    let target = Arc::new(Target {
        audience: api.identifier,
        tenant: Some(tenant),
        form: tokens,
        seconds: token_seconds,
        scopes,
        dpop_required,
        algorithm: algorithm(app, signing_alg),
    });
    app.oauth.targets.keep(generation, &target);
    Ok(target)
}

/// The gateway as a target.
fn gateway(app: &App, audience: String) -> Target {
    let tools = GuardedScope { name: Scope::Tools.as_str().to_owned(), text: Scope::Tools.text().to_owned() };
    Target {
        audience,
        tenant: None,
        form: TokenForm::Jwt,
        seconds: app.settings.oauth.access_ms / SECOND_MS,
        scopes: vec![tools],
        dpop_required: false,
        algorithm: app.settings.oauth.algorithm,
    }
}

/// With what tokens are signed: as their API wants it, or as the operator set it.
fn algorithm(app: &App, wanted: Option<SigningAlg>) -> Algorithm {
    wanted.map_or(app.settings.oauth.algorithm, keys::of_api)
}

/// The gateway's mounts (decision 4): the whole with or without a slash at its end, and one server's.
fn of_gateway(public_url: &str, wanted: &str) -> Option<String> {
    let whole = format!("{}{GATEWAY}", alike(public_url).trim_end_matches('/'));
    let rest = wanted.strip_prefix(&whole)?;
    if rest.is_empty() || rest == "/" {
        return Some(format!("{public_url}{GATEWAY}"));
    }
    let server = rest.strip_prefix('/')?;
    let server = server.strip_suffix('/').unwrap_or(server);
    is_server_name(server).then(|| format!("{public_url}{GATEWAY}/{server}"))
}

/// Scheme and host in small letters, and no slash where the path is nothing else (RFC 3986 section 6.2.2.1, 6.2.3): so
/// written, two identifiers of one thing are one text.
fn alike(identifier: &str) -> String {
    let Some((scheme, rest)) = identifier.split_once("://") else { return identifier.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let path = if path == "/" { "" } else { path };
    format!("{}://{}{path}", scheme.to_ascii_lowercase(), host.to_ascii_lowercase())
}

/// What somebody wants to guard.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What people call it.
    pub name: String,
    /// Scopes and tokens.
    pub settings: GuardedSettings,
}

impl Draft {
    /// The same with this algorithm.
    #[must_use]
    pub const fn signed_as(mut self, alg: Option<SigningAlg>) -> Self {
        self.settings.signing_alg = alg;
        self
    }

    fn checked(mut self) -> Result<Self> {
        self.name = checked_name(&self.name)?;
        let GuardedSettings { scopes, token_seconds, tokens, signing_alg, dpop_required: _ } =
            &mut self.settings;
        let no = |what: &'static str| Err(Reason::FieldInvalid.because(what));
        if signing_alg.is_some() && *tokens == TokenForm::Opaque {
            return no("signingAlg: opaque tokens are not signed.");
        }
        if !SECONDS.contains(token_seconds) {
            return no("tokenSeconds must be from 60 to 3600.");
        }
        if scopes.is_empty() || scopes.len() > MAX_SCOPES {
            return no("scopes must have 1 to 64 entries.");
        }
        for scope in scopes.iter_mut() {
            scope.text = scope.text.trim().to_owned();
            let length = scope.text.chars().count();
            if !(1..=200).contains(&length) || scope.text.chars().any(char::is_control) {
                return no("scopes: the text of a scope must have 1 to 200 characters.");
            }
        }
        let names = ScopeList::of(scopes.iter().map(|scope| scope.name.as_str()));
        if names.iter().count() != scopes.len() {
            return no("scopes: a name must be a scope (RFC 6749 section 3.3), and stand once.");
        }
        // A person who reads one of our words must read our sentence.
        if [Scope::Tools.as_str(), OFFLINE].iter().any(|own| names.contains(own)) {
            return no("scopes: tools and offline_access are this server's own.");
        }
        Ok(self)
    }
}

/// A name trimmed, of 1 to 80 characters.
fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    if !(1..=80).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        return Err(Reason::FieldInvalid.because("name must have 1 to 80 characters."));
    }
    Ok(name.to_owned())
}

/// RFC 8707 section 2: an absolute URI without a fragment. Ours is https, or http on this machine, in the one plain
/// spelling, and at none of the places where Procura itself is: whatever its path, a token for it could be shown there.
fn checked_identifier(settings: &Settings, identifier: &str) -> Result<String> {
    let no = |what: &'static str| Err(Reason::FieldInvalid.because(what));
    if identifier.len() > MAX_IDENTIFIER_BYTES || identifier.contains('?') {
        return no("identifier must be a URL of at most 1024 bytes without a query.");
    }
    if let Err(error) = procura_model::oauth::redirect_uri::register(identifier) {
        return Err(Reason::FieldInvalid.because(format!("identifier cannot be used: {error}")));
    }
    let identifier = alike(identifier);
    let Some(url) = WebUrl::parse(&identifier).ok().filter(|url| is_plain(url, &identifier)) else {
        return no("identifier must be plainly written: no usual port, and no escape of a plain character.");
    };
    if is_own(settings, &url) {
        return no("identifier must not lie where Procura itself is reached.");
    }
    Ok(identifier)
}

/// Whether it is spelled as every reader would spell it (RFC 3986 sections 6.2.2 and 6.2.3).
fn is_plain(url: &WebUrl, identifier: &str) -> bool {
    let mut escapes = identifier.split('%').skip(1).filter_map(|rest| rest.get(..2));
    let is_needless = |digits: &str| {
        let byte = u8::from_str_radix(digits, 16).unwrap_or_default();
        byte.is_ascii_alphanumeric()
            || b"-._~".contains(&byte)
            || digits.bytes().any(|b| b.is_ascii_lowercase())
    };
    url.as_str().trim_end_matches('/') == identifier.trim_end_matches('/') && !escapes.any(is_needless)
}

/// Whether Procura is reached there: at the public URL's host and port, by another name of this machine, or by another
/// name that the operator allows.
fn is_own(settings: &Settings, url: &WebUrl) -> bool {
    let Ok(own) = WebUrl::parse(&settings.public_url) else { return true };
    let (own, there) = (own.target(), url.target());
    let is_here = |host: &Host| match host {
        Host::Name(name) => name == "localhost",
        Host::Address(address) => address.is_loopback(),
    };
    let (host, port) = (there.host().to_string(), there.port());
    let is_allowed = |name: &String| {
        name.eq_ignore_ascii_case(&host) || name.eq_ignore_ascii_case(&format!("{host}:{port}"))
    };
    let is_same_host = own.host() == there.host() || (is_here(own.host()) && is_here(there.host()));
    (is_same_host && own.port() == port) || settings.allowed_hosts.iter().any(is_allowed)
}

/// The organization's guarded APIs, oldest first.
///
/// # Errors
/// The scope is missing.
pub async fn list(app: &App, ctx: &Ctx) -> Result<Vec<Guarded>> {
    ctx.actor.require(Scope::ReadClients)?;
    rows::list(&mut app.store.read(ctx)).await
}

/// One guarded API.
///
/// # Errors
/// `NOT_FOUND`, or the scope is missing.
pub async fn get(app: &App, ctx: &Ctx, id: ResourceId) -> Result<Guarded> {
    ctx.actor.require(Scope::ReadClients)?;
    rows::get(&mut app.store.read(ctx), id).await
}

/// Guards an API. Its identifier is its own in the whole deployment, and never changes.
///
/// # Errors
/// `FIELD_INVALID`, `NAME_TAKEN` where somebody guards it already, or the scope is missing.
pub async fn add(app: &App, ctx: &Ctx, identifier: &str, draft: Draft) -> Result<Guarded> {
    ctx.actor.require(Scope::WriteClients)?;
    let draft = draft.checked()?;
    let api = Guarded {
        id: ResourceId::new(ctx.now, &app.entropy),
        identifier: checked_identifier(&app.settings, identifier.trim())?,
        name: draft.name,
        settings: draft.settings,
        created_at: ctx.now,
        updated_at: ctx.now,
    };
    let mut writer = app.store.write(ctx).await?;
    rows::insert(&mut writer, &api).await.map_err(|error| match error.reason() {
        Reason::NameTaken => {
            error.reason().because("identifier is taken: an API of this address is guarded already.")
        }
        _ => error,
    })?;
    writer.commit(Event::new(EventKind::ResourceCreated).about(api.id)).await?;
    keys::prepare(app, ctx.now, algorithm(app, api.settings.signing_alg)).await?;
    Ok(api)
}

/// Replaces name and settings of a guarded API.
///
/// # Errors
/// `NOT_FOUND`, `FIELD_INVALID`, or the scope is missing.
pub async fn change(app: &App, ctx: &Ctx, id: ResourceId, draft: Draft) -> Result<Guarded> {
    ctx.actor.require(Scope::WriteClients)?;
    let draft = draft.checked()?;
    let mut writer = app.store.write(ctx).await?;
    let api = rows::update(&mut writer, id, &draft.name, &draft.settings).await?;
    let changed = writer.commit(Event::new(EventKind::ResourceChanged).about(id)).await;
    app.oauth.targets.forget(ctx.tenant);
    changed?;
    keys::prepare(app, ctx.now, algorithm(app, api.settings.signing_alg)).await?;
    Ok(api)
}

/// Guards an API no longer: no token is issued for it from now on.
///
/// # Errors
/// `NOT_FOUND`, or the scope is missing.
pub async fn remove(app: &App, ctx: &Ctx, id: ResourceId) -> Result<()> {
    ctx.actor.require(Scope::WriteClients)?;
    let mut writer = app.store.write(ctx).await?;
    rows::remove(&mut writer, id).await?;
    let removed = writer.commit(Event::new(EventKind::ResourceRemoved).about(id)).await;
    app.oauth.targets.forget(ctx.tenant);
    removed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_the_gateway_is_the_gateway() {
        let of = |wanted: &str| of_gateway("https://procura.example", &alike(wanted));
        let whole = Some("https://procura.example/v1/mcp".to_owned());
        for same in [
            "https://procura.example/v1/mcp",
            "https://procura.example/v1/mcp/",
            "HTTPS://Procura.Example/v1/mcp",
        ] {
            assert_eq!(of(same), whole, "{same}");
        }
        let one = Some("https://procura.example/v1/mcp/crm".to_owned());
        assert_eq!(of("https://procura.example/v1/mcp/crm"), one);
        assert_eq!(of("https://procura.example/v1/mcp/crm/"), one);
        for other in [
            "https://procura.example/v1/mcpx",
            "https://procura.example/v1/MCP",
            "https://procura.example/v1/mcp//",
            "https://procura.example/v1/mcp?x",
            "https://procura.example/v1/mcp/a/b",
            "https://procura.example/v1/mcp/No_Server",
            "https://procura.example.evil.example/v1/mcp",
            "https://procura.example/",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    /// Whatever the spelling, no organization takes a place of ours for an API of its own.
    #[test]
    fn no_spelling_of_procura_s_own_place_can_be_guarded() {
        let of = |settings: &Settings, identifier: &str| {
            checked_identifier(settings, identifier).map_err(|error| error.reason())
        };
        let mut settings = Settings::for_url("https://procura.example");
        settings.allowed_hosts = vec!["inside.example".to_owned(), "other.example:8443".to_owned()];
        for own in [
            "https://procura.example",
            "https://procura.example/v1/mcp",
            "https://procura.example/v1/mcp/",
            "https://PROCURA.Example/v1/mcp",
            "https://procura.example:443/v1/mcp",
            "https://procura.example/v1/%6dcp",
            "https://procura.example/v1%2Fmcp",
            "https://procura.example/x/../v1/mcp",
            "https://procura.example/x/%2e%2e/v1/mcp",
            "https://procura.example//v1/mcp",
            "https://procura.example./v1/mcp",
            "https://user@procura.example/v1/mcp",
            "https://user:pass@procura.example/v1/mcp",
            "https://procura.example/orders",
            "https://inside.example/v1/mcp",
            "https://inside.example:9443/v1/mcp",
            "https://other.example:8443/v1/mcp",
        ] {
            assert_eq!(of(&settings, own), Err(Reason::FieldInvalid), "{own}");
        }
        for oddly in ["https://api.example:443/a", "https://api.example/%61", "https://api.example/a%2f"] {
            assert_eq!(of(&settings, oddly), Err(Reason::FieldInvalid), "{oddly}");
        }
        for theirs in [
            "https://api.example/v1/mcp",
            "https://procura.example:8443/v1/mcp",
            "https://procura.example.evil.example/v1/mcp",
            "https://other.example/v1/mcp",
            "https://api.example/a%2Fb",
            "https://api.example",
            "https://api.example/a/",
        ] {
            assert_eq!(of(&settings, theirs).as_deref(), Ok(theirs));
        }
        let here = Settings::for_url("http://127.0.0.1:8700");
        for own in ["http://localhost:8700/v1/mcp", "http://[::1]:8700/v1/mcp", "http://127.0.0.1:8700/a"] {
            assert_eq!(of(&here, own), Err(Reason::FieldInvalid), "{own}");
        }
        assert!(of(&here, "http://localhost:9000/v1/mcp").is_ok());
    }

    #[test]
    fn scheme_and_host_are_in_small_letters_and_a_lone_slash_is_dropped() {
        assert_eq!(alike("HTTPS://Api.Example/"), "https://api.example");
        assert_eq!(alike("https://api.example/A/"), "https://api.example/A/");
        assert_eq!(alike("urn:x"), "urn:x");
    }
}
