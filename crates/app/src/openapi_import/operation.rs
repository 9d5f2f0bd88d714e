//! From an operation to a tool: its name, its parameters, its body.

use super::{
    document::Document,
    refs,
    schema::Writer,
    warnings::{self, Warnings},
};
use procura_model::{
    ApiTool, Json,
    api_server::{ApiBody, ApiMethod, ApiParameter, BodyArguments, ParameterPlace},
};
use procura_policy::schema::{Schema, Type};

const MAX_DESCRIPTION_CHARS: usize = 1_000;
const MAX_PARAMETERS: usize = 64;

/// The methods that become tools, and those that do not.
const METHODS: [(&str, Option<ApiMethod>); 8] = [
    ("get", Some(ApiMethod::Get)),
    ("post", Some(ApiMethod::Post)),
    ("put", Some(ApiMethod::Put)),
    ("patch", Some(ApiMethod::Patch)),
    ("delete", Some(ApiMethod::Delete)),
    ("head", None),
    ("options", None),
    ("trace", None),
];

/// An operation of the document.
pub(super) struct Operation<'d> {
    method: ApiMethod,
    path: &'d str,
    item: &'d Json,
    operation: &'d Json,
}

/// Every operation that could become a tool, in the order of the paths.
pub(super) fn all<'d>(document: &'d Document, warnings: &mut Warnings) -> Vec<Operation<'d>> {
    let mut found = Vec::new();
    let Some(Json::Map(paths)) = document.root.member("paths") else { return found };
    for (path, item) in paths {
        let item = match refs::resolve(&document.root, item) {
            Ok(item) => item,
            Err(why) => {
                warnings.left_out(&warnings::shown(path), why);
                continue;
            }
        };
        for (name, method) in METHODS {
            match (item.member(name), method) {
                (Some(operation), Some(method)) => found.push(Operation { method, path, item, operation }),
                (Some(_), None) => {
                    let label = format!("{} {}", name.to_ascii_uppercase(), warnings::shown(path));
                    warnings.left_out(&label, "the method makes no tool");
                }
                (None, _) => {}
            }
        }
    }
    found
}

