//! Guardrails: Cedar policies above every permission, as text.

use super::{
    desk::{Answer, Desk, go, is_about_the_form, page, wrong},
    view::{
        drawer::ApiCall,
        frame::Section,
        guardrails::{GuardrailPage, GuardrailRow, Guardrails},
        words::{Id, Problems},
    },
};
use crate::{
    extract::Id as PathId,
    form::{Fields, Form},
    respond::Failure,
};
use procura_app::guardrails::{self, Draft};
use procura_model::{Error, Guardrail, GuardrailId, Json, Reason, Result, Scope};

/// What the form of a new guardrail begins with.
const EXAMPLE: &str =
    "forbid(principal, action, resource)\nwhen { context.action like \"purchase.giftcard*\" };";

/// All of them, and the form of a new one.
pub(super) async fn list(desk: Desk) -> Answer {
    page(&listed(&desk, Draft { name: String::new(), policy: EXAMPLE.to_owned() }, Problems::none()).await?)
}

async fn listed(desk: &Desk, draft: Draft, problems: Problems) -> Result<Guardrails> {
    let found = guardrails::list(desk.app(), desk.ctx()).await?;
    let mut frame = desk.frame("Guardrails", Section::Policies).await?;
    frame.problems = problems;
    let url = desk.url("/v1/guardrails");
    let body = Json::Map(vec![
        ("name".to_owned(), Json::Text("no gift cards".to_owned())),
        ("policy".to_owned(), Json::Text(EXAMPLE.to_owned())),
    ]);
    Ok(Guardrails {
        frame,
        rows: found.into_iter().map(row).collect(),
        called: draft.name,
        text: draft.policy,
        calls: vec![
            ApiCall::get("Read the guardrails", "read:permissions", url.clone()),
            ApiCall::send("Add one", "write:permissions", ("POST", url), Some(&body)),
        ],
    })
}

fn row(guardrail: Guardrail) -> GuardrailRow {
    GuardrailRow { id: Id::of(guardrail.id), name: guardrail.name, policy: guardrail.policy }
}

/// One guardrail.
pub(super) async fn one(desk: Desk, PathId(id): PathId<GuardrailId>) -> Answer {
    let Guardrail { name, policy, .. } = guardrails::get(desk.app(), desk.ctx(), id).await?;
    page(&edited(&desk, id, Draft { name, policy }, Problems::none()).await?)
}

async fn edited(desk: &Desk, id: GuardrailId, draft: Draft, problems: Problems) -> Result<GuardrailPage> {
    let mut frame = desk.frame("Guardrail", Section::Policies).await?;
    frame.problems = problems;
    let url = desk.url(&format!("/v1/guardrails/{id}"));
    Ok(GuardrailPage {
        frame,
        id: Id::of(id),
        called: draft.name,
        text: draft.policy,
        calls: vec![ApiCall::get("Read this guardrail", "read:permissions", url)],
    })
}

fn typed(fields: &Fields) -> Draft {
    Draft { name: fields.text("name").trim().to_owned(), policy: fields.text("policy").to_owned() }
}

/// Where a refusal belongs: its sentence begins with the field's name.
fn placed(error: &Error) -> Problems {
    let is_name = error.reason() == Reason::NameTaken || error.sentence().starts_with("name");
    Problems::of(error, if is_name { "name" } else { "policy" })
}

fn is_about(error: &Error) -> bool {
    is_about_the_form(error) || error.reason() == Reason::NameTaken
}

/// Adds a guardrail.
pub(super) async fn add(desk: Desk, form: Form) -> Answer {
    desk.ctx().actor.require(Scope::WritePermissions)?;
    let draft = typed(&form.fields);
    match guardrails::add(desk.app(), desk.ctx(), draft.clone()).await {
        Ok(_) => go("/policies/guardrails", "guardrail-added"),
        Err(error) if is_about(&error) => wrong(422, &listed(&desk, draft, placed(&error)).await?),
        Err(error) => Err(Failure(error)),
    }
}

/// Replaces a guardrail.
pub(super) async fn change(desk: Desk, PathId(id): PathId<GuardrailId>, form: Form) -> Answer {
    let draft = typed(&form.fields);
    match guardrails::change(desk.app(), desk.ctx(), id, draft.clone()).await {
        Ok(_) => go("/policies/guardrails", "guardrail-changed"),
        Err(error) if is_about(&error) => wrong(422, &edited(&desk, id, draft, placed(&error)).await?),
        Err(error) => Err(Failure(error)),
    }
}

/// Removes a guardrail.
pub(super) async fn remove(desk: Desk, PathId(id): PathId<GuardrailId>, _form: Form) -> Answer {
    guardrails::remove(desk.app(), desk.ctx(), id).await?;
    go("/policies/guardrails", "guardrail-removed")
}
