//! The demo's business: a shop whose one page embeds the widget (USR-8), whose server makes its customers' tokens, and
//! whose assistant answers behind one endpoint. What a business must write itself stands here, and nothing else: who the
//! customer is comes from Procura's verdict on the token, never from the browser's word.

mod assistant;
mod procura;
mod site;

use procura::Procura;
use procura_app::App;
use procura_model::{AgentId, Secret};
use std::{net::SocketAddr, sync::Arc};
use tokio::net::TcpListener;

/// What the business was given when it was set up at Procura.
pub(super) struct Keys {
    pub(super) agent: AgentId,
    /// The key of its agent.
    pub(super) agent_key: String,
    /// The platform key with which it ends sessions.
    pub(super) platform_key: String,
    /// What its tokens are signed with.
    pub(super) secret: Secret<String>,
}

/// The shop.
struct Shop {
    /// For the time, for chance and for tasks; everything else it asks over HTTP, as any business would.
    app: Arc<App>,
    agent: AgentId,
    secret: Secret<String>,
    procura: Procura,
    conversations: assistant::Conversations,
}

/// Serves until it is dropped.
pub(super) async fn serve(listener: TcpListener, app: Arc<App>, keys: Keys) {
    let procura = Procura::new(&app.settings.public_url, keys.agent_key, keys.platform_key);
    let shop = Arc::new(Shop {
        app,
        agent: keys.agent,
        secret: keys.secret,
        procura,
        conversations: assistant::Conversations::default(),
    });
    if let Err(error) = axum::serve(listener, site::router(shop)).await {
        tracing::error!(error = %error, "the demo's shop ended");
    }
}

/// Where its pages stand.
pub(super) fn origin(address: SocketAddr) -> String {
    format!("http://{address}")
}

/// Where its assistant answers.
pub(super) fn endpoint(address: SocketAddr) -> String {
    format!("http://{address}/assistant")
}
