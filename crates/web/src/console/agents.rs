//! Agents and their keys.

use super::{
    budgets,
    desk::{Answer, Desk, go, is_about_the_form, local, page, wrong},
    passports,
    users::brief,
    view::{
        agents::{AgentForm, AgentPage, AgentRow, Agents, KeyRow, NewAgent, Said, ScopeBox},
        drawer::ApiCall,
        entry::{DIGEST, STORED, ShownOncePage},
        frame::{Frame, Section},
        words::{Id, Mark, Problems},
    },
};
use crate::{
    extract::{Id as PathId, Query},
    form::{Fields, Form},
    respond::Failure,
};
use procura_app::{
    agents::{self, AgentDetails},
    keys::{self, KeyShown, NewKey},
    permissions,
};
use procura_model::{
    Agent, AgentId, AgentStatus, Credential, CredentialId, Effect, PageAsk, Permission, Reason, Result,
    Scope, Scopes, time,
};
use serde::Deserialize;

/// Where a page of the list begins.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct After {
    pub(super) after: String,
    #[serde(rename = "done")]
    _done: String,
}

impl After {
    pub(super) fn cursor(&self) -> Option<String> {
        Some(self.after.clone()).filter(|after| !after.is_empty())
    }
}

/// The list.
pub(super) async fn list(desk: Desk, Query(after): Query<After>) -> Answer {
    let found = agents::list(desk.app(), desk.ctx(), &PageAsk::new(after.cursor(), None)).await?;
    page(&Agents {
        frame: desk.frame("Agents", Section::Agents).await?,
        rows: found.items.iter().map(|agent| row(&desk, agent)).collect(),
        newest: after.cursor().map(|_| "/agents".to_owned()),
        older: found.next_cursor.map(|cursor| format!("/agents?after={cursor}")),
    })
}

pub(super) const fn status(agent: &Agent) -> Mark {
    match agent.status {
        AgentStatus::Enabled => Mark::allowed("Enabled"),
        AgentStatus::Disabled => Mark::denied("Disabled"),
    }
}

fn row(desk: &Desk, agent: &Agent) -> AgentRow {
    AgentRow {
        id: Id::of(agent.id),
        name: agent.name.clone(),
        kind: agent.kind.clone(),
        provider: agent.provider.clone(),
        mark: status(agent),
        last_seen: agent.last_seen_at.map(|at| desk.past(at)),
        created: desk.past(agent.created_at),
    }
}

/// The form of a new agent.
pub(super) async fn new_page(desk: Desk) -> Answer {
    desk.ctx().actor.require(Scope::WriteAgents)?;
    let form = AgentForm { kind: "assistant".to_owned(), ..AgentForm::default() };
    page(&NewAgent { frame: desk.frame("Register an agent", Section::Agents).await?, form })
}

fn form_of(fields: &Fields) -> AgentForm {
    AgentForm {
        name: fields.text("name").to_owned(),
        kind: fields.text("kind").to_owned(),
        provider: fields.text("provider").to_owned(),
    }
}

fn details(form: &AgentForm) -> AgentDetails {
    AgentDetails { name: form.name.clone(), kind: form.kind.clone(), provider: form.provider.clone() }
}

/// Registers an agent and shows its key once.
pub(super) async fn create(desk: Desk, sent: Form) -> Answer {
    let form = form_of(&sent.fields);
    match agents::create(desk.app(), desk.ctx(), details(&form)).await {
        Ok((agent, key)) => {
            let says = "The agent is registered and has no permission yet, so everything it asks is denied. This is its key; it is shown this once.";
            show(&desk, &key, ("The agent's key", says), &format!("/agents/{}", agent.id))
        }
        Err(error) if is_about_the_form(&error) => {
            let mut frame = desk.frame("Register an agent", Section::Agents).await?;
            frame.problems = Problems::of(&error, "name");
            wrong(error.reason().http(), &NewAgent { frame, form })
        }
        Err(error) => Err(Failure(error)),
    }
}

