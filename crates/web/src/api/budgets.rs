//! Limits over time (VER-3): the organization's budgets, and what was reserved against them and against the windows of
//! permissions.

use crate::{
    body::{Body, NoBody, OptionalBody},
    extract::{Caller, Id, Query},
    operation::{Created, Done, List, Reading, Reply, Writing, page_ask},
    respond::Failure,
    schema::WindowForm,
    state::WebState,
};
use axum::{Json, extract::State};
use procura_app::budgets::{self, BudgetDraft, Part};
use procura_model::{
    AgentId, Amount, Budget, BudgetId, BudgetOf, Currency, Json as Value, PermissionId, Reason, RequestId,
    Reservation, ReservationId, ReservationState, Time, UserRef, Window,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(get, replace, remove))
        .routes(routes!(list_reservations))
        .routes(routes!(get_reservation))
        .routes(routes!(commit))
        .routes(routes!(release))
}

/// A limit beside the permissions: whatever they allow must fit into it.
#[derive(ToSchema)]
#[schema(as = BudgetDraft, rename_all = "camelCase", example = json!({
    "name": "Tickets",
    "of": "organization",
    "actions": ["purchase.*"],
    "window": { "amount": { "value": "5000.00", "currency": "USD" }, "per": "P30D" },
}))]
#[expect(
    dead_code,
    reason = "the documented form of procura_app::budgets::BudgetDraft, which is what is read"
)]
pub(crate) struct BudgetForm {
    /// What people call it; unique in the organization.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// Whose spending it limits.
    #[schema(value_type = BudgetOfForm)]
    of: (),
    /// Patterns of actions that count, as in a permission. A budget of money refuses what it covers and has no amount.
    #[schema(min_items = 1, max_items = 50)]
    actions: Vec<String>,
    /// The limit.
    window: WindowForm,
}

/// Whose spending a budget limits: `"organization"`, `"eachAgent"`, `"eachUser"`, `{"agent": "agt_.."}` or
/// `{"user": "usr_.."}`.
#[derive(ToSchema)]
#[schema(as = BudgetOf, rename_all = "camelCase")]
#[expect(dead_code, reason = "the documented form of procura_model::BudgetOf")]
pub(crate) enum BudgetOfForm {
    /// All agents of the organization together.
    Organization,
    /// One agent.
    Agent(String),
    /// Every agent, each for itself.
    EachAgent,
    /// One verified user, by pseudonym, over all agents.
    User(String),
    /// Every verified user, each for itself, over all agents.
    EachUser,
}

/// A budget.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Budget)]
pub(crate) struct BudgetView {
    /// The budget's id.
    #[schema(value_type = String)]
    id: BudgetId,
    /// What people call it.
    name: String,
    /// Whose spending it limits.
    #[schema(value_type = BudgetOfForm)]
    of: BudgetOf,
    /// Patterns of actions that count.
    actions: Vec<String>,
    /// The limit.
    #[schema(value_type = WindowForm)]
    window: Window,
    /// When it was made; it counts what was asked since.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
}

/// A budget with what stands of it now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BudgetStanding)]
pub(crate) struct StandingView {
    /// The budget.
    budget: BudgetView,
    /// What is spent, held and left: one row, or one for each agent or user, those first on whom was counted last.
    standing: Vec<PartView>,
}

/// What is spent, held and left.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StandingPart)]
pub(crate) struct PartView {
    /// The agent or user, where each is counted for itself.
    of: Option<String>,
    /// Committed within the window, or counted as spent because nobody settled it in time.
    #[schema(value_type = String)]
    spent: Amount,
    /// Allowed, and waiting for its outcome.
    #[schema(value_type = String)]
    held: Amount,
    /// What is left; null where only calls are counted.
    #[schema(value_type = Option<String>)]
    left: Option<Amount>,
    /// Calls that are settled.
    calls: i64,
    /// Calls that wait for their outcome.
    calls_held: i64,
    /// How many calls are left; null where only amounts are counted.
    calls_left: Option<i64>,
}

/// What one allowed ask has taken.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Reservation)]
pub(crate) struct ReservationView {
    /// The reservation's id.
    #[schema(value_type = String)]
    id: ReservationId,
    /// Where it stands.
    #[schema(value_type = String, pattern = "^(held|committed|released|expired)$")]
    state: ReservationState,
    /// The agent that was allowed.
    #[schema(value_type = String)]
    agent_id: AgentId,
    /// On behalf of which user.
    #[schema(value_type = Option<String>)]
    user: Option<UserRef>,
    /// The decision that took it.
    #[schema(value_type = String)]
    request_id: RequestId,
    /// The permission that allowed it.
    #[schema(value_type = Option<String>)]
    permission_id: Option<PermissionId>,
    /// The action.
    action: String,
    /// What was held; null where only calls are counted.
    #[schema(value_type = Option<String>)]
    held: Option<Amount>,
    /// What it came to, once committed.
    #[schema(value_type = Option<String>)]
    amount: Option<Amount>,
    /// In which currency.
    #[schema(value_type = Option<String>)]
    currency: Option<Currency>,
    /// Whether its commit came after it had expired.
    late: bool,
    /// Whether its late commit overran a limit.
    over: bool,
    /// When it was taken.
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// Until when its outcome is awaited.
    #[schema(value_type = String, format = DateTime)]
    commit_by: Time,
    /// When it was committed, released or expired.
    #[schema(value_type = Option<String>, format = DateTime)]
    settled_at: Option<Time>,
}

