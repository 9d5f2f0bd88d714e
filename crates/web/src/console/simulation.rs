//! What a policy would have said of the past: choose an agent, edit the draft, ask. With the script the page tells how
//! far it came and takes the answer in; without it the form is answered by the whole page.

use super::{
    activity::{agent_names, time_of},
    desk::{Answer, Desk, is_about_the_form, page, wrong},
    view::{
        drawer::ApiCall,
        facts::pretty,
        frame::Section,
        simulation::{Findings, FlipRow, Found, ShadowRow, SimulationForm, SimulationPage},
        words::{Id, Mark, Problems, When},
    },
};
use crate::{
    extract::Query,
    form::{Fields, Form},
    respond::Failure,
    sentence, streams,
};
use askama::Template as _;
use procura_app::{
    permissions,
    simulation::{self, Flip, SimulateAsk, Simulation, Stretch},
};
use procura_model::{AgentId, Json, Permission, Reason, Result, Scope, Time, Verdict};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// With what the page begins.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    agent: String,
    from: String,
    to: String,
}

/// The page with the permissions as they stand.
pub(super) async fn begin_page(desk: Desk, Query(wanted): Query<Wanted>) -> Answer {
    demand(&desk)?;
    let names = agent_names(&desk).await?;
    let agent = wanted.agent.parse().ok().or_else(|| names.keys().next().copied());
    let permissions = match agent {
        Some(agent) => written(&permissions::list(desk.app(), desk.ctx(), agent).await?),
        None => String::new(),
    };
    let agent = agent.map(|agent| agent.to_string()).unwrap_or_default();
    let form = SimulationForm { agent, permissions, from: wanted.from, to: wanted.to };
    page(&view(&desk, names, form, (None, Problems::none())).await?)
}

fn demand(desk: &Desk) -> Result<()> {
    desk.ctx().actor.require(Scope::ReadActivity)?;
    desk.ctx().actor.require(Scope::ReadPermissions)
}

/// A list that can be edited.
fn written(permissions: &[Permission]) -> String {
    let text = serde_json::to_string(permissions).unwrap_or_default();
    match Json::parse(&text) {
        Ok(list) if !permissions.is_empty() => pretty(&list),
        _ => "[\n]".to_owned(),
    }
}

/// What was sent, and what is wrong with it.
fn sent(fields: &Fields) -> std::result::Result<SimulateAsk, Problems> {
    let mut problems = Problems::none();
    let mut time = |name: &'static str| {
        let text = fields.text(name);
        let time = time_of(text);
        if time.is_none() && !text.is_empty() {
            problems.add(name, "This is not a time.");
        }
        time
    };
    let (from, to) = (time("from"), time("to"));
    let permissions = sentence::document::<Vec<Permission>>(fields.text("permissions"));
    let permissions = permissions.map_err(|wrong| problems.add("permissions", wrong)).ok();
    if problems.any() {
        return Err(problems);
    }
    Ok(SimulateAsk { agent: fields.text("agent").parse().ok(), permissions, from, to, limit: None })
}

fn typed(fields: &Fields) -> SimulationForm {
    let text = |name: &str| fields.text(name).replace("\r\n", "\n");
    SimulationForm {
        agent: text("agent"),
        permissions: text("permissions"),
        from: text("from"),
        to: text("to"),
    }
}

/// Simulates, and answers with the whole page.
pub(super) async fn simulate(desk: Desk, form: Form) -> Answer {
    demand(&desk)?;
    let names = agent_names(&desk).await?;
    let typed = typed(&form.fields);
    let problems = match sent(&form.fields) {
        Ok(ask) if ask.agent.is_none() => return Err(Reason::NotFound.into()),
        Ok(ask) => match found(&desk, ask).await {
            Ok(found) => return page(&view(&desk, names, typed, (Some(found), Problems::none())).await?),
            Err(error) if is_about_the_form(&error) => Problems::of(&error, "permissions"),
            Err(error) => return Err(Failure(error)),
        },
        Err(problems) => problems,
    };
    wrong(422, &view(&desk, names, typed, (None, problems)).await?)
}

async fn found(desk: &Desk, ask: SimulateAsk) -> Result<Findings> {
    let begun = simulation::begin(desk.app(), desk.ctx(), ask).await?;
    let found = begun.run(desk.app(), desk.ctx(), |_| {}).await?;
    Ok(findings(found, desk.ctx().now))
}

/// A line to the script of the page.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Line {
    Progress { rows: u64, flips: u64 },
    Html(String),
    Error(String),
}

