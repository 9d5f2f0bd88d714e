//! Samples of the pages of policies: the tester before and after an answer, and the editors on the way.

use super::{
    entities::{Entities, EntityForm, EntityPage, EntityRow},
    frame::Section,
    policies::{Checked, PermissionPage},
    samples::{agent, ago, frame, permission_page, said},
    tester::{AskForm, Tested, TesterPage},
    users_samples::calls,
    words::{Id, Mark, Problems},
};
use askama::Template;
use procura_model::{PermissionId, Reason};

fn tester(tested: Option<Tested>) -> TesterPage {
    TesterPage {
        frame: frame("Policy", Section::Policies),
        agent: (agent(), "refund-assistant".to_owned()),
        is_enabled: tested.is_some(),
        version: 7,
        permissions: said(),
        form: AskForm {
            action: "purchase.ticket".to_owned(),
            vendor: "shop.example.com".to_owned(),
            amount: "742.00".to_owned(),
            currency: "USD".to_owned(),
            args: "{\"seats\": 2}".to_owned(),
            ..AskForm::default()
        },
        calls: if tested.is_some() { calls() } else { Vec::new() },
        tested,
    }
}

fn denied() -> Tested {
    let other = Id::of("per_01JD9Z3V5M8Q6T2W4X7Y9A1B3C".parse::<PermissionId>().unwrap());
    Tested {
        mark: Mark::denied("Denied"),
        code: Reason::BudgetExceeded.code(),
        sentence: "The amount 742.00 USD exceeds what is left: 258.00 of 1000.00 USD within 30 days."
            .to_owned(),
        fix: Reason::BudgetExceeded.fix(),
        risk: Some("medium risk"),
        guardrail: None,
        by: said().into_iter().next(),
        near: vec![
            (Some(other), "(shadow) A permission blocks the action \"purchase.ticket\".".to_owned()),
            (None, "The vendor <b>x</b> is not y.com.".to_owned()),
        ],
    }
}

fn new_permission() -> PermissionPage {
    let mut page = permission_page();
    page.frame.problems = Problems::none();
    page.form.window_amount = "2000.00".to_owned();
    page.form.window_length = "30".to_owned();
    page.form.is_shadow = true;
    PermissionPage {
        id: None,
        agent: None,
        agents: vec![(agent().0, "refund-assistant".to_owned())],
        checked: None,
        ..page
    }
}

fn document_only() -> PermissionPage {
    let mut problems = Problems::none();
    problems.add("document", "window must have an amount, a count or both.");
    let mut page = permission_page();
    page.frame.problems = Problems::none();
    PermissionPage { by_document: true, checked: Some(Checked::Wrong(problems)), ..page }
}

fn entities(rows: Vec<EntityRow>) -> Entities {
    let is_empty = rows.is_empty();
    Entities {
        frame: frame("Entities", Section::Policies),
        rows,
        filter: (String::new(), String::new()),
        newest: None,
        older: (!is_empty).then(|| "/policies/entities?after=x".to_owned()),
        form: entity_form(),
        judges: if is_empty { Vec::new() } else { vec![("user".to_owned(), agent().0, "pep".to_owned())] },
        agents: vec![(agent().0, "pep".to_owned())],
        calls: calls(),
    }
}

fn entity_form() -> EntityForm {
    EntityForm {
        kind: "subject".to_owned(),
        of_type: "user".to_owned(),
        id: "<b>ada</b>".to_owned(),
        properties: "{\"role\": \"<b>admin</b>\"}".to_owned(),
    }
}

fn entity_row() -> EntityRow {
    EntityRow {
        href: "/policies/entities/one?kind=subject&type=user&id=ada".to_owned(),
        kind: "subject",
        of_type: "user".to_owned(),
        id: "<b>ada</b>".to_owned(),
        properties: "{\"role\":\"admin\"}".to_owned(),
        updated: ago(4_000),
    }
}

fn entity() -> EntityPage {
    EntityPage {
        frame: frame("Entity", Section::Policies),
        form: entity_form(),
        created: ago(9_000),
        updated: ago(4_000),
        calls: calls(),
    }
}

pub(super) fn pages() -> Vec<(&'static str, String)> {
    vec![
        ("tester", tester(None).render().unwrap()),
        ("tester_denied", tester(Some(denied())).render().unwrap()),
        ("permission_new", new_permission().render().unwrap()),
        ("entities", entities(vec![entity_row()]).render().unwrap()),
        ("entities_none", entities(Vec::new()).render().unwrap()),
        ("entity", entity().render().unwrap()),
        ("permission_document", document_only().render().unwrap()),
    ]
}
