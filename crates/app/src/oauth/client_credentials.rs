//! A client that acts for itself (RFC 6749 section 4.4), as the one agent that a person of its organization gave it. It
//! has one standing session with that agent, and no refresh token (section 4.4.3). Where the session is known, an
//! answer costs a place in a commit that many share, and a signature where the token is signed.

use super::{
    clients,
    issue::{self, Issued, Minter, Wanted},
    live::{self, Changing},
    scopes,
    token::{Asked, Tokens},
};
use crate::App;
use procura_model::{
    AgentId, AgentStatus, Ctx, EventKind, Reason, Result, SessionId, TenantId,
    oauth::{Client, GrantType, OauthSession, ScopeList, SessionKind},
    time::DAY_MS,
};
use procura_store::oauth_sessions;

/// How long a standing session stands: until somebody ends it.
const STANDING_MS: i64 = 3_650 * DAY_MS;

/// RFC 6749 section 4.4.2.
pub(super) async fn issue(app: &App, ctx: &Ctx, asked: Asked<'_>) -> Result<Tokens> {
    let (tenant, agent) = acting(&asked.client)?;
    let ctx = ctx.in_tenant(tenant);
    let target = issue::target(app, tenant, &asked.resources, &[]).await?;
    let scope = issue::scope(&target, &issue::allowed(&target, &asked.client), asked.scope)?;
    if scope.is_empty() {
        return Err(scopes::nothing_left(&target));
    }
    let minter = Minter::ready(app, (tenant, ctx.now), &target, &asked).await?;
    demand_agent(app, &ctx, agent).await?;
    let known = app.oauth.kept.of_client(tenant, &asked.client.id, agent);
    if let Some(standing) = known
        && live::demand_standing(app, tenant, &standing).await.is_ok()
    {
        let session = &standing.found.session;
        let issued = minter.mint(session, Wanted::plain(session, scope))?;
        app.oauth.kept.touch(tenant, &standing, ctx.now);
        return recorded(app, &ctx, issued).await;
    }
    let session = OauthSession {
        id: SessionId::new(ctx.now, &app.entropy),
        kind: SessionKind::Client,
        grant: None,
        client: asked.client.id.clone(),
        agent,
        account: None,
        // RFC 9068 section 2.2: "sub" is the client where no resource owner is there. It is no account's id.
        subject: asked.client.id.to_string(),
        scope: asked.client.metadata.scope.clone().unwrap_or_default(),
        resources: Vec::new(),
        dpop_jkt: None,
        auth_time: None,
        created_at: ctx.now,
        expires_at: ctx.now.plus_ms(STANDING_MS),
        last_used_at: None,
        revoked_at: None,
    };
    let session = begun(app, &ctx, (&asked.client, &session), &minter, scope).await?;
    // So that the next answer finds it in memory.
    live::standing(app, tenant, session.1).await?;
    Ok(session.0)
}

/// Only confidential clients (RFC 6749 section 4.4), and of those only such as an organization gave an agent.
pub(super) fn acting(client: &Client) -> Result<(TenantId, AgentId)> {
    if !client.is_confidential() {
        return Err(Reason::OauthClientUnauthorized.because("A public client cannot act for itself."));
    }
    client.tenant.zip(client.agent).ok_or_else(|| {
        Reason::OauthClientUnauthorized.because("The client acts as no agent: choose one in the console.")
    })
}

pub(super) async fn demand_agent(app: &App, ctx: &Ctx, agent: AgentId) -> Result<()> {
    let snapshot = app.snapshots.agent(&app.rows(ctx.now), ctx.tenant, agent).await?;
    if snapshot.agent.status == AgentStatus::Enabled {
        Ok(())
    } else {
        Err(Reason::OauthClientUnauthorized.because("The agent as which the client acts is disabled."))
    }
}

async fn recorded(app: &App, ctx: &Ctx, issued: Issued) -> Result<Tokens> {
    let event = issued.event(EventKind::TokenIssued, GrantType::ClientCredentials);
    issued.record(app, ctx, event).await?;
    Ok(issued.into_tokens(None))
}

async fn begun(
    app: &App,
    ctx: &Ctx,
    (client, session): (&Client, &OauthSession),
    minter: &Minter<'_>,
    scope: ScopeList,
) -> Result<(Tokens, SessionId)> {
    let mut writer = app.store.write(ctx).await?;
    clients::hold(app, &mut writer, client).await?;
    let session = oauth_sessions::put_standing(&mut writer, session).await?;
    let _changing = Changing::new(app, vec![session.id]);
    let issued = minter.mint(&session, Wanted::plain(&session, scope))?;
    issued.keep(&mut writer).await?;
    writer.commit(issued.event(EventKind::TokenIssued, GrantType::ClientCredentials)).await?;
    Ok((issued.into_tokens(None), session.id))
}
