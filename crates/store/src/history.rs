//! Decisions as they were recorded, for replaying them (VER-5): newest first, a page at a time, and of each row only
//! what a replay looks at. The facts stay the text that they are, so that whoever replays reads of them what is needed.

use crate::{
    evidence::{maybe_reason, maybe_verdict, request_floor},
    row::Row,
    tx::Source,
};
use procura_model::{AgentId, ApprovalId, PermissionId, Reason, RequestId, Result, Time, UserRef, Verdict};

statements! {
    PAGE = "
        SELECT request_id, position, at, agent_id, user_ref, target, action, resource, verdict, reason, approval_id,
               facts
          FROM evidence
         WHERE tenant_id = $1
           AND kind = 'decision'
           AND request_id >= $2
           AND (request_id, position) < ($3, $4)
         ORDER BY request_id DESC, position DESC
         LIMIT $5";
    /// The lower bound is hidden in an expression, or SQLite would walk the rows of every agent between the
    /// bounds instead of the index of this one.
    PAGE_OF_AGENT = "
        SELECT request_id, position, at, agent_id, user_ref, target, action, resource, verdict, reason, approval_id,
               facts
          FROM evidence
         WHERE tenant_id = $1
           AND kind = 'decision'
           AND request_id || '' >= $2
           AND (request_id, position) < ($3, $4)
           AND agent_id = $6
         ORDER BY request_id DESC, position DESC
         LIMIT $5";
    PAGE_OF_SHADOWS = "
        SELECT request_id, position, at, agent_id, user_ref, target, action, resource, verdict, reason, approval_id,
               facts
          FROM evidence
         WHERE tenant_id = $1
           AND kind = 'decision'
           AND target IS NOT NULL
           AND request_id >= $2
           AND (request_id, position) < ($3, $4)
           AND (CAST($6 AS TEXT) IS NULL OR agent_id = $6)
         ORDER BY request_id DESC, position DESC
         LIMIT $5";
}

/// A decision of the past.
#[derive(Clone, Debug)]
pub struct Past {
    /// The request that was decided.
    pub request: RequestId,
    /// Its place in the request's chain.
    pub position: i64,
    /// The time that the decision was made with.
    pub at: Time,
    /// Whose policy was asked.
    pub agent: Option<AgentId>,
    /// On behalf of which user.
    pub user: Option<UserRef>,
    /// What was asked, as it was recorded.
    pub action: Option<String>,
    /// On what.
    pub resource: Option<String>,
    /// The answer.
    pub verdict: Option<Verdict>,
    /// Why.
    pub reason: Option<Reason>,
    /// The approval that was opened or used.
    pub approval: Option<ApprovalId>,
    /// The permission in shadow that would have answered otherwise.
    pub shadow: Option<PermissionId>,
    /// What the decision read, as it was written.
    pub facts: String,
}

/// Which decisions are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stretch {
    /// Of this agent; of all where absent.
    pub agent: Option<AgentId>,
    /// From this time on.
    pub from: Option<Time>,
    /// Before this time.
    pub to: Option<Time>,
}

/// Where a page ended; the next one begins there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    request: String,
    position: i64,
}

impl Mark {
    /// The place of a decision.
    #[must_use]
    pub fn of(past: &Past) -> Self {
        Self { request: past.request.to_string(), position: past.position }
    }

    fn newest(stretch: &Stretch) -> Self {
        let request = stretch.to.map_or_else(|| "req_ZZZZZZZZZZZZZZZZZZZZZZZZZZ".to_owned(), request_floor);
        Self { request, position: 0 }
    }
}

/// A page of decisions, newest first; it is the last one when it holds fewer than `limit`.
///
/// # Errors
/// A fault.
pub async fn page(
    source: &mut impl Source,
    stretch: &Stretch,
    after: Option<&Mark>,
    limit: i64,
) -> Result<Vec<Past>> {
    let mut args = args_of(stretch, after, limit);
    let rows = if let Some(agent) = stretch.agent {
        args.push(agent.into());
        source.desk().all(&PAGE_OF_AGENT, args).await?
    } else {
        source.desk().all(&PAGE, args).await?
    };
    rows.iter().map(read).collect()
}

/// A page of the decisions that permissions in shadow would have changed, newest first.
///
/// # Errors
/// A fault.
pub async fn page_of_shadows(
    source: &mut impl Source,
    stretch: &Stretch,
    after: Option<&Mark>,
    limit: i64,
) -> Result<Vec<Past>> {
    let mut args = args_of(stretch, after, limit);
    args.push(stretch.agent.into());
    source.desk().all(&PAGE_OF_SHADOWS, args).await?.iter().map(read).collect()
}

fn args_of(stretch: &Stretch, after: Option<&Mark>, limit: i64) -> Vec<crate::value::Value> {
    let before = after.cloned().unwrap_or_else(|| Mark::newest(stretch));
    args![request_floor(stretch.from.unwrap_or_default()), before.request, before.position, limit]
}

fn read(row: &Row) -> Result<Past> {
    Ok(Past {
        request: row.parse("request_id")?,
        position: row.int("position")?,
        at: row.time("at")?,
        agent: row.maybe_parse("agent_id")?,
        user: row.maybe_text("user_ref")?.map(UserRef),
        action: row.maybe_text("action")?,
        resource: row.maybe_text("resource")?,
        verdict: maybe_verdict(row)?,
        reason: maybe_reason(row, "reason")?,
        approval: row.maybe_parse("approval_id")?,
        shadow: row.maybe_text("target")?.and_then(|target| target.parse().ok()),
        facts: row.text("facts")?,
    })
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
