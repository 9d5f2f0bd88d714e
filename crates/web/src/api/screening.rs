//! Screening (SCR): a prompt screened before a model reads it, what people say of a screen afterwards, and what the
//! screens found in the last days.

use crate::{
    body::Body,
    extract::{Caller, Id, Query},
    operation::{Done, List, Reading, Reply, Writing},
    schema::ReasonCode,
    state::WebState,
};
use axum::{Json, extract::State};
use procura_app::screening::{
    self, Asked, Channel, ChannelCount, Feedback, Judgement, NewFeedback, Overview, PromptAnswer, PromptAsk,
    RuleCount, SourceCount,
};
use procura_model::{AgentId, Reason, RequestId, Risk, Time};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

/// How far back the overview looks when nobody says, in days.
const DAYS: i64 = 7;

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(screen_prompt)).routes(routes!(overview))
}

pub(crate) fn feedback_routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(list_feedback, give_feedback, withdraw_feedback))
}

/// A prompt that is about to be handed to a model.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ScreenRequest, example = json!({
    "agentId": "agt_01JD9Z3V5M8Q6T2W4X7Y9A1B3C",
    "text": "Which of my orders are late?",
}))]
pub(crate) struct ScreenBody {
    /// For which agent; an agent key may leave it out, a platform key must name one.
    #[schema(value_type = Option<String>, nullable = false, pattern = "^agt_[0-9A-Z]{26}$")]
    agent_id: Option<AgentId>,
    /// The words. They are looked at and forgotten.
    text: String,
}

/// What becomes of a prompt.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Screening)]
pub(crate) struct ScreeningView {
    /// Whether it may be handed on.
    allowed: bool,
    /// Why, as a code: `ALLOWED`, `PROMPT_INJECTION` or `COULD_NOT_SCAN`.
    #[schema(value_type = ReasonCode)]
    code: Reason,
    /// The same in a sentence.
    #[schema(value_type = String)]
    reason: Cow<'static, str>,
    /// How grave what was found is.
    #[schema(value_type = String, pattern = "^(none|low|medium|high|critical)$")]
    risk: Risk,
    /// The rules that fired.
    rules: Vec<&'static str>,
    /// Whether it would have been blocked, and passes because the organization only reports injections in prompts.
    report_only: bool,
    /// What the operator's classifier said, where it was asked.
    #[schema(value_type = Option<SecondOpinionView>)]
    second_opinion: Option<SecondOpinionView>,
    /// The trace, which feedback names.
    #[schema(value_type = String)]
    request_id: RequestId,
    /// The agent.
    #[schema(value_type = String)]
    agent_id: AgentId,
}

/// What the operator's classifier said.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SecondOpinion)]
pub(crate) struct SecondOpinionView {
    /// Whether there was an answer that could be read.
    answered: bool,
    /// What it said.
    #[schema(value_type = Option<String>, pattern = "^(attack|no_attack)$")]
    verdict: Option<screening::Opinion>,
    /// Why there was none, in a word for programs.
    failure: Option<&'static str>,
    /// How long it took, in microseconds.
    micros: i64,
}

impl From<Asked> for SecondOpinionView {
    fn from(asked: Asked) -> Self {
        let Asked { answered, verdict, failure, micros } = asked;
        Self { answered, verdict, failure, micros }
    }
}

impl From<PromptAnswer> for ScreeningView {
    fn from(answer: PromptAnswer) -> Self {
        Self {
            allowed: answer.allowed,
            code: answer.reason,
            reason: answer.sentence,
            risk: answer.seen.risk,
            rules: answer.seen.rules,
            report_only: answer.seen.report_only,
            second_opinion: answer.seen.second_opinion.map(SecondOpinionView::from),
            request_id: answer.request,
            agent_id: answer.agent,
        }
    }
}

/// What somebody says of a trace.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = FeedbackRequest, example = json!({ "judgement": "not_an_attack" }))]
pub(crate) struct FeedbackBody {
    /// `not_an_attack`: something was found that is none. `missed_attack`: an attack was not found.
    #[schema(value_type = String, pattern = "^(not_an_attack|missed_attack)$")]
    judgement: Judgement,
    /// Of which text; where absent, of the gravest finding, or of the last text that was screened.
    #[schema(value_type = Option<String>, nullable = false, pattern = "^(prompt|tool_argument|tool_result|tool_description)$")]
    channel: Option<Channel>,
}

