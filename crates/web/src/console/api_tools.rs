//! Business APIs by hand (USR-9): an API with its first tool, then one tool at a time. Which declarations
//! can be called is judged by the journey alone, with the reader that calls them.

use super::{
    activity::agent_names,
    api_form as form,
    desk::{Answer, Desk, go, is_about_the_form, page, wrong},
    tools,
    view::{
        api_tools::{ApiForm, ApiPage, ApiToolForm, ApiToolPage, ApiToolRow, Choice, NewApi},
        drawer::ApiCall,
        frame::Section,
        words::{Id, Problems},
    },
};
use crate::{extract::Id as PathId, form::Form, respond::Failure};
use axum::extract::Path;
use procura_app::servers::{self, NewCredential, ServerDetails, Speaks};
use procura_model::{
    ApiServer, ApiTool, Error, Json, Reason, Result, Scope, ServerId, ServerSettings, ToolServer, Transport,
    api_server::{UserForward, UserNeed},
};

/// The agents to choose from.
pub(super) async fn choices(desk: &Desk) -> Result<Vec<Choice>> {
    Ok(agent_names(desk).await?.into_iter().map(|(id, name)| (id.to_string(), name)).collect())
}

/// The form of a new API.
pub(super) async fn new_page(desk: Desk) -> Answer {
    desk.ctx().actor.require(Scope::WriteServers)?;
    page(&new_view(&desk, (form::fresh(), form::fresh_tool()), Problems::none()).await?)
}

async fn new_view(desk: &Desk, (form, tool): (ApiForm, ApiToolForm), problems: Problems) -> Result<NewApi> {
    let mut frame = desk.frame("Add a business API", Section::Tools).await?;
    frame.problems = problems;
    Ok(NewApi { frame, form, tool, agents: choices(desk).await?, has_credential: false })
}

/// Adds an API with its first tool.
pub(super) async fn add(desk: Desk, mut sent: Form) -> Answer {
    desk.ctx().actor.require(Scope::WriteServers)?;
    let typed = (form::typed(&sent.fields), form::typed_tool(&sent.fields));
    if sent.fields.has("more") {
        return page(&new_view(&desk, typed, Problems::none()).await?);
    }
    let credential = form::credential(&mut sent.fields);
    let problems = match (form::read(&typed.0), form::read_tool(&typed.1)) {
        (Err(problems), _) | (_, Err(problems)) => problems,
        (Ok((api, settings)), Ok(tool)) => {
            let api = ApiServer { tools: vec![tool], ..api };
            match create(&desk, &typed.0.name, (api, settings, credential)).await {
                Ok(server) => return go(&format!("/tools/{}", server.id), "api-added"),
                Err(error) if is_about_the_form(&error) => form::placed(&error),
                Err(error) => return Err(Failure(error)),
            }
        }
    };
    wrong(422, &new_view(&desk, typed, problems).await?)
}

/// Adds an API with its tools.
pub(super) async fn create(
    desk: &Desk,
    name: &str,
    (api, settings, credential): (ApiServer, ServerSettings, NewCredential),
) -> Result<ToolServer> {
    let details = ServerDetails { name: name.to_owned(), url: api.base_url.clone(), credential, settings };
    servers::add_speaking(desk.app(), desk.ctx(), details, Speaks::Api(Box::new(api))).await
}

/// Replaces what an API declares; its credential stays.
pub(super) async fn redeclare(desk: &Desk, server: ToolServer, api: ApiServer) -> Result<ToolServer> {
    let details = ServerDetails {
        name: server.name,
        url: api.base_url.clone(),
        credential: NewCredential::Keep,
        settings: server.settings,
    };
    let speaks = Speaks::Api(Box::new(api));
    servers::change_speaking(desk.app(), desk.ctx(), server.id, (details, speaks)).await
}

/// The API that a server is.
///
/// # Errors
/// `NOT_FOUND` where it is none.
pub(super) async fn api_of(desk: &Desk, id: ServerId) -> Result<(ToolServer, ApiServer)> {
    let server = servers::get(desk.app(), desk.ctx(), id).await?;
    match &server.transport {
        Transport::Api { api } => {
            let api = (**api).clone();
            Ok((server, api))
        }
        Transport::Http { .. } | Transport::Stdio { .. } => Err(Reason::NotFound.into()),
    }
}

