//! From arguments to a request: values go into their places, and into nothing else.

use super::{
    compile::{CompiledApi, CompiledTool, Parameter},
    headers,
    path::encode,
};
use procura_egress::WebUrl;
use procura_model::{Json, api_server::ParameterPlace};

/// A request but for credential and user.
#[derive(Debug)]
pub struct Filled {
    /// Where it goes.
    pub url: WebUrl,
    /// The headers that arguments set; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The JSON body, where there is one.
    pub body: Option<String>,
}

/// The argument whose value cannot stand in its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The argument {argument} {must}.")]
pub struct Unfillable {
    argument: String,
    must: &'static str,
}

impl CompiledApi {
    /// The request that these arguments make; they were checked before.
    ///
    /// # Errors
    /// [`Unfillable`]: a value would leave its place, or the whole is too long.
    pub fn fill(&self, tool: &CompiledTool, arguments: &Json) -> Result<Filled, Unfillable> {
        let no = |argument: &str, must| Err(Unfillable { argument: argument.to_owned(), must });
        let mut url = self.base.clone();
        let at = |place: &str| {
            let of =
                tool.parameters.iter().find(|p| p.place == ParameterPlace::Path && p.wire_name == place)?;
            scalar(arguments.member(&of.argument)?)
        };
        match tool.path.fill(at) {
            Ok(path) => url.push_str(&path),
            Err(place) => {
                return no(place, "must not be empty, . or .., or hold / or \\ or control characters");
            }
        }
        let mut mark = '?';
        for parameter in of_place(tool, ParameterPlace::Query) {
            let values = match arguments.member(&parameter.argument) {
                None | Some(Json::Null) => continue,
                Some(Json::List(items)) => items.iter().map(scalar).collect(),
                Some(one) => scalar(one).map(|one| vec![one]),
            };
            let Some(values) = values else {
                return no(&parameter.argument, "must be a plain value or a list of them");
            };
            for value in values {
                url.push(mark);
                mark = '&';
                encode(&parameter.wire_name, &mut url);
                url.push('=');
                encode(&value, &mut url);
            }
        }
        let mut sent = Vec::new();
        for parameter in of_place(tool, ParameterPlace::Header) {
            let Some(value) = arguments.member(&parameter.argument) else { continue };
            match scalar(value).filter(|value| headers::is_value(value)) {
                Some(value) => sent.push((parameter.wire_name.clone(), value)),
                None => {
                    return no(
                        &parameter.argument,
                        "must be visible ASCII, at most 4,096 bytes, to stand in a header",
                    );
                }
            }
        }
        // What two readers of URLs would not read alike is not sent: nothing of it may be rewritten.
        let Some(parsed) = WebUrl::parse(&url).ok().filter(|parsed| parsed.as_str() == url) else {
            return no("s together", "must make a URL of at most 8 KiB");
        };
        Ok(Filled { url: parsed, headers: sent, body: tool.body_of(arguments).map(|body| body.to_string()) })
    }
}

fn of_place(tool: &CompiledTool, place: ParameterPlace) -> impl Iterator<Item = &Parameter> {
    tool.parameters.iter().filter(move |parameter| parameter.place == place)
}

/// A plain value as text.
fn scalar(value: &Json) -> Option<String> {
    match value {
        Json::Text(text) => Some(text.clone()),
        Json::Number(digits) => Some(digits.to_string()),
        Json::Bool(value) => Some(value.to_string()),
        Json::Null | Json::List(_) | Json::Map(_) => None,
    }
}
