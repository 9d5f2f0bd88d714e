//! A person answers what software asks: in which organization, as which agent, or not at all (OAU-4, decision 1). The
//! software never acts as the person: it acts as an agent, whose permissions are judged at every call, and a new agent
//! has none. Who may register an agent may let software act as one.

use super::{
    authorize::{Asked, OFFLINE, Refused},
    clients::blocks,
    mounts,
    resources::{self, Target},
};
use crate::{App, onboarding};
use procura_crypto::{Minted, TokenKind, token};
use procura_model::{
    AccountId, Actor, Agent, AgentId, AgentStatus, Client, ClientId, Ctx, Digest, Doing as _, Event,
    EventKind, Grant, GrantId, GrantType, OauthSession, PageAsk, Reason, Result, SessionId, SessionKind,
    TenantId, Time, oauth::ScopeList, page::MAX_LIMIT,
};
use procura_store::{
    Membership, Source as _, Writer, agents, members,
    oauth_codes::{self, Code},
    oauth_grants, oauth_sessions,
};

/// What kind of software an agent is that was made on the consent page.
const KIND: &str = "mcp_client";
/// How long an agent's name may be, in characters.
const NAME_CHARS: usize = 80;
/// What a client without a name is called.
const NAMELESS: &str = "A client without a name";

/// An organization in which the person may let software act, and as whom.
#[derive(Clone, Debug)]
pub struct Place {
    /// The organization.
    pub tenant: TenantId,
    /// Its name.
    pub organization: String,
    /// Its agents that may act, newest first.
    pub agents: Vec<Agent>,
    /// As whom this client acts for this person already, where it does.
    pub present: Option<AgentId>,
}

/// As whom the client shall act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acting {
    /// As an agent that is made for it.
    New,
    /// As this one.
    Existing(AgentId),
}

/// A person's yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// In which organization.
    pub tenant: TenantId,
    /// As whom.
    pub acting: Acting,
    /// When the person last proved who they are.
    pub proved_at: Time,
}

/// For what a person says yes, whichever way it was asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) client: &'a Client,
    pub(super) scope: &'a ScopeList,
    pub(super) resources: &'a [String],
    pub(super) kind: SessionKind,
    /// Until when its first token must be fetched.
    pub(super) first_by: Time,
}

/// Where the person may say yes, the client is not kept out, and the resources are; empty where nowhere. `only` is the one
/// organization that it can be, if there is one.
///
/// # Errors
/// `AUTH_SIGN_IN_REQUIRED` for nobody.
pub async fn places(
    app: &App,
    ctx: &Ctx,
    client: &ClientId,
    only: Option<TenantId>,
    resources: &[String],
) -> Result<Vec<Place>> {
    let account = account_of(ctx)?;
    let mut places = Vec::new();
    for membership in onboarding::organizations(app, ctx).await? {
        if may_allow(&membership)
            && only.is_none_or(|only| only == membership.tenant)
            && !blocks::is_kept_out(app, ctx, membership.tenant, client).await?
            && has(app, ctx, membership.tenant, resources).await?
        {
            places.push(place(app, ctx, account, membership, client).await?);
        }
    }
    // Where the person is at the moment comes first.
    places.sort_by_key(|place| place.tenant != ctx.tenant);
    Ok(places)
}

/// Whether an organization has the server of each mount that is asked for.
async fn has(app: &App, ctx: &Ctx, tenant: TenantId, resources: &[String]) -> Result<bool> {
    let there = ctx.in_tenant(tenant);
    mounts::are_there(app, &mut app.store.read(&there), resources.iter()).await
}

/// Demands that some organization of the person's has what is asked for. Nobody learns here of a server that they could
/// not see: the person is told, the client is not, which would otherwise try names without a click.
///
/// # Errors
/// [`Refused`] with `OAUTH_TARGET_INVALID`.
pub async fn demand_there(app: &App, ctx: &Ctx, asked: &Asked) -> Result<(), Refused> {
    let resources = asked.resources();
    if !mounts::is_among(app, resources.iter()) {
        return Ok(());
    }
    for membership in onboarding::organizations(app, ctx).await? {
        if has(app, ctx, membership.tenant, &resources).await? {
            return Ok(());
        }
    }
    Err(Refused::from(resources::unknown()))
}