/// The page of an API.
pub(super) async fn view(
    desk: &Desk,
    id: ServerId,
    typed: Option<ApiForm>,
    problems: Problems,
) -> Result<ApiPage> {
    let (server, api) = api_of(desk, id).await?;
    let agents = choices(desk).await?;
    let mut frame = desk.frame(&server.name, Section::Tools).await?;
    frame.problems = problems;
    let served = |agent: &procura_model::AgentId| {
        let id = Id::of(agent);
        let name = agents.iter().find(|(other, _)| *other == id.0).map(|(_, name)| name.clone());
        (id.clone(), name.unwrap_or_else(|| id.short()))
    };
    let told = api.user != UserForward::None;
    Ok(ApiPage {
        frame,
        tools: api.tools.iter().map(|tool| tool_row(tool, told)).collect(),
        sent_as: format!("{}: {}…", api.credential.header, api.credential.prefix),
        user: told_of(&api.user),
        served: server.settings.agents.iter().map(served).collect(),
        form: typed.unwrap_or_else(|| form::written(&server, &api)),
        agents,
        has_credential: server.sealed_credential.is_some(),
        calls: calls(desk, id, &api),
        server: tools::row_of(desk, &server).await?,
    })
}

fn tool_row(tool: &ApiTool, told: bool) -> ApiToolRow {
    ApiToolRow {
        name: tool.name.clone(),
        method: tool.method.as_str(),
        path: tool.path.clone(),
        description: tool.description.clone(),
        needs_user: tool.user.map_or(told, |need| need == UserNeed::Required),
    }
}

fn told_of(user: &UserForward) -> String {
    match user {
        UserForward::None => "the API is not told of users".to_owned(),
        UserForward::Assertion { header, audience, .. } => {
            format!("a signed assertion for {audience}, in the header {header}")
        }
        UserForward::Headers { headers } => {
            let names: Vec<&str> = headers.keys().map(String::as_str).collect();
            format!("headers that are not signed: {}", names.join(", "))
        }
    }
}

fn calls(desk: &Desk, id: ServerId, api: &ApiServer) -> Vec<ApiCall> {
    let url = desk.url(&format!("/v1/servers/{id}"));
    let change = ("PATCH", url.clone());
    let document = serde_json::to_string(api).ok().and_then(|text| Json::parse(&text).ok());
    let body = document.map(|api| Json::Map(vec![("api".to_owned(), api)]));
    let read = ApiCall::get("Read this API", "read:servers", url);
    let declare =
        body.map(|body| ApiCall::send("Declare its tools anew", "write:servers", change, Some(&body)));
    std::iter::once(read).chain(declare).collect()
}

/// Changes an API; its tools stay.
pub(super) async fn change(desk: &Desk, server: ToolServer, mut sent: Form) -> Answer {
    let typed = form::typed(&sent.fields);
    let credential = form::credential(&mut sent.fields);
    let id = server.id;
    let (_, before) = api_of(desk, id).await?;
    let problems = match form::read(&typed) {
        Err(problems) => problems,
        Ok((api, settings)) => {
            let api = ApiServer { tools: before.tools, ..api };
            let details =
                ServerDetails { name: typed.name.clone(), url: api.base_url.clone(), credential, settings };
            let speaks = Speaks::Api(Box::new(api));
            match servers::change_speaking(desk.app(), desk.ctx(), id, (details, speaks)).await {
                Ok(_) => return go(&format!("/tools/{id}"), "api-changed"),
                Err(error) if is_about_the_form(&error) => form::placed(&error),
                Err(error) => return Err(Failure(error)),
            }
        }
    };
    wrong(422, &view(desk, id, Some(typed), problems).await?)
}

/// The form of a new tool.
pub(super) async fn new_tool_page(desk: Desk, PathId(id): PathId<ServerId>) -> Answer {
    desk.ctx().actor.require(Scope::WriteServers)?;
    let (server, api) = api_of(&desk, id).await?;
    page(&tool_view(&desk, (&server, &api, None), form::fresh_tool(), Problems::none()).await?)
}

