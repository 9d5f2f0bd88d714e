//! The document (OpenAPI 3.1), made from the routes themselves, and `docs/ERRORS.md`, made from the
//! table of refusals. Both are checked in and must come out the same again.

use crate::{api, respond::ErrorBody, schema::ReasonCode, state::WebState};
use axum::Router;
use procura_model::Reason;
use std::fmt::Write as _;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::router::OpenApiRouter;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Procura",
        description = "Decide, carry out and prove what AI agents do. Every answer carries `x-request-id`; \
            every error has the form `Error` and a code from one table. Times are RFC 3339 in UTC, amounts \
            are decimal strings. Lists page by `cursor`. Operations that change something take an \
            `Idempotency-Key` header. The words beside a security scheme are the scopes that the key needs. \
            An agent that acts for a user sends `X-Procura-Session` beside its key, in every operation; the \
            user's own token is taken in `X-User-Auth-Token` where a session is opened and nowhere else. The OpenID \
            AuthZEN API 1.0 is served at `/access/v1` with the standard's own forms (metadata at \
            `/.well-known/authzen-configuration`); the keys that sign receipts are at `/.well-known/jwks.json`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "Verify", description = "The decision before the action."),
        (name = "Activity", description = "What happened: traces, decisions, changes."),
        (name = "Screening", description = "Looking for injections: prompts, what was found, what people say of it."),
        (name = "Agents", description = "Registered autonomous actors."),
        (name = "Keys", description = "API keys, shown once, kept as digests."),
        (name = "Permissions", description = "What an agent may and may not do."),
        (name = "Budgets", description = "Limits over time, and what was reserved against them."),
        (name = "Approvals", description = "Human answers to exact asks."),
        (name = "Passports", description = "The public view of an agent's permissions, opened by a link."),
        (name = "Tools", description = "Upstreams that offer tools through the gateway at /v1/mcp."),
        (name = "Users", description = "By which method an agent's users are verified."),
        (name = "Sessions", description = "Agents acting for verified users."),
        (name = "OAuth", description = "Clients of the authorization server, what people allowed them, and guarded APIs."),
        (name = "AuthZEN", description = "Subjects and resources that the AuthZEN API at /access/v1 knows of."),
        (name = "Members", description = "People and invitations."),
        (name = "Organization", description = "Name and settings."),
    ),
    components(schemas(ErrorBody<'_>, ReasonCode)),
    modifiers(&Keys),
)]
struct Base;

/// The two ways to send a key.
struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An agent key (`pca_`) or a platform key (`pcp_`)."));
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
        let header = ApiKeyValue::with_description("x-api-key", "The same key in a header of its own.");
        components.add_security_scheme("apiKey", SecurityScheme::ApiKey(ApiKey::Header(header)));
        let passport = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
            "The token of a passport's link (`pct_`); it opens that passport and nothing else.",
        ));
        components.add_security_scheme("passport", SecurityScheme::Http(passport.build()));
    }
}

/// The API's routes and their document.
pub fn parts(state: Option<&WebState>) -> (Router<WebState>, Document) {
    OpenApiRouter::with_openapi(Base::openapi()).merge(api::routes(state)).split_for_parts()
}

/// The document as it is checked in and served: pretty, in a stable order, with a line end.
#[must_use]
pub fn document() -> String {
    let (_, document) = parts(None);
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// `docs/ERRORS.md`.
#[must_use]
pub fn errors_markdown() -> String {
    let mut out = String::from(
        "# Errors\n\n\
         Made by `procura errors` from `crates/model/src/reason.rs`; do not edit.\n\n\
         Every error answers `{\"success\":false,\"code\",\"error\",\"fix\",\"requestId\"}` with the status below. \
         A denied `verify` is no error: it is 200 with `allowed:false` and one of these codes. \
         A code never changes its meaning.\n\n\
         | code | status | what happened | what to do |\n|---|--:|---|---|\n",
    );
    for reason in Reason::ALL {
        let cell = |text: &str| text.replace('|', "\\|");
        let (text, fix) = (cell(reason.text()), cell(reason.fix()));
        let _ = writeln!(out, "| `{}` | {} | {text} | {fix} |", reason.code(), reason.http());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_model::Scope;
    use std::collections::BTreeSet;

    fn parsed() -> serde_json::Value {
        serde_json::from_str(&document()).unwrap()
    }

    fn operations(document: &serde_json::Value) -> Vec<(String, serde_json::Value)> {
        let paths = document["paths"].as_object().unwrap();
        let all = paths.iter().flat_map(|(path, item)| {
            item.as_object()
                .unwrap()
                .iter()
                .map(move |(method, operation)| (format!("{method} {path}"), operation.clone()))
        });
        all.collect()
    }

    #[test]
    fn every_operation_says_what_it_needs_and_what_can_go_wrong() {
        let document = parsed();
        assert_eq!(document["openapi"], "3.1.0");
        let mut ids = BTreeSet::new();
        let operations = operations(&document);
        assert!(operations.len() > 35, "{} operations", operations.len());
        for (name, operation) in operations {
            assert!(!operation["summary"].as_str().unwrap_or_default().is_empty(), "{name} has no summary");
            assert!(ids.insert(operation["operationId"].to_string()), "{name} has the id of another");
            let security = operation["security"].as_array().unwrap_or_else(|| panic!("{name} needs no key"));
            let of_a_passport = security.len() == 1 && security[0].get("passport").is_some();
            assert_eq!(of_a_passport, name.contains("/v1/passports/"), "{name}");
            if of_a_passport {
                continue;
            }
            assert_eq!(security.len(), 2, "{name}");
            let needed = security[0]["bearer"].as_array().unwrap();
            assert_eq!(needed, security[1]["apiKey"].as_array().unwrap(), "{name}");
            for scope in needed {
                assert!(scope.as_str().unwrap().parse::<Scope>().is_ok(), "{name} needs an unknown {scope}");
            }
            for status in ["401", "403", "429", "500", "503"] {
                assert!(operation["responses"].get(status).is_some(), "{name} does not document {status}");
            }
        }
    }

    #[test]
    fn every_reference_points_at_something() {
        let text = document();
        let document = parsed();
        let known = document["components"]["schemas"].as_object().unwrap();
        for reference in text.split("#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(known.contains_key(name), "{name} is referred to and not there");
        }
    }

    #[test]
    fn every_code_is_listed_with_its_status() {
        let text = errors_markdown();
        for reason in Reason::ALL {
            assert!(text.contains(&format!("| `{}` | {} |", reason.code(), reason.http())));
        }
    }
}