/// The organization whose people made the client, where the person is one of them.
///
/// # Errors
/// `AUTH_SIGN_IN_REQUIRED` for nobody.
pub async fn made_by(app: &App, ctx: &Ctx, client: &Client) -> Result<Option<String>> {
    let mine = onboarding::organizations(app, ctx).await?;
    Ok(mine.into_iter().find(|own| Some(own.tenant) == client.tenant).map(|own| own.name))
}

fn may_allow(membership: &Membership) -> bool {
    membership.role.may_let_software_act()
}

async fn place(
    app: &App,
    ctx: &Ctx,
    account: AccountId,
    membership: Membership,
    client: &ClientId,
) -> Result<Place> {
    let ctx = ctx_in(app, ctx, &membership)?;
    let mut reader = app.store.read(&ctx);
    let found = agents::list(&mut reader, &PageAsk::new(None, Some(MAX_LIMIT))).await?;
    let agents: Vec<Agent> =
        found.items.into_iter().filter(|agent| agent.status == AgentStatus::Enabled).collect();
    let live = oauth_grants::live_of(&mut reader, account, client).await?;
    let present = live.into_iter().map(|grant| grant.agent).find(|id| agents.iter().any(|own| own.id == *id));
    Ok(Place { tenant: membership.tenant, organization: membership.name, agents, present })
}

/// The person in another organization of theirs: what happens there is recorded there.
fn ctx_in(app: &App, ctx: &Ctx, membership: &Membership) -> Result<Ctx> {
    let Actor::Account { account, session, .. } = ctx.actor else {
        return Err(Reason::SignInRequired.into());
    };
    let actor = Actor::Account { account, role: membership.role, session };
    let mut there = Ctx::new(membership.tenant, actor, ctx.now, &app.entropy).from(ctx.origin.clone());
    there.request = ctx.request;
    Ok(there)
}

fn account_of(ctx: &Ctx) -> Result<AccountId> {
    if let Actor::Account { account, .. } = ctx.actor {
        Ok(account)
    } else {
        Err(Reason::SignInRequired.into())
    }
}

/// The organization of a person's yes, as they stand in it now; none where they are in it already.
///
/// # Errors
/// `OAUTH_ACCESS_DENIED` where they are no member, may not allow it, or it can be another one only.
pub(super) async fn enter(
    app: &App,
    ctx: &Ctx,
    tenant: TenantId,
    only: Option<TenantId>,
) -> Result<Option<Ctx>> {
    let memberships = onboarding::organizations(app, ctx).await?;
    let membership = memberships
        .into_iter()
        .find(|membership| membership.tenant == tenant && may_allow(membership))
        .filter(|_| only.is_none_or(|only| only == tenant))
        .ok_or_else(|| {
            Reason::OauthAccessDenied.because("You cannot let this client act in this organization.")
        })?;
    if tenant == ctx.tenant { Ok(None) } else { ctx_in(app, ctx, &membership).map(Some) }
}

/// Writes down a person's yes: the agent where it is a new one, the grant, and the session that the first token begins.
/// The answer is the session, not yet written, and the events that tell of it.
pub(super) async fn grant(
    app: &App,
    writer: &mut Writer<'_>,
    ctx: &Ctx,
    allowed: Allowed,
    wanted: Wanted<'_>,
) -> Result<(OauthSession, Vec<Event>)> {
    let account = account_of(ctx)?;
    // Their role as it stands in this transaction, not as it stood on the page.
    let member = members::get(writer, account).await?;
    if !member.role.may_let_software_act() {
        return Err(Reason::OauthAccessDenied.into());
    }
    blocks::demand_none(writer, &wanted.client.id).await?;
    mounts::demand_there(app, writer, wanted.resources.iter()).await?;
    let mut events = Vec::new();
    let agent = match allowed.acting {
        Acting::Existing(id) => existing(writer, id).await?,
        Acting::New => {
            let agent = new_agent(app, writer, account, wanted.client).await?;
            events.push(Event::new(EventKind::AgentCreated).of_agent(agent).about(agent));
            agent
        }
    };
    let grant = put(app, writer, ctx, agent, wanted).await?;
    let session = OauthSession {
        id: SessionId::new(ctx.now, &app.entropy),
        kind: wanted.kind,
        grant: Some(grant.id),
        client: wanted.client.id.clone(),
        agent,
        account: Some(account),
        subject: account.to_string(),
        scope: as_shown(wanted.client, wanted.scope),
        resources: wanted.resources.to_vec(),
        dpop_jkt: None,
        auth_time: Some(allowed.proved_at),
        created_at: ctx.now,
        expires_at: wanted.first_by,
        last_used_at: None,
        revoked_at: None,
    };
    let facts = serde_json::json!({
        "client": wanted.client.id, "session": session.id, "scope": wanted.scope, "resources": wanted.resources,
        "kind": wanted.kind,
    });
    events.push(Event::new(EventKind::GrantGiven).of_agent(agent).about(grant.id).with_facts(&facts));
    Ok((session, events))
}

