//! Human answers (APR-1). Every step of an approval is one conditional statement that reports the winner: it
//! waits once for each ask, each agreement counts once, it is granted or denied once, and it is used as often as was
//! granted and not once more.

use crate::{
    row::Row,
    tx::{Source, Writer},
};
use procura_model::{
    AccountId, AgentId, Approval, ApprovalId, ApprovalScope, ApprovalState, Digest, Page, PageAsk,
    PermissionId, Reason, Result, Time, UserRef,
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
                permission_id, sentence, state, asked_in, created_at, expires_at, task, quorum)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'waiting', $10, $11, $12, $13, $14)
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
           AND (CAST($4 AS TEXT) IS NULL OR agent_id = $4)
         ORDER BY approval_id DESC
         LIMIT $3";
    LIST_BY_STATE = "
        SELECT *
          FROM approvals
         WHERE tenant_id = $1
           AND state = $2
           AND (CAST($3 AS TEXT) IS NULL OR approval_id < $3)
           AND (CAST($5 AS TEXT) IS NULL OR agent_id = $5)
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
    /// Counts one more person, and locks the row: of two who agree at once, one is the last.
    AGREE = "
        UPDATE approvals
           SET agreed = agreed + 1
         WHERE tenant_id = $1
           AND approval_id = $2
           AND state = 'waiting'
           AND expires_at > $3
     RETURNING *";
    GRANT = "
        UPDATE approvals
           SET state = 'granted', decided_by = $3, decided_at = $4, scope = $5, max_uses = $6, expires_at = $7,
               policy_version = $8
         WHERE tenant_id = $1
           AND approval_id = $2
           AND state = 'waiting'
           AND expires_at > $4
           AND agreed >= quorum
     RETURNING *";
    DENY = "
        UPDATE approvals
           SET state = 'denied', decided_by = $3, decided_at = $4
         WHERE tenant_id = $1
           AND approval_id = $2
           AND state = 'waiting'
           AND expires_at > $4
     RETURNING *";
    FIND_USABLE = "
        SELECT *
          FROM approvals
         WHERE tenant_id = $1
           AND agent_id = $2
           AND digest = $3
           AND policy_version = $4
           AND COALESCE(user_ref, '') = $5
           AND state = 'granted'
           AND expires_at > $6
           AND (max_uses IS NULL OR uses < max_uses)
           AND (scope IS NULL OR scope <> 'task' OR task = $7)
           AND COALESCE(permission_id, '') = $8
         ORDER BY approval_id
         LIMIT 1";
    CONSUME = "
        UPDATE approvals
           SET uses = uses + 1,
               state = CASE WHEN max_uses IS NOT NULL AND uses + 1 >= max_uses THEN 'consumed' ELSE state END,
               consumed_in = $6
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
                                 AND (g.max_uses IS NULL OR g.uses < g.max_uses)
                                 AND (g.scope IS NULL OR g.scope <> 'task' OR g.task = $8)
                                 AND COALESCE(g.permission_id, '') = $9
                               ORDER BY g.approval_id
                               LIMIT 1)
           AND state = 'granted'
           AND expires_at > $7
           AND (max_uses IS NULL OR uses < max_uses)
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
    MARK_ALL_STALE = "
        UPDATE approvals
           SET state = 'stale'
         WHERE tenant_id = $1
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

/// For how much an approval is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// In a word.
    pub scope: ApprovalScope,
    /// How often it may be used; none for as often as there is time.
    pub max_uses: Option<i64>,
    /// Until when.
    pub expires_at: Time,
    /// Under which version of the agent's policy.
    pub policy_version: i64,
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
    /// The task in which it calls.
    pub task: Option<&'a str>,
    /// The permission that asks for a person: another one may ask for more people, or count on another window.
    pub permission: Option<PermissionId>,
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
        approval.task.as_deref(),
        approval.quorum,
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

