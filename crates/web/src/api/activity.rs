//! What happened (AUD-1): the trace of one request, the decisions, the changes. An agent's key sees
//! its own agent's alone.

use crate::{
    extract::{Caller, Id, Query},
    operation::{List, PageQuery, Reading, Reply, page_ask},
    schema::{JsonValue, ReasonCode},
    state::WebState,
};
use axum::{Json, extract::State};
use procura_app::activity::{self, Decided, DecisionFilter, Ending, ScreenFilter, Trace};
use procura_model::{
    AgentId, ApprovalId, Json as Value, Origin, Reason, Recorded, RequestId, Risk, Time, UserRef, Verdict,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(trace)).routes(routes!(list)).routes(routes!(changes))
}

/// One thing that was recorded.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Record)]
pub(crate) struct RecordView {
    /// The request to which it belongs.
    #[schema(value_type = String)]
    request_id: RequestId,
    /// Its place in the request's chain.
    position: i64,
    /// When it was recorded.
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// Who did it: the id of a key or account, `anonymous` or `operator`.
    actor: String,
    /// What happened, for example `decision`, `outcome` or `key.rotated`.
    event: &'static str,
    /// The agent.
    #[schema(value_type = Option<String>)]
    agent_id: Option<AgentId>,
    /// The end user.
    #[schema(value_type = Option<String>)]
    user: Option<UserRef>,
    /// The other thing that it is about: the id of a key, permission, server, member.
    target: Option<String>,
    /// The action.
    action: Option<String>,
    /// The resource.
    resource: Option<String>,
    /// The answer.
    #[schema(value_type = Option<String>, pattern = "^(allow|deny|needs_approval)$")]
    decision: Option<Verdict>,
    /// Why.
    #[schema(value_type = Option<ReasonCode>)]
    code: Option<Reason>,
    /// How risky.
    #[schema(value_type = Option<String>, pattern = "^(none|low|medium|high|critical)$")]
    risk: Option<Risk>,
    /// The HTTP status that was answered, or came back from the outside.
    status: Option<u16>,
    /// How long it took, in microseconds.
    duration_us: Option<i64>,
    /// The approval that plays a part.
    #[schema(value_type = Option<String>)]
    approval_id: Option<ApprovalId>,
    /// Everything else that was read or came out, as one JSON object.
    #[schema(value_type = JsonValue)]
    facts: Option<Value>,
}

impl From<Recorded> for RecordView {
    fn from(recorded: Recorded) -> Self {
        let event = recorded.event;
        Self {
            request_id: recorded.request,
            position: recorded.position,
            at: recorded.at,
            actor: recorded.actor,
            event: event.kind.as_str(),
            agent_id: event.agent,
            user: event.user,
            target: event.target,
            action: event.action,
            resource: event.resource,
            decision: event.verdict,
            code: event.reason,
            risk: event.risk,
            status: event.status,
            duration_us: event.duration_us,
            approval_id: event.approval,
            facts: Value::parse(&event.facts).ok(),
        }
    }
}

/// A decision and what became of the action.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Decision)]
pub(crate) struct DecisionView {
    /// The decision.
    record: RecordView,
    /// What became of the action: `not_begun` (denied, waiting, or carried out by the one who asked),
    /// `unknown` (begun, and nothing tells how it ended) or `ended`.
    #[schema(value_type = String, pattern = "^(not_begun|unknown|ended)$")]
    ending: &'static str,
    /// The HTTP status that came back.
    ending_status: Option<u16>,
    /// Why it ended so.
    #[schema(value_type = Option<ReasonCode>)]
    ending_code: Option<Reason>,
    /// How long the action took, in microseconds.
    ending_duration_us: Option<i64>,
}

impl From<Decided> for DecisionView {
    fn from(decided: Decided) -> Self {
        let (ending, ending_status, ending_code, ending_duration_us) = match decided.ending {
            Ending::NotBegun => ("not_begun", None, None, None),
            Ending::Unknown => ("unknown", None, None, None),
            Ending::Ended { status, reason, duration_us, .. } => ("ended", status, reason, duration_us),
        };
        Self { record: decided.recorded.into(), ending, ending_status, ending_code, ending_duration_us }
    }
}

/// Where a request came from.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Origin)]
pub(crate) struct OriginView {
    /// The caller's address, after trusted proxies.
    #[schema(value_type = Option<String>)]
    ip: Option<std::net::IpAddr>,
    /// The User-Agent header, cut.
    user_agent: Option<String>,
    /// The HTTP method.
    method: String,
    /// The path without its query.
    path: String,
}

impl From<Origin> for OriginView {
    fn from(origin: Origin) -> Self {
        Self { ip: origin.ip, user_agent: origin.user_agent, method: origin.method, path: origin.path }
    }
}

