//! Reading a declaration. The error is a sentence without full stop that begins with the member.

use super::{
    headers::{self, Use},
    path::PathTemplate,
    user::Forward,
};
use procura_egress::WebUrl;
use procura_model::{
    ApiServer, ApiTool, Json,
    api_server::{ApiMethod, BodyArguments, CredentialForm, ParameterPlace, UserNeed},
};
use procura_policy::schema::{Fault, Schema, Type};

const MAX_TOOLS: usize = 200;
const MAX_PARAMETERS: usize = 64;
/// How many patterns all tools may hold together: a compiled one takes up to 256 KiB and some milliseconds.
pub(crate) const MAX_PATTERNS: usize = 200;
const MAX_DESCRIPTION_BYTES: usize = 4_096;
const MAX_WIRE_NAME_BYTES: usize = 128;
/// The argument that is the whole body.
pub(super) const BODY: &str = "body";

/// An API that can be called.
#[derive(Debug)]
pub struct CompiledApi {
    /// Its base URL in normal form, without a slash at its end.
    pub(super) base: String,
    /// Its host: the vendor of every call.
    pub host: String,
    /// How the credential is sent.
    pub credential: CredentialForm,
    /// What is told of the user.
    pub forward: Forward,
    /// Its tools, in the declared order.
    pub tools: Vec<CompiledTool>,
}

/// A tool that can be called.
#[derive(Debug)]
pub struct CompiledTool {
    /// Its name.
    pub name: String,
    /// The HTTP method.
    pub method: ApiMethod,
    /// Its definition as MCP lists it.
    pub definition: String,
    /// Whether it is called for a verified user alone.
    pub needs_user: bool,
    /// Whether anything is told of the user.
    pub tells_of_user: bool,
    pub(super) path: PathTemplate,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<Body>,
    arguments: Schema,
}

/// Where an argument goes.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) argument: String,
    pub(super) place: ParameterPlace,
    pub(super) wire_name: String,
}

/// How the body is made.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) schema: Schema,
    pub(super) arguments: BodyArguments,
    pub(super) is_required: bool,
}

impl CompiledApi {
    /// Reads a declaration.
    ///
    /// # Errors
    /// A sentence that begins with the member and says what it must be.
    pub fn compile(api: &ApiServer) -> Result<Self, String> {
        let (base, host) = base(&api.base_url)?;
        let forward = Forward::compile(&api.user)?;
        let credential = credential(&api.credential)?;
        let mut taken: Vec<&str> = forward.header_names();
        if taken.contains(&credential.header.as_str()) {
            return Err("user must not be told in the header of the credential".to_owned());
        }
        taken.push(&credential.header);
        if !(1..=MAX_TOOLS).contains(&api.tools.len()) {
            return Err(format!("tools must hold 1 to {MAX_TOOLS} tools"));
        }
        if api.tools.iter().map(patterns).sum::<usize>() > MAX_PATTERNS {
            return Err(format!("tools must hold at most {MAX_PATTERNS} patterns together"));
        }
        let told = !matches!(forward, Forward::Nothing);
        let mut tools: Vec<CompiledTool> = Vec::with_capacity(api.tools.len());
        for (index, tool) in api.tools.iter().enumerate() {
            let at = |fault: String| format!("tools[{index}].{fault}");
            let compiled = tool_of(tool, told, &taken).map_err(at)?;
            if tools.iter().any(|other| other.name.eq_ignore_ascii_case(&compiled.name)) {
                return Err(at("name must be another: two tools have it".to_owned()));
            }
            tools.push(compiled);
        }
        Ok(Self { base, host, credential, forward, tools })
    }

    /// The tool of this name.
    #[must_use]
    pub fn tool(&self, name: &str) -> Option<&CompiledTool> {
        self.tools.iter().find(|tool| tool.name == name)
    }
}

impl CompiledTool {
    /// Whether these arguments are as declared.
    ///
    /// # Errors
    /// What is wrong, by name and without the value.
    pub fn check(&self, arguments: &Json) -> Result<(), Fault> {
        self.arguments.check(arguments)?;
        match (&self.body, self.body_of(arguments)) {
            (Some(body), Some(value)) => body.schema.check(&value),
            (Some(_), None) | (None, _) => Ok(()),
        }
    }

    /// The body that these arguments make, if any.
    pub(super) fn body_of(&self, arguments: &Json) -> Option<Json> {
        let body = self.body.as_ref()?;
        match body.arguments {
            BodyArguments::Whole => arguments.member(BODY).cloned(),
            BodyArguments::Members => {
                let Json::Map(members) = arguments else { return None };
                let is_ours = |name: &str| !self.parameters.iter().any(|other| other.argument == name);
                let own: Vec<_> = members.iter().filter(|(name, _)| is_ours(name)).cloned().collect();
                (body.is_required || !own.is_empty()).then_some(Json::Map(own))
            }
        }
    }
}

