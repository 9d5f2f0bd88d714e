//! Sample data for the pages of budgets.

use super::{
    budgets::{BudgetForm, BudgetPage, BudgetsPage, LimitRow, Line, Meter, ReservationRow, ReservationsPage},
    frame::Section,
    policies::PermissionForm,
    samples::{ARABIC, LONG, agent, ago, frame, request},
    users_samples::calls,
    words::{Id, Mark, Problems},
};
use askama::Template as _;
use procura_model::Reason;

fn line(of: Option<&str>, spent: i64, held: i64) -> Line {
    Line {
        of: of.map(str::to_owned),
        meter: Meter { limit: 1_000, spent, held },
        limit: "1000.00 USD".to_owned(),
        spent: format!("{spent}.00"),
        held: format!("{held}.00"),
        left: format!("{}.00", 1_000 - spent - held),
    }
}

pub(super) fn limits() -> Vec<LimitRow> {
    let row = |name: &str, lines: Vec<Line>| LimitRow {
        href: "/budgets/bud_1".to_owned(),
        name: name.to_owned(),
        says: "All agents together, on purchase.*, within 30 days".to_owned(),
        lines,
    };
    vec![
        row("Tickets", vec![line(None, 500, 250)]),
        row(LONG, vec![line(Some(ARABIC), 0, 0), line(Some("buyer"), 1_000, 0)]),
        row("New", Vec::new()),
    ]
}

fn reservation(mark: Mark, is_open: bool) -> ReservationRow {
    ReservationRow {
        id: Id("rsv_01JD9Z3V5M8Q6T2W4X7Y9A1B3C".to_owned()),
        mark,
        flags: vec!["late", "over the limit"],
        agent: (agent(), LONG.to_owned()),
        action: "purchase.<b>ticket</b>".to_owned(),
        request: request(),
        held: if is_open { "742.00 USD".to_owned() } else { String::new() },
        amount: String::new(),
        taken: ago(60_000),
        due: ago(-60_000),
        is_open,
    }
}

fn form() -> BudgetForm {
    BudgetForm {
        name: "Tickets".to_owned(),
        of: "agent".to_owned(),
        agent: agent().0,
        actions: "purchase.*".to_owned(),
        window: PermissionForm {
            window_amount: "1000".to_owned(),
            currency: "USD".to_owned(),
            window_length: "30".to_owned(),
            window_unit: "days".to_owned(),
            ..PermissionForm::default()
        },
        ..BudgetForm::default()
    }
}

pub(super) fn pages() -> Vec<(&'static str, String)> {
    let rows = vec![reservation(Mark::waiting("Held"), true), reservation(Mark::allowed("Committed"), false)];
    let all = BudgetsPage {
        frame: frame("Budgets", Section::Policies),
        rows: limits(),
        reservations: rows.clone(),
        calls: calls(),
    };
    let none = BudgetsPage {
        frame: frame("Budgets", Section::Policies),
        rows: Vec::new(),
        reservations: Vec::new(),
        calls: calls(),
    };
    let budget = BudgetPage {
        frame: frame("Budget", Section::Policies),
        id: Some(Id("bud_01JD9Z3V5M8Q6T2W4X7Y9A1B3C".to_owned())),
        action: "/budgets/bud_1".to_owned(),
        form: form(),
        agents: vec![(agent().0, "buyer".to_owned())],
        lines: vec![line(None, 500, 250)],
        calls: calls(),
    };
    let mut wrong = frame("Budget", Section::Policies);
    wrong.problems = Problems::of(&Reason::NameTaken.into(), "name");
    let new = BudgetPage {
        frame: wrong,
        id: None,
        action: "/budgets/new".to_owned(),
        form: BudgetForm::default(),
        agents: Vec::new(),
        lines: Vec::new(),
        calls: Vec::new(),
    };
    let reservations = ReservationsPage {
        frame: frame("Reservations", Section::Policies),
        rows,
        state: "held".to_owned(),
        newest: None,
        older: Some("/reservations?state=held&after=x".to_owned()),
        calls: calls(),
    };
    let empty = ReservationsPage {
        frame: frame("Reservations", Section::Policies),
        rows: Vec::new(),
        state: String::new(),
        newest: None,
        older: None,
        calls: Vec::new(),
    };
    vec![
        ("budgets", all.render().unwrap()),
        ("budgets_empty", none.render().unwrap()),
        ("budget", budget.render().unwrap()),
        ("budget_new", new.render().unwrap()),
        ("reservations", reservations.render().unwrap()),
        ("reservations_empty", empty.render().unwrap()),
    ]
}