/// What it came to.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schema(as = CommitRequest, example = json!({ "amount": "698.50" }))]
pub(crate) struct CommitBody {
    /// How much it came to, at most what was held; all of that when absent.
    #[schema(value_type = Option<String>, nullable = false)]
    amount: Option<Value>,
}

/// Which reservations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Only those in this state.
    #[param(value_type = Option<String>, pattern = "^(held|committed|released|expired)$")]
    state: Option<ReservationState>,
    /// Continue where the previous page ended.
    cursor: Option<String>,
    /// How many rows at most; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

fn view(budget: Budget) -> BudgetView {
    let Budget { id, name, of, actions, window, created_at } = budget;
    BudgetView { id, name, of, actions, window, created_at }
}

fn part(part: Part) -> PartView {
    let Part { of, spent, held, left, calls, calls_held, calls_left } = part;
    PartView { of, spent, held, left, calls, calls_held, calls_left }
}

fn reserved(reservation: Reservation) -> ReservationView {
    ReservationView {
        id: reservation.id,
        state: reservation.state,
        agent_id: reservation.agent,
        user: reservation.user,
        request_id: reservation.request,
        permission_id: reservation.permission,
        action: reservation.action,
        held: reservation.held,
        amount: reservation.actual,
        currency: reservation.currency,
        late: reservation.is_late,
        over: reservation.is_over,
        created_at: reservation.created_at,
        commit_by: reservation.commit_by,
        settled_at: reservation.settled_at,
    }
}

/// List budgets
///
/// Oldest first.
#[utoipa::path(
    get, path = "/v1/budgets", operation_id = "listBudgets", tag = "Budgets",
    responses((status = 200, description = "The budgets.", body = List<BudgetView>), Reading),
    security(("bearer" = ["read:budgets"]), ("apiKey" = ["read:budgets"])),
)]
pub(crate) async fn list(State(web): State<WebState>, caller: Caller) -> Reply<Json<List<BudgetView>>> {
    Ok(List::whole(budgets::list(&web.app, &caller.ctx).await?, view))
}

/// Add a budget
///
/// It counts what is asked from now on, from zero.
#[utoipa::path(
    post, path = "/v1/budgets", operation_id = "addBudget", tag = "Budgets",
    request_body = BudgetForm,
    responses((status = 201, description = "The budget.", body = BudgetView), Writing),
    security(("bearer" = ["write:budgets"]), ("apiKey" = ["write:budgets"])),
)]
pub(crate) async fn add(
    State(web): State<WebState>,
    caller: Caller,
    Body(draft): Body<BudgetDraft>,
) -> Reply<Created<BudgetView>> {
    Ok(Created(view(budgets::add(&web.app, &caller.ctx, draft).await?)))
}

/// Get a budget
///
/// With what is spent, held and left of it now.
#[utoipa::path(
    get, path = "/v1/budgets/{budgetId}", operation_id = "getBudget", tag = "Budgets",
    params(("budgetId" = String, Path, description = "The budget's id.")),
    responses((status = 200, description = "The budget.", body = StandingView), Reading),
    security(("bearer" = ["read:budgets"]), ("apiKey" = ["read:budgets"])),
)]
pub(crate) async fn get(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<BudgetId>,
) -> Reply<Json<StandingView>> {
    let budget = budgets::get(&web.app, &caller.ctx, id).await?;
    let parts = budgets::of_budget(&web.app, &caller.ctx, &budget).await?;
    Ok(Json(StandingView { budget: view(budget), standing: parts.into_iter().map(part).collect() }))
}

/// Replace a budget
///
/// Its name, its actions and its limit; whose spending it counts and its currency stay. In force at the next request.
#[utoipa::path(
    put, path = "/v1/budgets/{budgetId}", operation_id = "replaceBudget", tag = "Budgets",
    params(("budgetId" = String, Path, description = "The budget's id.")),
    request_body = BudgetForm,
    responses((status = 200, description = "The budget as it is now.", body = BudgetView), Writing),
    security(("bearer" = ["write:budgets"]), ("apiKey" = ["write:budgets"])),
)]
pub(crate) async fn replace(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<BudgetId>,
    Body(draft): Body<BudgetDraft>,
) -> Reply<Json<BudgetView>> {
    Ok(Json(view(budgets::change(&web.app, &caller.ctx, id, draft).await?)))
}

/// Remove a budget
///
/// What was reserved while it stood is settled as before.
#[utoipa::path(
    delete, path = "/v1/budgets/{budgetId}", operation_id = "removeBudget", tag = "Budgets",
    params(("budgetId" = String, Path, description = "The budget's id.")),
    responses((status = 204, description = "The budget is gone."), Writing),
    security(("bearer" = ["write:budgets"]), ("apiKey" = ["write:budgets"])),
)]
pub(crate) async fn remove(State(web): State<WebState>, caller: Caller, Id(id): Id<BudgetId>) -> Reply<Done> {
    budgets::remove(&web.app, &caller.ctx, id).await?;
    Ok(Done)
}