/// The one page that shows a key.
pub(super) fn show(desk: &Desk, key: &KeyShown, words: (&str, &str), next: &str) -> Answer {
    page(&ShownOncePage {
        frame: desk.look.bare(desk.app(), words.0),
        heading: words.0,
        says: words.1,
        secret: key.secret.show(),
        kept: DIGEST,
        done: STORED,
        next,
    })
}

/// One agent.
pub(super) async fn one(desk: Desk, PathId(id): PathId<AgentId>) -> Answer {
    let agent = agents::get(desk.app(), desk.ctx(), id).await?;
    let frame = desk.frame(&agent.name, Section::Agents).await?;
    page(&view(&desk, &agent, frame).await?)
}

async fn view(desk: &Desk, agent: &Agent, frame: Frame) -> Result<AgentPage> {
    let permissions = permissions::list(desk.app(), desk.ctx(), agent.id).await?;
    let keys = keys::of_agent(desk.app(), desk.ctx(), agent.id).await?;
    Ok(AgentPage {
        frame,
        agent: row(desk, agent),
        is_enabled: agent.status == AgentStatus::Enabled,
        policy_version: agent.policy_version,
        keys: key_rows(desk, &keys),
        scopes: agent_scopes(),
        permissions: permissions.iter().filter_map(said).collect(),
        form: AgentForm {
            name: agent.name.clone(),
            kind: agent.kind.clone(),
            provider: agent.provider.clone(),
        },
        users: brief(desk, agent.id).await?,
        limits: budgets::of_agent(desk, agent.id).await?,
        passport: passports::boxed(desk, agent.id).await?,
        calls: calls(desk, agent),
    })
}

fn calls(desk: &Desk, agent: &Agent) -> Vec<ApiCall> {
    let url = desk.url(&format!("/v1/agents/{}", agent.id));
    let stop = ("POST", format!("{url}/disable"));
    vec![
        ApiCall::get("Read this agent", "read:agents", url),
        ApiCall::send("Disable it", "write:agents", stop, None),
    ]
}

/// A permission as a sentence with its mark.
pub(super) fn said(permission: &Permission) -> Option<Said> {
    let mark = effect(permission);
    permission.id.map(|id| Said { id: Id::of(id), mark, sentence: procura_policy::sentence(permission) })
}

/// What a permission does, in a word.
pub(super) const fn effect(permission: &Permission) -> Mark {
    match (permission.effect, permission.shadow) {
        (Effect::Allow, false) => Mark::allowed("Allow"),
        (Effect::Block, false) => Mark::denied("Block"),
        (Effect::Allow, true) => Mark::neutral("Shadow: allow"),
        (Effect::Block, true) => Mark::neutral("Shadow: block"),
    }
}

pub(super) fn key_rows(desk: &Desk, keys: &[Credential]) -> Vec<KeyRow> {
    let now = desk.ctx().now;
    let row = |key: &Credential| KeyRow {
        id: Id::of(key.id),
        name: key.name.clone(),
        preview: key.preview.clone(),
        scopes: key.scopes.to_string(),
        mark: match (key.revoked_at, key.is_live(now)) {
            (Some(_), _) => Mark::denied("Revoked"),
            (None, true) => Mark::allowed("Live"),
            (None, false) => Mark::neutral("Expired"),
        },
        is_live: key.is_live(now),
        created: desk.when(key.created_at),
        last_used: key.last_used_at.map(|at| desk.when(at)),
        expires: key.expires_at.map(|at| desk.when(at)),
    };
    keys.iter().map(row).collect()
}

/// The scopes that an agent's key can have, the usual ones ticked.
fn agent_scopes() -> Vec<ScopeBox> {
    boxes(&keys::AGENT_SCOPES, agents::default_scopes())
}

pub(super) fn boxes(offered: &[Scope], ticked: Scopes) -> Vec<ScopeBox> {
    let each = |scope: &Scope| ScopeBox {
        word: scope.as_str(),
        text: scope.text(),
        is_ticked: ticked.contains(*scope),
    };
    offered.iter().map(each).collect()
}

