//! The operations of passports. The organization makes, looks at and revokes one with its key; whoever holds the token
//! reads the passport and asks what would be answered.

use super::holder::Holder;
use crate::{
    body::{self, NoBody},
    extract::{Caller, Id},
    operation::{CreatedSecret, Done, Reading, Reply, Writing},
    respond::Failure,
    schema::{JsonValue, ReasonCode},
    state::WebState,
};
use axum::{
    Json,
    extract::{FromRequest, Request, State},
};
use procura_app::passports::{self, Made, Passport, ScopeShown, Shown};
use procura_model::{
    AgentId, Amount, Ask, Currency, Effect, Json as Value, PassportId, Reason, ShownOnce, Time, Verdict,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// How long the body of a preview may be.
const PREVIEW_BYTES: usize = 16 * 1024;
/// How long each of the ask's texts may be, in bytes.
const TEXT_BYTES: usize = 1_024;

/// What a person reads beside the mode.
const MANUAL: &str = "Manual mode: nothing is enforced by this page.";

/// What the organization does with its key.
pub(crate) fn owner_routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(state, make, revoke))
}

/// What the holder of the token does.
pub(crate) fn holder_routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(read)).routes(routes!(preview))
}

/// The state of an agent's passport.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PassportState, example = json!({
    "id": "psp_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "version": 3,
    "state": "live",
    "createdAt": "2026-11-22T09:00:00.000Z",
    "rotatedAt": "2026-11-22T09:30:00.000Z",
    "revokedAt": null,
}))]
pub(crate) struct StateView {
    /// The passport's id, which stays when it is rotated.
    #[schema(value_type = String)]
    id: PassportId,
    /// Counts up with every rotation.
    version: i64,
    /// Whether its newest link holds: `live` or `revoked`.
    #[schema(value_type = String, pattern = "^(live|revoked)$")]
    state: &'static str,
    /// When the first one was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When the newest link was made.
    #[schema(value_type = String, format = DateTime)]
    rotated_at: Time,
    /// When it was revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Time>,
}

impl From<Passport> for StateView {
    fn from(passport: Passport) -> Self {
        Self {
            id: passport.id,
            version: passport.version,
            state: if passport.revoked_at.is_none() { "live" } else { "revoked" },
            created_at: passport.created_at,
            rotated_at: passport.rotated_at,
            revoked_at: passport.revoked_at,
        }
    }
}

/// A passport and the link that opens it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PassportMade)]
pub(crate) struct MadeView {
    /// The passport.
    passport: StateView,
    /// The link, shown this once. The token is in its fragment: whoever has the link can read the scopes.
    #[schema(value_type = String)]
    url: ShownOnce,
}

impl From<Made> for MadeView {
    fn from(made: Made) -> Self {
        Self { passport: made.passport.into(), url: made.url }
    }
}

/// What a passport shows, and nothing else.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Passport)]
pub(crate) struct PassportView {
    /// Always true.
    success: bool,
    /// The passport itself.
    passport: AboutView,
    /// Whose it is.
    agent: AgentShownView,
    /// What the agent may and may not do now. What no scope allows is not allowed.
    scopes: Vec<ScopeView>,
    /// The same in words, for an assistant's memory.
    memory_block: String,
    /// The same in words, for the chat in which the assistant is about to act.
    task_prompt: String,
}

/// The passport itself.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PassportAbout, example = json!({
    "id": "psp_01JD9Z3V5M8Q6T2W4X7Y9A1B3C", "version": 3, "mode": "manual",
    "modeLabel": "Manual mode: nothing is enforced by this page.",
}))]
pub(crate) struct AboutView {
    /// Its id.
    #[schema(value_type = Option<String>)]
    id: Option<PassportId>,
    /// Its version, which counts up with every rotation.
    version: i64,
    /// `manual`: the agent keeps to it by itself.
    #[schema(value_type = String, pattern = "^manual$")]
    mode: &'static str,
    /// The mode in a sentence.
    #[schema(value_type = String)]
    mode_label: &'static str,
}

/// The agent, as its passport shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PassportAgent, example = json!({
    "name": "shopping", "type": "assistant", "provider": "example.com",
}))]
pub(crate) struct AgentShownView {
    /// Its name.
    name: String,
    /// What kind of software it is.
    #[serde(rename = "type")]
    kind: String,
    /// Who makes or runs it.
    provider: String,
}