fn base(text: &str) -> Result<(String, String), String> {
    let wrong = || "baseUrl must be an http or https URL without user name, query and fragment".to_owned();
    let url = WebUrl::parse(text).map_err(|_| wrong())?;
    let base = url.as_str().trim_end_matches('/').to_owned();
    let path = base.splitn(4, '/').nth(3).map_or("/".to_owned(), |path| format!("/{path}"));
    let has_places = base.contains(['{', '}']) || text.contains(['?', '#', '{', '}']);
    if has_places || PathTemplate::parse(&path).is_err() {
        return Err(wrong());
    }
    Ok((base, url.target().host().to_string()))
}

fn credential(form: &CredentialForm) -> Result<CredentialForm, String> {
    let header = headers::name(&form.header, Use::Server).ok_or(
        "credential.header must be a header that a call may set, not one of the connection or routing",
    )?;
    let prefix = form.prefix.trim_end_matches(' ');
    if form.prefix.len() > 64 || !headers::is_value(prefix) {
        return Err("credential.prefix must be at most 64 visible characters".to_owned());
    }
    Ok(CredentialForm { header, prefix: form.prefix.clone() })
}

fn tool_of(tool: &ApiTool, told: bool, taken: &[&str]) -> Result<CompiledTool, String> {
    if !is_name(&tool.name) {
        return Err("name must be 1 to 64 of a-z, A-Z, 0-9, _ and -".to_owned());
    }
    if tool.description.len() > MAX_DESCRIPTION_BYTES {
        return Err("description must be at most 4,096 bytes long".to_owned());
    }
    let path = PathTemplate::parse(&tool.path).map_err(|must| format!("path {must}"))?;
    let parameters = parameters(tool, taken)?;
    let in_path = |place: &str| {
        parameters.iter().any(|each| each.place == ParameterPlace::Path && each.wire_name == place)
    };
    if let Some(place) = path.places().find(|place| !in_path(place)) {
        return Err(format!("path names {{{place}}}, so parameters must hold one of that name in the path"));
    }
    let unused = |each: &&Parameter| {
        each.place == ParameterPlace::Path && !path.places().any(|place| place == each.wire_name)
    };
    if let Some(unused) = parameters.iter().find(unused) {
        return Err(format!("path must hold {{{}}}, which a parameter fills", unused.wire_name));
    }
    let body = body(tool, &parameters)?;
    let input = input_schema(tool);
    let arguments = Schema::compile(&input)?;
    Ok(CompiledTool {
        name: tool.name.clone(),
        method: tool.method,
        definition: definition(tool, input),
        needs_user: tool.user.map_or(told, |need| need == UserNeed::Required),
        tells_of_user: told && tool.user != Some(UserNeed::None),
        path,
        parameters,
        body,
        arguments,
    })
}

/// How many patterns the schemas of a tool hold.
fn patterns(tool: &ApiTool) -> usize {
    let of_parameters = tool.parameters.iter().map(|each| patterns_in(&each.schema)).sum::<usize>();
    of_parameters + tool.body.as_ref().map_or(0, |body| patterns_in(&body.schema))
}

fn patterns_in(schema: &Json) -> usize {
    match schema {
        Json::Map(members) => members
            .iter()
            .map(|(key, value)| {
                usize::from(key == "pattern" && value.as_text().is_some()) + patterns_in(value)
            })
            .sum(),
        Json::List(items) => items.iter().map(patterns_in).sum(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => 0,
    }
}

fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn parameters(tool: &ApiTool, taken: &[&str]) -> Result<Vec<Parameter>, String> {
    if tool.parameters.len() > MAX_PARAMETERS {
        return Err(format!("parameters must hold at most {MAX_PARAMETERS} entries"));
    }
    let mut read: Vec<Parameter> = Vec::new();
    for (index, parameter) in tool.parameters.iter().enumerate() {
        let at = |must: &str| format!("parameters[{index}].{must}");
        if !is_name(&parameter.name) {
            return Err(at(
                "name must be 1 to 64 of a-z, A-Z, 0-9, _ and -; sentAs is what the API calls it",
            ));
        }
        if read.iter().any(|other| other.argument.eq_ignore_ascii_case(&parameter.name)) {
            return Err(at("name must be another: two arguments have it"));
        }
        let schema = Schema::compile(&parameter.schema).map_err(|fault| at(&format!("schema: {fault}")))?;
        let scalars = [Type::String, Type::Integer, Type::Number, Type::Boolean];
        let with_lists = [&scalars[..], &[Type::Array, Type::Null]].concat();
        let (types, words): (&[Type], _) = match parameter.place {
            ParameterPlace::Path | ParameterPlace::Header => {
                (&scalars, "schema.type must be string, integer, number or boolean")
            }
            ParameterPlace::Query => {
                (&with_lists, "schema.type must be string, integer, number, boolean, array or null")
            }
        };
        if !schema.takes_only(types) {
            return Err(at(words));
        }
        let wire_name = wire_name(parameter.wire_name(), parameter.place, taken).map_err(at)?;
        if read.iter().any(|other| other.place == parameter.place && other.wire_name == wire_name) {
            return Err(at("sentAs must be another: two arguments go to the same place"));
        }
        read.push(Parameter { argument: parameter.name.clone(), place: parameter.place, wire_name });
    }
    Ok(read)
}

fn wire_name(name: &str, place: ParameterPlace, taken: &[&str]) -> Result<String, &'static str> {
    match place {
        ParameterPlace::Header => headers::name(name, Use::Argument)
            .filter(|name| !taken.contains(&name.as_str()))
            .ok_or("name (or sentAs) must be a header that an argument may set: not one of the connection, of routing, or of who calls"),
        ParameterPlace::Path | ParameterPlace::Query => {
            let is_good = (1..=MAX_WIRE_NAME_BYTES).contains(&name.len()) && !name.chars().any(char::is_control);
            if is_good { Ok(name.to_owned()) } else { Err("sentAs must be 1 to 128 bytes without control characters") }
        }
    }
}

