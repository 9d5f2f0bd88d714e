//! Which client an id stands for. An id that is a URL is the client's metadata document: what it says now is what holds,
//! and the row is its copy, on which grants and sessions hang.

use super::{document, memory::Known, register};
use crate::App;
use procura_model::{Client, ClientId, ClientKind, Ctx, Event, EventKind, Reason, Result};
use std::sync::Arc;

/// The client of this id, which may get tokens.
///
/// # Errors
/// `OAUTH_CLIENT_INVALID` where there is none or it is disabled, `OAUTH_CLIENT_DOCUMENT_INVALID` where its document
/// cannot be had or used.
pub async fn find(app: &App, ctx: &Ctx, id: &ClientId) -> Result<Client> {
    // One that is disabled is asked nothing.
    let known = app.store.lobby().oauth_client(id).await?.map(live).transpose()?;
    let client = match id.document_url() {
        Some(url) => of_document(app, ctx, id, url, known).await?,
        None => known.ok_or(Reason::OauthClientInvalid)?,
    };
    live(client)
}

/// The client of this id as the token endpoint meets it, from memory or from the store. A public client by document is
/// taken from its row: its document is read where a person is asked, and says nothing that would matter here. One that
/// signs is read anew, because its keys may have changed.
pub(super) async fn known(app: &App, ctx: &Ctx, id: &ClientId) -> Result<Arc<Known>> {
    if id.document_url().is_some() {
        document::demand_taken(app)?;
        let row = app.store.lobby().oauth_client(id).await?;
        let client = match row.filter(|client| !client.is_confidential()) {
            Some(client) => live(client)?,
            None => find(app, ctx, id).await?,
        };
        return Ok(Known::new(client, ctx.now));
    }
    let generation = match app.oauth_clients.known(id, ctx.now) {
        Ok(known) => return Ok(known),
        Err(generation) => generation,
    };
    let known = Known::new(find(app, ctx, id).await?, ctx.now);
    app.oauth_clients.keep(generation, &known);
    Ok(known)
}

fn live(client: Client) -> Result<Client> {
    if client.disabled_at.is_some() {
        return Err(Reason::OauthClientInvalid.into());
    }
    Ok(client)
}

async fn of_document(
    app: &App,
    ctx: &Ctx,
    id: &ClientId,
    url: &str,
    known: Option<Client>,
) -> Result<Client> {
    let from = register::address(app, ctx);
    document::demand_taken(app)?;
    if known.is_none() {
        document::admit(app, &from).await?;
    }
    let said = document::read(app, ctx.now, url).await?;
    if let Some(known) = &known
        && known.name == said.name
        && known.metadata == said.metadata
    {
        return Ok(known.clone());
    }
    let kind = if known.is_some() { EventKind::ClientChanged } else { EventKind::ClientRegistered };
    let client = Client {
        id: id.clone(),
        tenant: None,
        kind: ClientKind::Document,
        name: said.name.clone(),
        metadata: said.metadata.clone(),
        agent: None,
        created_at: ctx.now,
        updated_at: ctx.now,
        used_at: None,
        disabled_at: None,
    };
    let mut writer = app.store.write(ctx).await?;
    let client = writer.lobby().put_oauth_document(&client, &from).await?;
    writer.commit(Event::new(kind).about(id)).await?;
    Ok(client)
}
