//! Permissions: read as sentences, changed by a form or as the document.

use super::{
    activity::agent_names,
    agents::{After, effect, said, status},
    desk::{Answer, Desk, go, is_about_the_form, page, wrong},
    permission_form as form,
    view::{
        drawer::ApiCall,
        frame::Section,
        policies::{AgentPolicy, Checked, CheckedPart, PermissionForm, PermissionPage, Policies},
        words::{Id, Problems},
    },
};
use crate::{
    extract::{Id as PathId, Query},
    form::{Fields, Form},
    respond::Failure,
    sentence,
};
use procura_app::{agents, permissions};
use procura_model::{AgentId, Json, PageAsk, Permission, PermissionId, Reason, Result, Scope};
use serde::Deserialize;

/// All of them.
pub(super) async fn list(desk: Desk, Query(after): Query<After>) -> Answer {
    let found = agents::list(desk.app(), desk.ctx(), &PageAsk::new(after.cursor(), None)).await?;
    let all = permissions::all(desk.app(), desk.ctx()).await?;
    let of = |id: AgentId| all.iter().filter(move |(agent, _)| *agent == id);
    let policies = found.items.iter().map(|agent| AgentPolicy {
        id: Id::of(agent.id),
        name: agent.name.clone(),
        status: status(agent),
        version: agent.policy_version,
        permissions: of(agent.id).filter_map(|(_, permission)| said(permission)).collect(),
    });
    page(&Policies {
        frame: desk.frame("Policies", Section::Policies).await?,
        agents: policies.collect(),
        older: found.next_cursor.map(|cursor| format!("/policies?after={cursor}")),
    })
}

/// What a new permission begins with.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    agent: String,
    actions: String,
    resources: String,
}

/// What is being edited, and how far it came.
struct Draft {
    id: Option<PermissionId>,
    agent: Option<AgentId>,
    permission: Option<Permission>,
    form: PermissionForm,
    document: String,
    by_document: bool,
    problems: Problems,
    checked: Option<Checked>,
}

async fn view(desk: &Desk, draft: Draft) -> Result<PermissionPage> {
    let names = agent_names(desk).await?;
    let named = match draft.agent {
        Some(id) => Some((Id::of(id), agents::get(desk.app(), desk.ctx(), id).await?.name)),
        None => None,
    };
    let mut frame = desk.frame("Permission", Section::Policies).await?;
    frame.problems = draft.problems;
    Ok(PermissionPage {
        frame,
        id: draft.id.map(Id::of),
        action: draft.id.map_or_else(|| "/policies/new".to_owned(), |id| format!("/policies/{id}")),
        agent: named,
        agents: names.into_iter().map(|(id, name)| (id.to_string(), name)).collect(),
        sentence: draft.permission.as_ref().map(procura_policy::sentence),
        form: draft.form,
        document: draft.document,
        by_document: draft.by_document,
        checked: draft.checked,
        calls: draft.id.map(|id| calls(desk, id, draft.permission.as_ref())).unwrap_or_default(),
    })
}

fn calls(desk: &Desk, id: PermissionId, permission: Option<&Permission>) -> Vec<ApiCall> {
    let url = desk.url(&format!("/v1/permissions/{id}"));
    let replaced = permission.and_then(|permission| Json::parse(&document(permission)).ok());
    let put = ("PUT", url.clone());
    let read = ApiCall::get("Read this permission", "read:permissions", url);
    let change = replaced.map(|body| ApiCall::send("Replace it", "write:permissions", put, Some(&body)));
    std::iter::once(read).chain(change).collect()
}

/// The form of a new permission.
pub(super) async fn new_page(desk: Desk, Query(wanted): Query<Wanted>) -> Answer {
    desk.ctx().actor.require(Scope::WritePermissions)?;
    let form = PermissionForm {
        window_unit: "days".to_owned(),
        hold_length: "15".to_owned(),
        hold_unit: "minutes".to_owned(),
        hold_then: "spent".to_owned(),
        effect: "allow".to_owned(),
        actions: if wanted.actions.is_empty() { "tool.call".to_owned() } else { wanted.actions },
        resources: wanted.resources,
        approval: "never".to_owned(),
        ..PermissionForm::default()
    };
    let document = written_out(&form);
    let draft = Draft {
        id: None,
        agent: wanted.agent.parse().ok(),
        permission: None,
        form,
        document,
        by_document: false,
        problems: Problems::none(),
        checked: None,
    };
    page(&view(&desk, draft).await?)
}

/// The document of a permission, without its id: the path has it.
fn document(permission: &Permission) -> String {
    let bare = Permission { id: None, ..permission.clone() };
    serde_json::to_string_pretty(&bare).unwrap_or_default()
}

/// What the form says as a document, so that both views say the same; nothing where the form cannot be read.
fn written_out(form: &PermissionForm) -> String {
    form::read(form).map(|permission| document(&permission)).unwrap_or_default()
}

/// One permission.
pub(super) async fn one(desk: Desk, PathId(id): PathId<PermissionId>) -> Answer {
    let (agent, permission) = permissions::get(desk.app(), desk.ctx(), id).await?;
    page(&view(&desk, existing(id, agent, permission)).await?)
}

fn existing(id: PermissionId, agent: AgentId, permission: Permission) -> Draft {
    Draft {
        id: Some(id),
        agent: Some(agent),
        form: form::written(&permission),
        document: document(&permission),
        by_document: !form::fits(&permission),
        permission: Some(permission),
        problems: Problems::none(),
        checked: None,
    }
}

