//! From an OpenAPI 3.0 or 3.1 document to declared tools (USR-9). What cannot be called as it is described
//! is left out, and said; nothing is made up and nothing is fetched: references stay within the document.
//!
//! The document is text from outside: its size, depth, references and texts are bounded, and what comes out
//! passes the same reader as tools that were written by hand ([`crate::api_tools`]).

mod document;
mod operation;
mod refs;
mod schema;
mod warnings;
mod yaml;

use document::Document;
use procura_model::{
    ApiServer, ApiTool, Json, Reason, Result,
    api_server::{CredentialForm, UserForward},
};
use warnings::Warnings;

/// How many tools one document may make: as many as a server may have.
const MAX_TOOLS: usize = 200;
/// The address that stands for one that is not known yet while the tools are tried.
const ANY_BASE: &str = "https://api.invalid";

/// A document and what is wanted of it.
#[derive(Debug)]
pub struct ImportAsk {
    /// The document: JSON or YAML as a text, or the JSON itself.
    pub document: Json,
    /// The base URL; that of the document's first server where absent.
    pub base_url: Option<String>,
    /// The tools or operations that are wanted, by name; all where absent.
    pub include: Option<Vec<String>>,
}

/// What a document makes.
#[derive(Clone, Debug)]
pub struct Imported {
    /// What the API calls itself.
    pub title: String,
    /// The base URL, where it is known.
    pub base_url: Option<String>,
    /// How a credential seems to be sent, where the document says so.
    pub credential: Option<CredentialForm>,
    /// The tools.
    pub tools: Vec<ApiTool>,
    /// What was left out or changed, a sentence each.
    pub warnings: Vec<String>,
}

/// Reads a document; nothing is kept.
///
/// # Errors
/// `FIELD_INVALID`: the document is no OpenAPI 3.0 or 3.1, or makes no tool.
pub fn import(ask: &ImportAsk) -> Result<Imported> {
    let document = Document::read(&ask.document)?;
    let mut warnings = Warnings::default();
    let base_url = match &ask.base_url {
        Some(url) => Some(url.clone()),
        None => document.base_url(&mut warnings),
    };
    let mut tools: Vec<ApiTool> = Vec::new();
    for found in operation::all(&document, &mut warnings) {
        let is_wanted = ask.include.as_ref().is_none_or(|wanted| found.is_among(wanted));
        if !is_wanted {
            continue;
        }
        if tools.len() >= MAX_TOOLS {
            warnings.say(format!("Only the first {MAX_TOOLS} operations were read."));
            break;
        }
        let Some(mut tool) = found.tool(&document, &mut warnings) else { continue };
        tool.name = free_name(&tool.name, &tools);
        match tried(&tool) {
            Ok(()) => tools.push(tool),
            Err(fault) => warnings.left_out(&found.label(), &fault),
        }
    }
    if let Some(missing) = ask.include.iter().flatten().find(|name| !tools.iter().any(|t| t.name == **name)) {
        warnings.say(format!("No tool has the name {}.", warnings::shown(missing)));
    }
    if tools.is_empty() {
        return Err(Reason::FieldInvalid.because(format!(
            "document makes no tool. {}",
            warnings.first().unwrap_or("It has no operation that was asked for.")
        )));
    }
    Ok(Imported {
        title: document.title(),
        base_url,
        credential: document.credential(&mut warnings),
        tools,
        warnings: warnings.into_vec(),
    })
}

/// Whether the tool could be saved.
fn tried(tool: &ApiTool) -> std::result::Result<(), String> {
    let alone = ApiServer {
        base_url: ANY_BASE.to_owned(),
        credential: CredentialForm::default(),
        user: UserForward::None,
        tools: vec![tool.clone()],
    };
    let fault = crate::api_tools::CompiledApi::compile(&alone).map(drop);
    fault.map_err(|fault| fault.strip_prefix("tools[0].").map_or(fault.clone(), str::to_owned))
}

/// A name that no tool has yet: `list`, `list_2`, `list_3`.
fn free_name(name: &str, tools: &[ApiTool]) -> String {
    let is_free = |name: &str| !tools.iter().any(|tool| tool.name.eq_ignore_ascii_case(name));
    if is_free(name) {
        return name.to_owned();
    }
    let numbered = (2..=MAX_TOOLS + 1).map(|number| {
        let end = format!("_{number}");
        let kept: String = name.chars().take(64 - end.len()).collect();
        format!("{kept}{end}")
    });
    numbered.into_iter().find(|name| is_free(name)).unwrap_or_default()
}

#[cfg(test)]
#[path = "import_tests.rs"]
mod tests;