/// What one person says of one trace. The text is nowhere in it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Feedback)]
pub(crate) struct FeedbackView {
    /// The trace.
    #[schema(value_type = String)]
    request_id: RequestId,
    /// Who says it: the id of an account or a platform key.
    person: String,
    /// What.
    #[schema(value_type = String, pattern = "^(not_an_attack|missed_attack)$")]
    judgement: Judgement,
    /// Where the text stood.
    #[schema(pattern = "^(prompt|tool_argument|tool_result|tool_description)$")]
    channel: String,
    /// From where it came: `{server}/{tool}`, or the agent of a prompt.
    source: String,
    /// The rules that had fired.
    rules: Vec<String>,
    /// When it was said last.
    #[schema(value_type = String, format = DateTime)]
    given_at: Time,
}

impl From<Feedback> for FeedbackView {
    fn from(feedback: Feedback) -> Self {
        let Feedback { request, person, judgement, channel, source, rules, given_at } = feedback;
        Self { request_id: request, person, judgement, channel, source, rules, given_at }
    }
}

/// Which days are counted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OverviewQuery {
    /// How many days back; 7 when absent.
    #[param(nullable = false, minimum = 1, maximum = 90)]
    days: Option<i64>,
}

/// What the screens found, and what people said of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ScreeningOverview)]
pub(crate) struct OverviewView {
    /// Since when it is counted.
    #[schema(value_type = String, format = DateTime)]
    since: Time,
    /// Whether there was more than is counted here; then these are the newest.
    is_partial: bool,
    /// By channel and level.
    channels: Vec<ChannelCountView>,
    /// By rule, most often first.
    rules: Vec<RuleCountView>,
    /// By source, most often first, 200 at the most.
    sources: Vec<SourceCountView>,
}

/// What was found in one channel at one level.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ScreeningChannelCount)]
pub(crate) struct ChannelCountView {
    /// The channel.
    #[schema(value_type = String, pattern = "^(prompt|tool_argument|tool_result|tool_description)$")]
    channel: &'static str,
    /// How grave.
    #[schema(value_type = String, pattern = "^(none|low|medium|high|critical)$")]
    risk: Risk,
    /// How many were blocked.
    blocked: u64,
    /// How many could not be scanned, and were blocked.
    could_not_scan: u64,
    /// How many would have been blocked, and were reported only.
    reported: u64,
    /// How many passed.
    passed: u64,
}

/// How often a rule fired, and what people said of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ScreeningRuleCount)]
pub(crate) struct RuleCountView {
    /// The rule.
    rule: String,
    /// In how many texts it fired.
    fired: u64,
    /// How often people said that it was no attack.
    not_an_attack: u64,
    /// How often people said that it was one, and passed.
    missed_attack: u64,
}

/// What was found in texts of one source, and what people said of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ScreeningSourceCount)]
pub(crate) struct SourceCountView {
    /// The channel.
    #[schema(pattern = "^(prompt|tool_argument|tool_result|tool_description)$")]
    channel: String,
    /// `{server}/{tool}`, or the agent of a prompt.
    source: String,
    /// In how many texts something was found.
    found: u64,
    /// How often people said that it was no attack.
    not_an_attack: u64,
    /// How often people said that an attack was missed.
    missed_attack: u64,
}

impl From<Overview> for OverviewView {
    fn from(overview: Overview) -> Self {
        let channel = |count: ChannelCount| {
            let ChannelCount { channel, risk, blocked, could_not_scan, reported, passed } = count;
            ChannelCountView { channel, risk, blocked, could_not_scan, reported, passed }
        };
        let rule = |count: RuleCount| {
            let RuleCount { rule, fired, not_an_attack, missed_attack } = count;
            RuleCountView { rule, fired, not_an_attack, missed_attack }
        };
        let source = |count: SourceCount| {
            let SourceCount { channel, source, found, not_an_attack, missed_attack } = count;
            SourceCountView { channel, source, found, not_an_attack, missed_attack }
        };
        Self {
            since: overview.since,
            is_partial: overview.is_partial,
            channels: overview.channels.into_iter().map(channel).collect(),
            rules: overview.rules.into_iter().map(rule).collect(),
            sources: overview.sources.into_iter().map(source).collect(),
        }
    }
}