/// One active scope.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PassportScope, example = json!({
    "actions": ["purchase.*"], "resources": ["*"], "allowedActions": ["purchase.*"], "blockedActions": [],
    "requiresApproval": true, "expiresAt": "2027-01-01T00:00:00.000Z",
}))]
pub(crate) struct ScopeView {
    /// What it is about; `*` stands for anything.
    actions: Vec<String>,
    /// On what.
    resources: Vec<String>,
    /// Those of the actions that it allows.
    allowed_actions: Vec<String>,
    /// Those of the actions that it blocks, whatever else allows them.
    blocked_actions: Vec<String>,
    /// Whether a person must approve first, always or above an amount.
    requires_approval: bool,
    /// Until when it holds.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Time>,
}

impl From<ScopeShown> for ScopeView {
    fn from(scope: ScopeShown) -> Self {
        let actions = scope.actions;
        let (allowed_actions, blocked_actions) = match scope.effect {
            Effect::Allow => (actions.clone(), Vec::new()),
            Effect::Block => (Vec::new(), actions.clone()),
        };
        Self {
            actions,
            resources: scope.resources,
            allowed_actions,
            blocked_actions,
            requires_approval: scope.requires_approval,
            expires_at: scope.expires_at,
        }
    }
}

impl From<Shown> for PassportView {
    fn from(shown: Shown) -> Self {
        Self {
            success: true,
            passport: AboutView {
                id: shown.passport,
                version: shown.version,
                mode: "manual",
                mode_label: MANUAL,
            },
            agent: AgentShownView { name: shown.name, kind: shown.kind, provider: shown.provider },
            scopes: shown.scopes.into_iter().map(Into::into).collect(),
            memory_block: shown.memory_block,
            task_prompt: shown.task_prompt,
        }
    }
}

/// What the agent would do.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PassportPreviewRequest, example = json!({
    "action": "purchase.ticket", "vendor": "shop.example.com", "amount": "42.00", "currency": "USD",
}))]
pub(crate) struct PreviewBody {
    /// What kind of thing, for example `purchase.ticket` or `tool.call`.
    #[schema(min_length = 1, max_length = 256)]
    action: String,
    /// On what, for example `shop/refund`.
    #[schema(nullable = false, max_length = 1024)]
    resource: Option<String>,
    /// With whom: a host name.
    #[schema(nullable = false, max_length = 253)]
    vendor: Option<String>,
    /// For how much: a decimal, better sent as a string.
    #[schema(value_type = Option<String>, nullable = false, example = "42.00")]
    amount: Option<Value>,
    /// In which currency (ISO 4217).
    #[schema(value_type = Option<String>, nullable = false, example = "USD")]
    currency: Option<Currency>,
    /// The arguments that conditions look at.
    #[schema(value_type = Option<JsonValue>, nullable = false)]
    args: Option<Value>,
}

impl PreviewBody {
    fn ask(self) -> Reply<Ask> {
        let texts = [
            ("action", 1, 256, Some(&self.action)),
            ("resource", 0, TEXT_BYTES, self.resource.as_ref()),
            ("vendor", 0, 253, self.vendor.as_ref()),
        ];
        for (field, least, most, text) in texts {
            if text.is_some_and(|text| !(least..=most).contains(&text.len())) {
                let words = format!("{field} must have {least} to {most} bytes.");
                return Err(Failure(Reason::FieldInvalid.because(words)));
            }
        }
        let amount = self.amount.as_ref().map(Amount::from_json).transpose();
        Ok(Ask {
            action: self.action,
            resource: self.resource,
            vendor: self.vendor,
            amount: amount.map_err(|_| Reason::AmountInvalid)?,
            currency: self.currency,
            args: self.args,
            ..Ask::default()
        })
    }
}

/// A small body of a preview: whoever holds a link is nobody whom we know.
pub(crate) struct SmallBody(Ask);

impl FromRequest<WebState> for SmallBody {
    type Rejection = Failure;

    async fn from_request(request: Request, _state: &WebState) -> Result<Self, Failure> {
        body::demand_type(request.headers(), "application/json")?;
        let bytes = body::read(request.into_body(), PREVIEW_BYTES).await?;
        body::parse::<PreviewBody>(&bytes)?.ask().map(Self)
    }
}

