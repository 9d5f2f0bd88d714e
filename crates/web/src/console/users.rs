//! How the users of an agent are verified: one method, its settings and secrets, the widget, and the token
//! console. Secrets and tokens come in by a form, leave it in custody, and are on no page afterwards but
//! the one that shows a secret which we made (USR-1, USR-10, VLT-6).

use super::{
    agents::After,
    desk::{Answer, Desk, go, is_about_the_form, page, wrong},
    user_form as form,
    view::{
        drawer::ApiCall,
        entry::{SEALED, STORED, ShownOncePage},
        frame::Section,
        users::{
            ConnectionRow, Connections, MethodForm, MethodTab, SecretRow, Trial, TrialStep, UserAuthPage,
            WidgetForm, title,
        },
        words::{Id, Mark, Problems},
    },
};
use crate::{
    extract::{Id as PathId, Query},
    form::{Fields, Form},
    respond::Failure,
};
use axum::extract::Path;
use procura_app::{
    agents,
    users::{
        self, Members, Step, StepOutcome, UserAuthSettings,
        overview::{Overview, Secrets, overview},
        secrets::{NewSecret, SecretSet},
        settings::{self, Configured},
    },
};
use procura_model::{Agent, AgentId, Json, PageAsk, Reason, Result, Secret, SecretId, UserAuthMethod, time};
use serde::Deserialize;

/// What an agent's page of users begins with.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    method: String,
    #[serde(rename = "done")]
    _done: String,
}

/// What is shown of an agent's users: what was typed where something is wrong with it, else what is set.
#[derive(Default)]
struct Draft {
    method: Option<UserAuthMethod>,
    form: Option<MethodForm>,
    widget: Option<WidgetForm>,
    trial: Option<Trial>,
    problems: Problems,
}

/// The agents with the way in which their users are verified.
pub(super) async fn connections(desk: Desk, Query(after): Query<After>) -> Answer {
    let found = agents::list(desk.app(), desk.ctx(), &PageAsk::new(after.cursor(), None)).await?;
    let all = overview(desk.app(), desk.ctx()).await?;
    let row = |agent: &Agent| {
        let Overview { method, live_sessions } = all.get(&agent.id).copied().unwrap_or_default();
        ConnectionRow {
            agent: Id::of(agent.id),
            name: agent.name.clone(),
            mark: method
                .map_or(Mark::neutral("Not configured"), |(method, secrets, _)| state(method, secrets)),
            method: method.map(|(method, ..)| title(method)),
            live: live_sessions,
            changed: method.map(|(_, _, at)| desk.past(at)),
        }
    };
    page(&Connections {
        frame: desk.frame("User authentication", Section::Connections).await?,
        rows: found.items.iter().map(row).collect(),
        newest: after.cursor().map(|_| "/connections".to_owned()),
        older: found.next_cursor.map(|cursor| format!("/connections?after={cursor}")),
    })
}

/// Whether tokens can be verified: a method with a shared secret needs one.
const fn state(method: UserAuthMethod, secrets: Secrets) -> Mark {
    match (method, secrets) {
        (UserAuthMethod::SignedToken | UserAuthMethod::Callback, Secrets::None) => {
            Mark::waiting("Incomplete")
        }
        (UserAuthMethod::Jwt, _) | (_, Secrets::Live) => Mark::allowed("Configured"),
    }
}

const fn secrets_of(set: &Configured) -> Secrets {
    if set.secrets.is_empty() { Secrets::None } else { Secrets::Live }
}

/// What the agent's own page says of its users.
pub(super) async fn brief(desk: &Desk, agent: AgentId) -> Result<Option<(Mark, &'static str)>> {
    let set = settings::get(desk.app(), desk.ctx(), agent).await?;
    Ok(set.map(|set| {
        let method = set.settings.method.method();
        (state(method, secrets_of(&set)), title(method))
    }))
}

