//! Budgets and reservations: what may be spent over time, what is left, and what waits for its outcome.

use super::{
    activity::agent_names,
    desk::{Answer, Desk, go, is_about_the_form, page, wrong},
    permission_form,
    view::{
        budgets::{
            BudgetForm, BudgetPage, BudgetsPage, LimitRow, Line, Meter, ReservationRow, ReservationsPage,
        },
        drawer::ApiCall,
        frame::Section,
        policies::PermissionForm,
        words::{Id, Mark, Problems},
    },
};
use crate::{
    extract::{Id as PathId, Query},
    form::{Fields, Form},
    respond::Failure,
};
use procura_app::budgets::{self, BudgetDraft, Part};
use procura_model::{
    AgentId, Amount, Budget, BudgetId, BudgetOf, PageAsk, Reason, Reservation, ReservationId,
    ReservationState, Result, Scope, UserRef, Window,
};
use procura_policy::sentence::period;
use serde::Deserialize;
use std::collections::HashMap;

/// How many reservations the page of budgets shows.
const MAX_SHOWN: i64 = 10;

type Names = HashMap<AgentId, String>;

async fn names(desk: &Desk) -> Result<Names> {
    Ok(agent_names(desk).await?.into_iter().collect())
}

/// All of them.
pub(super) async fn list(desk: Desk) -> Answer {
    let names = names(&desk).await?;
    let mut rows = Vec::new();
    for budget in budgets::list(desk.app(), desk.ctx()).await? {
        let parts = budgets::of_budget(desk.app(), desk.ctx(), &budget).await?;
        rows.push(row(&budget, &parts, &names));
    }
    let ask = PageAsk::new(None, Some(MAX_SHOWN));
    let held = Some(ReservationState::Held);
    let waiting = budgets::reservations(desk.app(), desk.ctx(), held, &ask).await?;
    page(&BudgetsPage {
        frame: desk.frame("Budgets", Section::Policies).await?,
        rows,
        reservations: waiting.items.iter().map(|one| reservation(&desk, one, &names)).collect(),
        calls: vec![ApiCall::get("List budgets", "read:budgets", desk.url("/v1/budgets"))],
    })
}

fn row(budget: &Budget, parts: &[Part], names: &Names) -> LimitRow {
    LimitRow {
        href: format!("/budgets/{}", budget.id),
        name: budget.name.clone(),
        says: format!(
            "{}, on {}, within {}",
            whose(&budget.of, names),
            budget.actions.join(", "),
            period(budget.window.per)
        ),
        lines: parts.iter().flat_map(|part| lines(&budget.window, part, names)).collect(),
    }
}

fn whose(of: &BudgetOf, names: &Names) -> String {
    match of {
        BudgetOf::Organization => "All agents together".to_owned(),
        BudgetOf::Agent(agent) => names.get(agent).cloned().unwrap_or_else(|| agent.to_string()),
        BudgetOf::EachAgent => "Each agent for itself".to_owned(),
        BudgetOf::User(user) => format!("The user {}", Id(user.0.clone()).short()),
        BudgetOf::EachUser => "Each user for itself".to_owned(),
    }
}

/// The bars of a limit: one for its amount, one for its calls.
pub(super) fn lines(window: &Window, part: &Part, names: &Names) -> Vec<Line> {
    let of = part.of.as_ref().map(|of| match of.parse::<AgentId>() {
        Ok(agent) => names.get(&agent).cloned().unwrap_or_else(|| of.clone()),
        Err(_) => Id(of.clone()).short(),
    });
    let amount = window.amount.map(|limit| Line {
        of: of.clone(),
        meter: Meter { limit: limit.value.units(), spent: part.spent.units(), held: part.held.units() },
        limit: limit.to_string(),
        spent: part.spent.to_string(),
        held: part.held.to_string(),
        left: part.left.unwrap_or(Amount::ZERO).to_string(),
    });
    let count = window.count.map(|limit| Line {
        of: of.clone(),
        meter: Meter { limit, spent: part.calls, held: part.calls_held },
        limit: format!("{limit} calls"),
        spent: part.calls.to_string(),
        held: part.calls_held.to_string(),
        left: part.calls_left.unwrap_or(0).to_string(),
    });
    amount.into_iter().chain(count).collect()
}

/// The limits over time that hold for an agent, for its page; none where the role may not see them.
pub(super) async fn of_agent(desk: &Desk, agent: AgentId) -> Result<Vec<LimitRow>> {
    if !desk.ctx().actor.has(Scope::ReadBudgets) {
        return Ok(Vec::new());
    }
    let standing = budgets::of_agent(desk.app(), desk.ctx(), agent).await?;
    let none = Names::new();
    let row = |one: &budgets::Standing| {
        let window = one.window()?;
        let (href, name) = match (&one.permission, &one.budget) {
            (Some(permission), _) => {
                let id = permission.id?;
                (format!("/policies/{id}"), procura_policy::sentence(permission))
            }
            (None, Some(budget)) => (format!("/budgets/{}", budget.id), budget.name.clone()),
            (None, None) => return None,
        };
        let says = format!("Within {}", period(window.per));
        Some(LimitRow { href, name, says, lines: lines(window, &one.part, &none) })
    };
    Ok(standing.iter().filter_map(row).collect())
}