impl Operation<'_> {
    /// `GET /customers/{id}`.
    pub(super) fn label(&self) -> String {
        format!("{} {}", self.method.as_str(), warnings::shown(self.path))
    }

    fn id(&self) -> Option<&str> {
        self.operation.member("operationId").and_then(Json::as_text).filter(|id| !id.trim().is_empty())
    }

    /// The name of the tool: the operation's id, or method and path, in the letters that a name may have.
    fn name(&self) -> String {
        let of_path = || format!("{}{}", self.method.as_str().to_ascii_lowercase(), self.path);
        let text = self.id().map_or_else(of_path, str::to_owned);
        let mut name = String::new();
        for letter in text.chars() {
            let is_good = letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
            let letter = if is_good { letter } else { '_' };
            if letter != '_' || !name.ends_with('_') {
                name.push(letter);
            }
        }
        let name: String = name.trim_matches('_').chars().take(64).collect();
        if name.is_empty() { "operation".to_owned() } else { name }
    }

    /// Whether it is asked for: by the name of its tool, its own id, or its label.
    pub(super) fn is_among(&self, wanted: &[String]) -> bool {
        wanted
            .iter()
            .any(|each| *each == self.name() || Some(each.as_str()) == self.id() || *each == self.label())
    }

    /// The tool; none where a call could not be made as it is described, which is said.
    pub(super) fn tool(&self, document: &Document, warnings: &mut Warnings) -> Option<ApiTool> {
        let label = self.label();
        let made = self.parameters(document, warnings).and_then(|mut parameters| {
            let body = self.body(document, &parameters, warnings)?;
            // Where a parameter would take the whole body's name, it is renamed.
            if body.as_ref().is_some_and(|body| body.arguments == BodyArguments::Whole) {
                for parameter in parameters.iter_mut().filter(|each| each.name.eq_ignore_ascii_case("body")) {
                    parameter.sent_as = Some(parameter.wire_name().to_owned());
                    "body_parameter".clone_into(&mut parameter.name);
                }
            }
            Ok((parameters, body))
        });
        let (parameters, body) = match made {
            Ok(made) => made,
            Err(why) => {
                warnings.left_out(&label, &why);
                return None;
            }
        };
        Some(ApiTool {
            name: self.name(),
            description: self.description(),
            method: self.method,
            path: self.path.to_owned(),
            parameters,
            body,
            user: None,
        })
    }

    fn description(&self) -> String {
        let text = |key: &str| self.operation.member(key).and_then(Json::as_text).map(str::trim);
        let parts =
            [text("summary"), text("description")].into_iter().flatten().filter(|text| !text.is_empty());
        let whole = parts.collect::<Vec<_>>().join("\n\n");
        let whole = if whole.is_empty() { self.label() } else { whole };
        let is_shown = |c: &char| !c.is_control() || *c == '\n';
        whole.chars().filter(is_shown).take(MAX_DESCRIPTION_CHARS).collect()
    }

    /// The parameters of the path, overridden by those of the operation.
    fn parameters(&self, document: &Document, warnings: &mut Warnings) -> Result<Vec<ApiParameter>, String> {
        let mut known: Vec<(&str, &str, &Json)> = Vec::new();
        for source in [self.item, self.operation] {
            let Some(Json::List(list)) = source.member("parameters") else { continue };
            for parameter in list {
                let parameter = refs::resolve(&document.root, parameter).map_err(str::to_owned)?;
                let text = |key: &str| parameter.member(key).and_then(Json::as_text);
                let (Some(name), Some(place)) = (text("name"), text("in")) else {
                    return Err("a parameter has no name or no place".to_owned());
                };
                known.retain(|(other, there, _)| (*other, *there) != (name, place));
                known.push((name, place, parameter));
            }
        }
        if known.len() > MAX_PARAMETERS {
            return Err(format!("it has more than {MAX_PARAMETERS} parameters"));
        }
        let mut read: Vec<ApiParameter> = Vec::new();
        for (name, place, parameter) in known {
            let is_required = place == "path" || parameter.member("required") == Some(&Json::Bool(true));
            match self.parameter((name, place, parameter), document, warnings) {
                Ok(Some(mut made)) => {
                    let clashes = |n: &str| read.iter().any(|other| other.name.eq_ignore_ascii_case(n));
                    if clashes(&made.name) {
                        made.sent_as = Some(made.wire_name().to_owned());
                        made.name = format!("{place}_{}", made.name).chars().take(64).collect();
                    }
                    made.required = is_required;
                    read.push(made);
                }
                Ok(None) => {}
                Err(why) if is_required => {
                    return Err(format!("the parameter {} {why}", warnings::shown(name)));
                }
                Err(why) => {
                    let what = format!("the parameter {} is left out: it {why}", warnings::shown(name));
                    warnings.about(&self.label(), &what);
                }
            }
        }
        Ok(read)
    }

    /// One parameter; none for a header that the call sets itself.
    fn parameter(
        &self,
        (name, place, parameter): (&str, &str, &Json),
        document: &Document,
        warnings: &mut Warnings,
    ) -> Result<Option<ApiParameter>, &'static str> {
        let place = match place {
            "path" => ParameterPlace::Path,
            "query" => ParameterPlace::Query,
            // OpenAPI: these three are described elsewhere, and ignored where they stand as parameters.
            "header"
                if ["accept", "content-type", "authorization"]
                    .iter()
                    .any(|h| name.eq_ignore_ascii_case(h)) =>
            {
                return Ok(None);
            }
            "header" => ParameterPlace::Header,
            _ => return Err("goes into a cookie"),
        };
        let Some(schema) = parameter.member("schema") else { return Err("is described by its content") };
        let style = parameter.member("style").and_then(Json::as_text);
        let is_usual = match place {
            ParameterPlace::Path | ParameterPlace::Header => style.is_none_or(|style| style == "simple"),
            ParameterPlace::Query => style.is_none_or(|style| style == "form"),
        };
        if !is_usual {
            return Err("is written in a style that is not known here");
        }
        let label = self.label();
        let mut schema = Writer::new(document, &label, warnings).write(schema);
        describe(&mut schema, parameter);
        let compiled = Schema::compile(&schema).map_err(|_| "has a schema that cannot be enforced")?;
        let plain = [Type::String, Type::Integer, Type::Number, Type::Boolean];
        let is_plain = compiled.takes_only(&plain);
        let is_list = place == ParameterPlace::Query
            && parameter.member("explode") != Some(&Json::Bool(false))
            && compiled.takes_only(&[&plain[..], &[Type::Array, Type::Null]].concat());
        if !is_plain && !is_list {
            return Err("is no plain value (a type of string, integer, number or boolean)");
        }
        let argument = argument_name(name);
        Ok(Some(ApiParameter {
            sent_as: (argument != name).then(|| name.to_owned()),
            name: argument,
            place,
            required: false,
            schema,
        }))
    }

    fn body(
        &self,
        document: &Document,
        parameters: &[ApiParameter],
        warnings: &mut Warnings,
    ) -> Result<Option<ApiBody>, String> {
        let Some(body) = self.operation.member("requestBody") else { return Ok(None) };
        let body = refs::resolve(&document.root, body).map_err(str::to_owned)?;
        let required = body.member("required") == Some(&Json::Bool(true));
        let label = self.label();
        if self.method == ApiMethod::Get {
            warnings.about(&label, "the body of a GET is left out");
            return Ok(None);
        }
        let Some(schema) = json_schema(body) else {
            if required {
                return Err("its body is no JSON".to_owned());
            }
            warnings.about(&label, "the body is left out: it is no JSON");
            return Ok(None);
        };
        let schema = Writer::new(document, &label, warnings).write(schema);
        let arguments =
            if are_arguments(&schema, parameters) { BodyArguments::Members } else { BodyArguments::Whole };
        Ok(Some(ApiBody { schema, arguments, required }))
    }
}