/// How the users of one agent are verified.
pub(super) async fn one(desk: Desk, PathId(id): PathId<AgentId>, Query(wanted): Query<Wanted>) -> Answer {
    let draft = Draft { method: wanted.method.parse().ok(), ..Draft::default() };
    page(&view(&desk, id, draft).await?)
}

async fn view(desk: &Desk, id: AgentId, draft: Draft) -> Result<UserAuthPage> {
    let agent = agents::get(desk.app(), desk.ctx(), id).await?;
    let set = settings::get(desk.app(), desk.ctx(), id).await?;
    let live = overview(desk.app(), desk.ctx()).await?.get(&id).map_or(0, |own| own.live_sessions);
    let mut frame = desk.frame("User authentication", Section::Connections).await?;
    frame.problems = draft.problems;
    let in_use = set.as_ref().map(|set| set.settings.method.method());
    let shown = draft.method.or(in_use).unwrap_or(UserAuthMethod::Jwt);
    let tab = |method: UserAuthMethod| MethodTab {
        word: method.as_str(),
        title: title(method),
        is_set: in_use == Some(method),
    };
    let own_settings = set.as_ref().map(|set| &set.settings);
    let widget = own_settings.and_then(|settings| settings.widget.as_ref());
    let mark = set.as_ref().map(|set| state(set.settings.method.method(), secrets_of(set)));
    Ok(UserAuthPage {
        frame,
        agent: (Id::of(id), agent.name),
        missing: mark.filter(|mark| mark.tone == "waiting").map(|_| "it has no secret yet"),
        state: mark.unwrap_or(Mark::neutral("Not configured")),
        method: in_use.map(title),
        changed: set.as_ref().map(|set| desk.past(set.updated_at)),
        live,
        tabs: UserAuthMethod::ALL.into_iter().map(tab).collect(),
        shown: tab(shown),
        form: draft.form.unwrap_or_else(|| form::written(shown, own_settings)),
        secrets: set
            .as_ref()
            .filter(|_| in_use == Some(shown))
            .map(|set| secret_rows(desk, set))
            .unwrap_or_default(),
        has_widget: widget.is_some(),
        widget: draft.widget.unwrap_or_else(|| form::written_widget(widget)),
        snippet: snippet(desk, id),
        trial: draft.trial,
        calls: calls(desk, id, own_settings),
    })
}

fn secret_rows(desk: &Desk, set: &Configured) -> Vec<SecretRow> {
    let row = |secret: &users::secrets::KeptSecret| SecretRow {
        id: Id::of(secret.id),
        set: desk.past(secret.created_at),
        retires: secret.retires_at.map(|at| desk.when(at)),
    };
    set.secrets.iter().map(row).collect()
}

/// What a page of the business includes: the loader, and one call.
fn snippet(desk: &Desk, agent: AgentId) -> String {
    let loader = desk.url("/widget.js");
    format!(
        "<script src=\"{loader}\" crossorigin=\"anonymous\"></script>\n<script type=\"module\">\n  Procura.widget({{\n    agent: \"{agent}\",\n    // Your own server makes the token for whoever is signed in.\n    token: async () => (await fetch(\"/user-token\", {{ method: \"POST\" }})).text(),\n  }});\n</script>"
    )
}

fn calls(desk: &Desk, agent: AgentId, set: Option<&UserAuthSettings>) -> Vec<ApiCall> {
    let url = desk.url(&format!("/v1/agents/{agent}/user-auth"));
    let put = ("PUT", url.clone());
    let body = set.and_then(|set| serde_json::to_string(set).ok()).and_then(|text| Json::parse(&text).ok());
    let read = ApiCall::get("Read how its users are verified", "read:agents", url);
    let change = body.map(|body| ApiCall::send("Set it", "write:agents", put, Some(&body)));
    std::iter::once(read).chain(change).collect()
}

