//! A business API and its tools as forms have them, and back. What a form cannot show of a declaration it
//! keeps as the document has it (a JSON Schema in the place of a type), so that saving changes nothing that
//! nobody touched. The credential goes another way: no form is ever filled with it.

use super::view::{
    api_tools::{ApiForm, ApiToolForm, ParameterForm},
    words::Problems,
};
use crate::{form::Fields, sentence};
use procura_app::servers::NewCredential;
use procura_model::{
    AgentId, ApiServer, ApiTool, Error, Json, ServerSettings, ToolServer,
    api_server::{
        ApiBody, ApiMethod, ApiParameter, BodyArguments, CredentialForm, ParameterPlace, UserClaim,
        UserForward, UserNeed,
    },
};
use std::collections::BTreeMap;

/// How many empty rows a tool's form offers.
const SPARE_ROWS: usize = 4;
/// How many rows it has at the most.
const MAX_ROWS: usize = 64;

/// What was typed about an API.
pub(super) fn typed(fields: &Fields) -> ApiForm {
    let text = |name| fields.text(name).to_owned();
    ApiForm {
        name: text("name"),
        base_url: text("base_url"),
        header: text("header"),
        prefix: text("prefix"),
        user: text("user"),
        assertion_header: text("assertion_header"),
        audience: text("audience"),
        with_email: fields.has("with_email"),
        with_role: fields.has("with_role"),
        user_headers: text("user_headers"),
        agents: fields.all("agent").map(str::to_owned).collect(),
        fence: fields.has("fence"),
        timeout_ms: text("timeout_ms"),
        max_bytes: text("max_bytes"),
        tools: text("tools"),
    }
}

/// The form of an API that is not there yet.
pub(super) fn fresh() -> ApiForm {
    let usual = CredentialForm::default();
    ApiForm {
        header: usual.header,
        prefix: usual.prefix.trim_end().to_owned(),
        user: "assertion".to_owned(),
        assertion_header: "x-procura-user".to_owned(),
        ..of_settings(&ServerSettings::default())
    }
}

/// The form of an API that exists.
pub(super) fn written(server: &ToolServer, api: &ApiServer) -> ApiForm {
    let mut form = ApiForm {
        name: server.name.clone(),
        base_url: api.base_url.clone(),
        header: api.credential.header.clone(),
        prefix: api.credential.prefix.trim_end().to_owned(),
        user: "none".to_owned(),
        assertion_header: "x-procura-user".to_owned(),
        ..of_settings(&server.settings)
    };
    match &api.user {
        UserForward::None => {}
        UserForward::Assertion { header, audience, claims } => {
            form.user = "assertion".to_owned();
            form.assertion_header.clone_from(header);
            form.audience.clone_from(audience);
            form.with_email = claims.contains(&UserClaim::Email);
            form.with_role = claims.contains(&UserClaim::Role);
        }
        UserForward::Headers { headers } => {
            form.user = "headers".to_owned();
            let lines = headers.iter().map(|(name, template)| format!("{name}: {template}"));
            form.user_headers = lines.collect::<Vec<_>>().join("\n");
        }
    }
    form
}

fn of_settings(settings: &ServerSettings) -> ApiForm {
    ApiForm {
        agents: settings.agents.iter().map(ToString::to_string).collect(),
        fence: settings.fence,
        timeout_ms: settings.timeout_ms.to_string(),
        max_bytes: settings.max_bytes.to_string(),
        tools: serde_json::to_string_pretty(&settings.tools).unwrap_or_default(),
        ..ApiForm::default()
    }
}

/// What a form says of an API, but for its tools.
pub(super) fn read(form: &ApiForm) -> Result<(ApiServer, ServerSettings), Problems> {
    let mut problems = Problems::none();
    let user = match form.user.as_str() {
        "assertion" => assertion(form),
        "headers" => UserForward::Headers { headers: headers(&form.user_headers, &mut problems) },
        _ => UserForward::None,
    };
    let settings = settings(form, &mut problems);
    if problems.any() {
        return Err(problems);
    }
    let credential = CredentialForm { header: form.header.clone(), prefix: in_front(&form.prefix) };
    Ok((ApiServer { base_url: form.base_url.clone(), credential, user, tools: Vec::new() }, settings))
}