/// Approvals of an agent, or of all, in a state, or in any, newest first; the cursor is an approval's id.
///
/// # Errors
/// A fault.
pub async fn list(
    source: &mut impl Source,
    agent: Option<AgentId>,
    state: Option<ApprovalState>,
    ask: &PageAsk,
) -> Result<Page<Approval>> {
    let limit = ask.limit.saturating_add(1);
    let rows = match state {
        Some(state) => {
            source.desk().all(&LIST_BY_STATE, args![state, ask.after.as_deref(), limit, agent]).await?
        }
        None => source.desk().all(&LIST, args![ask.after.as_deref(), limit, agent]).await?,
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

/// Counts one more person who agrees to a waiting approval. Who that is, is written by
/// [`crate::approval_answers::insert`] in the same change, which refuses whoever answered before.
///
/// # Errors
/// `APPROVAL_CLOSED` when it no longer waits, `NOT_FOUND`, or a fault.
pub async fn agree(w: &mut Writer<'_>, approval: ApprovalId) -> Result<Approval> {
    let now = w.now();
    let row = w.desk().maybe(&AGREE, args![approval, now]).await?;
    closed_or(w, approval, row).await
}

/// Grants a waiting approval to which enough people have agreed.
///
/// # Errors
/// `APPROVAL_CLOSED` when it no longer waits, or too few have agreed; `NOT_FOUND`, or a fault.
pub async fn grant(
    w: &mut Writer<'_>,
    approval: ApprovalId,
    terms: &Terms,
    by: AccountId,
) -> Result<Approval> {
    let now = w.now();
    let args = args![
        approval,
        by,
        now,
        terms.scope.as_str(),
        terms.max_uses,
        terms.expires_at,
        terms.policy_version
    ];
    let row = w.desk().maybe(&GRANT, args).await?;
    closed_or(w, approval, row).await
}

/// Denies a waiting approval; one person is enough.
///
/// # Errors
/// `APPROVAL_CLOSED` when it no longer waits, `NOT_FOUND`, or a fault.
pub async fn deny(w: &mut Writer<'_>, approval: ApprovalId, by: AccountId) -> Result<Approval> {
    let now = w.now();
    let row = w.desk().maybe(&DENY, args![approval, by, now]).await?;
    closed_or(w, approval, row).await
}

/// The granted approval that a call could use now; nothing is used.
///
/// # Errors
/// A fault.
pub async fn find_usable(source: &mut impl Source, wanted: &Use<'_>) -> Result<Option<Approval>> {
    let now = source.now();
    let user = wanted.user.map_or("", |user| user.0.as_str());
    let permission = wanted.permission.map(|id| id.to_string()).unwrap_or_default();
    let args = args![wanted.agent, wanted.digest, wanted.policy_version, user, now, wanted.task, permission];
    source.desk().maybe(&FIND_USABLE, args).await?.as_ref().map(read).transpose()
}

/// Uses a granted approval, if there is one to which everything agrees; of many callers as many get it as it is
/// good for.
///
/// # Errors
/// A fault.
pub async fn consume(w: &mut Writer<'_>, wanted: &Use<'_>) -> Result<Option<Approval>> {
    let (request, now) = (w.ctx().request, w.now());
    let user = wanted.user.map_or("", |user| user.0.as_str());
    let permission = wanted.permission.map(|id| id.to_string()).unwrap_or_default();
    let args = args![
        wanted.agent,
        wanted.digest,
        wanted.policy_version,
        user,
        request,
        now,
        wanted.task,
        permission
    ];
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

/// Makes every open approval of the organization stale: what its asks mean has changed.
///
/// # Errors
/// A fault.
pub async fn mark_all_stale(w: &mut Writer<'_>) -> Result<usize> {
    w.desk().count(&MARK_ALL_STALE, args![]).await
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
        task: row.maybe_text("task")?,
        scope: row.maybe_parse("scope")?,
        uses: row.int("uses")?,
        max_uses: row.maybe_int("max_uses")?,
        quorum: row.int("quorum")?,
        agreed: row.int("agreed")?,
    })
}

#[cfg(test)]
#[path = "approvals_tests.rs"]
mod tests;