/// Simulates, and tells the page's script how far it came.
pub(super) async fn lines(desk: Desk, form: Form) -> Answer {
    demand(&desk)?;
    let ask = sent(&form.fields).map_err(|problems| {
        let first = problems.list().first().map(|problem| problem.text.clone());
        Failure(Reason::FieldInvalid.because(first.unwrap_or_default()))
    })?;
    let begun = simulation::begin(desk.app(), desk.ctx(), ask).await?;
    let (app, ctx) = (Arc::clone(&desk.web.app), Arc::clone(&desk.person.ctx));
    Ok(streams::of_lines(&desk.web.app, "application/x-ndjson", move |lines| async move {
        let told = |progress: simulation::Progress| {
            lines.offer(&Line::Progress { rows: progress.rows, flips: progress.flips.total() });
        };
        match begun.run(&app, &ctx, told).await {
            Ok(found) => Found { found: findings(found, ctx.now) }
                .render()
                .map_or_else(|_| Line::Error(Reason::Internal.text().to_owned()), Line::Html),
            Err(error) => Line::Error(error.sentence().to_owned()),
        }
    }))
}

async fn view(
    desk: &Desk,
    names: BTreeMap<AgentId, String>,
    form: SimulationForm,
    (found, problems): (Option<Findings>, Problems),
) -> Result<SimulationPage> {
    let shadows = simulation::shadows(desk.app(), desk.ctx(), Stretch::default()).await?;
    let has_shadows =
        permissions::all(desk.app(), desk.ctx()).await?.iter().any(|(_, permission)| permission.shadow);
    let row = |of: simulation::ShadowsOf| ShadowRow {
        permission: of.permission.map(Id::of),
        agent: (Id::of(of.agent), names.get(&of.agent).cloned().unwrap_or_else(|| of.agent.to_string())),
        flips: [of.flips.deny_to_allow, of.flips.allow_to_deny, of.flips.to_approval, of.flips.from_approval],
    };
    let shadows = shadows.permissions.into_iter().map(row).collect();
    let mut frame = desk.frame("Simulation", Section::Policies).await?;
    frame.problems = problems;
    let body = Json::Map(vec![("agentId".to_owned(), Json::Text(form.agent.clone()))]);
    let post = ("POST", desk.url("/v1/policies/simulate"));
    Ok(SimulationPage {
        frame,
        agents: names.into_iter().map(|(id, name)| (id.to_string(), name)).collect(),
        form,
        found,
        shadows,
        has_shadows,
        calls: vec![
            ApiCall::send("Simulate the permissions as they stand", "read:permissions", post, Some(&body)),
            ApiCall::get("Count shadows", "read:permissions", desk.url("/v1/policies/shadow")),
        ],
    })
}

/// Every change that an answer can make, in the order of concern.
const TURNS: [(Verdict, Verdict); 6] = [
    (Verdict::Deny, Verdict::Allow),
    (Verdict::Allow, Verdict::Deny),
    (Verdict::NeedsApproval, Verdict::Allow),
    (Verdict::NeedsApproval, Verdict::Deny),
    (Verdict::Allow, Verdict::NeedsApproval),
    (Verdict::Deny, Verdict::NeedsApproval),
];

/// What was answered, in the past tense.
fn before(was: Verdict) -> Mark {
    match was {
        Verdict::NeedsApproval => Mark::waiting("Needed approval"),
        Verdict::Allow | Verdict::Deny => was.into(),
    }
}

fn findings(found: Simulation, now: Time) -> Findings {
    let counts = TURNS.map(|(was, would)| (before(was), would.into(), found.turned(was, would)));
    let unkept = found.not_replayable.iter().map(|(why, count)| (why.text().to_owned(), *count));
    let others = found
        .other_gates
        .iter()
        .map(|(code, count)| (format!("Another gate refused, not the policy: {code}"), *count));
    Findings {
        rows: found.rows,
        replayed: found.replayed,
        changed: found.flips.total(),
        is_complete: found.is_complete,
        counts: counts.into_iter().filter(|(_, _, count)| *count > 0).collect(),
        left_out: unkept.chain(others).collect(),
        flips: found.listed.into_iter().map(|flip| flip_row(flip, now)).collect(),
    }
}

fn flip_row(flip: Flip, now: Time) -> FlipRow {
    FlipRow {
        request: Id::of(flip.request),
        was: before(flip.was_at_first()),
        would: flip.would.verdict.into(),
        action: flip.action,
        resource: flip.resource.unwrap_or_default(),
        sentence: flip.sentence.into_owned(),
        at: When { at: flip.at.min(now), now },
    }
}