/// Sets the method, and its secret where it needs one and has none.
pub(super) async fn set(desk: Desk, PathId(id): PathId<AgentId>, mut sent: Form) -> Answer {
    let method: UserAuthMethod = sent.fields.text("method").parse().map_err(|_| Reason::FieldInvalid)?;
    let typed = form::typed(&sent.fields);
    let before = settings::get(desk.app(), desk.ctx(), id).await?;
    let widget = before.and_then(|before| before.settings.widget);
    let again = |problems: Problems| Draft {
        method: Some(method),
        form: Some(typed.clone()),
        problems,
        ..Draft::default()
    };
    let secret = match (form::read(method, &typed, widget), new_secret(&mut sent.fields)) {
        (Err(problems), _) | (_, Err(problems)) => {
            return wrong(422, &view(&desk, id, again(problems)).await?);
        }
        (Ok(settings), Ok(secret)) => match settings::set(desk.app(), desk.ctx(), id, settings).await {
            Ok(set) => secret.filter(|_| method != UserAuthMethod::Jwt && set.secrets.is_empty()),
            Err(error) if is_about_the_form(&error) => {
                return wrong(error.reason().http(), &view(&desk, id, again(form::placed(&error))).await?);
            }
            Err(error) => return Err(Failure(error)),
        },
    };
    match secret {
        None => go(&of_method(id, method), "user-auth-saved"),
        Some(secret) => add_secret(&desk, (id, method), secret).await,
    }
}

fn of_method(agent: AgentId, method: UserAuthMethod) -> String {
    format!("/agents/{agent}/users?method={}", method.as_str())
}

/// The secret that a form asks for; none where the form has no such choice.
fn new_secret(fields: &mut Fields) -> std::result::Result<Option<NewSecret>, Problems> {
    let mut problems = Problems::none();
    let overlap_ms = match fields.text("overlap") {
        "" | "0" => 0,
        "hour" => time::HOUR_MS,
        "week" => 7 * time::DAY_MS,
        "month" => 30 * time::DAY_MS,
        _ => time::DAY_MS,
    };
    let given = match fields.text("secret_choice") {
        "" => return Ok(None),
        "own" => match fields.secret("secret") {
            Some(secret) => Some(secret),
            None => {
                problems.add("secret", "Type the secret, or let Procura make one.");
                return Err(problems);
            }
        },
        _ => None,
    };
    Ok(Some(NewSecret { given, overlap_ms }))
}

/// Sets or replaces the secret.
pub(super) async fn replace_secret(desk: Desk, PathId(id): PathId<AgentId>, mut sent: Form) -> Answer {
    let method: UserAuthMethod = sent.fields.text("method").parse().map_err(|_| Reason::FieldInvalid)?;
    match new_secret(&mut sent.fields) {
        Ok(Some(secret)) => add_secret(&desk, (id, method), secret).await,
        Ok(None) => Err(Reason::FieldInvalid.into()),
        Err(problems) => {
            let draft = Draft { method: Some(method), problems, ..Draft::default() };
            wrong(422, &view(&desk, id, draft).await?)
        }
    }
}

async fn add_secret(desk: &Desk, (id, method): (AgentId, UserAuthMethod), secret: NewSecret) -> Answer {
    match users::secrets::add(desk.app(), desk.ctx(), id, secret).await {
        Ok(SecretSet { shown: None, .. }) => go(&of_method(id, method), "secret-set"),
        Ok(SecretSet { shown: Some(shown), .. }) => page(&ShownOncePage {
            frame: desk.look.bare(desk.app(), "The new secret"),
            heading: "The new secret",
            says: "Give it to your own server. It is shown this once, and holds from now on.",
            secret: shown.show(),
            kept: SEALED,
            done: STORED,
            next: &of_method(id, method),
        }),
        Err(error) if is_about_the_form(&error) => {
            let problems = Problems::of(&error, "secret");
            let draft = Draft { method: Some(method), problems, ..Draft::default() };
            wrong(error.reason().http(), &view(desk, id, draft).await?)
        }
        Err(error) => Err(Failure(error)),
    }
}

/// Removes a secret that another has replaced.
pub(super) async fn remove_secret(
    desk: Desk,
    Path((id, secret)): Path<(String, String)>,
    _sent: Form,
) -> Answer {
    let id: AgentId = id.parse().map_err(|_| Reason::NotFound)?;
    let secret: SecretId = secret.parse().map_err(|_| Reason::NotFound)?;
    users::secrets::remove(desk.app(), desk.ctx(), id, secret).await?;
    go(&format!("/agents/{id}/users"), "secret-removed")
}

