//! The organization's own redaction rules (RED-1): patterns of what is secret, and of what is not although it looks so.

use crate::{
    body::Body,
    extract::{Caller, Id},
    operation::{Created, Done, List, Reading, Reply, Writing},
    state::WebState,
};
use axum::{Json, extract::State};
use procura_app::redaction::{self, Draft, Found, LEAST_MB_PER_SECOND, Saved, Shared, Tried};
use procura_model::{RedactionEffect, RedactionRule, RedactionRuleId, RequestId, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(get, replace, remove))
}

/// Trying changes nothing, so it takes no `Idempotency-Key`.
pub(crate) fn trying() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(test))
}

/// A rule as somebody wants it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = RedactionRuleRequest, example = json!({
    "name": "badge-number",
    "effect": "redact",
    "pattern": "\\bBADGE-(?P<secret>\\d{6})\\b",
}))]
pub(crate) struct RuleBody {
    /// What people call it, and what the mark `[redacted:NAME]` says: lower-case letters, digits and hyphens; unique in
    /// the organization.
    #[schema(min_length = 1, max_length = 40, pattern = "^[a-z0-9-]+$")]
    name: String,
    /// `redact`: what the pattern matches is taken out. `allow`: what would be taken out stays where the pattern matches
    /// all of it.
    #[schema(value_type = String, pattern = "^(redact|allow)$")]
    effect: RedactionEffect,
    /// A regular expression in the syntax of Rust's `regex`: no look-around, no back-references. Of a match with a group
    /// named `secret`, that group alone is taken out.
    #[schema(min_length = 1, max_length = 1000)]
    pattern: String,
}

impl RuleBody {
    fn draft(self) -> Draft {
        Draft { name: self.name, effect: self.effect, pattern: self.pattern }
    }
}

/// One of the organization's own redaction rules.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RedactionRule)]
pub(crate) struct RuleView {
    /// The rule's id.
    #[schema(value_type = String)]
    id: RedactionRuleId,
    /// What people call it, and what the mark says.
    name: String,
    /// What becomes of what it matches.
    #[schema(value_type = String, pattern = "^(redact|allow)$")]
    effect: RedactionEffect,
    /// The regular expression.
    pattern: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
}

impl From<RedactionRule> for RuleView {
    fn from(rule: RedactionRule) -> Self {
        let RedactionRule { id, name, effect, pattern, created_at, updated_at } = rule;
        Self { id, name, effect, pattern, created_at, updated_at }
    }
}

/// How a rule does: on fixed texts, and on what is recorded.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RedactionTrial)]
pub(crate) struct TrialView {
    /// Whether it is fast enough to be saved.
    fast: bool,
    /// What is asked for on every one of the fixed texts, in MB a second of one core.
    required: f64,
    /// How much ordinary text all rules together with this one read, in MB a second of one core; 1000 says that or more.
    mb_per_second: f64,
    /// The same for the fixed text on which they are slowest; below 20 a rule is not saved.
    slowest_mb_per_second: f64,
    /// Which text that is.
    slowest_on: &'static str,
    /// In how many results of the last hour it was looked. They are held in memory by this node, within bounds.
    results: usize,
    /// In how many of the last recorded calls it was looked: what they asked, as it is recorded.
    calls: usize,
    /// How often the rule would have hit in what those calls asked, beyond what was taken out without it. Always 0 for
    /// `allow`: what it would have spared is kept nowhere.
    hits: usize,
    /// Where in what they asked, newest first, at most 50 places; never what.
    places: Vec<PlaceView>,
    /// In how many of the results the rule would have hit, rounded down to 5, 10, 20, 50, 100 or 200. 0 says fewer than 5,
    /// or none: nobody reads what results hold, and a rule must not ask one of them.
    results_hit_at_least: usize,
    /// Which places of results at least 5 of them share, most frequent first, at most 50.
    result_places: Vec<ResultPlaceView>,
}

/// Where a rule would have hit in what a call asked.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RedactionPlace)]
pub(crate) struct PlaceView {
    /// In which request; its trace says more.
    #[schema(value_type = String)]
    request_id: RequestId,
    /// What was used in it, as it is recorded.
    resource: Option<String>,
    /// Where in the recorded ask, as a JSON pointer; a name that the rule itself hits is `*`.
    pointer: String,
    /// How often.
    hits: usize,
}

impl From<Found> for PlaceView {
    fn from(found: Found) -> Self {
        let Found { request, resource, place, hits } = found;
        Self { request_id: request, resource, pointer: place, hits }
    }
}

/// A place of results in which a rule would have hit.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RedactionResultPlace)]
pub(crate) struct ResultPlaceView {
    /// Of which tool, prompt or resource, as it is recorded.
    resource: String,
    /// Where in its results, as a JSON pointer; an index of a list, and a name that the rule itself hits, is `*`.
    pointer: String,
    /// In how many results, rounded down to 5, 10, 20, 50, 100 or 200.
    results_at_least: usize,
}

impl From<Shared> for ResultPlaceView {
    fn from(shared: Shared) -> Self {
        let Shared { resource, place, at_least } = shared;
        Self { resource, pointer: place, results_at_least: at_least }
    }
}