/// What would be answered.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PassportPreview, example = json!({
    "success": true, "allowed": false, "decision": "deny", "code": "AMOUNT_OVER_LIMIT",
    "reason": "The amount exceeds what the permission allows per call.",
}))]
pub(crate) struct PreviewView {
    /// Always true: the question was answered.
    success: bool,
    /// Whether the action would be allowed now.
    allowed: bool,
    /// The answer in a word: `allow`, `deny` or `needs_approval`.
    #[schema(value_type = String, pattern = "^(allow|deny|needs_approval)$")]
    decision: Verdict,
    /// Why, for programs.
    #[schema(value_type = ReasonCode)]
    code: Reason,
    /// Why, in a sentence without values.
    #[schema(value_type = String)]
    reason: &'static str,
}

/// Make or rotate a passport
///
/// Answers the link once. Every link that was made before is dead at once, on every node.
#[utoipa::path(
    post, path = "/v1/agents/{agentId}/passport", operation_id = "makePassport", tag = "Passports",
    params(("agentId" = String, Path, description = "The agent's id.")),
    responses((status = 201, description = "The passport and its link.", body = MadeView), Writing),
    security(("bearer" = ["write:agents"]), ("apiKey" = ["write:agents"])),
)]
pub(crate) async fn make(
    State(web): State<WebState>,
    caller: Caller,
    Id(agent): Id<AgentId>,
    _body: NoBody,
) -> Reply<CreatedSecret<MadeView>> {
    Ok(CreatedSecret(passports::make(&web.app, &caller.ctx, agent).await?.into()))
}

/// Get the state of a passport
///
/// 404 where none was ever made.
#[utoipa::path(
    get, path = "/v1/agents/{agentId}/passport", operation_id = "getPassportState", tag = "Passports",
    params(("agentId" = String, Path, description = "The agent's id.")),
    responses((status = 200, description = "Its state.", body = StateView), Reading),
    security(("bearer" = ["read:agents"]), ("apiKey" = ["read:agents"])),
)]
pub(crate) async fn state(
    State(web): State<WebState>,
    caller: Caller,
    Id(agent): Id<AgentId>,
) -> Reply<Json<StateView>> {
    let passport = passports::of_agent(&web.app, &caller.ctx, agent).await?;
    Ok(Json(passport.ok_or(Reason::NotFound)?.into()))
}

/// Revoke a passport
///
/// Its link opens nothing from then on. Making it again gives a new link.
#[utoipa::path(
    delete, path = "/v1/agents/{agentId}/passport", operation_id = "revokePassport", tag = "Passports",
    params(("agentId" = String, Path, description = "The agent's id.")),
    responses((status = 204, description = "It is revoked."), Writing),
    security(("bearer" = ["write:agents"]), ("apiKey" = ["write:agents"])),
)]
pub(crate) async fn revoke(
    State(web): State<WebState>,
    caller: Caller,
    Id(agent): Id<AgentId>,
) -> Reply<Done> {
    passports::revoke(&web.app, &caller.ctx, agent).await?;
    Ok(Done)
}

/// Read a passport
///
/// With the token of its link. Shows the active scopes of one agent and nothing else; nothing is recorded.
#[utoipa::path(
    get, path = "/v1/passports/{passportId}", operation_id = "readPassport", tag = "Passports",
    params(("passportId" = String, Path, description = "The passport's id.")),
    responses((status = 200, description = "What the agent may and may not do.", body = PassportView), Reading),
    security(("passport" = [])),
)]
pub(crate) async fn read(State(web): State<WebState>, Holder(opened): Holder) -> Reply<Json<PassportView>> {
    Ok(Json(passports::show(&web.app, &opened).await?.into()))
}

/// Preview a decision
///
/// Answers what `verify` would answer to this agent now, as a verdict and a code. Nothing is recorded, reserved or asked
/// of a person: only `verify` enforces anything.
#[utoipa::path(
    post, path = "/v1/passports/{passportId}/preview", operation_id = "previewPassport", tag = "Passports",
    params(("passportId" = String, Path, description = "The passport's id.")),
    request_body = PreviewBody,
    responses((status = 200, description = "What would be decided.", body = PreviewView), Writing),
    security(("passport" = [])),
)]
pub(crate) async fn preview(
    State(web): State<WebState>,
    Holder(opened): Holder,
    SmallBody(ask): SmallBody,
) -> Reply<Json<PreviewView>> {
    let previewed = passports::preview(&web.app, &opened, ask).await?;
    Ok(Json(PreviewView {
        success: true,
        allowed: previewed.verdict == Verdict::Allow,
        decision: previewed.verdict,
        code: previewed.reason,
        reason: previewed.reason.text(),
    }))
}
