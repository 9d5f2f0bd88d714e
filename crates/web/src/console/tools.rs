//! Tool servers: how they do, what they offer, and which agents could call it by the same rules
//! that decide the call.

use super::{
    api_form,
    api_tools::{self, choices},
    desk::{Answer, Desk, go, is_about_the_form, page, wrong},
    view::{
        drawer::ApiCall,
        frame::Section,
        tools::{Able, NewServer, ServerForm, ServerPage, ServerRow, ToolRow, Tools},
        words::{Id, Mark, Problems},
    },
};
use crate::{
    extract::Id as PathId,
    form::{Fields, Form},
    respond::Failure,
    sentence,
};
use procura_app::{
    AgentSnapshot, agents,
    servers::{self, NewCredential, ServerDetails, Use},
    verify,
};
use procura_gateway::{ServerHealth, ServerState, ToolView};
use procura_model::{PageAsk, Reason, Result, Scope, ServerId, ServerSettings, ToolServer, Transport};
use procura_policy::Listing;
use std::sync::Arc;

/// All of them.
pub(super) async fn list(desk: Desk) -> Answer {
    let found = servers::list(desk.app(), desk.ctx()).await?;
    let health = desk.web.gateway.servers_health(desk.ctx()).await?;
    let policies = policies(&desk).await?;
    let rows = found.iter().map(|server| row(&desk, server, &health, &policies)).collect();
    page(&Tools { frame: desk.frame("Tools", Section::Tools).await?, servers: rows })
}

/// The agents with their policies; those that come after the first page are not asked.
async fn policies(desk: &Desk) -> Result<Vec<Arc<AgentSnapshot>>> {
    let ask = PageAsk::new(None, Some(procura_model::page::MAX_LIMIT));
    let mut out = Vec::new();
    for agent in agents::list(desk.app(), desk.ctx(), &ask).await?.items {
        out.push(verify::snapshot(desk.app(), desk.ctx(), agent.id).await?);
    }
    Ok(out)
}

fn row(
    desk: &Desk,
    server: &ToolServer,
    health: &[ServerHealth],
    policies: &[Arc<AgentSnapshot>],
) -> ServerRow {
    let seen = health.iter().find(|health| health.server == server.id);
    let is_api = matches!(server.transport, Transport::Api { .. });
    let mark = match seen.map(|seen| seen.state) {
        _ if !server.enabled => Mark::neutral("Switched off"),
        Some(ServerState::Ok) => Mark::allowed("Answers"),
        Some(ServerState::Failing) => Mark::denied("Fails"),
        Some(ServerState::Unknown) | None if is_api => Mark::neutral("Not called yet"),
        Some(ServerState::Unknown) | None => Mark::unknown("Not asked yet"),
    };
    let tool = |tool: &ToolView| ToolRow {
        name: tool.name.clone(),
        description: match tool.hidden {
            Some(reason) => format!("Hidden from agents: {}", reason.text()),
            None => tool.description.clone(),
        },
        agents: could_call(desk, server, tool, policies),
    };
    ServerRow {
        id: Id::of(server.id),
        name: server.name.clone(),
        address: address(server),
        mark,
        error: seen.and_then(|seen| seen.last_error.clone()),
        next_step: seen.and_then(|seen| seen.last_code).map(next_step),
        checked: seen.and_then(|seen| seen.checked_at).map(|at| desk.past(at)),
        is_enabled: server.enabled,
        from_file: server.from_file,
        has_credential: server.sealed_credential.is_some(),
        fence: server.settings.fence,
        tools: seen.map(|seen| seen.tools.iter().map(tool).collect()).unwrap_or_default(),
    }
}

/// What somebody does about a server that fails, on the page of that server.
const fn next_step(reason: Reason) -> &'static str {
    match reason {
        Reason::UpstreamUnreachable => "Check the address and that the server runs, then ask it again.",
        Reason::EgressRefused => {
            "Give it another address, or have the operator allow this one in procura.toml; then ask it again."
        }
        Reason::UpstreamTimeout => "Check that the server runs, or give it more time, then ask it again.",
        Reason::UpstreamInvalid => {
            "Check that the address is the MCP endpoint (its path too) and that the credential is right, then ask it again."
        }
        _ => reason.fix(),
    }
}

/// Where it is. A program is named without its arguments and environment, which may hold secrets.
fn address(server: &ToolServer) -> String {
    match &server.transport {
        Transport::Http { url } => url.clone(),
        Transport::Api { api } => api.base_url.clone(),
        Transport::Stdio { command, .. } => format!("the program {command}"),
    }
}