/// Changes an agent's details.
pub(super) async fn change(desk: Desk, PathId(id): PathId<AgentId>, sent: Form) -> Answer {
    let form = form_of(&sent.fields);
    match agents::change(desk.app(), desk.ctx(), id, details(&form)).await {
        Ok(_) => go(&format!("/agents/{id}"), "saved"),
        Err(error) if is_about_the_form(&error) => refused(&desk, id, &error, "name").await,
        Err(error) => Err(Failure(error)),
    }
}

async fn refused(desk: &Desk, id: AgentId, error: &procura_model::Error, field: &'static str) -> Answer {
    let agent = agents::get(desk.app(), desk.ctx(), id).await?;
    let mut frame = desk.frame(&agent.name, Section::Agents).await?;
    frame.problems = Problems::of(error, field);
    wrong(error.reason().http(), &view(desk, &agent, frame).await?)
}

/// Disables an agent.
pub(super) async fn disable(desk: Desk, PathId(id): PathId<AgentId>, sent: Form) -> Answer {
    agents::disable(desk.app(), desk.ctx(), id).await?;
    go(&back(&sent.fields, &format!("/agents/{id}")), "agent-disabled")
}

/// Enables an agent.
pub(super) async fn enable(desk: Desk, PathId(id): PathId<AgentId>, _sent: Form) -> Answer {
    agents::enable(desk.app(), desk.ctx(), id).await?;
    go(&format!("/agents/{id}"), "agent-enabled")
}

/// Where the form says that it stood, if that is a page of ours.
fn back(fields: &Fields, otherwise: &str) -> String {
    let named = fields.text("back");
    if named.is_empty() { otherwise.to_owned() } else { local(named).to_owned() }
}

/// What a key's form asks for.
pub(super) fn new_key(desk: &Desk, fields: &Fields) -> Result<NewKey> {
    let scopes: std::result::Result<Scopes, _> = fields.all("scope").map(str::parse::<Scope>).collect();
    let days = match fields.text("days") {
        "" => None,
        text => {
            let days: Option<i64> = text.parse().ok().filter(|days| (1..=3_650).contains(days));
            Some(days.ok_or_else(|| {
                Reason::FieldInvalid.because("days must be a whole number from 1 to 3,650, or empty.")
            })?)
        }
    };
    Ok(NewKey {
        name: fields.text("key_name").to_owned(),
        scopes: scopes.map_err(|_| Reason::FieldInvalid)?,
        expires_at: days.map(|days| desk.ctx().now.plus_ms(days * time::DAY_MS)),
    })
}

/// Makes another key for an agent.
pub(super) async fn create_key(desk: Desk, PathId(id): PathId<AgentId>, sent: Form) -> Answer {
    let ask = new_key(&desk, &sent.fields)?;
    match keys::create_for_agent(desk.app(), desk.ctx(), id, ask).await {
        Ok(key) => show(&desk, &key, ("The new key", "It is shown this once."), &format!("/agents/{id}")),
        Err(error) if is_about_the_form(&error) => refused(&desk, id, &error, "key_name").await,
        Err(error) => Err(Failure(error)),
    }
}

/// Rotates a key: the old one stops now or after a while.
pub(super) async fn rotate(desk: Desk, PathId(id): PathId<CredentialId>, sent: Form) -> Answer {
    let overlap: i64 = sent.fields.text("overlap").parse().map_err(|_| Reason::FieldInvalid)?;
    let key = keys::rotate(desk.app(), desk.ctx(), id, overlap).await?;
    let says = if overlap == 0 {
        "The old key is refused from now on."
    } else {
        "The old key works until its time is over."
    };
    show(
        &desk,
        &key,
        ("The new key", &format!("It is shown this once. {says}")),
        &back(&sent.fields, "/agents"),
    )
}

/// Revokes a key.
pub(super) async fn revoke(desk: Desk, PathId(id): PathId<CredentialId>, sent: Form) -> Answer {
    keys::revoke(desk.app(), desk.ctx(), id).await?;
    go(&back(&sent.fields, "/agents"), "key-revoked")
}
