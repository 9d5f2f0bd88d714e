//! Redaction rules of the organization: tried, saved, removed.

use super::{
    desk::{Answer, Desk, go, is_about_the_form, page, wrong},
    view::{
        drawer::ApiCall,
        frame::Section,
        redaction::{Place, ResultPlace, RuleForm, RulePage, RuleRow, Rules, Trial},
        words::{Id, Problems},
    },
};
use crate::{
    extract::Id as PathId,
    form::{Fields, Form},
    respond::Failure,
};
use procura_app::redaction::{self, CROWD, Draft, Found, MOST_MB_PER_SECOND, Shared, Tried};
use procura_model::{Error, Json, Reason, RedactionEffect, RedactionRule, RedactionRuleId, Result, Scope};

/// What is typed, what is wrong with it, and how it did.
#[derive(Default)]
struct Typed {
    form: RuleForm,
    problems: Option<Problems>,
    trial: Option<Trial>,
}

impl Typed {
    fn refused(form: RuleForm, error: &Error) -> Self {
        Self { form, problems: Some(placed(error)), trial: None }
    }

    fn tried(form: RuleForm, tried: Tried) -> Self {
        let trial = Some(shown(tried, form.allows));
        Self { form, problems: None, trial }
    }
}

/// All of them, and the form of a new one.
pub(super) async fn list(desk: Desk) -> Answer {
    page(&listed(&desk, Typed::default()).await?)
}

async fn listed(desk: &Desk, typed: Typed) -> Result<Rules> {
    let found = redaction::list(desk.app(), desk.ctx()).await?;
    let mut frame = desk.frame("Redaction rules", Section::Settings).await?;
    frame.problems = typed.problems.unwrap_or_else(Problems::none);
    let url = desk.url("/v1/redaction-rules");
    let text = |text: &str| Json::Text(text.to_owned());
    let body = Json::Map(vec![
        ("name".to_owned(), text("badge-number")),
        ("effect".to_owned(), text("redact")),
        ("pattern".to_owned(), text(r"\bBADGE-\d{6}\b")),
    ]);
    Ok(Rules {
        frame,
        rows: found.into_iter().map(row).collect(),
        form: typed.form,
        trial: typed.trial,
        calls: vec![
            ApiCall::get("Read the rules", "read:organization", url.clone()),
            ApiCall::send("Try one", "write:organization", ("POST", format!("{url}/test")), Some(&body)),
            ApiCall::send("Add one", "write:organization", ("POST", url), Some(&body)),
        ],
    })
}

fn row(rule: RedactionRule) -> RuleRow {
    RuleRow {
        id: Id::of(rule.id),
        allows: rule.effect == RedactionEffect::Allow,
        name: rule.name,
        pattern: rule.pattern,
    }
}

/// One rule.
pub(super) async fn one(desk: Desk, PathId(id): PathId<RedactionRuleId>) -> Answer {
    let RedactionRule { name, effect, pattern, .. } = redaction::get(desk.app(), desk.ctx(), id).await?;
    let form = RuleForm { name, pattern, allows: effect == RedactionEffect::Allow };
    page(&edited(&desk, id, Typed { form, ..Typed::default() }).await?)
}

async fn edited(desk: &Desk, id: RedactionRuleId, typed: Typed) -> Result<RulePage> {
    let mut frame = desk.frame("Redaction rule", Section::Settings).await?;
    frame.problems = typed.problems.unwrap_or_else(Problems::none);
    let url = desk.url(&format!("/v1/redaction-rules/{id}"));
    Ok(RulePage {
        frame,
        id: Id::of(id),
        form: typed.form,
        trial: typed.trial,
        calls: vec![ApiCall::get("Read this rule", "read:organization", url)],
    })
}

fn typed(fields: &Fields) -> RuleForm {
    RuleForm {
        name: fields.text("name").trim().to_owned(),
        pattern: fields.text("pattern").trim().to_owned(),
        allows: fields.text("effect") == RedactionEffect::Allow.as_str(),
    }
}

fn draft(form: &RuleForm) -> Draft {
    let effect = if form.allows { RedactionEffect::Allow } else { RedactionEffect::Redact };
    Draft { name: form.name.clone(), effect, pattern: form.pattern.clone() }
}