fn could_call(
    desk: &Desk,
    server: &ToolServer,
    tool: &ToolView,
    policies: &[Arc<AgentSnapshot>],
) -> Vec<Able> {
    let vendor = match &server.transport {
        Transport::Http { url } => host(url),
        Transport::Api { api } => host(&api.base_url),
        Transport::Stdio { .. } => None,
    };
    let listing = Listing {
        action: "tool.call",
        resource: Some(&tool.resource),
        vendor: vendor.as_deref(),
        user: None,
    };
    let now = desk.ctx().now;
    let able = |snapshot: &Arc<AgentSnapshot>| {
        let needs_user = !verify::could_allow(snapshot, &listing, now);
        let could = !needs_user || verify::could_allow_for_somebody(snapshot, &listing, now);
        let agent = &snapshot.agent;
        could.then(|| Able { id: Id::of(agent.id), name: agent.name.clone(), needs_user })
    };
    let serves = |snapshot: &&Arc<AgentSnapshot>| server.settings.serves(snapshot.agent.id);
    policies.iter().filter(|_| tool.hidden.is_none()).filter(serves).filter_map(able).collect()
}

fn host(url: &str) -> Option<String> {
    url.parse::<axum::http::Uri>().ok()?.host().map(str::to_ascii_lowercase)
}

/// The form of a new server.
pub(super) async fn new_page(desk: Desk) -> Answer {
    desk.ctx().actor.require(Scope::WriteServers)?;
    let form = form_of(&ServerSettings::default());
    let frame = desk.frame("Add a tool server", Section::Tools).await?;
    page(&NewServer { frame, form, agents: choices(&desk).await? })
}

fn form_of(settings: &ServerSettings) -> ServerForm {
    ServerForm {
        name: String::new(),
        url: String::new(),
        fence: settings.fence,
        timeout_ms: settings.timeout_ms.to_string(),
        max_bytes: settings.max_bytes.to_string(),
        tools: serde_json::to_string_pretty(&settings.tools).unwrap_or_default(),
        agents: settings.agents.iter().map(ToString::to_string).collect(),
    }
}

fn typed(fields: &Fields) -> ServerForm {
    ServerForm {
        name: fields.text("name").to_owned(),
        url: fields.text("url").to_owned(),
        fence: fields.has("fence"),
        timeout_ms: fields.text("timeout_ms").to_owned(),
        max_bytes: fields.text("max_bytes").to_owned(),
        tools: fields.text("tools").to_owned(),
        agents: fields.all("agent").map(str::to_owned).collect(),
    }
}

fn settings_of(form: &ServerForm) -> std::result::Result<ServerSettings, Problems> {
    let mut problems = Problems::none();
    let mut number = |text: &str, field: &'static str| {
        text.parse::<u64>().unwrap_or_else(|_| {
            problems.add(field, "This must be a whole number.");
            0
        })
    };
    let (timeout_ms, max_bytes) =
        (number(&form.timeout_ms, "timeout_ms"), number(&form.max_bytes, "max_bytes"));
    let tools = if form.tools.is_empty() { "{}" } else { &form.tools };
    let tools = sentence::document(tools).unwrap_or_else(|wrong| {
        problems.add("tools", wrong);
        std::collections::BTreeMap::new()
    });
    if problems.any() {
        return Err(problems);
    }
    Ok(ServerSettings {
        fence: form.fence,
        timeout_ms,
        max_bytes,
        tools,
        agents: api_form::agents(&form.agents),
    })
}

fn details(form: &ServerForm, credential: NewCredential, settings: ServerSettings) -> ServerDetails {
    ServerDetails { name: form.name.clone(), url: form.url.clone(), credential, settings }
}

/// Adds a server.
pub(super) async fn add(desk: Desk, mut sent: Form) -> Answer {
    let form = typed(&sent.fields);
    let credential = sent.fields.secret("credential").map_or(NewCredential::Keep, NewCredential::Set);
    let problems = match settings_of(&form) {
        Err(problems) => problems,
        Ok(settings) => {
            match servers::add(desk.app(), desk.ctx(), details(&form, credential, settings)).await {
                Ok(server) => {
                    return settled(&desk, server.id, ("server-added", "server-added-failing")).await;
                }
                Err(error) if is_about_the_form(&error) => placed(&error),
                Err(error) => return Err(Failure(error)),
            }
        }
    };
    let mut frame = desk.frame("Add a tool server", Section::Tools).await?;
    frame.problems = problems;
    wrong(422, &NewServer { frame, form, agents: choices(&desk).await? })
}

/// On to the server's page, which says whether the server can be used as it was described.
async fn settled(desk: &Desk, id: ServerId, (well, failing): (&str, &str)) -> Answer {
    let health = desk.web.gateway.servers_health(desk.ctx()).await?;
    let fails = health.iter().any(|seen| seen.server == id && seen.state == ServerState::Failing);
    go(&format!("/tools/{id}"), if fails { failing } else { well })
}

/// The sentence begins with the field's name.
fn placed(error: &procura_model::Error) -> Problems {
    let field = if error.sentence().starts_with("url") { "url" } else { "name" };
    Problems::of(error, field)
}

/// One server.
pub(super) async fn one(desk: Desk, PathId(id): PathId<ServerId>) -> Answer {
    show(&desk, id, Problems::none()).await
}