/// Sets the widget; the method stays as it is.
pub(super) async fn set_widget(desk: Desk, PathId(id): PathId<AgentId>, sent: Form) -> Answer {
    let typed = form::typed_widget(&sent.fields);
    let before = settings::get(desk.app(), desk.ctx(), id).await?.ok_or_else(settings::none_set)?;
    let wanted = UserAuthSettings { widget: form::read_widget(&typed), ..before.settings };
    match settings::set(desk.app(), desk.ctx(), id, wanted).await {
        Ok(_) => go(&format!("/agents/{id}/users"), "widget-saved"),
        Err(error) if is_about_the_form(&error) => {
            let draft = Draft { widget: Some(typed), problems: form::placed(&error), ..Draft::default() };
            wrong(error.reason().http(), &view(&desk, id, draft).await?)
        }
        Err(error) => Err(Failure(error)),
    }
}

/// Takes the method away, once the agent's name was typed.
pub(super) async fn remove(desk: Desk, PathId(id): PathId<AgentId>, sent: Form) -> Answer {
    let agent = agents::get(desk.app(), desk.ctx(), id).await?;
    if sent.fields.text("confirm") != agent.name {
        let mut problems = Problems::none();
        problems.add("confirm", "This is not the agent's name.");
        return wrong(422, &view(&desk, id, Draft { problems, ..Draft::default() }).await?);
    }
    settings::remove(desk.app(), desk.ctx(), id).await?;
    go(&format!("/agents/{id}/users"), "user-auth-removed")
}

/// Tries a token and shows how far it comes. The token is on no page, in no URL and in no record.
pub(super) async fn try_token(desk: Desk, PathId(id): PathId<AgentId>, mut sent: Form) -> Answer {
    let raw_token = sent.fields.trimmed_secret("token").unwrap_or_else(|| Secret::new(String::new()));
    match users::check(desk.app(), desk.ctx(), id, &raw_token).await {
        Ok(tried) => page(&view(&desk, id, Draft { trial: Some(trial(&tried)), ..Draft::default() }).await?),
        Err(error) if error.reason() == Reason::UserTokenMissing => {
            let mut problems = Problems::none();
            problems.add("token", "Paste the token.");
            wrong(422, &view(&desk, id, Draft { problems, ..Draft::default() }).await?)
        }
        Err(error) => Err(Failure(error)),
    }
}

fn trial(tried: &users::Trial) -> Trial {
    let is_accepted = tried.reason == Reason::Allowed;
    let refused = (tried.reason.code(), tried.sentence.to_string(), tried.reason.fix());
    Trial {
        mark: if is_accepted { Mark::allowed("Accepted") } else { Mark::denied("Refused") },
        refused: (!is_accepted).then_some(refused),
        steps: tried.steps.iter().map(step).collect(),
        members: tried.members.as_ref().map(members).unwrap_or_default(),
        attributes: tried.members.as_ref().map(|members| members.attributes.clone()).unwrap_or_default(),
    }
}

fn step(step: &Step) -> TrialStep {
    let mark = match step.outcome {
        StepOutcome::Passed => Mark::allowed("Passed"),
        StepOutcome::Failed => Mark::denied("Failed"),
        StepOutcome::NotReached => Mark::neutral("Not reached"),
    };
    let mut letters = step.name.chars();
    let name = letters.next().map(|first| first.to_uppercase().chain(letters).collect());
    TrialStep { name: name.unwrap_or_default(), mark, detail: step.detail.clone() }
}

fn members(members: &Members) -> Vec<(&'static str, Mark)> {
    let there = |is_there| if is_there { Mark::allowed("There") } else { Mark::neutral("Not there") };
    vec![("User's id", there(true)), ("E-mail address", there(members.email)), ("Role", there(members.role))]
}
