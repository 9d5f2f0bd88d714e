//! What a policy would have said of the past, and what permissions in shadow would have changed (VER-5). Nothing is
//! changed by asking.

use crate::{
    body::Body,
    extract::{Caller, Query},
    operation::{Reading, Reply, Writing},
    schema::{PermissionForm, ReasonCode},
    state::WebState,
    streams,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use procura_app::simulation::{
    self, Answered, Flip, Flips, Progress, Shadows, ShadowsOf, SimulateAsk, Simulation, Stretch,
};
use procura_model::{AgentId, Permission, PermissionId, Reason, RequestId, Time, UserRef, Verdict};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::BTreeMap, sync::Arc};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Lines of JSON.
const NDJSON: &str = "application/x-ndjson";

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(simulate)).routes(routes!(shadow))
}

/// What to simulate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SimulateBody, example = json!({
    "agentId": "agt_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "permissions": [{ "effect": "allow", "actions": ["purchase.*"], "vendors": ["shop.example.com"] }],
    "from": "2026-11-01T00:00:00Z",
}))]
pub(crate) struct SimulateBody {
    /// The decisions of this agent; of all agents when absent.
    #[schema(value_type = Option<String>, nullable = false, pattern = "^agt_[0-9A-Z]{26}$")]
    agent_id: Option<AgentId>,
    /// The draft: all permissions that the agent would have, at most 500. A permission that exists keeps its `id`, so
    /// that what was spent within its window is known. When absent, the permissions as they stand.
    #[schema(value_type = Option<Vec<PermissionForm>>, nullable = false)]
    permissions: Option<Vec<Permission>>,
    /// Only decisions from this time on.
    #[schema(value_type = Option<String>, nullable = false, format = DateTime)]
    from: Option<Time>,
    /// Only decisions before this time.
    #[schema(value_type = Option<String>, nullable = false, format = DateTime)]
    to: Option<Time>,
    /// How many decisions, the newest, are looked at; 1,000,000 when absent.
    #[schema(nullable = false, minimum = 1, maximum = 10_000_000)]
    limit: Option<i64>,
}

/// How many answers change, by direction.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Flips)]
pub(crate) struct FlipsView {
    /// Refused then, allowed by the draft.
    deny_to_allow: u64,
    /// Allowed then, refused by the draft.
    allow_to_deny: u64,
    /// Answered at once then, a person's to answer by the draft.
    to_approval: u64,
    /// A person's to answer then, answered at once by the draft.
    from_approval: u64,
}

impl From<Flips> for FlipsView {
    fn from(flips: Flips) -> Self {
        Self {
            deny_to_allow: flips.deny_to_allow,
            allow_to_deny: flips.allow_to_deny,
            to_approval: flips.to_approval,
            from_approval: flips.from_approval,
        }
    }
}

/// An answer, and why.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Answered)]
pub(crate) struct AnsweredView {
    /// The answer in a word.
    #[schema(value_type = String, pattern = "^(allow|deny|needs_approval)$")]
    decision: Verdict,
    /// Why, for programs.
    #[schema(value_type = ReasonCode)]
    code: Reason,
    /// The permission that decides.
    #[schema(value_type = Option<String>)]
    permission_id: Option<PermissionId>,
}

impl From<Answered> for AnsweredView {
    fn from(answered: Answered) -> Self {
        Self { decision: answered.verdict, code: answered.reason, permission_id: answered.permission }
    }
}

/// A decision that would be another one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Flip)]
pub(crate) struct FlipView {
    /// In which direction: `denyToAllow`, `allowToDeny`, `toApproval` or `fromApproval`.
    #[schema(pattern = "^(denyToAllow|allowToDeny|toApproval|fromApproval)$")]
    kind: &'static str,
    /// The request that was decided; its trace has the whole call.
    #[schema(value_type = String)]
    request_id: RequestId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// Whose policy was asked.
    #[schema(value_type = String)]
    agent_id: AgentId,
    /// On behalf of which user.
    #[schema(value_type = Option<String>)]
    user: Option<UserRef>,
    /// What was asked.
    action: String,
    /// On what.
    resource: Option<String>,
    /// What was answered.
    was: AnsweredView,
    /// What would be answered.
    would: AnsweredView,
    /// Why it would be, in one sentence with both values.
    reason: Cow<'static, str>,
}

