//! Reading the record (AUD-1): one request's chain, the list of decisions, the list of changes, the counts of
//! a chart. Request ids sort by time, so the record's own key is the order of every list, and a time bounds a
//! list as an id does.

use crate::{
    row::{Row, wrong},
    tx::Source,
};
use procura_model::{
    AgentId, Event, EventKind, Origin, Page, PageAsk, Reason, Recorded, RequestId, Result, Risk, Time,
    UserRef, Verdict,
};

statements! {
    TRACE = "
        SELECT *
          FROM evidence
         WHERE tenant_id = $1
           AND request_id = $2
         ORDER BY position";
    ORIGIN = "
        SELECT method, path, ip, user_agent
          FROM evidence
         WHERE tenant_id = $1
           AND request_id = $2
           AND position = 0";
    LIST_DECISIONS = "
        SELECT d.*,
               EXISTS (SELECT 1
                         FROM evidence i
                        WHERE i.tenant_id = d.tenant_id
                          AND i.request_id = d.request_id
                          AND i.kind = 'intent') AS intended,
               o.position AS outcome_position,
               o.target AS outcome_target,
               o.status AS outcome_status,
               o.reason AS outcome_reason,
               o.duration_us AS outcome_duration_us,
               o.facts AS outcome_facts
          FROM evidence d
          LEFT JOIN evidence o
            ON o.tenant_id = d.tenant_id
           AND o.request_id = d.request_id
           AND o.position = (SELECT MAX(m.position)
                               FROM evidence m
                              WHERE m.tenant_id = d.tenant_id
                                AND m.request_id = d.request_id
                                AND m.kind = 'outcome')
         WHERE d.tenant_id = $1
           AND d.kind = 'decision'
           AND d.request_id >= $2
           AND (d.request_id, d.position) < ($3, $4)
           AND (CAST($5 AS TEXT) IS NULL OR d.verdict = $5)
           AND (CAST($6 AS TEXT) IS NULL OR d.reason = $6)
           AND (CAST($7 AS TEXT) IS NULL
                OR LOWER(COALESCE(d.action, '') || ' ' || COALESCE(d.resource, '')) LIKE $7 ESCAPE '!')
           AND (CAST($9 AS TEXT) IS NULL OR d.user_ref = $9)
           AND (CAST($10 AS TEXT) IS NULL
                OR $10 = 'reported' AND (d.facts LIKE '%\"reportOnly\":true%'
                                         OR o.facts LIKE '%\"reportOnly\":true%')
                OR $10 = 'found' AND (d.reason IN ('PROMPT_INJECTION', 'COULD_NOT_SCAN')
                                      OR d.facts LIKE '%\"found\":true%'
                                      OR COALESCE(o.risk, 'none') <> 'none'))
           AND (CAST($11 AS TEXT) IS NULL
                OR d.facts LIKE $11 ESCAPE '!'
                OR o.facts LIKE $11 ESCAPE '!')
         ORDER BY d.request_id DESC, d.position DESC
         LIMIT $8";
    /// The lower bound is hidden in an expression, or SQLite would walk the rows of every agent between the
    /// bounds instead of the index of this one.
    LIST_DECISIONS_OF_AGENT = "
        SELECT d.*,
               EXISTS (SELECT 1
                         FROM evidence i
                        WHERE i.tenant_id = d.tenant_id
                          AND i.request_id = d.request_id
                          AND i.kind = 'intent') AS intended,
               o.position AS outcome_position,
               o.target AS outcome_target,
               o.status AS outcome_status,
               o.reason AS outcome_reason,
               o.duration_us AS outcome_duration_us,
               o.facts AS outcome_facts
          FROM evidence d
          LEFT JOIN evidence o
            ON o.tenant_id = d.tenant_id
           AND o.request_id = d.request_id
           AND o.position = (SELECT MAX(m.position)
                               FROM evidence m
                              WHERE m.tenant_id = d.tenant_id
                                AND m.request_id = d.request_id
                                AND m.kind = 'outcome')
         WHERE d.tenant_id = $1
           AND d.kind = 'decision'
           AND d.request_id || '' >= $2
           AND (d.request_id, d.position) < ($3, $4)
           AND (CAST($5 AS TEXT) IS NULL OR d.verdict = $5)
           AND (CAST($6 AS TEXT) IS NULL OR d.reason = $6)
           AND (CAST($7 AS TEXT) IS NULL
                OR LOWER(COALESCE(d.action, '') || ' ' || COALESCE(d.resource, '')) LIKE $7 ESCAPE '!')
           AND (CAST($9 AS TEXT) IS NULL OR d.user_ref = $9)
           AND (CAST($10 AS TEXT) IS NULL
                OR $10 = 'reported' AND (d.facts LIKE '%\"reportOnly\":true%'
                                         OR o.facts LIKE '%\"reportOnly\":true%')
                OR $10 = 'found' AND (d.reason IN ('PROMPT_INJECTION', 'COULD_NOT_SCAN')
                                      OR d.facts LIKE '%\"found\":true%'
                                      OR COALESCE(o.risk, 'none') <> 'none'))
           AND (CAST($11 AS TEXT) IS NULL
                OR d.facts LIKE $11 ESCAPE '!'
                OR o.facts LIKE $11 ESCAPE '!')
           AND d.agent_id = $12
         ORDER BY d.request_id DESC, d.position DESC
         LIMIT $8";
    LIST_CHANGES = "
        SELECT *
          FROM evidence
         WHERE tenant_id = $1
           AND kind NOT IN ('request.answered', 'decision', 'intent', 'egress', 'outcome')
           AND (request_id, position) < ($2, $3)
           AND (CAST($4 AS TEXT) IS NULL OR agent_id = $4)
         ORDER BY request_id DESC, position DESC
         LIMIT $5";
    /// The condition is that of the index `evidence_of_findings`, word for word. Of decisions it picks by what facts
    /// look like, which an argument can imitate: whoever reads the rows judges.
    SCREENED = "
        SELECT *
          FROM evidence
         WHERE tenant_id = $1
           AND request_id >= $2
           AND at >= $3
           AND (reason IN ('PROMPT_INJECTION', 'COULD_NOT_SCAN')
                OR kind = 'outcome' AND risk <> 'none'
                OR kind = 'decision' AND facts LIKE '%\"found\":true%')
         ORDER BY request_id DESC, position DESC
         LIMIT $4";
    COUNT_BY_HOUR = "
        SELECT at / 3600000 AS hour, verdict, COUNT(*) AS decisions
          FROM evidence
         WHERE tenant_id = $1
           AND kind = 'decision'
           AND verdict IS NOT NULL
           AND request_id >= $2
           AND at >= $3
         GROUP BY at / 3600000, verdict
         ORDER BY at / 3600000, verdict";
}

