//! The clients of the deployment that an organization keeps out. Anybody may register a client, or name one by a
//! document; an organization that wants one not says so here. Nobody there can let it in, and what it had there ends.

use crate::App;
use procura_model::{
    BlockId, ClientId, Ctx, Event, EventKind, Page, PageAsk, Reason, Result, Scope, TenantId,
};
use procura_store::{Source, oauth_blocks as rows, oauth_clients, oauth_grants};

pub use rows::Block;

/// The clients that the organization keeps out, newest first.
///
/// # Errors
/// The scope is missing.
pub async fn list(app: &App, ctx: &Ctx, page: &PageAsk) -> Result<Page<Block>> {
    ctx.actor.require(Scope::ReadClients)?;
    rows::list(&mut app.store.read(ctx), page).await
}

/// One block.
///
/// # Errors
/// `NOT_FOUND`, or the scope is missing.
pub async fn get(app: &App, ctx: &Ctx, id: BlockId) -> Result<Block> {
    ctx.actor.require(Scope::ReadClients)?;
    rows::get(&mut app.store.read(ctx), id).await
}

/// Keeps a client out: all that people of the organization allowed it is taken back, and its sessions there end.
///
/// # Errors
/// `NAME_TAKEN` where it is kept out already, `FIELD_INVALID` for a client of the organization's own, or the scope is
/// missing.
pub async fn add(app: &App, ctx: &Ctx, client: &ClientId) -> Result<Block> {
    ctx.actor.require(Scope::WriteClients)?;
    let mut writer = app.store.write(ctx).await?;
    match oauth_clients::get(&mut writer, client).await {
        Ok(_) => {
            return Err(
                Reason::FieldInvalid.because("clientId: this is your own client; disable it instead.")
            );
        }
        Err(error) if error.reason() == Reason::NotFound => {}
        Err(error) => return Err(error),
    }
    let block =
        Block { id: BlockId::new(ctx.now, &app.entropy), client: client.clone(), created_at: ctx.now };
    rows::insert(&mut writer, &block).await?;
    let ended = oauth_grants::end_of_client(&mut writer, client).await?;
    let facts = serde_json::json!({ "block": block.id, "sessionsEnded": ended });
    let blocked = writer.commit(Event::new(EventKind::ClientBlocked).about(client).with_facts(&facts)).await;
    app.oauth.forget_client_in(ctx.tenant, client);
    blocked.map(|()| block)
}

/// Lets people of the organization let the client in again. What it had stays ended.
///
/// # Errors
/// `NOT_FOUND`, or the scope is missing.
pub async fn remove(app: &App, ctx: &Ctx, id: BlockId) -> Result<()> {
    ctx.actor.require(Scope::WriteClients)?;
    let mut writer = app.store.write(ctx).await?;
    let block = rows::remove(&mut writer, id).await?;
    let facts = serde_json::json!({ "block": block.id });
    let event = Event::new(EventKind::ClientUnblocked).about(&block.client).with_facts(&facts);
    writer.commit(event).await
}

/// Demands that the organization of this source does not keep the client out.
pub(crate) async fn demand_none(source: &mut impl Source, client: &ClientId) -> Result<()> {
    match rows::of_client(source, client).await? {
        None => Ok(()),
        Some(_) => Err(Reason::OauthAccessDenied.because("The organization keeps this client out.")),
    }
}

/// Whether an organization keeps the client out.
pub(crate) async fn is_kept_out(app: &App, ctx: &Ctx, tenant: TenantId, client: &ClientId) -> Result<bool> {
    let ctx = ctx.in_tenant(tenant);
    Ok(rows::of_client(&mut app.store.read(&ctx), client).await?.is_some())
}