fn body(tool: &ApiTool, parameters: &[Parameter]) -> Result<Option<Body>, String> {
    let Some(body) = &tool.body else { return Ok(None) };
    if tool.method == ApiMethod::Get {
        return Err("body must be left out of a GET".to_owned());
    }
    let schema = Schema::compile(&body.schema).map_err(|fault| format!("body.schema: {fault}"))?;
    let clash = |name: &str| parameters.iter().any(|each| each.argument.eq_ignore_ascii_case(name));
    match body.arguments {
        BodyArguments::Whole if clash(BODY) => {
            return Err("parameters must not hold one that is called body beside a body".to_owned());
        }
        BodyArguments::Whole => {}
        BodyArguments::Members => {
            let Some(Json::Map(members)) = body.schema.member("properties") else {
                return Err("body.schema must declare properties where its members are arguments".to_owned());
            };
            if !schema.takes_only(&[Type::Object]) {
                return Err("body.schema.type must be object where its members are arguments".to_owned());
            }
            if let Some((name, _)) = members.iter().find(|(name, _)| !is_name(name) || clash(name)) {
                let shown: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
                return Err(format!(
                    "body.schema.properties.{shown} cannot be an argument of its own; let body.arguments be whole"
                ));
            }
        }
    }
    Ok(Some(Body { schema, arguments: body.arguments, is_required: body.required }))
}

/// What the arguments must look like as a whole: nothing but what is declared.
fn input_schema(tool: &ApiTool) -> Json {
    let mut properties: Vec<(String, Json)> =
        tool.parameters.iter().map(|each| (each.name.clone(), each.schema.clone())).collect();
    let must = |place, required| required || place == ParameterPlace::Path;
    let wanted = tool.parameters.iter().filter(|each| must(each.place, each.required));
    let mut required: Vec<Json> = wanted.map(|each| Json::Text(each.name.clone())).collect();
    match &tool.body {
        Some(body) if body.arguments == BodyArguments::Members => {
            if let Some(Json::Map(members)) = body.schema.member("properties") {
                properties.extend(members.iter().cloned());
            }
            if let Some(Json::List(names)) = body.schema.member("required").filter(|_| body.required) {
                required.extend(names.iter().cloned());
            }
        }
        Some(body) => {
            properties.push((BODY.to_owned(), body.schema.clone()));
            required.extend(body.required.then(|| Json::Text(BODY.to_owned())));
        }
        None => {}
    }
    map(vec![
        ("type", Json::Text("object".to_owned())),
        ("properties", sorted(properties)),
        ("required", Json::List(required)),
        ("additionalProperties", Json::Bool(false)),
    ])
}

fn definition(tool: &ApiTool, input: Json) -> String {
    let hint = |method| Json::Bool(tool.method == method);
    let annotations = map(vec![
        ("readOnlyHint", hint(ApiMethod::Get)),
        ("destructiveHint", hint(ApiMethod::Delete)),
        ("openWorldHint", Json::Bool(false)),
    ]);
    map(vec![
        ("name", Json::Text(tool.name.clone())),
        ("description", Json::Text(tool.description.clone())),
        ("inputSchema", input),
        ("annotations", annotations),
    ])
    .to_string()
}

fn map(members: Vec<(&str, Json)>) -> Json {
    sorted(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn sorted(mut members: Vec<(String, Json)>) -> Json {
    members.sort_by(|a, b| a.0.cmp(&b.0));
    members.dedup_by(|a, b| a.0 == b.0);
    Json::Map(members)
}

#[cfg(test)]
#[path = "compile_tests.rs"]
mod tests;