/// A word such as `Bearer` is divided from the credential by a blank; what ends in a sign is not.
fn in_front(prefix: &str) -> String {
    let is_word = prefix.bytes().last().is_some_and(|byte| byte.is_ascii_alphanumeric());
    if is_word { format!("{prefix} ") } else { prefix.to_owned() }
}

fn assertion(form: &ApiForm) -> UserForward {
    let claims = [(form.with_email, UserClaim::Email), (form.with_role, UserClaim::Role)];
    UserForward::Assertion {
        header: form.assertion_header.clone(),
        audience: form.audience.clone(),
        claims: claims.into_iter().filter(|(is_ticked, _)| *is_ticked).map(|(_, claim)| claim).collect(),
    }
}

fn headers(text: &str, problems: &mut Problems) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let Some((name, template)) = line.split_once(':') else {
            problems.add("user_headers", "Write each line as: name, a colon, what is sent.");
            continue;
        };
        if out.insert(name.trim().to_owned(), template.trim().to_owned()).is_some() {
            problems.add("user_headers", "A header stands there twice.");
        }
    }
    out
}

fn settings(form: &ApiForm, problems: &mut Problems) -> ServerSettings {
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
        BTreeMap::new()
    });
    ServerSettings { fence: form.fence, timeout_ms, max_bytes, tools, agents: agents(&form.agents) }
}

/// The agents that are ticked.
pub(super) fn agents(ticked: &[String]) -> Vec<AgentId> {
    ticked.iter().filter_map(|id| id.parse().ok()).collect()
}

/// What becomes of the credential.
pub(super) fn credential(fields: &mut Fields) -> NewCredential {
    let choice = fields.text("credential_choice").to_owned();
    match (choice.as_str(), fields.trimmed_secret("credential")) {
        ("" | "set", Some(credential)) => NewCredential::Set(credential),
        ("remove", _) => NewCredential::Remove,
        _ => NewCredential::Keep,
    }
}

/// What was typed about a tool.
pub(super) fn typed_tool(fields: &Fields) -> ApiToolForm {
    let text = |name| fields.text(name).to_owned();
    let column = |name| fields.all(name).map(|cell: &str| cell.trim().to_owned()).collect::<Vec<_>>();
    let (names, places, kinds) = (column("p_name"), column("p_in"), column("p_type"));
    let (required, descriptions, sent_as) =
        (column("p_required"), column("p_description"), column("p_sent_as"));
    let cell = |column: &[String], index: usize| column.get(index).cloned().unwrap_or_default();
    let row = |(index, name): (usize, &String)| ParameterForm {
        name: name.clone(),
        place: cell(&places, index),
        kind: cell(&kinds, index),
        is_required: cell(&required, index) == "yes",
        description: cell(&descriptions, index),
        sent_as: cell(&sent_as, index),
    };
    let rows = names.iter().enumerate().map(row).filter(|row| !row.name.is_empty());
    with_spare_rows(ApiToolForm {
        name: text("tool_name"),
        description: text("description"),
        method: text("method"),
        path: text("path"),
        need: text("need"),
        parameters: rows.take(MAX_ROWS).collect(),
        body: text("body"),
        body_as: text("body_as"),
        body_required: fields.has("body_required"),
    })
}

fn with_spare_rows(mut form: ApiToolForm) -> ApiToolForm {
    let rows = (form.parameters.len() + SPARE_ROWS).min(MAX_ROWS);
    form.parameters.resize_with(rows, || ParameterForm {
        place: "query".to_owned(),
        kind: "string".to_owned(),
        ..ParameterForm::default()
    });
    form
}