impl From<Flip> for FlipView {
    fn from(flip: Flip) -> Self {
        Self {
            kind: flip.kind.as_str(),
            request_id: flip.request,
            at: flip.at,
            agent_id: flip.agent,
            user: flip.user,
            action: flip.action,
            resource: flip.resource,
            was: flip.was.into(),
            would: flip.would.into(),
            reason: flip.sentence,
        }
    }
}

/// What a simulation found. `rows` is `replayed` and everything in `notReplayable` and `otherGates`; `replayed` is
/// `same` and all `flips`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Simulation)]
pub(crate) struct SimulationView {
    /// How many decisions were looked at.
    rows: u64,
    /// How many of them were asked again.
    replayed: u64,
    /// How many of those have the same answer.
    same: u64,
    /// How many of those have another answer.
    flips: FlipsView,
    /// How many could not be asked again, by reason: `redacted`, `tooLong`, `userFacts`, `spending`, `unreadable`.
    not_replayable: BTreeMap<&'static str, u64>,
    /// How many were refused by another gate than the policy, by its code.
    other_gates: BTreeMap<&'static str, u64>,
    /// The newest 200 changes of each kind; from refused to allowed first.
    listed: Vec<FlipView>,
    /// The time of the oldest decision that was looked at.
    #[schema(value_type = Option<String>, format = DateTime)]
    oldest: Option<Time>,
    /// The time of the newest.
    #[schema(value_type = Option<String>, format = DateTime)]
    newest: Option<Time>,
    /// Whether all that were asked for were looked at; false when `limit` was reached first.
    is_complete: bool,
}

impl From<Simulation> for SimulationView {
    fn from(found: Simulation) -> Self {
        Self {
            rows: found.rows,
            replayed: found.replayed,
            same: found.same,
            flips: found.flips.into(),
            not_replayable: found.not_replayable.iter().map(|(why, count)| (why.as_str(), *count)).collect(),
            other_gates: found.other_gates,
            listed: found.listed.into_iter().map(FlipView::from).collect(),
            oldest: found.oldest,
            newest: found.newest,
            is_complete: found.is_complete,
        }
    }
}

/// A line of a simulation that is still under way.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SimulationProgress)]
pub(crate) struct ProgressView {
    /// How many decisions were looked at so far.
    rows: u64,
    /// How many answers change so far.
    flips: FlipsView,
    /// How far into the past it came.
    #[schema(value_type = Option<String>, format = DateTime)]
    reached: Option<Time>,
}

impl From<Progress> for ProgressView {
    fn from(progress: Progress) -> Self {
        Self { rows: progress.rows, flips: progress.flips.into(), reached: progress.reached }
    }
}

/// A line of the stream: how far it came, and at last what was found or why it ended.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
enum Line {
    Progress(ProgressView),
    Result(Box<SimulationView>),
    Error { code: Reason, error: String },
}