/// Screen a prompt
///
/// For software that hands a person's words to a model itself: ask first. A no is an answer, not an error: 200 with
/// `allowed:false`. What was seen is recorded, the words are not.
#[utoipa::path(
    post, path = "/v1/screen", operation_id = "screenPrompt", tag = "Screening",
    request_body = ScreenBody,
    responses((status = 200, description = "What becomes of it.", body = ScreeningView), Writing),
    security(("bearer" = ["verify"]), ("apiKey" = ["verify"])),
)]
pub(crate) async fn screen_prompt(
    State(web): State<WebState>,
    caller: Caller,
    Body(body): Body<ScreenBody>,
) -> Reply<Json<ScreeningView>> {
    let ask = PromptAsk { agent: body.agent_id, text: body.text };
    Ok(Json(screening::prompt(&web.app, &caller.ctx, ask).await?.into()))
}

/// Get what the screens found
///
/// Counted from the record by channel, rule and source, with what people said of it. Not for agents' keys.
#[utoipa::path(
    get, path = "/v1/screening", operation_id = "getScreening", tag = "Screening", params(OverviewQuery),
    responses((status = 200, description = "The counts.", body = OverviewView), Reading),
    security(("bearer" = ["read:activity"]), ("apiKey" = ["read:activity"])),
)]
pub(crate) async fn overview(
    State(web): State<WebState>,
    caller: Caller,
    Query(query): Query<OverviewQuery>,
) -> Reply<Json<OverviewView>> {
    let days = query.days.unwrap_or(DAYS);
    Ok(Json(screening::overview(&web.app, &caller.ctx, days).await?.into()))
}

/// List what was said of a trace
///
/// Oldest first; one word per person.
#[utoipa::path(
    get, path = "/v1/traces/{requestId}/feedback", operation_id = "listFeedback", tag = "Screening",
    params(("requestId" = String, Path, description = "The trace.")),
    responses((status = 200, description = "What was said.", body = List<FeedbackView>), Reading),
    security(("bearer" = ["read:activity"]), ("apiKey" = ["read:activity"])),
)]
pub(crate) async fn list_feedback(
    State(web): State<WebState>,
    caller: Caller,
    Id(request): Id<RequestId>,
) -> Reply<Json<List<FeedbackView>>> {
    Ok(List::whole(screening::of_trace(&web.app, &caller.ctx, request).await?, FeedbackView::from))
}

/// Say whether the screens were right about a trace
///
/// In place of what the same caller said before. Not for agents' keys. Needs `read:activity` as well.
#[utoipa::path(
    put, path = "/v1/traces/{requestId}/feedback", operation_id = "giveFeedback", tag = "Screening",
    params(("requestId" = String, Path, description = "The trace.")),
    request_body = FeedbackBody,
    responses((status = 200, description = "What is said now.", body = FeedbackView), Writing),
    security(
        ("bearer" = ["write:feedback", "read:activity"]),
        ("apiKey" = ["write:feedback", "read:activity"]),
    ),
)]
pub(crate) async fn give_feedback(
    State(web): State<WebState>,
    caller: Caller,
    Id(request): Id<RequestId>,
    Body(body): Body<FeedbackBody>,
) -> Reply<Json<FeedbackView>> {
    let new = NewFeedback { judgement: body.judgement, channel: body.channel };
    Ok(Json(screening::give(&web.app, &caller.ctx, request, new).await?.into()))
}

/// Take back what you said of a trace
#[utoipa::path(
    delete, path = "/v1/traces/{requestId}/feedback", operation_id = "withdrawFeedback", tag = "Screening",
    params(("requestId" = String, Path, description = "The trace.")),
    responses((status = 204, description = "Nothing is said any more."), Writing),
    security(("bearer" = ["write:feedback"]), ("apiKey" = ["write:feedback"])),
)]
pub(crate) async fn withdraw_feedback(
    State(web): State<WebState>,
    caller: Caller,
    Id(request): Id<RequestId>,
) -> Reply<Done> {
    screening::withdraw(&web.app, &caller.ctx, request).await?;
    Ok(Done)
}