/// The form of a tool that is not there yet.
pub(super) fn fresh_tool() -> ApiToolForm {
    with_spare_rows(ApiToolForm {
        method: "GET".to_owned(),
        need: "default".to_owned(),
        body_as: "members".to_owned(),
        ..ApiToolForm::default()
    })
}

/// The form of a tool that exists.
pub(super) fn written_tool(tool: &ApiTool) -> ApiToolForm {
    let need = match tool.user {
        None => "default",
        Some(UserNeed::Required) => "required",
        Some(UserNeed::None) => "none",
    };
    let whole = tool.body.as_ref().is_some_and(|body| body.arguments == BodyArguments::Whole);
    with_spare_rows(ApiToolForm {
        name: tool.name.clone(),
        description: tool.description.clone(),
        method: tool.method.as_str().to_owned(),
        path: tool.path.clone(),
        need: need.to_owned(),
        parameters: tool.parameters.iter().map(row_of).collect(),
        body: tool.body.as_ref().map(|body| super::view::facts::pretty(&body.schema)).unwrap_or_default(),
        body_as: if whole { "whole" } else { "members" }.to_owned(),
        body_required: tool.body.as_ref().is_some_and(|body| body.required),
    })
}

fn row_of(parameter: &ApiParameter) -> ParameterForm {
    let (kind, description) = kind_of(&parameter.schema);
    ParameterForm {
        name: parameter.name.clone(),
        place: match parameter.place {
            ParameterPlace::Path => "path",
            ParameterPlace::Query => "query",
            ParameterPlace::Header => "header",
        }
        .to_owned(),
        kind,
        is_required: parameter.required,
        description,
        sent_as: parameter.sent_as.clone().unwrap_or_default(),
    }
}

/// A schema as a type's word, where it says no more, or as it is; and what it says in words.
fn kind_of(schema: &Json) -> (String, String) {
    let Json::Map(members) = schema else { return (schema.to_string(), String::new()) };
    let told = schema.member("description").and_then(Json::as_text).unwrap_or_default();
    let rest: Vec<_> = members.iter().filter(|(name, _)| name != "description").cloned().collect();
    match rest.as_slice() {
        [(name, Json::Text(word))] if name == "type" => (word.clone(), told.to_owned()),
        _ => (Json::Map(rest).to_string(), told.to_owned()),
    }
}

/// The tool that a form says.
pub(super) fn read_tool(form: &ApiToolForm) -> Result<ApiTool, Problems> {
    let mut problems = Problems::none();
    let named = form.parameters.iter().filter(|row| !row.name.is_empty());
    let parameters = named.map(|row| parameter(row, &mut problems)).collect();
    let body = match form.body.as_str() {
        "" => None,
        text => Some(ApiBody {
            schema: Json::parse(text).unwrap_or_else(|error| {
                problems.add("body", format!("This cannot be read as JSON: {error}."));
                Json::Null
            }),
            arguments: if form.body_as == "whole" { BodyArguments::Whole } else { BodyArguments::Members },
            required: form.body_required,
        }),
    };
    if problems.any() {
        return Err(problems);
    }
    Ok(ApiTool {
        name: form.name.clone(),
        description: form.description.clone(),
        method: method(&form.method),
        path: form.path.clone(),
        parameters,
        body,
        user: match form.need.as_str() {
            "required" => Some(UserNeed::Required),
            "none" => Some(UserNeed::None),
            _ => None,
        },
    })
}

fn method(word: &str) -> ApiMethod {
    match word {
        "POST" => ApiMethod::Post,
        "PUT" => ApiMethod::Put,
        "PATCH" => ApiMethod::Patch,
        "DELETE" => ApiMethod::Delete,
        _ => ApiMethod::Get,
    }
}