/// Which decisions are wanted; what is absent does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecisionFilter {
    /// Of this agent.
    pub agent: Option<AgentId>,
    /// On behalf of this user.
    pub user: Option<UserRef>,
    /// With this answer.
    pub verdict: Option<Verdict>,
    /// For this reason.
    pub reason: Option<Reason>,
    /// With this text in the action or the resource, in any case.
    pub text: Option<String>,
    /// From this time on.
    pub since: Option<Time>,
    /// Before this time.
    pub until: Option<Time>,
    /// In which a screen found something. It is picked by what facts look like, which an argument can imitate: whoever
    /// shows the rows judges.
    pub screen: Option<ScreenFilter>,
    /// In which this rule of a screen fired; picked likewise.
    pub rule: Option<String>,
}

/// What a screen found in a decision or in its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScreenFilter {
    /// Anything.
    Found,
    /// What would have been blocked, and passed because its channel only reports.
    Reported,
}

impl ScreenFilter {
    /// The word in a query.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Reported => "reported",
        }
    }
}

/// A decision with what became of the action.
#[derive(Clone, Debug)]
pub struct Decided {
    /// The decision.
    pub recorded: Recorded,
    /// What became of the action.
    pub ending: Ending,
    /// The facts of the outcome, where there is one.
    pub outcome_facts: Option<String>,
}

/// What became of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was not carried out by us: denied, waiting, or carried out by the one who asked.
    NotBegun,
    /// It was begun, and nothing tells how it ended: it is under way, or was cut off.
    Unknown,
    /// It came to its end.
    Ended {
        /// The HTTP status that came back, where one did.
        status: Option<u16>,
        /// Why it ended so.
        reason: Option<Reason>,
        /// How long it took, in microseconds.
        duration_us: Option<i64>,
        /// Whether the tool itself reported an error.
        is_tool_error: bool,
    },
}