/// Simulate a policy
///
/// Asks recorded decisions again, newest first, of a draft or of the permissions as they stand, and answers what would
/// have been answered otherwise. Nothing is changed, held or opened. With `Accept: application/x-ndjson` the answer
/// comes in lines as it is made: `{"progress":{..}}` again and again, at last `{"result":{..}}`, or
/// `{"error":{"code","error"}}` when it broke off.
#[utoipa::path(
    post, path = "/v1/policies/simulate", operation_id = "simulatePolicy", tag = "Permissions",
    request_body = SimulateBody,
    responses(
        (status = 200, description = "What would have changed.", content(
            (SimulationView = "application/json"),
            (ProgressView = "application/x-ndjson"),
        )),
        Writing,
    ),
    security(
        ("bearer" = ["read:activity", "read:permissions"]),
        ("apiKey" = ["read:activity", "read:permissions"]),
    ),
)]
pub(crate) async fn simulate(
    State(web): State<WebState>,
    caller: Caller,
    headers: HeaderMap,
    Body(body): Body<SimulateBody>,
) -> Reply<Response> {
    let ask = SimulateAsk {
        agent: body.agent_id,
        permissions: body.permissions,
        from: body.from,
        to: body.to,
        limit: body.limit,
    };
    // What can be refused is refused before the first line.
    let begun = simulation::begin(&web.app, &caller.ctx, ask).await?;
    if !wants_lines(&headers) {
        let found = begun.run(&web.app, &caller.ctx, |_| {}).await?;
        return Ok(Json(SimulationView::from(found)).into_response());
    }
    let (app, ctx) = (Arc::clone(&web.app), caller.ctx);
    Ok(streams::of_lines(&web.app, NDJSON, move |lines| async move {
        let found = begun.run(&app, &ctx, |progress| lines.offer(&Line::Progress(progress.into()))).await;
        match found {
            Ok(found) => Line::Result(Box::new(found.into())),
            Err(error) => Line::Error { code: error.reason(), error: error.sentence().to_owned() },
        }
    }))
}

fn wants_lines(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|value| value.split(','))
        .any(|kind| kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(NDJSON)))
}

/// Which changes by permissions in shadow are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ShadowQuery {
    /// Only this agent's.
    #[param(value_type = Option<String>, nullable = false)]
    agent_id: Option<AgentId>,
    /// Only from this time on.
    #[param(value_type = Option<String>, nullable = false, format = DateTime)]
    from: Option<Time>,
    /// Only before this time.
    #[param(value_type = Option<String>, nullable = false, format = DateTime)]
    to: Option<Time>,
}

/// What one permission in shadow would have changed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ShadowOfPermission)]
pub(crate) struct ShadowOfView {
    /// The permission that would have decided.
    #[schema(value_type = Option<String>)]
    permission_id: Option<PermissionId>,
    /// Whose it is.
    #[schema(value_type = String)]
    agent_id: AgentId,
    /// How many answers it would have changed.
    flips: FlipsView,
}

impl From<ShadowsOf> for ShadowOfView {
    fn from(of: ShadowsOf) -> Self {
        Self { permission_id: of.permission, agent_id: of.agent, flips: of.flips.into() }
    }
}

/// What permissions in shadow would have changed while they were watched.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Shadows)]
pub(crate) struct ShadowsView {
    /// How many answers, in all.
    flips: FlipsView,
    /// By permission.
    permissions: Vec<ShadowOfView>,
    /// The newest 200.
    listed: Vec<FlipView>,
    /// Whether all were counted; false when there are more than 100,000, of which the newest were.
    is_complete: bool,
}

impl From<Shadows> for ShadowsView {
    fn from(shadows: Shadows) -> Self {
        Self {
            flips: shadows.flips.into(),
            permissions: shadows.permissions.into_iter().map(ShadowOfView::from).collect(),
            listed: shadows.listed.into_iter().map(FlipView::from).collect(),
            is_complete: shadows.is_complete,
        }
    }
}

/// Count what shadows would have changed
///
/// A permission in shadow decides nothing; what it would have decided stands in the record, and is counted here.
#[utoipa::path(
    get, path = "/v1/policies/shadow", operation_id = "countShadows", tag = "Permissions", params(ShadowQuery),
    responses((status = 200, description = "What would have changed.", body = ShadowsView), Reading),
    security(
        ("bearer" = ["read:activity", "read:permissions"]),
        ("apiKey" = ["read:activity", "read:permissions"]),
    ),
)]
pub(crate) async fn shadow(
    State(web): State<WebState>,
    caller: Caller,
    Query(query): Query<ShadowQuery>,
) -> Reply<Json<ShadowsView>> {
    let stretch = Stretch { agent: query.agent_id, from: query.from, to: query.to };
    Ok(Json(simulation::shadows(&web.app, &caller.ctx, stretch).await?.into()))
}
