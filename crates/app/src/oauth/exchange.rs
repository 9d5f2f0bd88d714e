//! Token exchange (RFC 8693): an agent that was handed a token goes on to another API for the same person, and says so.
//! It is delegation always: the new token says in `act` who acts, and for whom before them. Nobody gets a token in
//! which it is not told that somebody else acts.
//!
//! What comes of it has no more than the subject token had: its scope, cut to what the client may have and to what the
//! new resource knows; no resource that was not granted; its being bound to a key. It ends no later than the tokens that
//! it came of, and dies with the sessions of both.

use super::{
    client_credentials::{acting, demand_agent},
    clients,
    issue::{self, Minter, Wanted},
    live::{self, Changing, LiveToken, Standing},
    resources::{self, Target},
    token::{Asked, Tokens},
};
use crate::App;
use procura_model::{
    AgentId, Ctx, Error, EventKind, Reason, Result, SessionId, Time,
    oauth::{ActorLink, GrantType, OauthSession, ScopeList, SessionKind},
};
use procura_store::{Writer, oauth_sessions};
use std::sync::Arc;

/// RFC 8693 section 3.
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// The same where it is signed.
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
/// How many may act one for another.
const MAX_ACTORS: usize = 4;

/// What is exchanged for what (RFC 8693 section 2.1).
#[derive(Debug)]
pub struct ExchangeAsk<'a> {
    /// The token that says for whom.
    pub subject_token: &'a str,
    /// Its type.
    pub subject_token_type: &'a str,
    /// The token that says who acts; without it, the client's agent.
    pub actor_token: Option<&'a str>,
    /// Its type.
    pub actor_token_type: Option<&'a str>,
    /// What is wanted.
    pub requested_token_type: Option<&'a str>,
    /// `audience`; may repeat.
    pub audiences: Vec<&'a str>,
}

/// RFC 8693 section 2.
pub(super) async fn exchange(
    app: &App,
    ctx: &Ctx,
    mut asked: Asked<'_>,
    ask: ExchangeAsk<'_>,
) -> Result<Tokens> {
    let (tenant, own_agent) = acting(&asked.client)?;
    let ctx = ctx.in_tenant(tenant);
    demand_types(&ask)?;
    let subject = shown(app, &ctx, ask.subject_token, "The subject token does not hold.").await?;
    let actor = match ask.actor_token {
        Some(token) => Some(shown(app, &ctx, token, "The actor token does not hold.").await?),
        None => None,
    };
    demand_shown_by(&asked, &subject.live, actor.as_ref().map(|actor| &actor.live))?;
    demand_for_its_api(app, &asked, &subject.live).await?;
    let agent = actor.as_ref().map_or(own_agent, |actor| actor.live.token.agent);
    demand_agent(app, &ctx, agent).await?;
    let act = chain(&subject.live, agent)?;

    asked.resources.extend(ask.audiences);
    asked.resources.dedup();
    if asked.resources.is_empty() {
        asked.resources.push(&subject.live.claims.aud);
    }
    let target = issue::target(app, tenant, &asked.resources, &[]).await?;
    let reaches = |shown: &Shown| reaches(app, &asked, shown, &target);
    if !reaches(&subject) || !actor.as_ref().is_none_or(reaches) {
        return Err(
            Reason::OauthTargetInvalid.because("This was not granted to the token that is exchanged.")
        );
    }
    let scope = issue::scope(&target, &allowed(app, &asked, &subject.live, &target), asked.scope)?;
    if scope.is_empty() {
        return Err(Reason::OauthScopeInvalid.because("Nothing of the subject token's scope is left there."));
    }
    let minter = Minter::ready(app, (tenant, ctx.now), &target, &asked).await?;
    let hangs = hangs(app, &ctx, &asked, (&subject, actor.as_ref(), agent));
    let ends = subject.live.token.expires_at;
    let ends = actor.as_ref().map_or(ends, |actor| ends.min(actor.live.token.expires_at));

    let mut writer = app.store.write(&ctx).await?;
    clients::hold(app, &mut writer, &asked.client).await?;
    let session = begun(&mut writer, hangs, (&subject, actor.as_ref())).await?;
    let _changing = Changing::new(app, vec![session.id]);
    let may_act = subject.live.claims.may_act.clone();
    let wanted = Wanted { scope, act, no_later_than: Some(ends), may_act };
    let issued = minter.mint(&session, wanted)?;
    issued.keep(&mut writer).await?;
    let events = vec![
        issued.event(EventKind::TokenExchanged, GrantType::TokenExchange),
        came_of(&subject.live, actor.as_ref().map(|actor| &actor.live), agent),
    ];
    writer.commit_all(events).await?;
    let is_jwt = ask.requested_token_type == Some(JWT);
    let issued_token_type = Some(if is_jwt { JWT } else { ACCESS_TOKEN });
    Ok(Tokens { issued_token_type, ..issued.into_tokens(None) })
}

