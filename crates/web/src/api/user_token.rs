//! The token console (USR-10): a token is tried, and each step is told. The token is in no answer and in no memory: this
//! operation takes no part in `Idempotency-Key`, which would keep a digest of it.

use crate::{
    body::Body,
    extract::{Caller, Id},
    operation::{Reply, Writing},
    schema::ReasonCode,
    state::WebState,
};
use axum::{Json, extract::State};
use procura_app::users::{self, Step, StepOutcome, Trial};
use procura_model::{AgentId, Reason, Secret, UserAuthMethod};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(check))
}

/// A token to try.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TokenTrial, example = json!({ "token": "eyJ1c2VySWQiOi...c2ln" }))]
pub(crate) struct TrialBody {
    /// The token.
    #[schema(value_type = String, write_only)]
    token: Secret<String>,
}

/// One step of a verification.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VerificationStep, example = json!({
    "name": "signature", "outcome": "passed", "detail": "The signature holds under the key.",
}))]
pub(crate) struct StepView {
    /// What is verified.
    #[schema(value_type = String)]
    name: &'static str,
    /// How it ended: `passed`, `failed` or `not_reached`.
    #[schema(value_type = String, pattern = "^(passed|failed|not_reached)$")]
    outcome: StepOutcome,
    /// A sentence, without anything of the token.
    detail: String,
}

impl From<Step> for StepView {
    fn from(step: Step) -> Self {
        Self { name: step.name, outcome: step.outcome, detail: step.detail }
    }
}

/// Which members the identity has, and nothing of what they say.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IdentityMembers)]
pub(crate) struct MembersView {
    /// Whether there is an id.
    id: bool,
    /// Whether there is an e-mail address.
    email: bool,
    /// Whether there is a role.
    role: bool,
    /// The names of the attributes.
    attributes: Vec<String>,
}

/// What came of trying a token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TokenTried, example = json!({
    "success": true,
    "accepted": false,
    "method": "signedToken",
    "code": "AUTH_TOKEN_EXPIRED",
    "reason": "`exp` has passed.",
    "fix": "Mint a new token with an exp at most the allowed lifetime away.",
    "steps": [{ "name": "settings", "outcome": "passed", "detail": "Users are verified by signedToken." }],
    "identity": null,
}))]
pub(crate) struct TrialView {
    /// True: the token was tried.
    success: bool,
    /// Whether a session would open.
    accepted: bool,
    /// The method; null where none is set.
    #[schema(value_type = Option<String>, pattern = "^(jwt|signedToken|callback)$")]
    method: Option<UserAuthMethod>,
    /// `ALLOWED`, or the code with which the token is refused.
    #[schema(value_type = ReasonCode)]
    code: Reason,
    /// That in a sentence.
    #[schema(value_type = String)]
    reason: Cow<'static, str>,
    /// What to do next.
    #[schema(value_type = String)]
    fix: &'static str,
    /// Each step, in order.
    steps: Vec<StepView>,
    /// Which members the identity has, where the token is accepted.
    identity: Option<MembersView>,
}

impl From<Trial> for TrialView {
    fn from(trial: Trial) -> Self {
        let is_accepted = trial.members.is_some();
        Self {
            success: true,
            accepted: is_accepted,
            method: trial.method,
            code: trial.reason,
            reason: trial.sentence,
            fix: if is_accepted { "Send it to POST /v1/sessions." } else { trial.reason.fix() },
            steps: trial.steps.into_iter().map(Into::into).collect(),
            identity: trial.members.map(|members| MembersView {
                id: true,
                email: members.email,
                role: members.role,
                attributes: members.attributes,
            }),
        }
    }
}

/// Try a user's token
///
/// Walks the token through every step of the agent's method and says which passed, which failed and what to do. Nothing
/// is kept: no session opens, and the record holds the code and nothing of the token. A token that is refused is
/// `accepted: false` with status 200. Key sets and callbacks are asked as for a real token.
#[utoipa::path(
    post, path = "/v1/agents/{agentId}/user-auth/check", operation_id = "checkUserToken", tag = "Users",
    params(("agentId" = String, Path, description = "The agent's id.")),
    request_body = TrialBody,
    responses((status = 200, description = "What came of it.", body = TrialView), Writing),
    security(("bearer" = ["write:agents"]), ("apiKey" = ["write:agents"])),
)]
pub(crate) async fn check(
    State(web): State<WebState>,
    caller: Caller,
    Id(agent): Id<AgentId>,
    Body(body): Body<TrialBody>,
) -> Reply<Json<TrialView>> {
    Ok(Json(users::check(&web.app, &caller.ctx, agent, &body.token).await?.into()))
}