/// The schema of a body in JSON.
fn json_schema(body: &Json) -> Option<&Json> {
    let Some(Json::Map(kinds)) = body.member("content") else { return None };
    let essence = |kind: &str| kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = |kind: &str| matches!(essence(kind).as_str(), "application/json" | "*/*" | "application/*");
    let like_json = |kind: &str| essence(kind).ends_with("+json");
    let find =
        |fits: &dyn Fn(&str) -> bool| kinds.iter().find(|(kind, _)| fits(kind)).map(|(_, media)| media);
    find(&is_json).or_else(|| find(&like_json))?.member("schema")
}

/// Whether each member of the body can be an argument beside the parameters.
fn are_arguments(schema: &Json, parameters: &[ApiParameter]) -> bool {
    let Some(Json::Map(properties)) = schema.member("properties") else { return false };
    let is_object = schema.member("type").and_then(Json::as_text) == Some("object");
    let is_whole = ["allOf", "anyOf", "oneOf"].iter().any(|key| schema.member(key).is_some());
    let takes_others = matches!(schema.member("additionalProperties"), Some(Json::Bool(true) | Json::Map(_)));
    let is_argument = |name: &str| {
        argument_name(name) == name && !parameters.iter().any(|p| p.name.eq_ignore_ascii_case(name))
    };
    is_object
        && !is_whole
        && !takes_others
        && !properties.is_empty()
        && properties.iter().all(|(name, _)| is_argument(name))
}

/// The name in the letters that an argument may have.
fn argument_name(name: &str) -> String {
    let good = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' };
    let name: String = name.chars().map(good).take(64).collect();
    let trimmed = name.trim_end_matches('_');
    if trimmed.is_empty() { "argument".to_owned() } else { trimmed.to_owned() }
}

/// The parameter's description stands in its schema, where a model reads it.
fn describe(schema: &mut Json, parameter: &Json) {
    let Some(text) = parameter.member("description").and_then(Json::as_text) else { return };
    let Json::Map(members) = schema else { return };
    let text: String = text.chars().filter(|c| !c.is_control()).take(300).collect();
    if !members.iter().any(|(key, _)| key == "description") {
        members.push(("description".to_owned(), Json::Text(text)));
        members.sort_by(|a, b| a.0.cmp(&b.0));
    }
}