fn reservation(desk: &Desk, one: &Reservation, names: &Names) -> ReservationRow {
    let money = |amount: Option<Amount>| match (amount, one.currency) {
        (Some(amount), Some(currency)) => format!("{amount} {currency}"),
        _ => String::new(),
    };
    let flags = [(one.is_late, "late"), (one.is_over, "over the limit")];
    ReservationRow {
        id: Id::of(one.id),
        mark: mark(one.state),
        flags: flags.into_iter().filter_map(|(is_so, word)| is_so.then_some(word)).collect(),
        agent: (Id::of(one.agent), names.get(&one.agent).cloned().unwrap_or_else(|| one.agent.to_string())),
        action: one.action.clone(),
        request: Id::of(one.request),
        held: money(one.held),
        amount: money(one.actual),
        taken: desk.past(one.created_at),
        due: desk.when(one.commit_by),
        is_open: matches!(one.state, ReservationState::Held | ReservationState::Expired),
    }
}

const fn mark(state: ReservationState) -> Mark {
    match state {
        ReservationState::Held => Mark::waiting("Held"),
        ReservationState::Committed => Mark::allowed("Committed"),
        ReservationState::Released => Mark::neutral("Released"),
        ReservationState::Expired => Mark::unknown("Expired"),
    }
}

/// What is shown of one budget.
struct Draft {
    budget: Option<Budget>,
    form: BudgetForm,
    problems: Problems,
}

async fn view(desk: &Desk, draft: Draft) -> Result<BudgetPage> {
    let names = names(desk).await?;
    let mut shown = Vec::new();
    if let Some(budget) = &draft.budget {
        for part in budgets::of_budget(desk.app(), desk.ctx(), budget).await? {
            shown.extend(lines(&budget.window, &part, &names));
        }
    }
    let id = draft.budget.as_ref().map(|budget| budget.id);
    let mut frame = desk.frame("Budget", Section::Policies).await?;
    frame.problems = draft.problems;
    let mut agents: Vec<_> = names.into_iter().map(|(id, name)| (id.to_string(), name)).collect();
    agents.sort_by(|one, other| one.1.cmp(&other.1));
    Ok(BudgetPage {
        frame,
        id: id.map(Id::of),
        action: id.map_or_else(|| "/budgets/new".to_owned(), |id| format!("/budgets/{id}")),
        form: draft.form,
        agents,
        lines: shown,
        calls: id.map(|id| desk.url(&format!("/v1/budgets/{id}"))).map_or_else(Vec::new, |url| {
            vec![ApiCall::get("Read this budget and what is left", "read:budgets", url)]
        }),
    })
}

/// The form of a new budget.
pub(super) async fn new_page(desk: Desk) -> Answer {
    desk.ctx().actor.require(Scope::WriteBudgets)?;
    let window = PermissionForm {
        window_length: "30".to_owned(),
        window_unit: "days".to_owned(),
        hold_length: "15".to_owned(),
        hold_unit: "minutes".to_owned(),
        hold_then: "spent".to_owned(),
        ..PermissionForm::default()
    };
    let form = BudgetForm {
        of: "organization".to_owned(),
        actions: "purchase.*".to_owned(),
        window,
        ..BudgetForm::default()
    };
    page(&view(&desk, Draft { budget: None, form, problems: Problems::none() }).await?)
}

/// One budget.
pub(super) async fn one(desk: Desk, PathId(id): PathId<BudgetId>) -> Answer {
    let budget = budgets::get(desk.app(), desk.ctx(), id).await?;
    let form = written(&budget);
    page(&view(&desk, Draft { budget: Some(budget), form, problems: Problems::none() }).await?)
}

fn written(budget: &Budget) -> BudgetForm {
    let (of, agent, user) = match &budget.of {
        BudgetOf::Organization => ("organization", String::new(), String::new()),
        BudgetOf::Agent(agent) => ("agent", agent.to_string(), String::new()),
        BudgetOf::EachAgent => ("eachAgent", String::new(), String::new()),
        BudgetOf::User(user) => ("user", String::new(), user.0.clone()),
        BudgetOf::EachUser => ("eachUser", String::new(), String::new()),
    };
    BudgetForm {
        name: budget.name.clone(),
        of: of.to_owned(),
        agent,
        user,
        actions: budget.actions.join("\n"),
        window: permission_form::window_written(&budget.window),
    }
}

fn typed(fields: &Fields) -> BudgetForm {
    let text = |name: &str| fields.text(name).trim().to_owned();
    BudgetForm {
        name: text("name"),
        of: text("of"),
        agent: text("agent"),
        user: text("user"),
        actions: fields.text("actions").replace("\r\n", "\n"),
        window: permission_form::typed(fields),
    }
}

