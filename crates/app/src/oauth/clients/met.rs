//! Every client that acts in an organization, however it came: what the people who answer for it look at, and how they
//! take back everything that it has here at once.

use crate::{App, oauth::grants};
use procura_model::{ClientId, ClientKind, Ctx, Page, PageAsk, Result, Scope};
use procura_store::{
    oauth_clients_met as rows, oauth_grants::GrantFilter, oauth_sessions::OauthSessionFilter,
};

pub use rows::MetClient;

/// The clients that may act in the organization now, of every kind or of one.
///
/// # Errors
/// The scope is missing.
pub async fn list_met(
    app: &App,
    ctx: &Ctx,
    kind: Option<ClientKind>,
    page: &PageAsk,
) -> Result<Page<MetClient>> {
    ctx.actor.require(Scope::ReadClients)?;
    rows::list(&mut app.store.read(ctx), kind, page).await
}

/// One client that acts in the organization, or did.
///
/// # Errors
/// `NOT_FOUND`, or the scope is missing.
pub async fn get_met(app: &App, ctx: &Ctx, id: &ClientId) -> Result<MetClient> {
    ctx.actor.require(Scope::ReadClients)?;
    rows::get(&mut app.store.read(ctx), id).await
}

/// Takes back everything that people of the organization allowed a client, and ends the sessions that stand on no consent:
/// each as if it were asked for alone, so each stands in the record. Answers how many those were. The client can ask
/// again.
///
/// # Errors
/// `NOT_FOUND`, or the scope is missing.
pub async fn end_met(app: &App, ctx: &Ctx, id: &ClientId) -> Result<usize> {
    ctx.actor.require(Scope::RevokeGrants)?;
    get_met(app, ctx, id).await?;
    let filter = GrantFilter { account: None, client: Some(id.clone()) };
    let mut ended = 0;
    loop {
        let page = grants::list(app, ctx, filter.clone(), &PageAsk::default()).await?;
        for found in &page.items {
            grants::revoke(app, ctx, found.grant.id).await?;
        }
        ended += page.items.len();
        if page.next_cursor.is_none() {
            break;
        }
    }
    let filter = OauthSessionFilter { client: Some(id.clone()), ..OauthSessionFilter::default() };
    loop {
        let page = grants::sessions(app, ctx, filter.clone(), &PageAsk::default()).await?;
        for session in &page.items {
            grants::revoke_session(app, ctx, session.id).await?;
        }
        ended += page.items.len();
        if page.next_cursor.is_none() {
            return Ok(ended);
        }
    }
}
