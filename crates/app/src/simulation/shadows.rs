//! What permissions in shadow would have changed while they were watched. Their verdicts stand in the record, so
//! nothing is asked again: rows are counted, and the newest are listed.

use super::{
    replay::{Answered, Flip, direction, said_by_policy},
    run::whose,
    tally::Flips,
};
use crate::{AgentSnapshot, App};
use procura_model::{AgentId, Ask, Ctx, PermissionId, Reason, Result, Scope, Time, Verdict};
use procura_policy::Facts;
use procura_store::{
    agents,
    history::{self, Mark, Past, Stretch},
};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::BTreeMap};

/// How many rows are read at once.
const PAGE: usize = 1_000;
/// The same, as the store takes it.
const PAGE_LIMIT: i64 = 1_000;
/// How many rows are counted at the most.
const MAX_COUNTED: usize = 100_000;
/// How many of the newest are listed.
const MAX_LISTED: usize = 200;

/// What a decision records of the permissions in shadow that cover it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ShadowFact {
    /// What the answer would have been.
    pub(crate) decision: Verdict,
    /// Why.
    pub(crate) code: Reason,
    /// The permission that would have decided.
    pub(crate) permission_id: Option<PermissionId>,
    /// Why, in a sentence.
    pub(crate) sentence: Cow<'static, str>,
}

impl ShadowFact {
    /// What would be answered with the permissions in shadow, under the guardrails as they are; none where none of them
    /// covers the ask.
    pub(crate) fn of(agent: &AgentSnapshot, ask: &Ask, (facts, now): (&Facts<'_>, Time)) -> Option<Self> {
        let would = agent.policy.decide_with_shadows(ask, facts, now)?;
        let would = agent.narrow(would, ask, facts, now);
        Some(Self {
            decision: would.verdict,
            code: would.reason,
            permission_id: would.permission,
            sentence: would.sentence,
        })
    }

    /// The permission that would have changed the answer, where it would be another.
    pub(crate) fn changes(&self, said: Verdict) -> Option<PermissionId> {
        self.permission_id.filter(|_| said != self.decision)
    }
}

/// What one permission in shadow would have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShadowsOf {
    /// Which; absent where the row does not name it.
    pub permission: Option<PermissionId>,
    /// Whose it is.
    pub agent: AgentId,
    /// How many answers it would have changed.
    pub flips: Flips,
}

/// What permissions in shadow would have changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shadows {
    /// How many answers, in all.
    pub flips: Flips,
    /// By permission, in the order of their ids.
    pub permissions: Vec<ShadowsOf>,
    /// The newest.
    pub listed: Vec<Flip>,
    /// Whether all were counted, and not the newest alone.
    pub is_complete: bool,
}

/// Counts what permissions in shadow would have changed, of one agent or of all.
///
/// # Errors
/// `NOT_FOUND` for an unknown agent.
pub async fn shadows(app: &App, ctx: &Ctx, mut stretch: Stretch) -> Result<Shadows> {
    ctx.actor.require(Scope::ReadActivity)?;
    ctx.actor.require(Scope::ReadPermissions)?;
    stretch.agent = whose(ctx, stretch.agent)?;
    let mut reader = app.store.read(ctx);
    if let Some(agent) = stretch.agent {
        agents::get(&mut reader, agent).await?;
    }
    let (mut shadows, mut counted) = (Counting::default(), 0);
    let mut after: Option<Mark> = None;
    loop {
        let page = history::page_of_shadows(&mut reader, &stretch, after.as_ref(), PAGE_LIMIT).await?;
        counted += page.len();
        let is_last = page.len() < PAGE;
        after = page.last().map(Mark::of);
        page.into_iter().filter_map(flip).for_each(|flip| shadows.add(flip));
        if is_last || counted >= MAX_COUNTED {
            return Ok(shadows.told(is_last));
        }
    }
}

#[derive(Default)]
struct Counting {
    flips: Flips,
    by_permission: BTreeMap<(Option<PermissionId>, AgentId), Flips>,
    listed: Vec<Flip>,
}

impl Counting {
    fn add(&mut self, flip: Flip) {
        self.flips.count(flip.kind);
        self.by_permission.entry((flip.would.permission, flip.agent)).or_default().count(flip.kind);
        if self.listed.len() < MAX_LISTED {
            self.listed.push(flip);
        }
    }

    fn told(self, is_complete: bool) -> Shadows {
        let of = |((permission, agent), flips)| ShadowsOf { permission, agent, flips };
        let permissions = self.by_permission.into_iter().map(of).collect();
        Shadows { flips: self.flips, permissions, listed: self.listed, is_complete }
    }
}

/// A recorded decision as the change that it would have been.
fn flip(past: Past) -> Option<Flip> {
    let kept: Watched = serde_json::from_str(&past.facts).ok()?;
    let was = Answered { verdict: past.verdict?, reason: past.reason?, permission: kept.permission };
    let shadow = kept.shadow?;
    let said = said_by_policy(&was, past.approval)?;
    Some(Flip {
        kind: direction(said, was.verdict, shadow.decision)?,
        request: past.request,
        at: past.at,
        agent: past.agent?,
        user: past.user,
        action: past.action.unwrap_or_default(),
        resource: past.resource,
        was,
        would: Answered { verdict: shadow.decision, reason: shadow.code, permission: shadow.permission_id },
        sentence: shadow.sentence,
    })
}

/// The facts of a decision over which permissions in shadow watched.
#[derive(Deserialize)]
struct Watched {
    #[serde(default)]
    permission: Option<PermissionId>,
    shadow: Option<ShadowFact>,
}
