//! The document as a whole: its version, its address, and how a credential is sent.

use super::{
    refs,
    warnings::{self, Warnings},
    yaml,
};
use crate::api_tools::MAX_PATTERNS;
use procura_model::{Json, Reason, Result, api_server::CredentialForm};
use std::cell::Cell;

/// How large a document may be as a text.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// How long an address is written out.
const MAX_URL_BYTES: usize = 8 * 1024;
/// How much all schemas of a document may be when they are written out: one that is referred to a thousand times is
/// written a thousand times.
const MAX_WRITTEN_BYTES: usize = 8 * 1024 * 1024;

/// An OpenAPI document.
pub(super) struct Document {
    pub(super) root: Json,
    /// How many bytes may still be written out of it.
    room: Cell<usize>,
    /// How many patterns may still be taken from it.
    patterns: Cell<usize>,
}

impl Document {
    /// Reads a document of the versions that are known.
    pub(super) fn read(document: &Json) -> Result<Self> {
        let wrong = |what: &str| Reason::FieldInvalid.because(format!("document {what}."));
        let root = match document {
            Json::Text(text) if text.len() > MAX_BYTES => return Err(wrong("must be at most 4 MiB")),
            Json::Text(text) => match Json::parse(text) {
                Ok(json) => json,
                Err(_) => yaml::parse(text).map_err(wrong)?,
            },
            other => other.clone(),
        };
        let version = match root.member("openapi") {
            Some(Json::Text(version)) => version.as_str(),
            Some(Json::Number(version)) => version,
            _ => "",
        };
        let is_known = ["3.0", "3.1"].iter().any(|known| {
            version.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        if is_known {
            Ok(Self { root, room: Cell::new(MAX_WRITTEN_BYTES), patterns: Cell::new(MAX_PATTERNS) })
        } else {
            Err(wrong("must be OpenAPI 3.0 or 3.1, with the version in openapi"))
        }
    }

    /// Takes room for what is written out; false where there is not enough, and from then on.
    pub(super) fn takes(&self, bytes: usize) -> bool {
        let left = self.room.get().checked_sub(bytes);
        self.room.set(left.unwrap_or(0));
        left.is_some()
    }

    /// Takes a pattern; false where a declaration could hold no more of them.
    pub(super) fn takes_pattern(&self) -> bool {
        let left = self.patterns.get().checked_sub(1);
        self.patterns.set(left.unwrap_or(0));
        left.is_some()
    }

    /// What the API calls itself.
    pub(super) fn title(&self) -> String {
        warnings::shown(self.root.at("info.title").and_then(Json::as_text).unwrap_or("API"))
    }

    /// The address of its first server, with the defaults of its variables.
    pub(super) fn base_url(&self, warnings: &mut Warnings) -> Option<String> {
        let server = self.root.at("servers.0")?;
        let url = filled(server.member("url")?.as_text()?, server.member("variables"));
        if procura_egress::WebUrl::parse(&url).is_ok() && !url.contains(['{', '}', '?', '#']) {
            return Some(url);
        }
        warnings.say("The document names no whole address, so the base URL must be given.".to_owned());
        None
    }

    /// How a credential is sent, by the first scheme that can be used.
    pub(super) fn credential(&self, warnings: &mut Warnings) -> Option<CredentialForm> {
        let Some(Json::Map(schemes)) = self.root.at("components.securitySchemes") else { return None };
        let mut found = None;
        for (name, scheme) in schemes.iter().take(50) {
            let Ok(scheme) = refs::resolve(&self.root, scheme) else { continue };
            let word = |key: &str| scheme.member(key).and_then(Json::as_text).unwrap_or_default();
            let form = match (word("type"), word("scheme").to_ascii_lowercase().as_str(), word("in")) {
                ("http", "bearer", _) | ("oauth2" | "openIdConnect", _, _) => Some(CredentialForm::default()),
                ("http", "basic", _) => {
                    Some(CredentialForm { header: "authorization".to_owned(), prefix: "Basic ".to_owned() })
                }
                ("apiKey", _, "header") => {
                    Some(CredentialForm { header: word("name").to_ascii_lowercase(), prefix: String::new() })
                }
                _ => None,
            };
            match form {
                Some(form) => found = found.or(Some(form)),
                None => warnings.say(format!(
                    "The security scheme {} cannot be used: a credential is sent in a header.",
                    warnings::shown(name)
                )),
            }
        }
        found
    }
}

/// A URL with the defaults of its variables. Each place is filled once: what a default brings along is text, or a few
/// lines would stand for gigabytes.
fn filled(url: &str, variables: Option<&Json>) -> String {
    let mut out = String::new();
    let mut rest = url;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let place = after.split_once('}').and_then(|(name, after)| {
            let default = variables?.member(name)?.member("default")?.as_text()?;
            Some((default, after))
        });
        match place {
            Some((default, after)) if out.len() + default.len() <= MAX_URL_BYTES => {
                out.push_str(default);
                rest = after;
            }
            _ => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}