fn parameter(row: &ParameterForm, problems: &mut Problems) -> ApiParameter {
    let place = match row.place.as_str() {
        "path" => ParameterPlace::Path,
        "header" => ParameterPlace::Header,
        _ => ParameterPlace::Query,
    };
    ApiParameter {
        name: row.name.clone(),
        place,
        sent_as: Some(row.sent_as.clone()).filter(|name| !name.is_empty()),
        required: row.is_required || place == ParameterPlace::Path,
        schema: schema(row, problems),
    }
}

fn schema(row: &ParameterForm, problems: &mut Problems) -> Json {
    let mut members = match row.kind.as_str() {
        "" => vec![("type".to_owned(), Json::Text("string".to_owned()))],
        text if text.starts_with('{') => match Json::parse(text) {
            Ok(Json::Map(members)) => members,
            Ok(_) | Err(_) => {
                problems.add("parameters", format!("The type of {} cannot be read as JSON.", row.name));
                return Json::Null;
            }
        },
        word => vec![("type".to_owned(), Json::Text(word.to_owned()))],
    };
    if !row.description.is_empty() {
        members.retain(|(name, _)| name != "description");
        members.push(("description".to_owned(), Json::Text(row.description.clone())));
        members.sort_by(|a, b| a.0.cmp(&b.0));
    }
    Json::Map(members)
}

/// Where a refusal belongs: its sentence begins with the field's name in the document. What is about a
/// tool is said beside the tool's field, with the index cut that nobody sees in a form.
pub(super) fn placed(error: &Error) -> Problems {
    const FIELDS: [(&str, &str, &str); 16] = [
        ("api.baseUrl", "base_url", "The base URL"),
        ("api.credential.header", "header", "The credential's header"),
        ("api.credential.prefix", "prefix", "What stands in front"),
        ("api.user.audience", "audience", "The audience"),
        ("api.user.headers", "user_headers", "Each header"),
        ("api.user.header", "assertion_header", "The assertion's header"),
        ("api.user", "user_headers", "The user"),
        ("settings.timeoutMs", "timeout_ms", "The deadline"),
        ("settings.maxBytes", "max_bytes", "The size"),
        ("settings.agents", "agent", "The list of agents"),
        ("settings", "tools", "The settings"),
        ("credential", "credential", "The credential"),
        (
            "url: the address changes, so the credential",
            "credential",
            "The base URL changes, so the credential",
        ),
        ("api.tools must hold", "tool", "There must be"),
        ("name", "name", "The name"),
        ("url", "base_url", "The base URL"),
    ];
    let sentence = error.sentence();
    let mut problems = Problems::none();
    if let Some((_, rest)) = sentence.strip_prefix("api.tools[").and_then(|rest| rest.split_once("].")) {
        let (field, text) = of_tool(rest);
        problems.add(field, text);
        return problems;
    }
    let found = FIELDS
        .iter()
        .find_map(|(name, field, shown)| sentence.strip_prefix(name).map(|rest| (*field, *shown, rest)));
    match found {
        Some((field, shown, rest)) => problems.add(field, format!("{shown}{rest}")),
        None => return Problems::of(error, "name"),
    }
    problems
}

/// The field of the tool's form for the rest of a sentence about it.
fn of_tool(rest: &str) -> (&'static str, String) {
    const FIELDS: [(&str, &str, &str); 5] = [
        ("parameters", "parameters", "The arguments"),
        ("description", "description", "What it does"),
        ("path", "path", "The path"),
        ("body", "body", "The body"),
        ("name", "tool_name", "The tool's name"),
    ];
    let numbered = rest.strip_prefix("parameters[").and_then(|rest| rest.split_once("]."));
    if let Some((index, rest)) = numbered {
        let number = index.parse().map_or(0, |index: usize| index + 1);
        return ("parameters", format!("Argument {number}: {rest}"));
    }
    let found = FIELDS.iter().find_map(|(name, field, shown)| {
        rest.strip_prefix(name).map(|rest| (*field, format!("{shown}{rest}")))
    });
    found.unwrap_or_else(|| ("tool_name", rest.to_owned()))
}

#[cfg(test)]
#[path = "api_form_tests.rs"]
mod tests;
