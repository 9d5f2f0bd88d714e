//! Token exchange (RFC 8693): an agent that was handed a token goes on to another API for the same person, and says so.
//! It is delegation always: the new token says in `act` who acts, and for whom before them. Nobody gets a token in
//! which it is not told that somebody else acts.
//!
//! What comes of it has no more than both had: the scope of the subject token, cut to what the client may have and to
//! what the new resource knows; and it ends no later than the tokens that it came of, with whose session it dies.

use super::{
    client_credentials::{acting, demand_agent},
    issue::{self, Minter, Wanted},
    live::{self, Changing, LiveToken},
    token::{Asked, Tokens},
};
use crate::App;
use procura_model::{
    AgentId, Ctx, Error, EventKind, Reason, Result, SessionId, Time,
    oauth::{ActorLink, GrantType, OauthSession, ScopeList, SessionKind},
};
use procura_store::{Writer, oauth_sessions};

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
    demand_shown_by(&asked, &subject, actor.as_ref())?;
    let agent = actor.as_ref().map_or(own_agent, |actor| actor.token.agent);
    demand_agent(app, &ctx, agent).await?;
    let act = chain(&subject, agent)?;

    asked.resources.extend(ask.audiences);
    asked.resources.dedup();
    let target = issue::target(app, tenant, &asked.resources, &[]).await?;
    let allowed = issue::allowed(&target, &asked.client).intersect(&subject.claims.scope);
    let scope = issue::scope(&target, &allowed, asked.scope)?;
    if scope.is_empty() {
        return Err(Reason::OauthScopeInvalid.because("Nothing of the subject token's scope is left there."));
    }
    let minter = Minter::ready(app, (tenant, ctx.now), &target, &asked).await?;
    let session = session(app, &ctx, &asked, (&subject, agent)).await?;
    let ends = actor.iter().fold(subject.token.expires_at, |ends, actor| ends.min(actor.token.expires_at));

    let mut writer = app.store.write(&ctx).await?;
    let session = begun(&mut writer, session, &subject).await?;
    let _changing = Changing::new(app, vec![session.id]);
    let may_act = subject.claims.may_act.clone();
    let wanted = Wanted { scope, act, no_later_than: Some(ends), may_act };
    let issued = minter.mint(&session, wanted)?;
    issued.keep(&mut writer).await?;
    let events = vec![
        issued.event(EventKind::TokenExchanged, GrantType::TokenExchange),
        came_of(&subject, actor.as_ref(), agent),
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

/// A token that was shown: one that we issued in this organization, and that holds. RFC 8693 section 2.2.2: otherwise
/// the error is `invalid_request`.
async fn shown(app: &App, ctx: &Ctx, raw: &str, why: &'static str) -> Result<LiveToken> {
    let refused = || Reason::OauthRequestInvalid.because(why);
    match live::read(app, raw).await {
        Ok(live) if live.tenant == ctx.tenant => Ok(live),
        Ok(_) => Err(refused()),
        Err(Error::Refused(refusal)) if refusal.reason == Reason::RevocationStale => Err(refusal.into()),
        Err(Error::Refused(_)) => Err(refused()),
        Err(fault) => Err(fault),
    }
}

/// Who may show which token: an actor's token only the client that got it; a bound token that is the client's own only
/// with its key. And `may_act` (RFC 8693 section 4.4), where the subject token has it.
fn demand_shown_by(asked: &Asked<'_>, subject: &LiveToken, actor: Option<&LiveToken>) -> Result<()> {
    let no = |why: &'static str| Err(Reason::OauthRequestInvalid.because(why));
    if actor.is_some_and(|actor| actor.token.client != asked.client.id) {
        return no("The actor token is another client's.");
    }
    let is_own = subject.token.client == asked.client.id;
    if is_own && subject.claims.jkt.is_some() && subject.claims.jkt != asked.jkt {
        return no("The subject token is bound to a key: send a proof of it.");
    }
    let agent = actor.map(|actor| actor.token.agent).or(asked.client.agent).map(|agent| agent.to_string());
    match &subject.claims.may_act {
        Some(may) if agent.as_ref() != Some(may) && may != asked.client.id.as_str() => {
            no("The subject token's may_act names somebody else.")
        }
        Some(_) | None => Ok(()),
    }
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
    /// A session that stands on the subject token's.
    Below(OauthSession, SessionId),
}

async fn session(
    app: &App,
    ctx: &Ctx,
    asked: &Asked<'_>,
    (subject, agent): (&LiveToken, AgentId),
) -> Result<Hangs> {
    let parent =
        live::standing(app, ctx.tenant, subject.token.session).await?.ok_or(Reason::OauthRequestInvalid)?;
    let parent = &parent.found.session;
    if parent.kind == SessionKind::Exchange && parent.client == asked.client.id && parent.agent == agent {
        return Ok(Hangs::On(parent.clone()));
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
        resources: Vec::new(),
        dpop_jkt: None,
        auth_time: parent.auth_time,
        created_at: ctx.now,
        expires_at: parent.expires_at,
        last_used_at: None,
        revoked_at: None,
    };
    Ok(Hangs::Below(session, parent.id))
}

async fn begun(writer: &mut Writer<'_>, hangs: Hangs, subject: &LiveToken) -> Result<OauthSession> {
    let session = match hangs {
        Hangs::On(session) => session,
        Hangs::Below(session, parent) => oauth_sessions::put_exchanged(writer, &session, parent).await?,
    };
    // The session on which all of it hangs may have ended since the token was looked at.
    let parent = oauth_sessions::find(writer, subject.token.session).await?;
    let now: Time = procura_store::Source::now(writer);
    super::code::holds(parent.as_ref(), now).map_err(|_| Reason::OauthRequestInvalid)?;
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