impl From<Tried> for TrialView {
    fn from(tried: Tried) -> Self {
        let Tried { speed, results, calls, in_calls, in_results } = tried;
        Self {
            fast: speed.is_fast(),
            required: LEAST_MB_PER_SECOND,
            mb_per_second: rounded(speed.mb_per_second),
            slowest_mb_per_second: rounded(speed.slowest_mb_per_second),
            slowest_on: speed.slowest_on,
            results,
            calls,
            hits: in_calls.hits,
            places: in_calls.found.into_iter().map(PlaceView::from).collect(),
            results_hit_at_least: in_results.at_least,
            result_places: in_results.shared.into_iter().map(ResultPlaceView::from).collect(),
        }
    }
}

fn rounded(mb_per_second: f64) -> f64 {
    (mb_per_second * 10.0).round() / 10.0
}

/// A rule that was saved, and how it did before.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RedactionRuleSaved)]
pub(crate) struct SavedView {
    /// The rule.
    rule: RuleView,
    /// How it did.
    trial: TrialView,
}

impl From<Saved> for SavedView {
    fn from(saved: Saved) -> Self {
        Self { rule: saved.rule.into(), trial: saved.tried.into() }
    }
}

/// List redaction rules
///
/// Oldest first.
#[utoipa::path(
    get, path = "/v1/redaction-rules", operation_id = "listRedactionRules", tag = "Organization",
    responses((status = 200, description = "The rules.", body = List<RuleView>), Reading),
    security(("bearer" = ["read:organization"]), ("apiKey" = ["read:organization"])),
)]
pub(crate) async fn list(State(web): State<WebState>, caller: Caller) -> Reply<Json<List<RuleView>>> {
    let rows = redaction::list(&web.app, &caller.ctx).await?;
    Ok(List::whole(rows, RuleView::from))
}

/// Add a redaction rule
///
/// It is tried first, which needs the scope `read:activity` too, and refused where it is too slow, matches nothing, or matches what ordinary texts are made of. It
/// holds from the next call on: in results, errors and notes, and in what is recorded of a call.
#[utoipa::path(
    post, path = "/v1/redaction-rules", operation_id = "addRedactionRule", tag = "Organization",
    request_body = RuleBody,
    responses((status = 201, description = "The rule, and how it did.", body = SavedView), Writing),
    security(("bearer" = ["write:organization"]), ("apiKey" = ["write:organization"])),
)]
pub(crate) async fn add(
    State(web): State<WebState>,
    caller: Caller,
    Body(body): Body<RuleBody>,
) -> Reply<Created<SavedView>> {
    Ok(Created(redaction::add(&web.app, &caller.ctx, body.draft()).await?.into()))
}

/// Try a redaction rule
///
/// Nothing is saved, and the try is recorded with a keyed digest of the pattern. Says how fast the organization's rules are
/// with it, and where it would have hit. At most 10 tries a minute for each person, and for all keys of the organization
/// together; saving a rule is a try too. Needs the scope `read:activity` beside `write:organization`.
#[utoipa::path(
    post, path = "/v1/redaction-rules/test", operation_id = "testRedactionRule", tag = "Organization",
    request_body = RuleBody,
    responses((status = 200, description = "How it did.", body = TrialView), Writing),
    security(("bearer" = ["write:organization"]), ("apiKey" = ["write:organization"])),
)]
pub(crate) async fn test(
    State(web): State<WebState>,
    caller: Caller,
    Body(body): Body<RuleBody>,
) -> Reply<Json<TrialView>> {
    Ok(Json(redaction::test(&web.app, &caller.ctx, &body.draft(), None).await?.into()))
}

/// Get a redaction rule
#[utoipa::path(
    get, path = "/v1/redaction-rules/{ruleId}", operation_id = "getRedactionRule", tag = "Organization",
    params(("ruleId" = String, Path, description = "The rule's id.")),
    responses((status = 200, description = "The rule.", body = RuleView), Reading),
    security(("bearer" = ["read:organization"]), ("apiKey" = ["read:organization"])),
)]
pub(crate) async fn get(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<RedactionRuleId>,
) -> Reply<Json<RuleView>> {
    Ok(Json(redaction::get(&web.app, &caller.ctx, id).await?.into()))
}

/// Replace a redaction rule
///
/// It is tried as a new one is.
#[utoipa::path(
    put, path = "/v1/redaction-rules/{ruleId}", operation_id = "replaceRedactionRule", tag = "Organization",
    params(("ruleId" = String, Path, description = "The rule's id.")),
    request_body = RuleBody,
    responses((status = 200, description = "The rule as it is now, and how it did.", body = SavedView), Writing),
    security(("bearer" = ["write:organization"]), ("apiKey" = ["write:organization"])),
)]
pub(crate) async fn replace(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<RedactionRuleId>,
    Body(body): Body<RuleBody>,
) -> Reply<Json<SavedView>> {
    Ok(Json(redaction::change(&web.app, &caller.ctx, id, body.draft()).await?.into()))
}

/// Remove a redaction rule
#[utoipa::path(
    delete, path = "/v1/redaction-rules/{ruleId}", operation_id = "removeRedactionRule", tag = "Organization",
    params(("ruleId" = String, Path, description = "The rule's id.")),
    responses((status = 204, description = "The rule is gone."), Writing),
    security(("bearer" = ["write:organization"]), ("apiKey" = ["write:organization"])),
)]
pub(crate) async fn remove(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<RedactionRuleId>,
) -> Reply<Done> {
    redaction::remove(&web.app, &caller.ctx, id).await?;
    Ok(Done)
}
