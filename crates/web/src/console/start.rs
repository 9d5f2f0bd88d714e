//! Get started: what is true already is looked up each time.

use super::{
    desk::{self, Answer, Desk},
    snippets::{Client, snippet},
    view::{
        frame::Section,
        start::{Progress, Start, Steps},
    },
};
use crate::extract::Query;
use procura_app::{
    activity::{self, DecisionFilter},
    agents, permissions, servers,
};
use procura_model::{PageAsk, Permission, Result, Time, Verdict, page};
use serde::Deserialize;

/// Which client's snippet is shown.
#[derive(Deserialize)]
pub(super) struct Chosen {
    #[serde(default)]
    client: String,
    #[serde(default, rename = "done")]
    _done: String,
}

/// The page.
pub(super) async fn start(desk: Desk, Query(chosen): Query<Chosen>) -> Answer {
    let steps = steps_of(&desk, &chosen.client).await?;
    desk::page(&Start { frame: steps.frame.clone(), steps, clients: clients() })
}

/// The steps alone, for the refresh.
pub(super) async fn steps(desk: Desk, Query(chosen): Query<Chosen>) -> Answer {
    desk::page(&steps_of(&desk, &chosen.client).await?)
}

async fn steps_of(desk: &Desk, word: &str) -> Result<Steps> {
    let client = Client::from_word(word).unwrap_or(Client::ClaudeCode);
    Ok(Steps {
        frame: desk.frame("Get started", Section::Start).await?,
        progress: progress(desk).await?,
        clients: clients(),
        client: client.as_str().to_owned(),
        snippet: snippet(client, &desk.app().settings.public_url, None),
    })
}

fn clients() -> Vec<(&'static str, &'static str)> {
    Client::ALL.iter().map(|client| (client.as_str(), client.title())).collect()
}

async fn progress(desk: &Desk) -> Result<Progress> {
    let (app, ctx) = (desk.app(), desk.ctx());
    let one = PageAsk::new(None, Some(1));
    let agents = agents::list(app, ctx, &PageAsk::new(None, Some(page::MAX_LIMIT))).await?.items;
    let all = permissions::all(app, ctx).await?;
    let in_force = all.iter().filter(|(_, permission)| holds(permission, ctx.now)).count();
    let call = activity::list(app, ctx, DecisionFilter::default(), &one).await?.items;
    let denied = DecisionFilter { verdict: Some(Verdict::Deny), ..DecisionFilter::default() };
    let denial = activity::list(app, ctx, denied, &one).await?.items;
    let used = servers::list(app, ctx).await?.iter().filter(|server| server.enabled).count();
    let failing = desk.web.gateway.servers_failing(ctx).await?;
    Ok(Progress {
        agent: agents.first().map(|agent| (agent.id.to_string(), agent.name.clone())),
        more_agents: agents.len().saturating_sub(1),
        key_was_used: agents.iter().any(|agent| agent.last_seen_at.is_some()),
        servers: used,
        failing,
        call: call.first().map(|row| row.recorded.request.to_string()),
        denial: denial.first().map(|row| row.recorded.request.to_string()),
        permissions: in_force,
    })
}

/// Whether a permission is neither before its time nor after it.
fn holds(permission: &Permission, now: Time) -> bool {
    permission.not_before.is_none_or(|start| start <= now)
        && permission.expires_at.is_none_or(|end| end > now)
}
