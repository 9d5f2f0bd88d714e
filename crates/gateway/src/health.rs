//! How the servers are doing, for the console and `GET /v1/servers`: what was last seen, without
//! asking them anew.

use crate::{
    Gateway,
    catalogue::Entry,
    gates,
    offer::{Kind, Offered},
    raw::Members,
    upstream::UpstreamError,
};
use procura_app::App;
use procura_model::{Ctx, Reason, Result, ServerId, TenantSettings, Time};
use serde::Serialize;
use std::{borrow::Cow, sync::Arc, time::Duration};
use tokio::time::timeout;

/// What was last seen of a server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Health {
    checked_at: Option<Time>,
    error: Option<(Reason, Cow<'static, str>)>,
}

impl Health {
    /// Notes how the last exchange went.
    pub(crate) fn note(&mut self, now: Time, error: Option<&UpstreamError>) {
        self.checked_at = Some(now);
        self.error = error.map(|error| (error.reason, error.sentence()));
    }

    /// Notes that it answers, where it did not before.
    pub(crate) fn recovered(&mut self, app: &App) {
        if self.error.is_some() || self.checked_at.is_none() {
            self.note(app.now(), None);
        }
    }
}

/// Whether a server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ServerState {
    /// Nobody has asked it yet.
    Unknown,
    /// It answered.
    Ok,
    /// It did not.
    Failing,
}

/// A server as people see it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerHealth {
    /// The server.
    pub server: ServerId,
    /// Its name.
    pub name: String,
    /// Whether it answers.
    pub state: ServerState,
    /// Why not, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// Why not, as a code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_code: Option<Reason>,
    /// When that was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checked_at: Option<Time>,
    /// Its tools.
    pub tools: Vec<ToolView>,
}

/// A tool as people see it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolView {
    /// The server's own name for it.
    pub name: String,
    /// Its name in the list of all servers.
    pub full_name: String,
    /// The resource under which permissions name it.
    pub resource: String,
    /// What the server says about it, cut at 500 characters; text from outside.
    pub description: String,
    /// Why it is hidden from agents, where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<Reason>,
}

impl ToolView {
    pub(crate) fn of(tool: &Offered, settings: &TenantSettings) -> Self {
        let description = Members::parse(&tool.raw).ok().and_then(|members| members.text("description"));
        Self {
            name: tool.key.clone(),
            full_name: tool.full_name.clone(),
            resource: tool.resource.clone(),
            description: description.unwrap_or_default().chars().take(500).collect(),
            hidden: tool.hidden(settings),
        }
    }
}

/// How long servers that nobody asked yet may take to answer.
const ASK_WITHIN: Duration = Duration::from_secs(3);

impl Gateway {
    /// How the servers of the organization are doing. Those that nobody asked yet are asked, and
    /// may take a few seconds.
    ///
    /// # Errors
    /// The scope is missing, or the store cannot say.
    pub async fn servers_health(&self, ctx: &Ctx) -> Result<Vec<ServerHealth>> {
        ctx.actor.require(procura_model::Scope::ReadServers)?;
        let servers = self.catalogue.servers(&self.app, ctx).await?;
        let unknown = servers.entries.values().filter(|entry| !entry.is_fresh());
        let asked = unknown.map(|entry| async move { entry.offer(self).await.is_ok() });
        let _late = timeout(ASK_WITHIN, futures_util::future::join_all(asked)).await;
        let settings = gates::settings(&self.app, ctx).await?;
        Ok(servers.entries.values().map(|entry| health_of(entry, &settings)).collect())
    }

    /// How many servers in use failed when they were last asked. Asks none.
    ///
    /// # Errors
    /// The scope is missing, or the store cannot say.
    pub async fn servers_failing(&self, ctx: &Ctx) -> Result<usize> {
        ctx.actor.require(procura_model::Scope::ReadServers)?;
        let servers = self.catalogue.servers(&self.app, ctx).await?;
        let fails = |entry: &&Arc<Entry>| entry.health.lock().error.is_some();
        Ok(servers.entries.values().filter(fails).count())
    }
}

impl Gateway {
    /// Asks one server for its tools again, whatever is known of it.
    ///
    /// # Errors
    /// The scope is missing, or `NOT_FOUND`: there is no such server in use.
    pub async fn refresh(&self, ctx: &Ctx, id: ServerId) -> Result<ServerHealth> {
        ctx.actor.require(procura_model::Scope::ReadServers)?;
        let servers = self.catalogue.servers(&self.app, ctx).await?;
        let entry = servers.entries.values().find(|entry| entry.server.id == id).ok_or(Reason::NotFound)?;
        entry.forget_offer();
        // A server that does not answer in time is told by its health.
        let _late = timeout(ASK_WITHIN, entry.offer(self)).await;
        Ok(health_of(entry, &gates::settings(&self.app, ctx).await?))
    }
}

fn health_of(entry: &Arc<Entry>, settings: &TenantSettings) -> ServerHealth {
    let health = entry.health.lock().clone();
    let state = match (&health.error, health.checked_at) {
        (Some(_), _) => ServerState::Failing,
        (None, Some(_)) => ServerState::Ok,
        (None, None) => ServerState::Unknown,
    };
    let offer = entry.known_offer();
    let tools = offer
        .as_ref()
        .map(|offer| offer.list(Kind::Tool).iter().map(|tool| ToolView::of(tool, settings)).collect());
    ServerHealth {
        server: entry.server.id,
        name: entry.server.name.clone(),
        state,
        last_code: health.error.as_ref().map(|(reason, _)| *reason),
        last_error: health.error.map(|(_, sentence)| sentence.into_owned()),
        checked_at: health.checked_at,
        tools: tools.unwrap_or_default(),
    }
}
