//! What people allowed clients, looked at and taken back (OAU-4, SES-1): by the person who allowed it, or by whoever may
//! revoke for the organization. Taking a grant back ends its sessions, and every token that hangs on them.

use super::live::Changing;
use crate::App;
use procura_model::{
    AccountId, Actor, Ctx, Event, EventKind, GrantId, OauthSession, Page, PageAsk, Reason, Result, Scope,
    SessionId,
};
use procura_store::{
    oauth_grants as rows,
    oauth_sessions::{self, RevokedFor},
};

pub use oauth_sessions::OauthSessionFilter;
pub use rows::{GrantFilter, NamedGrant};

/// The live grants of the organization, newest first. Who may read no others sees their own.
///
/// # Errors
/// The scope is missing.
pub async fn list(app: &App, ctx: &Ctx, mut filter: GrantFilter, page: &PageAsk) -> Result<Page<NamedGrant>> {
    filter.account = narrowed(ctx, Scope::ReadGrants, filter.account)?;
    rows::list(&mut app.store.read(ctx), &filter, page).await
}

/// One grant, also when it was taken back.
///
/// # Errors
/// `NOT_FOUND`, also for another person's where the caller may read their own alone; or the scope is missing.
pub async fn get(app: &App, ctx: &Ctx, id: GrantId) -> Result<NamedGrant> {
    let own = narrowed(ctx, Scope::ReadGrants, None)?;
    let found = rows::get(&mut app.store.read(ctx), id).await?;
    if own.is_none_or(|own| own == found.grant.account) { Ok(found) } else { Err(Reason::NotFound.into()) }
}

/// The live sessions of clients, newest first. Who may read no others sees their own.
///
/// # Errors
/// The scope is missing.
pub async fn sessions(
    app: &App,
    ctx: &Ctx,
    mut filter: OauthSessionFilter,
    page: &PageAsk,
) -> Result<Page<OauthSession>> {
    filter.account = narrowed(ctx, Scope::ReadGrants, filter.account)?;
    oauth_sessions::list(&mut app.store.read(ctx), &filter, page).await
}

/// One session of a client, also when it has ended.
///
/// # Errors
/// As [`get`].
pub async fn session(app: &App, ctx: &Ctx, id: SessionId) -> Result<OauthSession> {
    let own = narrowed(ctx, Scope::ReadGrants, None)?;
    let found = oauth_sessions::find(&mut app.store.read(ctx), id).await?.ok_or(Reason::NotFound)?.session;
    if own.is_none_or(|own| Some(own) == found.account) { Ok(found) } else { Err(Reason::NotFound.into()) }
}

/// Takes a grant back, with every session that stands on it. What was taken back before stays so. Answers how many
/// sessions were ended.
///
/// # Errors
/// `NOT_FOUND`, or the scope is missing.
pub async fn revoke(app: &App, ctx: &Ctx, id: GrantId) -> Result<usize> {
    let own = narrowed(ctx, Scope::RevokeGrants, None)?;
    let mut writer = app.store.write(ctx).await?;
    let found = rows::get(&mut writer, id).await?.grant;
    if own.is_some_and(|own| own != found.account) {
        return Err(Reason::NotFound.into());
    }
    if rows::revoke(&mut writer, id).await?.is_none() {
        return Ok(0);
    }
    let ended = oauth_sessions::revoke_of_grant(&mut writer, id).await?;
    let facts = serde_json::json!({ "client": found.client, "sessions": ended.len() });
    let event = Event::new(EventKind::GrantRevoked).of_agent(found.agent).about(id).with_facts(&facts);
    let _changing = Changing::new(app, ended.iter().map(|session| session.id).collect());
    writer.commit(event).await?;
    Ok(ended.len())
}

/// Takes back everything that a person allowed in the organization. Answers how many grants those were.
///
/// # Errors
/// The scope is missing.
pub async fn revoke_all(app: &App, ctx: &Ctx, account: AccountId) -> Result<usize> {
    if narrowed(ctx, Scope::RevokeGrants, Some(account))? != Some(account) {
        return Err(Reason::NotFound.into());
    }
    let filter = GrantFilter { account: Some(account), client: None };
    let mut revoked = 0;
    loop {
        let page = rows::list(&mut app.store.read(ctx), &filter, &PageAsk::default()).await?;
        for found in &page.items {
            revoke(app, ctx, found.grant.id).await?;
        }
        revoked += page.items.len();
        if page.next_cursor.is_none() {
            return Ok(revoked);
        }
    }
}

/// Ends one session of a client; the grant stays. One that has ended stays so.
///
/// # Errors
/// `NOT_FOUND`, or the scope is missing.
pub async fn revoke_session(app: &App, ctx: &Ctx, id: SessionId) -> Result<()> {
    let own = narrowed(ctx, Scope::RevokeGrants, None)?;
    let mut writer = app.store.write(ctx).await?;
    let found = oauth_sessions::find(&mut writer, id).await?.ok_or(Reason::NotFound)?.session;
    if own.is_some_and(|own| Some(own) != found.account) {
        return Err(Reason::NotFound.into());
    }
    let Some(ended) = oauth_sessions::revoke(&mut writer, id, RevokedFor::Asked).await? else {
        return Ok(());
    };
    let facts = serde_json::json!({ "client": ended.client });
    let event = Event::new(EventKind::OauthSessionRevoked).of_agent(ended.agent).about(id).with_facts(&facts);
    let _changing = Changing::new(app, vec![id]);
    writer.commit(event).await
}

/// A person who lacks the scope looks after what they allowed themselves, and nothing else.
fn narrowed(ctx: &Ctx, scope: Scope, wanted: Option<AccountId>) -> Result<Option<AccountId>> {
    if ctx.actor.has(scope) {
        return Ok(wanted);
    }
    if let Actor::Account { account, .. } = ctx.actor {
        return Ok(Some(account));
    }
    ctx.actor.require(scope).map(|()| None)
}
