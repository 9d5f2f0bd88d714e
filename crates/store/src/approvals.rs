//! Human answers (APR-1). Every step of an approval is one conditional statement that reports the winner: it
//! waits once for each ask, is answered once, and is used once.

use crate::{
    row::Row,
    tx::{Source, Writer},
};
use procura_model::{
    AccountId, AgentId, Approval, ApprovalId, ApprovalState, Digest, Page, PageAsk, Reason, Result, UserRef,
};

statements! {
    EXPIRE_ASK = "
        UPDATE approvals
           SET state = 'expired'
         WHERE tenant_id = $1
           AND agent_id = $2
           AND digest = $3
           AND state IN ('waiting', 'granted')
           AND expires_at <= $4";
    INSERT = "
        INSERT INTO approvals
               (tenant_id, approval_id, agent_id, user_ref, digest, canonical_ask, policy_version,
                permission_id, sentence, state, asked_in, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'waiting', $10, $11, $12)
        ON CONFLICT (tenant_id, agent_id, digest, policy_version) WHERE state = 'waiting'
        DO UPDATE SET state = 'waiting'
     RETURNING *";
    COUNT_WAITING = "
        SELECT COUNT(*) AS waiting
          FROM approvals
         WHERE tenant_id = $1
           AND agent_id = $2
           AND state = 'waiting'
           AND expires_at > $3";
    COUNT_WAITING_ALL = "
        SELECT COUNT(*) AS waiting
          FROM approvals
         WHERE tenant_id = $1
           AND state = 'waiting'
           AND expires_at > $2";
    GET = "
        SELECT *
          FROM approvals
         WHERE tenant_id = $1
           AND approval_id = $2";
    LIST = "
        SELECT *
          FROM approvals
         WHERE tenant_id = $1
           AND (CAST($2 AS TEXT) IS NULL OR approval_id < $2)
         ORDER BY approval_id DESC
         LIMIT $3";
    LIST_BY_STATE = "
        SELECT *
          FROM approvals
         WHERE tenant_id = $1
           AND state = $2
           AND (CAST($3 AS TEXT) IS NULL OR approval_id < $3)
         ORDER BY approval_id DESC
         LIMIT $4";
    FIND_LATEST = "
        SELECT *
          FROM approvals
         WHERE tenant_id = $1
           AND agent_id = $2
           AND digest = $3
         ORDER BY approval_id DESC
         LIMIT 1";
    DECIDE = "
        UPDATE approvals
           SET state = $3, decided_by = $4, decided_at = $5
         WHERE tenant_id = $1
           AND approval_id = $2
           AND state = 'waiting'
           AND expires_at > $5
     RETURNING *";
    CONSUME = "
        UPDATE approvals
           SET state = 'consumed', consumed_in = $6
         WHERE tenant_id = $1
           AND approval_id = (SELECT g.approval_id
                                FROM approvals g
                               WHERE g.tenant_id = $1
                                 AND g.agent_id = $2
                                 AND g.digest = $3
                                 AND g.policy_version = $4
                                 AND COALESCE(g.user_ref, '') = $5
                                 AND g.state = 'granted'
                                 AND g.expires_at > $7
                               ORDER BY g.approval_id
                               LIMIT 1)
           AND state = 'granted'
           AND expires_at > $7
     RETURNING *";
    CANCEL = "
        UPDATE approvals
           SET state = 'cancelled'
         WHERE tenant_id = $1
           AND approval_id = $2
           AND state IN ('waiting', 'granted')
     RETURNING *";
    MARK_STALE = "
        UPDATE approvals
           SET state = 'stale'
         WHERE tenant_id = $1
           AND agent_id = $2
           AND policy_version < $3
           AND state IN ('waiting', 'granted')
     RETURNING approval_id";
}

/// What became of an ask for an approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// It waits now.
    New(Approval),
    /// The same ask was waiting already.
    Waiting(Approval),
}

/// How a person answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes.
    Grant,
    /// No.
    Deny,
}

/// What must agree for an approval to be used.
#[derive(Clone, Debug)]
pub struct Use<'a> {
    /// The agent that calls.
    pub agent: AgentId,
    /// The digest of its canonical ask.
    pub digest: &'a Digest,
    /// Its policy version now.
    pub policy_version: i64,
    /// The user for whom it calls.
    pub user: Option<&'a UserRef>,
}

/// Lets an ask wait for a person; the same ask of the same policy version waits once.
///
/// # Errors
/// A fault.
pub async fn insert(w: &mut Writer<'_>, approval: &Approval) -> Result<Opened> {
    let now = w.now();
    w.desk().run(&EXPIRE_ASK, args![approval.agent, &approval.digest, now]).await?;
    let args = args![
        approval.id,
        approval.agent,
        approval.user.as_ref(),
        &approval.digest,
        &approval.canonical_ask,
        approval.policy_version,
        approval.permission,
        &approval.sentence,
        approval.asked_in,
        approval.created_at,
        approval.expires_at,
    ];
    let stored = read(&w.desk().one(&INSERT, args).await?)?;
    Ok(if stored.id == approval.id { Opened::New(stored) } else { Opened::Waiting(stored) })
}