/// How many decisions of a kind fell in one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HourCount {
    /// The hour's beginning.
    pub hour: Time,
    /// The answer.
    pub verdict: Verdict,
    /// How many.
    pub decisions: i64,
}

/// The chain of a request, in order; empty when there is none here.
///
/// # Errors
/// A fault.
pub async fn trace(source: &mut impl Source, request: RequestId) -> Result<Vec<Recorded>> {
    source.desk().all(&TRACE, args![request]).await?.iter().map(read).collect()
}

/// Where a request came from.
///
/// # Errors
/// A fault.
pub async fn origin(source: &mut impl Source, request: RequestId) -> Result<Option<Origin>> {
    let Some(row) = source.desk().maybe(&ORIGIN, args![request]).await? else { return Ok(None) };
    Ok(Some(Origin {
        ip: row.maybe_parse("ip")?,
        user_agent: row.maybe_text("user_agent")?,
        method: row.maybe_text("method")?.unwrap_or_default(),
        path: row.maybe_text("path")?.unwrap_or_default(),
    }))
}

/// Decisions, newest first, with what became of them.
///
/// # Errors
/// `FIELD_INVALID` for a cursor that is none, or a fault.
pub async fn list_decisions(
    source: &mut impl Source,
    filter: &DecisionFilter,
    ask: &PageAsk,
) -> Result<Page<Decided>> {
    let before = Place::before(ask, filter.until)?;
    let mut args = args![
        request_floor(filter.since.unwrap_or_default()),
        before.request,
        before.position,
        filter.verdict.map(Verdict::as_str),
        filter.reason.map(Reason::code),
        filter.text.as_deref().map(pattern).as_deref(),
        ask.limit.saturating_add(1),
        filter.user.as_ref(),
        filter.screen.map(ScreenFilter::as_str),
        filter.rule.as_deref().map(|rule| pattern(&format!("\"{rule}\""))).as_deref(),
    ];
    let rows = if let Some(agent) = filter.agent {
        args.push(agent.into());
        source.desk().all(&LIST_DECISIONS_OF_AGENT, args).await?
    } else {
        source.desk().all(&LIST_DECISIONS, args).await?
    };
    let decided = rows.iter().map(read_decided).collect::<Result<Vec<_>>>()?;
    Ok(Page::of(decided, ask, |decided| Place::of(&decided.recorded).cursor()))
}

/// Changes (everything but the steps of calls), newest first; of one agent, or of all.
///
/// # Errors
/// `FIELD_INVALID` for a cursor that is none, or a fault.
pub async fn list_changes(
    source: &mut impl Source,
    agent: Option<AgentId>,
    ask: &PageAsk,
) -> Result<Page<Recorded>> {
    let before = Place::before(ask, None)?;
    let args = args![before.request, before.position, agent, ask.limit.saturating_add(1)];
    let rows = source.desk().all(&LIST_CHANGES, args).await?;
    let changes = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
    Ok(Page::of(changes, ask, |change| Place::of(change).cursor()))
}

/// Rows that may tell of something that a screen found, newest first.
///
/// # Errors
/// A fault.
pub async fn screened(source: &mut impl Source, since: Time, limit: i64) -> Result<Vec<Recorded>> {
    let rows = source.desk().all(&SCREENED, args![request_floor(since), since, limit]).await?;
    rows.iter().map(read).collect()
}

/// How many decisions of each kind fell in each hour since a time; hours without any are absent.
///
/// # Errors
/// A fault.
pub async fn count_by_hour(source: &mut impl Source, since: Time) -> Result<Vec<HourCount>> {
    let rows = source.desk().all(&COUNT_BY_HOUR, args![request_floor(since), since]).await?;
    rows.iter()
        .map(|row| {
            Ok(HourCount {
                hour: Time::from_ms(row.int("hour")?.saturating_mul(procura_model::time::HOUR_MS)),
                verdict: maybe_verdict(row)?.ok_or_else(|| wrong("verdict"))?,
                decisions: row.int("decisions")?,
            })
        })
        .collect()
}

/// A place in the record's order; as a cursor `req_....position`.
struct Place {
    request: String,
    position: i64,
}

impl Place {
    fn of(recorded: &Recorded) -> Self {
        Self { request: recorded.request.to_string(), position: recorded.position }
    }