/// Where a refusal belongs: its sentence begins with the field's name.
fn placed(error: &Error) -> Problems {
    let is_name = error.reason() == Reason::NameTaken || error.sentence().starts_with("name");
    Problems::of(error, if is_name { "name" } else { "pattern" })
}

fn is_about(error: &Error) -> bool {
    is_about_the_form(error) || error.reason() == Reason::NameTaken
}

fn shown(tried: Tried, allows: bool) -> Trial {
    let Tried { speed, results, calls, in_calls, in_results } = tried;
    Trial {
        speed: told(speed.mb_per_second),
        slowest: told(speed.slowest_mb_per_second),
        slowest_on: speed.slowest_on,
        is_fast: speed.is_fast(),
        allows,
        results,
        results_hit: match in_results.at_least {
            0 => format!("fewer than {CROWD}"),
            some => format!("at least {some}"),
        },
        result_places: in_results.shared.into_iter().map(result_place).collect(),
        calls,
        hits: in_calls.hits,
        places: in_calls.found.into_iter().map(place).collect(),
    }
}

/// A speed; what is faster than can be told is told as that.
fn told(mb_per_second: f64) -> String {
    if mb_per_second >= MOST_MB_PER_SECOND {
        return format!("more than {MOST_MB_PER_SECOND:.0}");
    }
    format!("{mb_per_second:.0}")
}

fn place(found: Found) -> Place {
    let Found { request, resource, place, hits } = found;
    Place { request: Id::of(request), resource: resource.unwrap_or_default(), pointer: place, hits }
}

fn result_place(shared: Shared) -> ResultPlace {
    let Shared { resource, place, at_least } = shared;
    ResultPlace { resource, pointer: place, at_least }
}

/// Adds a rule.
pub(super) async fn add(desk: Desk, form: Form) -> Answer {
    desk.ctx().actor.require(Scope::WriteOrganization)?;
    let form = typed(&form.fields);
    match redaction::add(desk.app(), desk.ctx(), draft(&form)).await {
        Ok(_) => go("/settings/redaction", "redaction-rule-added"),
        Err(error) if is_about(&error) => wrong(422, &listed(&desk, Typed::refused(form, &error)).await?),
        Err(error) => Err(Failure(error)),
    }
}

/// Tries a new rule, and saves nothing.
pub(super) async fn try_new(desk: Desk, form: Form) -> Answer {
    let form = typed(&form.fields);
    match redaction::test(desk.app(), desk.ctx(), &draft(&form), None).await {
        Ok(tried) => page(&listed(&desk, Typed::tried(form, tried)).await?),
        Err(error) if is_about(&error) => wrong(422, &listed(&desk, Typed::refused(form, &error)).await?),
        Err(error) => Err(Failure(error)),
    }
}

/// Replaces what a rule says.
pub(super) async fn change(desk: Desk, PathId(id): PathId<RedactionRuleId>, form: Form) -> Answer {
    let form = typed(&form.fields);
    match redaction::change(desk.app(), desk.ctx(), id, draft(&form)).await {
        Ok(_) => go("/settings/redaction", "redaction-rule-changed"),
        Err(error) if is_about(&error) => wrong(422, &edited(&desk, id, Typed::refused(form, &error)).await?),
        Err(error) => Err(Failure(error)),
    }
}

/// Tries what a rule shall say, and saves nothing.
pub(super) async fn try_change(desk: Desk, PathId(id): PathId<RedactionRuleId>, form: Form) -> Answer {
    let form = typed(&form.fields);
    match redaction::test(desk.app(), desk.ctx(), &draft(&form), Some(id)).await {
        Ok(tried) => page(&edited(&desk, id, Typed::tried(form, tried)).await?),
        Err(error) if is_about(&error) => wrong(422, &edited(&desk, id, Typed::refused(form, &error)).await?),
        Err(error) => Err(Failure(error)),
    }
}

/// Removes a rule.
pub(super) async fn remove(desk: Desk, PathId(id): PathId<RedactionRuleId>, _form: Form) -> Answer {
    redaction::remove(desk.app(), desk.ctx(), id).await?;
    go("/settings/redaction", "redaction-rule-removed")
}
