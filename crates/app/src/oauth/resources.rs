//! What an access token can be for (RFC 8707): the gateway, or an API that an organization guards with this server.

use super::authorize::OFFLINE;
use crate::{App, agent_auth};
use procura_model::{
    Ctx, Event, EventKind, Guarded, GuardedScope, Reason, ResourceId, Result, Scope, TenantId, TokenForm,
    oauth::{GuardedSettings, ScopeList},
    time::SECOND_MS,
};
use procura_store::{
    Writer, oauth_resources as rows,
    revocations::{self, Subject},
};

/// Where the gateway is, below the public URL.
const GATEWAY: &str = "/v1/mcp";
/// How long a token may last, in seconds.
const SECONDS: std::ops::RangeInclusive<i64> = 60..=3_600;
/// How many scopes one API has.
const MAX_SCOPES: usize = 64;
/// How long an identifier may be, in bytes.
const MAX_IDENTIFIER_BYTES: usize = 1_024;

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
}

/// What a resource indicator stands for.
///
/// # Errors
/// `OAUTH_TARGET_INVALID` where it is nothing that is guarded here.
pub async fn find(app: &App, identifier: &str) -> Result<Target> {
    if identifier.len() > MAX_IDENTIFIER_BYTES {
        return Err(Reason::OauthTargetInvalid.into());
    }
    let wanted = alike(identifier);
    if let Some(audience) = of_gateway(&app.settings.public_url, &wanted) {
        return Ok(gateway(app, audience));
    }
    let (tenant, api) = app.store.lobby().oauth_resource(&wanted).await?.ok_or(Reason::OauthTargetInvalid)?;
    let GuardedSettings { scopes, tokens, token_seconds, dpop_required, agents: _ } = api.settings;
    Ok(Target {
        audience: api.identifier,
        tenant: Some(tenant),
        form: tokens,
        seconds: token_seconds,
        scopes,
        dpop_required,
    })
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
    }
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
    let is_name = (1..=64).contains(&server.len())
        && server.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    is_name.then(|| format!("{public_url}{GATEWAY}/{server}"))
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
    fn checked(mut self) -> Result<Self> {
        self.name = checked_name(&self.name)?;
        let GuardedSettings { scopes, token_seconds, tokens: _, dpop_required: _, agents } =
            &mut self.settings;
        let no = |what: &'static str| Err(Reason::FieldInvalid.because(what));
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
        *agents = agents.take().map(|agents| agent_auth::checked(agents, &names)).transpose()?;
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

/// RFC 8707 section 2: an absolute URI without a fragment. Ours is https, or http on this machine, and it is not below
/// the public URL, where Procura itself is; the API that is described at the root may share that host, being the whole of
/// it.
fn checked_identifier(app: &App, identifier: &str, settings: &GuardedSettings) -> Result<String> {
    let no = |what: &'static str| Err(Reason::FieldInvalid.because(what));
    if identifier.len() > MAX_IDENTIFIER_BYTES || identifier.contains('?') {
        return no("identifier must be a URL of at most 1024 bytes without a query.");
    }
    if let Err(error) = procura_model::oauth::redirect_uri::register(identifier) {
        return Err(Reason::FieldInvalid.because(format!("identifier cannot be used: {error}")));
    }
    let identifier = alike(identifier);
    let own = alike(&app.settings.public_url);
    let is_root = settings.agents.as_ref().is_some_and(|agents| agents.root);
    if (identifier == own && !is_root) || identifier.starts_with(&format!("{own}/")) {
        return no("identifier must not lie below Procura's own URL.");
    }
    Ok(identifier)
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
        identifier: checked_identifier(app, identifier.trim(), &draft.settings)?,
        name: draft.name,
        settings: draft.settings,
        created_at: ctx.now,
        updated_at: ctx.now,
    };
    let mut writer = app.store.write(ctx).await?;
    demand_root(&mut writer, &api.settings, None).await?;
    rows::insert(&mut writer, &api).await?;
    writer.commit(Event::new(EventKind::ResourceCreated).about(api.id)).await?;
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
    demand_root(&mut writer, &draft.settings, Some(id)).await?;
    let api = rows::update(&mut writer, id, &draft.name, &draft.settings).await?;
    // A scope that is gone is gone from every key.
    revocations::insert(&mut writer, Subject::Tenant).await?;
    writer.commit(Event::new(EventKind::ResourceChanged).about(id)).await?;
    app.snapshots.forget_tenant(ctx.tenant);
    app.api_keys.forget_tenant(ctx.tenant);
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
    let mut events = agent_auth::end::of_resource(&mut writer, id).await?;
    events.insert(0, Event::new(EventKind::ResourceRemoved).about(id));
    writer.commit_all(events).await?;
    app.snapshots.forget_tenant(ctx.tenant);
    app.api_keys.forget_tenant(ctx.tenant);
    Ok(())
}

/// One API alone is described at the root of this server.
async fn demand_root(
    writer: &mut Writer<'_>,
    settings: &GuardedSettings,
    own: Option<ResourceId>,
) -> Result<()> {
    let is_root = |settings: &GuardedSettings| settings.agents.as_ref().is_some_and(|agents| agents.root);
    if !is_root(settings) {
        return Ok(());
    }
    let others = rows::list(writer).await?;
    if others.iter().any(|api| Some(api.id) != own && is_root(&api.settings)) {
        return Err(Reason::FieldInvalid.because("agents: another API is described at the root already."));
    }
    Ok(())
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
            "https://procura.example.evil.example/v1/mcp",
            "https://procura.example/",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn scheme_and_host_are_in_small_letters_and_a_lone_slash_is_dropped() {
        assert_eq!(alike("HTTPS://Api.Example/"), "https://api.example");
        assert_eq!(alike("https://api.example/A/"), "https://api.example/A/");
        assert_eq!(alike("urn:x"), "urn:x");
    }
}
