//! The clients of the deployment, which registered themselves or are named by a document, as its operator looks after
//! them: no organization can disable one for the others.

use super::ended;
use crate::{App, oauth::home};
use procura_model::{
    Actor, Client, ClientId, Ctx, Event, EventKind, Page, PageAsk, Reason, Result, TenantId,
};
use procura_store::{Writer, oauth_grants, revocations};

/// Those that there are, the last by id first.
///
/// # Errors
/// A fault.
pub async fn list_all(app: &App, page: &PageAsk) -> Result<Page<Client>> {
    app.store.lobby().oauth_clients(page).await
}

/// Disables a client of the deployment everywhere: from its next request on it gets no token, its tokens hold no longer,
/// and nobody can let it in. All that people allowed it is taken back, so that enabled again it begins anew. To disable
/// one again does what was not done.
///
/// # Errors
/// `NOT_FOUND`, also for a client of an organization; `UNAVAILABLE` while there is no organization; a fault.
pub async fn disable_everywhere(app: &App, id: &ClientId) -> Result<Client> {
    let now = app.now();
    let ctx = operator(app, home(app).await?);
    let mut writer = app.store.write(&ctx).await?;
    if let Some(client) = writer.lobby().disable_oauth_client(id, now).await? {
        tell(app, writer, EventKind::ClientDisabled, &client).await?;
    }
    let client = of_deployment(app, id).await?;
    // Each where it is: the people of an organization find in their record what ended there. Until then nothing of it
    // holds either, because the client is disabled.
    for tenant in app.store.lobby().oauth_client_tenants(id).await? {
        let ctx = operator(app, tenant);
        let mut writer = app.store.write(&ctx).await?;
        let sessions = oauth_grants::end_of_client(&mut writer, id).await?;
        let facts = serde_json::json!({ "by": "operator", "sessionsEnded": sessions });
        writer.commit(Event::new(EventKind::ClientDisabled).about(id).with_facts(&facts)).await?;
    }
    ended(app, id);
    Ok(client)
}

/// Lets a client of the deployment ask again.
///
/// # Errors
/// As [`disable_everywhere`].
pub async fn enable_everywhere(app: &App, id: &ClientId) -> Result<Client> {
    let now = app.now();
    let ctx = operator(app, home(app).await?);
    let mut writer = app.store.write(&ctx).await?;
    if let Some(client) = writer.lobby().enable_oauth_client(id, now).await? {
        tell(app, writer, EventKind::ClientEnabled, &client).await?;
    }
    of_deployment(app, id).await
}

fn operator(app: &App, tenant: TenantId) -> Ctx {
    Ctx::new(tenant, Actor::Operator, app.now(), &app.entropy)
}

async fn tell(app: &App, mut writer: Writer<'_>, kind: EventKind, client: &Client) -> Result<()> {
    revocations::insert(&mut writer, revocations::Subject::Client(client.id.clone())).await?;
    let facts = serde_json::json!({ "by": "operator" });
    let told = writer.commit(Event::new(kind).about(&client.id).with_facts(&facts)).await;
    ended(app, &client.id);
    told
}

async fn of_deployment(app: &App, id: &ClientId) -> Result<Client> {
    let found = app.store.lobby().oauth_client(id).await?.filter(|client| client.tenant.is_none());
    found.ok_or_else(|| Reason::NotFound.because("The deployment has no client of this id."))
}