async fn tool_view(
    desk: &Desk,
    (server, api, old_name): (&ToolServer, &ApiServer, Option<&str>),
    form: ApiToolForm,
    problems: Problems,
) -> Result<ApiToolPage> {
    let mut frame = desk.frame(old_name.unwrap_or("Declare a tool"), Section::Tools).await?;
    frame.problems = problems;
    Ok(ApiToolPage {
        frame,
        server: (Id::of(server.id), server.name.clone()),
        base_url: api.base_url.clone(),
        old_name: old_name.map(str::to_owned),
        is_only: api.tools.len() < 2,
        tool: form,
    })
}

/// Declares a tool.
pub(super) async fn add_tool(desk: Desk, PathId(id): PathId<ServerId>, sent: Form) -> Answer {
    save_tool(&desk, id, None, &sent).await
}

/// One tool.
pub(super) async fn tool(desk: Desk, Path((id, name)): Path<(String, String)>) -> Answer {
    let id: ServerId = id.parse().map_err(|_| Reason::NotFound)?;
    let (server, api) = api_of(&desk, id).await?;
    let tool = api.tools.iter().find(|tool| tool.name == name).ok_or(Reason::NotFound)?;
    let form = form::written_tool(tool);
    page(&tool_view(&desk, (&server, &api, Some(&name)), form, Problems::none()).await?)
}

/// Changes a tool.
pub(super) async fn change_tool(desk: Desk, Path((id, name)): Path<(String, String)>, sent: Form) -> Answer {
    let id: ServerId = id.parse().map_err(|_| Reason::NotFound)?;
    save_tool(&desk, id, Some(&name), &sent).await
}

async fn save_tool(desk: &Desk, id: ServerId, old_name: Option<&str>, sent: &Form) -> Answer {
    desk.ctx().actor.require(Scope::WriteServers)?;
    let (server, api) = api_of(desk, id).await?;
    let typed = form::typed_tool(&sent.fields);
    let of = (&server, &api, old_name);
    if sent.fields.has("more") {
        return page(&tool_view(desk, of, typed, Problems::none()).await?);
    }
    let problems = match form::read_tool(&typed) {
        Err(problems) => problems,
        Ok(tool) => match redeclare(desk, server.clone(), with(&api, old_name, tool)?).await {
            Ok(_) => return go(&format!("/tools/{id}"), "tool-saved"),
            Err(error) if is_about_the_form(&error) => form::placed(&error),
            Err(error) => return Err(Failure(error)),
        },
    };
    wrong(422, &tool_view(desk, of, typed, problems).await?)
}

/// The same API with this tool in the place of the old one, or after all others.
fn with(api: &ApiServer, old_name: Option<&str>, tool: ApiTool) -> Result<ApiServer> {
    let mut api = api.clone();
    match old_name {
        None => api.tools.push(tool),
        Some(name) => {
            let place = api.tools.iter_mut().find(|other| other.name == name).ok_or(Reason::NotFound)?;
            *place = tool;
        }
    }
    Ok(api)
}

/// Removes a tool.
pub(super) async fn remove_tool(desk: Desk, Path((id, name)): Path<(String, String)>, _sent: Form) -> Answer {
    let id: ServerId = id.parse().map_err(|_| Reason::NotFound)?;
    let (server, mut api) = api_of(&desk, id).await?;
    if !api.tools.iter().any(|tool| tool.name == name) {
        return Err(Reason::NotFound.into());
    }
    api.tools.retain(|tool| tool.name != name);
    match redeclare(&desk, server, api).await {
        Ok(_) => go(&format!("/tools/{id}"), "tool-removed"),
        Err(error) if is_about_the_form(&error) => only_tool(&desk, id, &error).await,
        Err(error) => Err(Failure(error)),
    }
}

async fn only_tool(desk: &Desk, id: ServerId, error: &Error) -> Answer {
    let problems = Problems::of(error, "");
    wrong(error.reason().http(), &view(desk, id, None, problems).await?)
}