fn read(form: &BudgetForm) -> std::result::Result<BudgetDraft, Problems> {
    let mut problems = Problems::none();
    let of = match form.of.as_str() {
        "eachAgent" => Some(BudgetOf::EachAgent),
        "eachUser" => Some(BudgetOf::EachUser),
        "organization" => Some(BudgetOf::Organization),
        "agent" => form.agent.parse().ok().map(BudgetOf::Agent),
        "user" => Some(BudgetOf::User(UserRef(form.user.clone()))),
        _ => None,
    };
    if of.is_none() {
        problems.add("of", "Choose whose spending it limits, and which agent where it is one.");
    }
    let window = permission_form::window(&form.window, &mut problems);
    if window.is_none() && !problems.any() {
        problems.add("window_amount", "A budget needs an amount, a number of calls, or both.");
    }
    let actions: Vec<String> =
        form.actions.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    match (of, window) {
        (Some(of), Some(window)) if !problems.any() => {
            Ok(BudgetDraft { name: form.name.clone(), of, actions, window })
        }
        _ => Err(problems),
    }
}

/// Where a refusal belongs: the sentence begins with the field's name in the document.
fn placed(error: &procura_model::Error) -> Problems {
    const FIELDS: [(&str, &str); 3] = [("actions", "actions"), ("window", "window_amount"), ("of", "of")];
    let field = FIELDS.iter().find(|(name, _)| error.sentence().starts_with(name));
    Problems::of(error, field.map_or("name", |(_, field)| field))
}

/// Adds a budget.
pub(super) async fn add(desk: Desk, form: Form) -> Answer {
    let form = typed(&form.fields);
    let problems = match read(&form) {
        Ok(draft) => match budgets::add(desk.app(), desk.ctx(), draft).await {
            Ok(_) => return go("/budgets", "saved"),
            Err(error) if is_about_the_form(&error) => placed(&error),
            Err(error) => return Err(Failure(error)),
        },
        Err(problems) => problems,
    };
    wrong(422, &view(&desk, Draft { budget: None, form, problems }).await?)
}

/// Replaces a budget.
pub(super) async fn change(desk: Desk, PathId(id): PathId<BudgetId>, form: Form) -> Answer {
    let budget = budgets::get(desk.app(), desk.ctx(), id).await?;
    let form = typed(&form.fields);
    let problems = match read(&form) {
        Ok(draft) => match budgets::change(desk.app(), desk.ctx(), id, draft).await {
            Ok(_) => return go(&format!("/budgets/{id}"), "saved"),
            Err(error) if is_about_the_form(&error) => placed(&error),
            Err(error) => return Err(Failure(error)),
        },
        Err(problems) => problems,
    };
    wrong(422, &view(&desk, Draft { budget: Some(budget), form, problems }).await?)
}

/// Removes a budget.
pub(super) async fn remove(desk: Desk, PathId(id): PathId<BudgetId>, _form: Form) -> Answer {
    budgets::remove(desk.app(), desk.ctx(), id).await?;
    go("/budgets", "saved")
}

/// Which reservations are shown.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Shown {
    state: String,
    after: String,
    #[serde(rename = "done")]
    _done: String,
}

/// The reservations, newest first.
pub(super) async fn reservations(desk: Desk, Query(shown): Query<Shown>) -> Answer {
    let state = match shown.state.as_str() {
        "" => None,
        word => Some(word.parse::<ReservationState>().map_err(|_| Reason::FieldInvalid)?),
    };
    let names = names(&desk).await?;
    let cursor = Some(shown.after).filter(|after| !after.is_empty());
    let ask = PageAsk::new(cursor.clone(), None);
    let found = budgets::reservations(desk.app(), desk.ctx(), state, &ask).await?;
    let here = format!("/reservations?state={}", shown.state);
    page(&ReservationsPage {
        frame: desk.frame("Reservations", Section::Policies).await?,
        rows: found.items.iter().map(|one| reservation(&desk, one, &names)).collect(),
        newest: cursor.map(|_| here.clone()),
        older: found.next_cursor.map(|cursor| format!("{here}&after={cursor}")),
        state: shown.state,
        calls: vec![ApiCall::get("List reservations", "read:budgets", desk.url("/v1/reservations"))],
    })
}

/// A person says that it happened, for all that was held.
pub(super) async fn commit(desk: Desk, PathId(id): PathId<ReservationId>, _form: Form) -> Answer {
    budgets::commit(desk.app(), desk.ctx(), id, None).await?;
    go("/reservations", "saved")
}

/// A person says that it did not happen.
pub(super) async fn release(desk: Desk, PathId(id): PathId<ReservationId>, _form: Form) -> Answer {
    budgets::release(desk.app(), desk.ctx(), id).await?;
    go("/reservations", "saved")
}