/// The page of a server, by what it is; with problems, as the answer to a form.
async fn show(desk: &Desk, id: ServerId, problems: Problems) -> Answer {
    let server = servers::get(desk.app(), desk.ctx(), id).await?;
    let is_asked = !problems.any();
    let is_api = matches!(server.transport, Transport::Api { .. });
    match (is_api, is_asked) {
        (true, true) => page(&api_tools::view(desk, id, None, problems).await?),
        (true, false) => wrong(422, &api_tools::view(desk, id, None, problems).await?),
        (false, true) => page(&view(desk, id, None, problems).await?),
        (false, false) => wrong(422, &view(desk, id, None, problems).await?),
    }
}

/// A server with its health, without the agents that could call it.
pub(super) async fn row_of(desk: &Desk, server: &ToolServer) -> Result<ServerRow> {
    let health = desk.web.gateway.servers_health(desk.ctx()).await?;
    Ok(row(desk, server, &health, &[]))
}

async fn view(desk: &Desk, id: ServerId, form: Option<ServerForm>, problems: Problems) -> Result<ServerPage> {
    let server = servers::get(desk.app(), desk.ctx(), id).await?;
    let health = desk.web.gateway.servers_health(desk.ctx()).await?;
    let mut frame = desk.frame(&server.name, Section::Tools).await?;
    frame.problems = problems;
    let known = || ServerForm {
        name: server.name.clone(),
        url: match &server.transport {
            Transport::Http { url } => url.clone(),
            Transport::Api { api } => api.base_url.clone(),
            Transport::Stdio { .. } => String::new(),
        },
        ..form_of(&server.settings)
    };
    Ok(ServerPage {
        frame,
        server: row(desk, &server, &health, &[]),
        form: form.unwrap_or_else(known),
        agents: choices(desk).await?,
        calls: calls(desk, id),
    })
}

fn calls(desk: &Desk, id: ServerId) -> Vec<ApiCall> {
    let url = desk.url(&format!("/v1/servers/{id}"));
    let tools = format!("{url}/tools");
    vec![
        ApiCall::get("Read this server", "read:servers", url),
        ApiCall::get("List its tools", "read:servers", tools),
    ]
}

/// Changes a server.
pub(super) async fn change(desk: Desk, PathId(id): PathId<ServerId>, mut sent: Form) -> Answer {
    let server = servers::get(desk.app(), desk.ctx(), id).await?;
    if matches!(server.transport, Transport::Api { .. }) {
        return api_tools::change(&desk, server, sent).await;
    }
    let form = typed(&sent.fields);
    let choice = sent.fields.text("credential_choice").to_owned();
    let credential = match (choice.as_str(), sent.fields.secret("credential")) {
        ("set", Some(credential)) => NewCredential::Set(credential),
        ("remove", _) => NewCredential::Remove,
        _ => NewCredential::Keep,
    };
    let problems = match settings_of(&form) {
        Err(problems) => problems,
        Ok(mut settings) => {
            // The form does not ask to which agents the server is kept.
            settings.agents = servers::get(desk.app(), desk.ctx(), id).await?.settings.agents;
            match servers::change(desk.app(), desk.ctx(), id, details(&form, credential, settings)).await {
                Ok(_) => return settled(&desk, id, ("server-changed", "server-changed-failing")).await,
                Err(error) if is_about_the_form(&error) => placed(&error),
                Err(error) => return Err(Failure(error)),
            }
        }
    };
    wrong(422, &view(&desk, id, Some(form), problems).await?)
}

/// Takes a server in use.
pub(super) async fn enable(desk: Desk, PathId(id): PathId<ServerId>, _sent: Form) -> Answer {
    servers::set_enabled(desk.app(), desk.ctx(), id, Use::On).await?;
    go(&format!("/tools/{id}"), "server-on")
}

/// Takes a server out of use.
pub(super) async fn disable(desk: Desk, PathId(id): PathId<ServerId>, _sent: Form) -> Answer {
    servers::set_enabled(desk.app(), desk.ctx(), id, Use::Off).await?;
    go(&format!("/tools/{id}"), "server-off")
}

/// Asks a server for its tools again.
pub(super) async fn refresh(desk: Desk, PathId(id): PathId<ServerId>, _sent: Form) -> Answer {
    desk.web.gateway.refresh(desk.ctx(), id).await?;
    go(&format!("/tools/{id}"), "server-asked")
}

/// Removes a server, once its name was typed.
pub(super) async fn remove(desk: Desk, PathId(id): PathId<ServerId>, sent: Form) -> Answer {
    let server = servers::get(desk.app(), desk.ctx(), id).await?;
    if sent.fields.text("confirm") != server.name {
        let mut problems = Problems::none();
        problems.add("confirm", "This is not the server's name.");
        return show(&desk, id, problems).await;
    }
    servers::remove(desk.app(), desk.ctx(), id).await?;
    go("/tools", "server-removed")
}