/// What was sent: the permission, or what is wrong with it.
fn sent(fields: &Fields) -> std::result::Result<Permission, Problems> {
    if fields.text("by") != "document" {
        return form::read(&form::typed(fields));
    }
    sentence::document(fields.text("document")).map_err(|wrong| {
        let mut problems = Problems::none();
        problems.add("document", wrong);
        problems
    })
}

/// What was sent, if it could be saved.
fn usable(fields: &Fields) -> std::result::Result<Permission, Problems> {
    let permission = sent(fields)?;
    procura_policy::validate(&permission).map_err(|error| placed(&error, fields))?;
    Ok(permission)
}

fn checked(permission: &Permission) -> Checked {
    Checked::Fine { mark: effect(permission), sentence: procura_policy::sentence(permission) }
}

/// Says what a permission would say, or what is wrong with it, while it is typed; saves nothing.
pub(super) async fn check(desk: Desk, form: Form) -> Answer {
    desk.ctx().actor.require(Scope::WritePermissions)?;
    let is_form = form.fields.text("by") != "document";
    let document = is_form.then(|| written_out(&form::typed(&form.fields)));
    let checked = match usable(&form.fields) {
        Ok(permission) => checked(&permission),
        Err(problems) => Checked::Wrong(problems),
    };
    page(&CheckedPart { checked, document })
}

/// The same as a page, for a browser without scripts: both views show what was sent.
async fn check_page(desk: &Desk, fields: &Fields, place: (Option<PermissionId>, Option<AgentId>)) -> Answer {
    desk.ctx().actor.require(Scope::WritePermissions)?;
    let permission = match usable(fields) {
        Ok(permission) => permission,
        Err(problems) => return wrong(422, &view(desk, again(fields, place, problems)).await?),
    };
    let draft = again(fields, place, Problems::none());
    let fits = form::fits(&permission);
    let form = if draft.by_document && fits { form::written(&permission) } else { draft.form };
    let by_document = draft.by_document && !fits;
    let checked = Some(checked(&permission));
    let document = document(&permission);
    page(&view(desk, Draft { form, document, by_document, checked, ..draft }).await?)
}

/// The draft that is shown again when something is wrong with it.
fn again(fields: &Fields, place: (Option<PermissionId>, Option<AgentId>), problems: Problems) -> Draft {
    let by_document = fields.text("by") == "document";
    let form = if by_document { PermissionForm::default() } else { form::typed(fields) };
    let document = if by_document { fields.text("document").to_owned() } else { written_out(&form) };
    let (id, agent) = place;
    Draft { id, agent, permission: None, form, document, by_document, problems, checked: None }
}

/// Where a refusal of the policy belongs: the sentence begins with the field's name in the document.
fn placed(error: &procura_model::Error, fields: &Fields) -> Problems {
    const FIELDS: [(&str, &str); 12] = [
        ("actions", "actions"),
        ("resources", "resources"),
        ("vendors", "vendors"),
        ("conditions", "conditions"),
        ("maxAmount", "max_amount"),
        ("window.count", "window_count"),
        ("window", "window_amount"),
        ("quorum", "quorum"),
        ("approval", "above"),
        ("schedule", "from"),
        ("expiresAt", "expires_at"),
        ("user", "user"),
    ];
    if fields.text("by") == "document" {
        return Problems::of(error, "document");
    }
    let starts = |name: &str| error.sentence().starts_with(name);
    let field = FIELDS.iter().find(|(name, _)| starts(name)).map_or("actions", |(_, field)| field);
    Problems::of(error, field)
}

/// Adds a permission.
pub(super) async fn add(desk: Desk, form: Form) -> Answer {
    let fields = &form.fields;
    let agent: AgentId = fields.text("agent").parse().map_err(|_| Reason::NotFound)?;
    if fields.has("check") {
        return check_page(&desk, fields, (None, Some(agent))).await;
    }
    let problems = match sent(fields) {
        Ok(permission) => match permissions::add(desk.app(), desk.ctx(), agent, permission).await {
            Ok(_) => return go(&format!("/agents/{agent}"), "permission-added"),
            Err(error) if is_about_the_form(&error) => placed(&error, fields),
            Err(error) => return Err(Failure(error)),
        },
        Err(problems) => problems,
    };
    wrong(422, &view(&desk, again(fields, (None, Some(agent)), problems)).await?)
}

/// Replaces a permission by another text.
pub(super) async fn change(desk: Desk, PathId(id): PathId<PermissionId>, form: Form) -> Answer {
    let fields = &form.fields;
    let (agent, _) = permissions::get(desk.app(), desk.ctx(), id).await?;
    if fields.has("check") {
        return check_page(&desk, fields, (Some(id), Some(agent))).await;
    }
    let problems = match sent(fields) {
        Ok(permission) => match permissions::change(desk.app(), desk.ctx(), id, permission).await {
            Ok(_) => return go(&format!("/policies/{id}"), "permission-changed"),
            Err(error) if is_about_the_form(&error) => placed(&error, fields),
            Err(error) => return Err(Failure(error)),
        },
        Err(problems) => problems,
    };
    wrong(422, &view(&desk, again(fields, (Some(id), Some(agent)), problems)).await?)
}

/// Removes a permission.
pub(super) async fn remove(desk: Desk, PathId(id): PathId<PermissionId>, _form: Form) -> Answer {
    permissions::remove(desk.app(), desk.ctx(), id).await?;
    go("/policies", "permission-removed")
}