/// RFC 8693 section 2.1: which types are taken, and that an actor's type comes with an actor and never without.
fn demand_types(ask: &ExchangeAsk<'_>) -> Result<()> {
    let no = |why: &'static str| Err(Reason::OauthRequestInvalid.because(why));
    let is_ours = |kind: &str| kind == ACCESS_TOKEN || kind == JWT;
    if !is_ours(ask.subject_token_type) {
        return no("subject_token_type must be that of an access token.");
    }
    if !ask.requested_token_type.is_none_or(is_ours) {
        return no("requested_token_type must be that of an access token.");
    }
    match (ask.actor_token, ask.actor_token_type) {
        (None, None) => Ok(()),
        (Some(_), Some(kind)) if is_ours(kind) => Ok(()),
        (Some(_), Some(_)) => no("actor_token_type must be that of an access token."),
        (Some(_), None) => no("actor_token needs actor_token_type."),
        (None, Some(_)) => no("actor_token_type must not be sent without actor_token."),
    }
}

/// A token that was shown, and the session on which it hangs.
struct Shown {
    live: LiveToken,
    standing: Arc<Standing>,
}

/// A token that was shown: one that we issued in this organization, and that holds. RFC 8693 section 2.2.2: otherwise
/// the error is `invalid_request`.
async fn shown(app: &App, ctx: &Ctx, raw: &str, why: &'static str) -> Result<Shown> {
    let refused = || Reason::OauthRequestInvalid.because(why);
    match live::read(app, raw).await {
        Ok(live) if live.tenant == ctx.tenant => {
            let standing = live::standing(app, ctx.tenant, live.token.session).await?;
            Ok(Shown { live, standing: standing.ok_or_else(refused)? })
        }
        Ok(_) => Err(refused()),
        Err(Error::Refused(refusal)) if refusal.reason == Reason::RevocationStale => Err(refusal.into()),
        Err(Error::Refused(_)) => Err(refused()),
        Err(fault) => Err(fault),
    }
}

/// Who may show which token: an actor's token only the client that got it; a bound token that is the client's own only
/// with its key; a bound one that came from another client only with a key of the client's own, to which the new one is
/// bound (RFC 9449 section 1: whoever steals a token that is handed on must not be able to use it). And `may_act` (RFC
/// 8693 section 4.4), where the subject token has it.
fn demand_shown_by(asked: &Asked<'_>, subject: &LiveToken, actor: Option<&LiveToken>) -> Result<()> {
    let no = |why: &'static str| Err(Reason::OauthRequestInvalid.because(why));
    if actor.is_some_and(|actor| actor.token.client != asked.client.id) {
        return no("The actor token is another client's.");
    }
    let is_shown_key = |token: &LiveToken| token.claims.jkt.is_none() || token.claims.jkt == asked.jkt;
    if actor.is_some_and(|actor| !is_shown_key(actor)) {
        return no("The actor token is bound to a key: send a proof of it.");
    }
    if is_own(asked, subject) && !is_shown_key(subject) {
        return no("The subject token is bound to a key: send a proof of it.");
    }
    if subject.claims.jkt.is_some() && asked.jkt.is_none() {
        return Err(Reason::OauthProofInvalid.because(
            "The subject token is bound to a key, so the new one will be: send a DPoP proof of yours.",
        ));
    }
    let agent = actor.map(|actor| actor.token.agent).or(asked.client.agent).map(|agent| agent.to_string());
    match &subject.claims.may_act {
        Some(may) if agent.as_ref() != Some(may) && may != asked.client.id.as_str() => {
            no("The subject token's may_act names somebody else.")
        }
        Some(_) | None => Ok(()),
    }
}

fn is_own(asked: &Asked<'_>, token: &LiveToken) -> bool {
    token.token.client == asked.client.id
}

/// RFC 8693 section 2.2.2: a subject token that is unacceptable by policy is `invalid_request`. Another client's token is
/// in this client's hands rightly only if the organization's own API was called with it. The gateway hands its tokens to
/// nobody: whoever has another client's took it.
async fn demand_for_its_api(app: &App, asked: &Asked<'_>, subject: &LiveToken) -> Result<()> {
    if is_own(asked, subject) {
        return Ok(());
    }
    let no = || {
        Reason::OauthRequestInvalid.because("The subject token is another client's, and for no API of yours.")
    };
    match resources::find(app, &subject.claims.aud).await {
        Ok(target) if target.tenant == Some(subject.tenant) => Ok(()),
        Err(Error::Refused(refusal)) if refusal.reason == Reason::RevocationStale => Err(refusal.into()),
        Ok(_) | Err(Error::Refused(_)) => Err(no()),
        Err(fault) => Err(fault),
    }
}