/// The evidence chain of one request.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Trace)]
pub(crate) struct TraceView {
    /// The request.
    #[schema(value_type = String)]
    request_id: RequestId,
    /// Where it came from.
    origin: Option<OriginView>,
    /// How the action ended: `ok`, `tool_error`, a code, or `unknown` when it began and nobody knows
    /// its end; null where nothing was carried out.
    outcome: Option<String>,
    /// What was recorded, in order.
    records: Vec<RecordView>,
}

impl From<Trace> for TraceView {
    fn from(trace: Trace) -> Self {
        Self {
            request_id: trace.request,
            outcome: trace.outcome(),
            origin: trace.origin.map(OriginView::from),
            records: trace.records.into_iter().map(RecordView::from).collect(),
        }
    }
}

/// Which decisions are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ActivityQuery {
    /// Only this agent's.
    #[param(value_type = Option<String>, nullable = false)]
    agent_id: Option<AgentId>,
    /// Only with this answer.
    #[param(value_type = Option<String>, nullable = false, pattern = "^(allow|deny|needs_approval)$")]
    decision: Option<Verdict>,
    /// Only with this code.
    #[param(value_type = Option<String>, nullable = false)]
    code: Option<Reason>,
    /// Only with this text in the action or the resource, in any case.
    #[param(nullable = false)]
    text: Option<String>,
    /// Only from this time on.
    #[param(value_type = Option<String>, nullable = false, format = DateTime)]
    since: Option<Time>,
    /// Only before this time.
    #[param(value_type = Option<String>, nullable = false, format = DateTime)]
    until: Option<Time>,
    /// Only where a screen found something, or `reported`: what passed only because its channel reports. A page may hold
    /// fewer rows than asked for.
    #[param(value_type = Option<String>, nullable = false, pattern = "^(found|reported)$")]
    screen: Option<ScreenFilter>,
    /// Only where this rule of a screen fired.
    #[param(nullable = false)]
    rule: Option<String>,
    /// The `nextCursor` of the page before.
    #[param(nullable = false)]
    cursor: Option<String>,
    /// How many rows; 50 when absent.
    #[param(nullable = false, minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Get a trace
///
/// Everything that was recorded of one request, gate by gate.
#[utoipa::path(
    get, path = "/v1/traces/{requestId}", operation_id = "getTrace", tag = "Activity",
    params(("requestId" = String, Path, description = "The request's id, as every answer carries it.")),
    responses((status = 200, description = "The trace.", body = TraceView), Reading),
    security(("bearer" = ["read:activity"]), ("apiKey" = ["read:activity"])),
)]
pub(crate) async fn trace(
    State(web): State<WebState>,
    caller: Caller,
    Id(request): Id<RequestId>,
) -> Reply<Json<TraceView>> {
    Ok(Json(activity::trace(&web.app, &caller.ctx, request).await?.into()))
}

/// List decisions
///
/// Newest first. An agent's key sees its own agent's alone.
#[utoipa::path(
    get, path = "/v1/activity", operation_id = "listActivity", tag = "Activity", params(ActivityQuery),
    responses((status = 200, description = "One page of decisions.", body = List<DecisionView>), Reading),
    security(("bearer" = ["read:activity"]), ("apiKey" = ["read:activity"])),
)]
pub(crate) async fn list(
    State(web): State<WebState>,
    caller: Caller,
    Query(query): Query<ActivityQuery>,
) -> Reply<Json<List<DecisionView>>> {
    let page = page_ask(query.cursor, query.limit)?;
    let filter = DecisionFilter {
        agent: query.agent_id,
        user: None,
        verdict: query.decision,
        reason: query.code,
        text: query.text,
        since: query.since,
        until: query.until,
        screen: query.screen,
        rule: query.rule,
    };
    let rows = activity::list(&web.app, &caller.ctx, filter, &page).await?;
    Ok(List::page(rows, DecisionView::from))
}

/// List changes
///
/// What people, keys and the operator changed, newest first. Not for agents' keys.
#[utoipa::path(
    get, path = "/v1/changes", operation_id = "listChanges", tag = "Activity", params(PageQuery),
    responses((status = 200, description = "One page of changes.", body = List<RecordView>), Reading),
    security(("bearer" = ["read:activity"]), ("apiKey" = ["read:activity"])),
)]
pub(crate) async fn changes(
    State(web): State<WebState>,
    caller: Caller,
    Query(page): Query<PageQuery>,
) -> Reply<Json<List<RecordView>>> {
    Ok(List::page(activity::changes(&web.app, &caller.ctx, &page.ask()?).await?, RecordView::from))
}