/// List reservations
///
/// Newest first. An agent key sees its own agent's, with the scope `verify`.
#[utoipa::path(
    get, path = "/v1/reservations", operation_id = "listReservations", tag = "Budgets",
    params(Wanted),
    responses((status = 200, description = "The reservations.", body = List<ReservationView>), Reading),
    security(("bearer" = ["read:budgets"]), ("apiKey" = ["read:budgets"])),
)]
pub(crate) async fn list_reservations(
    State(web): State<WebState>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Reply<Json<List<ReservationView>>> {
    let page = page_ask(wanted.cursor, wanted.limit)?;
    Ok(List::page(budgets::reservations(&web.app, &caller.ctx, wanted.state, &page).await?, reserved))
}

/// Get a reservation
///
/// An agent key sees its own agent's, with the scope `verify`.
#[utoipa::path(
    get, path = "/v1/reservations/{reservationId}", operation_id = "getReservation", tag = "Budgets",
    params(("reservationId" = String, Path, description = "The reservation's id.")),
    responses((status = 200, description = "The reservation.", body = ReservationView), Reading),
    security(("bearer" = ["read:budgets"]), ("apiKey" = ["read:budgets"])),
)]
pub(crate) async fn get_reservation(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<ReservationId>,
) -> Reply<Json<ReservationView>> {
    Ok(Json(reserved(budgets::reservation(&web.app, &caller.ctx, id).await?)))
}

/// Commit a reservation
///
/// The action happened. The same commit again gives the same answer. An agent key settles its own agent's, with the
/// scope `verify`. A commit that comes too late is recorded and flagged.
#[utoipa::path(
    post, path = "/v1/reservations/{reservationId}/commit", operation_id = "commitReservation", tag = "Budgets",
    params(("reservationId" = String, Path, description = "The reservation's id.")),
    request_body = Option<CommitBody>,
    responses((status = 200, description = "The reservation as it is now.", body = ReservationView), Writing),
    security(("bearer" = ["write:budgets"]), ("apiKey" = ["write:budgets"])),
)]
pub(crate) async fn commit(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<ReservationId>,
    OptionalBody(body): OptionalBody<CommitBody>,
) -> Reply<Json<ReservationView>> {
    let amount = body.amount.as_ref().map(Amount::from_json).transpose();
    let amount = amount.map_err(|_| Failure(Reason::AmountInvalid.into()))?;
    Ok(Json(reserved(budgets::commit(&web.app, &caller.ctx, id, amount).await?)))
}

/// Release a reservation
///
/// The action did not happen. The same release again gives the same answer. An agent key settles its own agent's, with
/// the scope `verify`.
#[utoipa::path(
    post, path = "/v1/reservations/{reservationId}/release", operation_id = "releaseReservation", tag = "Budgets",
    params(("reservationId" = String, Path, description = "The reservation's id.")),
    responses((status = 200, description = "The reservation as it is now.", body = ReservationView), Writing),
    security(("bearer" = ["write:budgets"]), ("apiKey" = ["write:budgets"])),
)]
pub(crate) async fn release(
    State(web): State<WebState>,
    caller: Caller,
    Id(id): Id<ReservationId>,
    _body: NoBody,
) -> Reply<Json<ReservationView>> {
    Ok(Json(reserved(budgets::release(&web.app, &caller.ctx, id).await?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::parse;

    #[test]
    fn a_draft_is_read_strictly() {
        let text = |of: &str| {
            format!(r#"{{"name":"n","of":{of},"actions":["*"],"window":{{"count":1,"per":"P1D"}}}}"#)
        };
        let agent = "agt_01JD9Z3V5M8Q6T2W4X7Y9A1B3C";
        for (of, wanted) in [
            ("\"organization\"".to_owned(), BudgetOf::Organization),
            ("\"eachAgent\"".to_owned(), BudgetOf::EachAgent),
            ("\"eachUser\"".to_owned(), BudgetOf::EachUser),
            (format!(r#"{{"agent":"{agent}"}}"#), BudgetOf::Agent(agent.parse().unwrap())),
            (r#"{"user":"usr_1"}"#.to_owned(), BudgetOf::User(UserRef("usr_1".to_owned()))),
        ] {
            assert_eq!(parse::<BudgetDraft>(text(&of).as_bytes()).unwrap().of, wanted);
        }
        for bad in [
            text("\"everybody\""),
            text(r#"{"agent":"usr_1"}"#),
            r#"{"name":"n","of":"organization","window":{"count":1,"per":"P1D"}}"#.to_owned(),
            r#"{"name":"n","of":"organization","actions":["*"],"window":{"count":1,"per":"P1M"}}"#.to_owned(),
            r#"{"name":"n","of":"organization","actions":["*"],"window":{"per":"P1D","limit":1}}"#.to_owned(),
        ] {
            assert!(parse::<BudgetDraft>(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