/// Whether who shows this token may have one for this target (RFC 8707 section 2.2: what was granted and no more). The
/// token's own resource or a part of it always. Beyond it:
/// * of another client's token, which an API of the organization was called with: its other APIs, never the gateway;
/// * of the client's standing session, where nobody consented: what it would get by `client_credentials`;
/// * of every other session: what was granted to it.
fn reaches(app: &App, asked: &Asked<'_>, shown: &Shown, target: &Target) -> bool {
    let (aud, wanted) = (&shown.live.claims.aud, &target.audience);
    if issue::is_within(app, aud, wanted) {
        return true;
    }
    // A token for one mount never grows into one for the whole gateway, nor for another mount.
    if target.tenant.is_none() && issue::is_within(app, &issue::gateway(app), aud) {
        return false;
    }
    if !is_own(asked, &shown.live) {
        return target.tenant == Some(shown.live.tenant);
    }
    let session = &shown.standing.found.session;
    match session.kind {
        SessionKind::Client => asked.client.may(GrantType::ClientCredentials),
        SessionKind::Code | SessionKind::Device | SessionKind::Assertion | SessionKind::Exchange => {
            session.resources.iter().any(|granted| issue::is_within(app, granted, wanted))
        }
    }
}

/// What the new token may have at the most. A scope's word is its API's: at another API the same word may mean something
/// else, so it counts there only where the client was registered for it.
fn allowed(app: &App, asked: &Asked<'_>, subject: &LiveToken, target: &Target) -> ScopeList {
    let is_same = issue::is_within(app, &subject.claims.aud, &target.audience);
    if !is_same && asked.client.metadata.scope.is_none() {
        return ScopeList::default();
    }
    issue::allowed(target, &asked.client).intersect(&subject.claims.scope)
}

/// RFC 8693 section 4.1: the new actor stands outermost, those before it inside.
fn chain(subject: &LiveToken, agent: AgentId) -> Result<ActorLink> {
    let before = subject.claims.act.clone();
    let agent = agent.to_string();
    if before.sub == agent {
        return Ok(before);
    }
    if before.depth() >= MAX_ACTORS {
        return Err(Reason::OauthRequestInvalid.because("Too many act one for another already."));
    }
    Ok(ActorLink { sub: agent, act: Some(Box::new(before)) })
}

/// What the new token hangs on.
enum Hangs {
    /// The client exchanges a token that it got by an exchange: the session is the same.
    On(OauthSession),
    /// A session that stands on the subject token's, and on the actor token's.
    Below(OauthSession, SessionId, Option<SessionId>),
}

fn hangs(
    app: &App,
    ctx: &Ctx,
    asked: &Asked<'_>,
    (subject, actor, agent): (&Shown, Option<&Shown>, AgentId),
) -> Hangs {
    let found = &subject.standing.found;
    let parent = &found.session;
    let actor = actor.map(|actor| actor.live.token.session).filter(|actor| *actor != parent.id);
    let is_same = parent.kind == SessionKind::Exchange
        && parent.client == asked.client.id
        && parent.agent == agent
        && (actor.is_none() || actor == found.actor);
    if is_same {
        return Hangs::On(parent.clone());
    }
    let session = OauthSession {
        id: SessionId::new(ctx.now, &app.entropy),
        kind: SessionKind::Exchange,
        grant: None,
        client: asked.client.id.clone(),
        agent,
        account: parent.account,
        subject: parent.subject.clone(),
        scope: ScopeList::default(),
        // What was granted is inherited, and never becomes more.
        resources: parent.resources.clone(),
        dpop_jkt: None,
        auth_time: parent.auth_time,
        created_at: ctx.now,
        expires_at: parent.expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    Hangs::Below(session, parent.id, actor)
}

async fn begun(
    writer: &mut Writer<'_>,
    hangs: Hangs,
    (subject, actor): (&Shown, Option<&Shown>),
) -> Result<OauthSession> {
    let session = match hangs {
        Hangs::On(session) => session,
        Hangs::Below(session, parent, actor) => {
            oauth_sessions::put_exchanged(writer, &session, parent, actor).await?
        }
    };
    // The sessions on which all of it hangs may have ended since the tokens were looked at.
    let now: Time = procura_store::Source::now(writer);
    for shown in std::iter::once(subject).chain(actor) {
        let parent = oauth_sessions::find(writer, shown.live.token.session).await?;
        super::code::holds(parent.as_ref(), now).map_err(|_| Reason::OauthRequestInvalid)?;
    }
    Ok(session)
}

/// The record of what was exchanged.
fn came_of(subject: &LiveToken, actor: Option<&LiveToken>, agent: AgentId) -> procura_model::Event {
    let facts = serde_json::json!({
        "subjectToken": subject.token.token, "subjectSession": subject.token.session,
        "subjectClient": subject.token.client, "actorToken": actor.map(|actor| actor.token.token),
    });
    procura_model::Event::new(EventKind::TokenExchanged)
        .of_agent(agent)
        .about(subject.token.session)
        .with_facts(&facts)
}