/// How many asks of an agent wait for a person.
///
/// # Errors
/// A fault.
pub async fn count_waiting(source: &mut impl Source, agent: AgentId) -> Result<i64> {
    let now = source.now();
    source.desk().one(&COUNT_WAITING, args![agent, now]).await?.int("waiting")
}

/// How many asks of the whole organization wait for a person.
///
/// # Errors
/// A fault.
pub async fn count_all_waiting(source: &mut impl Source) -> Result<i64> {
    let now = source.now();
    source.desk().one(&COUNT_WAITING_ALL, args![now]).await?.int("waiting")
}

/// One approval.
///
/// # Errors
/// `NOT_FOUND`, or a fault.
pub async fn get(source: &mut impl Source, approval: ApprovalId) -> Result<Approval> {
    let row = source.desk().maybe(&GET, args![approval]).await?.ok_or(Reason::NotFound)?;
    read(&row)
}

/// Approvals in a state, or in any, newest first; the cursor is an approval's id.
///
/// # Errors
/// A fault.
pub async fn list(
    source: &mut impl Source,
    state: Option<ApprovalState>,
    ask: &PageAsk,
) -> Result<Page<Approval>> {
    let limit = ask.limit.saturating_add(1);
    let rows = match state {
        Some(state) => source.desk().all(&LIST_BY_STATE, args![state, ask.after.as_deref(), limit]).await?,
        None => source.desk().all(&LIST, args![ask.after.as_deref(), limit]).await?,
    };
    let approvals = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
    Ok(Page::of(approvals, ask, |approval| approval.id.to_string()))
}

/// The newest approval of an ask, whatever became of it.
///
/// # Errors
/// A fault.
pub async fn find_latest(
    source: &mut impl Source,
    agent: AgentId,
    digest: &Digest,
) -> Result<Option<Approval>> {
    source.desk().maybe(&FIND_LATEST, args![agent, digest]).await?.as_ref().map(read).transpose()
}

/// Answers a waiting approval.
///
/// # Errors
/// `APPROVAL_CLOSED` when it no longer waits, `NOT_FOUND`, or a fault.
pub async fn decide(
    w: &mut Writer<'_>,
    approval: ApprovalId,
    answer: Answer,
    by: AccountId,
) -> Result<Approval> {
    let now = w.now();
    let state = match answer {
        Answer::Grant => ApprovalState::Granted,
        Answer::Deny => ApprovalState::Denied,
    };
    let row = w.desk().maybe(&DECIDE, args![approval, state, by, now]).await?;
    closed_or(w, approval, row).await
}

/// Uses a granted approval, if there is one to which everything agrees; of many callers one gets it.
///
/// # Errors
/// A fault.
pub async fn consume(w: &mut Writer<'_>, wanted: &Use<'_>) -> Result<Option<Approval>> {
    let (request, now) = (w.ctx().request, w.now());
    let user = wanted.user.map_or("", |user| user.0.as_str());
    let args = args![wanted.agent, wanted.digest, wanted.policy_version, user, request, now];
    w.desk().maybe(&CONSUME, args).await?.as_ref().map(read).transpose()
}

/// Withdraws an approval that has not been used.
///
/// # Errors
/// `APPROVAL_CLOSED` when it is over already, `NOT_FOUND`, or a fault.
pub async fn cancel(w: &mut Writer<'_>, approval: ApprovalId) -> Result<Approval> {
    let row = w.desk().maybe(&CANCEL, args![approval]).await?;
    closed_or(w, approval, row).await
}

/// Makes every open approval of an agent stale that was asked under an older policy, and says which.
///
/// # Errors
/// A fault.
pub async fn mark_stale_of_agent(
    w: &mut Writer<'_>,
    agent: AgentId,
    policy_version: i64,
) -> Result<Vec<ApprovalId>> {
    let rows = w.desk().all(&MARK_STALE, args![agent, policy_version]).await?;
    rows.iter().map(|row| row.parse("approval_id")).collect()
}

async fn closed_or(w: &mut Writer<'_>, approval: ApprovalId, row: Option<Row>) -> Result<Approval> {
    if let Some(row) = row {
        return read(&row);
    }
    get(w, approval).await?;
    Err(Reason::ApprovalClosed.into())
}

fn read(row: &Row) -> Result<Approval> {
    Ok(Approval {
        id: row.parse("approval_id")?,
        agent: row.parse("agent_id")?,
        user: row.maybe_text("user_ref")?.map(UserRef),
        digest: row.digest("digest")?,
        canonical_ask: row.text("canonical_ask")?,
        policy_version: row.int("policy_version")?,
        permission: row.maybe_parse("permission_id")?,
        sentence: row.text("sentence")?,
        state: row.parse("state")?,
        asked_in: row.parse("asked_in")?,
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        decided_by: row.maybe_parse("decided_by")?,
        decided_at: row.maybe_time("decided_at")?,
        consumed_in: row.maybe_parse("consumed_in")?,
    })
}

#[cfg(test)]
#[path = "approvals_tests.rs"]
mod tests;