/// Whether a session is refreshed is decided here, as the page said it: whatever its client turns into later, only what
/// has this word in its session does.
fn as_shown(client: &Client, scope: &ScopeList) -> ScopeList {
    if client.may(GrantType::RefreshToken) {
        return scope.union(&ScopeList::of([OFFLINE]));
    }
    ScopeList::of(scope.iter().filter(|word| *word != OFFLINE))
}

/// By what it is known again what a person was shown of a request that stands in no query: who asks, as what it describes
/// itself, for what, and whether it may stay connected. A client that changes while the page is open does not get what
/// it changed to.
///
/// # Errors
/// A fault.
pub(super) fn seen(client: &Client, scope: &ScopeList, targets: &[Target]) -> Result<String> {
    let targets: Vec<_> = targets.iter().map(|target| (&target.audience, &target.scopes)).collect();
    let all = (&client.name, &client.metadata, scope, targets);
    let text = serde_json::to_string(&all).doing("write what is shown of a request")?;
    Ok(Digest::of(text.as_bytes()).hex())
}

/// Whether the person lets this client act already, in whichever organization.
///
/// # Errors
/// `AUTH_SIGN_IN_REQUIRED` for nobody.
pub async fn knows(app: &App, ctx: &Ctx, client: &ClientId) -> Result<bool> {
    let account = account_of(ctx)?;
    for membership in onboarding::organizations(app, ctx).await? {
        let ctx = ctx_in(app, ctx, &membership)?;
        if !oauth_grants::live_of(&mut app.store.read(&ctx), account, client).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn existing(writer: &mut Writer<'_>, id: AgentId) -> Result<AgentId> {
    let agent = agents::get(writer, id).await?;
    if agent.status == AgentStatus::Enabled { Ok(agent.id) } else { Err(Reason::AgentDisabled.into()) }
}

/// A new agent under the client's name, with no permission: it sees what it may ask for and may do none of it.
async fn new_agent(app: &App, writer: &mut Writer<'_>, owner: AccountId, client: &Client) -> Result<AgentId> {
    let now = writer.now();
    let id = AgentId::new(now, &app.entropy);
    let mut name = agent_name(&client.name);
    if agents::find_by_name(writer, &name).await?.is_some() {
        let tail: String =
            id.to_string().chars().rev().take(6).collect::<Vec<_>>().into_iter().rev().collect();
        name = format!("{} {tail}", cut(&name, NAME_CHARS - tail.len() - 1));
    }
    let agent = Agent {
        id,
        name,
        kind: KIND.to_owned(),
        provider: String::new(),
        owner: Some(owner),
        status: AgentStatus::Enabled,
        policy_version: 1,
        created_at: now,
        last_seen_at: None,
    };
    agents::insert(writer, &agent).await?;
    Ok(id)
}

/// A client's own words as an agent's name: on one line, and not too long.
#[must_use]
pub fn agent_name(client: &str) -> String {
    let words: Vec<String> = client
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    let name = cut(&words.join(" "), NAME_CHARS);
    if name.is_empty() { NAMELESS.to_owned() } else { name }
}

fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect::<String>().trim_end().to_owned()
}

/// A second consent for the same agent adds to the first: sessions keep what each of them was granted.
async fn put(
    app: &App,
    writer: &mut Writer<'_>,
    ctx: &Ctx,
    agent: AgentId,
    wanted: Wanted<'_>,
) -> Result<Grant> {
    let account = account_of(ctx)?;
    let live = oauth_grants::live_of(writer, account, &wanted.client.id).await?;
    let present = live.into_iter().find(|grant| grant.agent == agent);
    let mut resources = present.as_ref().map(|grant| grant.resources.clone()).unwrap_or_default();
    resources
        .extend(wanted.resources.iter().filter(|one| !resources.contains(one)).cloned().collect::<Vec<_>>());
    let scope =
        present.as_ref().map_or_else(|| wanted.scope.clone(), |grant| grant.scope.union(wanted.scope));
    let grant = Grant {
        id: GrantId::new(ctx.now, &app.entropy),
        account,
        agent,
        client: wanted.client.id.clone(),
        scope,
        resources,
        created_at: ctx.now,
        updated_at: ctx.now,
        revoked_at: None,
    };
    oauth_grants::put(writer, &grant).await
}

/// A person says yes to what came through their browser: agent, grant, session and code in one transaction. The answer
/// is where the browser goes.
///
/// # Errors
/// `OAUTH_ACCESS_DENIED`, `NOT_FOUND` or `AGENT_DISABLED` of what was chosen, `OAUTH_REQUEST_INVALID` for a pushed
/// request that was answered already.
pub async fn allow(app: &App, ctx: &Ctx, asked: &Asked, allowed: Allowed) -> Result<String> {
    let there = enter(app, ctx, allowed.tenant, asked.tenant()).await?;
    let ctx = there.as_ref().unwrap_or(ctx);
    let mut writer = app.store.write(ctx).await?;
    consume(&mut writer, asked).await?;
    let resources = asked.resources();
    let wanted = Wanted {
        client: &asked.client,
        scope: &asked.scope,
        resources: &resources,
        kind: SessionKind::Code,
        first_by: ctx.now.plus_ms(app.settings.oauth.code_ms),
    };
    let (session, events) = grant(app, &mut writer, ctx, allowed, wanted).await?;
    oauth_sessions::insert(&mut writer, &session).await?;
    let Minted { secret, digest, .. } = token::mint(TokenKind::Code, &app.entropy);
    oauth_codes::insert(&mut writer, &digest, &code_of(asked, &session)).await?;
    writer.commit_all(events).await?;
    Ok(asked.back.with_code(secret.show()))
}

/// What the exchange must fit: client, redirect URI, challenge, resources, key (OAuth 2.1 section 4.1.2).
fn code_of(asked: &Asked, session: &OauthSession) -> Code {
    Code {
        session: session.id,
        client: session.client.clone(),
        redirect_uri: asked.back.redirect_uri().to_owned(),
        challenge: asked.challenge.clone(),
        resources: session.resources.clone(),
        dpop_jkt: asked.dpop_jkt.clone(),
        created_at: session.created_at,
        expires_at: session.expires_at,
        used_at: None,
    }
}

/// A person says no. The answer is where the browser goes.
///
/// # Errors
/// `OAUTH_REQUEST_INVALID` for a pushed request that was answered already.
pub async fn refuse(app: &App, ctx: &Ctx, asked: &Asked) -> Result<String> {
    account_of(ctx)?;
    let mut writer = app.store.write(ctx).await?;
    consume(&mut writer, asked).await?;
    let facts = serde_json::json!({
        "scope": asked.scope, "resources": asked.resources(), "kind": SessionKind::Code,
    });
    writer.commit(Event::new(EventKind::GrantRefused).about(&asked.client.id).with_facts(&facts)).await?;
    Ok(asked.denied())
}

/// RFC 9126 section 4: a pushed request is answered once.
async fn consume(writer: &mut Writer<'_>, asked: &Asked) -> Result<()> {
    let Some(digest) = &asked.pushed else { return Ok(()) };
    let now = writer.now();
    if writer.lobby().consume_pushed(digest, &asked.client.id, now).await? {
        return Ok(());
    }
    Err(Reason::OauthRequestInvalid.because("This request was answered already: begin again."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_s_name_becomes_a_name_on_one_line() {
        assert_eq!(agent_name("  Claude\r\n Code\u{7} "), "Claude Code");
        assert_eq!(agent_name(""), NAMELESS);
        assert_eq!(agent_name(&"x".repeat(200)).len(), 80);
    }
}
