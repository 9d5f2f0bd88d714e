//! A simulation from end to end: what is asked, the drafts, and the walk through the record. While one page is judged
//! the next is read, so both sides are busy and no more than two pages are held.

use super::{
    replay::{Draft, Replayer},
    tally::{Flips, Simulation},
};
use crate::App;
use procura_model::{AgentId, Ctx, Doing as _, Permission, Reason, Result, Scope, Time};
use procura_store::{
    agents,
    history::{self, Mark, Past, Stretch},
    permissions, tenants,
};
use std::{collections::HashMap, sync::Arc};

/// How many decisions are read at once.
const PAGE: i64 = 1_000;
/// How many decisions a simulation looks at where it does not say.
const USUAL_LIMIT: i64 = 1_000_000;
/// How many decisions a simulation looks at at the most.
const MAX_LIMIT: i64 = 10_000_000;
/// How many permissions a draft may have: as many as an agent.
const MAX_PERMISSIONS: usize = 500;

/// What is to be simulated.
#[derive(Clone, Debug, Default)]
pub struct SimulateAsk {
    /// The decisions of this agent; of all where absent.
    pub agent: Option<AgentId>,
    /// The draft; the permissions as they stand where absent.
    pub permissions: Option<Vec<Permission>>,
    /// From this time on.
    pub from: Option<Time>,
    /// Before this time.
    pub to: Option<Time>,
    /// How many decisions, the newest, are looked at.
    pub limit: Option<i64>,
}

/// How far a simulation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How many decisions were looked at.
    pub rows: u64,
    /// How many answers change so far.
    pub flips: Flips,
    /// The time of the oldest decision that was looked at: it moves into the past.
    pub reached: Option<Time>,
}

/// A simulation that may begin: everything about it was looked at that could be refused.
pub struct Begun {
    replayer: Arc<Replayer>,
    stretch: Stretch,
    limit: i64,
}

/// Looks at what is to be simulated, and reads the permissions as they stand where no draft is sent.
///
/// # Errors
/// `NOT_FOUND` for an unknown agent, `FIELD_INVALID` for a draft that could not be saved.
pub async fn begin(app: &App, ctx: &Ctx, ask: SimulateAsk) -> Result<Begun> {
    ctx.actor.require(Scope::ReadActivity)?;
    ctx.actor.require(Scope::ReadPermissions)?;
    let agent = whose(ctx, ask.agent)?;
    let limit = limit(ask.limit)?;
    let replayer = Arc::new(replayer(app, ctx, agent, ask.permissions).await?);
    Ok(Begun { replayer, stretch: Stretch { agent, from: ask.from, to: ask.to }, limit })
}

impl Begun {
    /// Asks recorded decisions again, and tells `on` how far it came after every page.
    ///
    /// # Errors
    /// `RATE_LIMITED` where other simulations run for long, or a fault.
    pub async fn run(self, app: &App, ctx: &Ctx, mut on: impl FnMut(Progress) + Send) -> Result<Simulation> {
        let _place = app.simulations.take(ctx.tenant).await?;
        let mut reader = app.store.read(ctx);
        let mut found = Simulation::default();
        let mut left = self.limit;
        let mut page = history::page(&mut reader, &self.stretch, None, PAGE.min(left)).await?;
        loop {
            let read = i64::try_from(page.len()).unwrap_or(i64::MAX);
            let mark = page.last().map(Mark::of).filter(|_| read == PAGE.min(left));
            left -= read;
            let judging = judge(Arc::clone(&self.replayer), found, page);
            let following = async {
                match &mark {
                    // Beyond the limit one row is enough to know that there is more.
                    Some(mark) => {
                        history::page(&mut reader, &self.stretch, Some(mark), PAGE.min(left).max(1)).await
                    }
                    None => Ok(Vec::new()),
                }
            };
            let (judged, followed) = tokio::join!(judging, following);
            (found, page) = (judged?, followed?);
            on(Progress { rows: found.rows, flips: found.flips, reached: found.oldest });
            if page.is_empty() || left == 0 {
                found.is_complete = page.is_empty();
                return Ok(found);
            }
        }
    }
}

/// An agent's key sees its own agent's history alone.
pub(super) fn whose(ctx: &Ctx, named: Option<AgentId>) -> Result<Option<AgentId>> {
    match (ctx.actor.agent(), named) {
        (Some(own), Some(named)) if own != named => Err(Reason::NotFound.into()),
        (own, named) => Ok(named.or(own)),
    }
}

fn limit(asked: Option<i64>) -> Result<i64> {
    match asked {
        None => Ok(USUAL_LIMIT),
        Some(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
        Some(_) => Err(Reason::FieldInvalid.because(format!("limit must be between 1 and {MAX_LIMIT}."))),
    }
}

/// The drafts by agent: the one that was sent, or the permissions as they stand.
async fn replayer(
    app: &App,
    ctx: &Ctx,
    agent: Option<AgentId>,
    draft: Option<Vec<Permission>>,
) -> Result<Replayer> {
    let mut reader = app.store.read(ctx);
    let mut by_agent: HashMap<AgentId, Vec<Permission>> = HashMap::new();
    match (agent, draft) {
        (None, Some(_)) => {
            return Err(Reason::FieldInvalid.because("permissions are one agent's: name it in agentId."));
        }
        (Some(agent), draft) => {
            agents::get(&mut reader, agent).await?;
            let permissions = match draft {
                Some(draft) => checked(draft)?,
                None => permissions::list_of_agent(&mut reader, agent).await?,
            };
            by_agent.insert(agent, permissions);
        }
        (None, None) => {
            for granted in permissions::list_all(&mut reader).await? {
                by_agent.entry(granted.agent).or_default().push(granted.permission);
            }
        }
    }
    let currency = tenants::get(&mut reader).await?.settings.currency;
    let pseudonym = |id: &str| app.seals.pseudonym(ctx.tenant, id);
    let drafts = by_agent.into_iter().map(|(agent, list)| (agent, Draft::new(&list, 0, pseudonym)));
    Ok(Replayer::new(drafts.collect(), currency))
}

/// A draft that could be saved as it stands.
fn checked(draft: Vec<Permission>) -> Result<Vec<Permission>> {
    if draft.len() > MAX_PERMISSIONS {
        let most = format!("permissions must hold at most {MAX_PERMISSIONS} permissions.");
        return Err(Reason::FieldInvalid.because(most));
    }
    for (index, permission) in draft.iter().enumerate() {
        procura_policy::validate(permission).map_err(|error| {
            let sentence = format!("permissions[{index}]: {}", error.sentence());
            error.reason().because(sentence)
        })?;
    }
    Ok(draft)
}

/// Asks every decision of a page again, on a thread that may take its time.
async fn judge(replayer: Arc<Replayer>, mut found: Simulation, page: Vec<Past>) -> Result<Simulation> {
    let work = move || {
        for past in page {
            found.add(past.at, replayer.replay(past));
        }
        found
    };
    tokio::task::spawn_blocking(work).await.doing("replay recorded decisions")
}