    fn cursor(&self) -> String {
        format!("{}.{}", self.request, self.position)
    }

    /// The place before which a page begins: its cursor, or a time, or the end of all.
    fn before(ask: &PageAsk, until: Option<Time>) -> Result<Self> {
        let Some(cursor) = &ask.after else {
            let request = until.map_or_else(|| "req_ZZZZZZZZZZZZZZZZZZZZZZZZZZ".to_owned(), request_floor);
            return Ok(Self { request, position: 0 });
        };
        let read = || {
            let (request, position) = cursor.split_once('.')?;
            let request: RequestId = request.parse().ok()?;
            Some(Self { request: request.to_string(), position: position.parse().ok()? })
        };
        read().ok_or_else(|| Reason::FieldInvalid.because("cursor must be one that an earlier page named."))
    }
}

/// The smallest text that a request's id of this time can be.
pub(crate) fn request_floor(time: Time) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let ms = time.as_unsigned_ms().min((1 << 48) - 1);
    let letters: String = (0..10_u32)
        .rev()
        .filter_map(|place| ALPHABET.get(usize::try_from((ms >> (place * 5)) & 31).ok()?))
        .map(|letter| char::from(*letter))
        .collect();
    format!("req_{letters}0000000000000000")
}

/// A LIKE pattern that finds the text anywhere; `!` escapes.
fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text.to_lowercase().chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

fn read(row: &Row) -> Result<Recorded> {
    Ok(Recorded {
        request: row.parse("request_id")?,
        position: row.int("position")?,
        at: row.time("at")?,
        actor: row.text("actor")?,
        event: Event {
            kind: row.parse::<EventKind>("kind")?,
            agent: row.maybe_parse("agent_id")?,
            user: row.maybe_text("user_ref")?.map(UserRef),
            target: row.maybe_text("target")?,
            action: row.maybe_text("action")?,
            resource: row.maybe_text("resource")?,
            verdict: maybe_verdict(row)?,
            reason: maybe_reason(row, "reason")?,
            risk: maybe_risk(row)?,
            status: maybe_status(row, "status")?,
            duration_us: row.maybe_int("duration_us")?,
            approval: row.maybe_parse("approval_id")?,
            facts: row.text("facts")?,
        },
    })
}

fn read_decided(row: &Row) -> Result<Decided> {
    let ending = if row.maybe_int("outcome_position")?.is_some() {
        Ending::Ended {
            status: maybe_status(row, "outcome_status")?,
            reason: maybe_reason(row, "outcome_reason")?,
            duration_us: row.maybe_int("outcome_duration_us")?,
            is_tool_error: row.maybe_text("outcome_target")?.as_deref() == Some("tool_error"),
        }
    } else if row.bool("intended")? {
        Ending::Unknown
    } else {
        Ending::NotBegun
    };
    Ok(Decided { recorded: read(row)?, ending, outcome_facts: row.maybe_text("outcome_facts")? })
}

pub(crate) fn maybe_verdict(row: &Row) -> Result<Option<Verdict>> {
    match row.maybe_text("verdict")?.as_deref() {
        None => Ok(None),
        Some("allow") => Ok(Some(Verdict::Allow)),
        Some("deny") => Ok(Some(Verdict::Deny)),
        Some("needs_approval") => Ok(Some(Verdict::NeedsApproval)),
        Some(_) => Err(wrong("verdict")),
    }
}

fn maybe_risk(row: &Row) -> Result<Option<Risk>> {
    let Some(word) = row.maybe_text("risk")? else { return Ok(None) };
    [Risk::None, Risk::Low, Risk::Medium, Risk::High, Risk::Critical]
        .into_iter()
        .find(|risk| risk.as_str() == word)
        .map(Some)
        .ok_or_else(|| wrong("risk"))
}

pub(crate) fn maybe_reason(row: &Row, column: &'static str) -> Result<Option<Reason>> {
    let Some(code) = row.maybe_text(column)? else { return Ok(None) };
    Reason::from_code(&code).map(Some).ok_or_else(|| wrong(column))
}

fn maybe_status(row: &Row, column: &'static str) -> Result<Option<u16>> {
    row.maybe_int(column)?.map(|status| u16::try_from(status).map_err(|_| wrong(column))).transpose()
}

#[cfg(test)]
#[path = "evidence_tests.rs"]
mod tests;
