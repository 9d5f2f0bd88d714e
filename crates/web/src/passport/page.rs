//! The page of a passport: one constant text. What may be done on it its headers say: it talks to this server alone,
//! sends no form and no referrer, and is framed by nobody.

use crate::{assets, exchange::Exchange, extract::Id, respond::Failure, state::WebState};
use askama::Template;
use axum::{
    Extension,
    extract::State,
    http::{HeaderValue, header},
    response::{Html, IntoResponse, Response},
};
use procura_app::limits::Limit;
use procura_model::{Doing as _, PassportId};
use std::sync::{Arc, LazyLock};

const SCRIPT: &str = include_str!("../../static/passport.js");
const CSS: &str = include_str!("../../static/passport.css");

const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
);

/// Where the page finds its files.
pub(super) struct Files {
    pub(super) css: String,
    pub(super) script: String,
}

pub(super) static FILES: LazyLock<Files> = LazyLock::new(|| Files {
    css: format!("/passport-files/{}.css", assets::digest(CSS)),
    script: format!("/passport-files/{}.js", assets::digest(SCRIPT)),
});

#[derive(Template)]
#[template(path = "passport.html")]
struct Page<'p> {
    css: &'p str,
    script: &'p str,
}

/// The page. It does not know whether there is such a passport.
pub(super) async fn page(
    State(web): State<WebState>,
    Extension(exchange): Extension<Arc<Exchange>>,
    Id(_): Id<PassportId>,
) -> Result<Response, Failure> {
    exchange.count(&web, Limit::Global, &exchange.address_key())?;
    let page = Page { css: &FILES.css, script: &FILES.script };
    let html = page.render().doing("render the page of a passport")?;
    Ok(([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(html)).into_response())
}

/// The page's script.
pub(super) async fn script() -> Response {
    assets::forever(SCRIPT, "text/javascript; charset=utf-8")
}

/// The page's style.
pub(super) async fn css() -> Response {
    assets::forever(CSS, "text/css; charset=utf-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_keeps_nothing_and_writes_no_markup() {
        for word in [
            "localStorage",
            "sessionStorage",
            "indexedDB",
            ".cookie",
            "caches",
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "postMessage",
            "window.name",
            "pushState",
            "console.",
        ] {
            assert!(!SCRIPT.contains(word), "{word}");
        }
        assert!(SCRIPT.contains("history.replaceState"));
    }
}
