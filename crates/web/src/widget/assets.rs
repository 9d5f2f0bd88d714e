//! The widget's files. The loader has one name for ever, because pages of businesses name it: browsers keep it for some
//! minutes and then ask whether it changed. The frame's files are named by their digest, as the console's are.
//!
//! What only people read (comments, indentation) is left out of the scripts when they are served: every visitor of every
//! page of the business loads them.

use crate::assets;
use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::sync::LazyLock;

const TYPES: &str = include_str!("../../../../sdk/widget/widget.d.ts");
const CSS: &str = include_str!("../../static/widget_frame.css");

static LOADER: LazyLock<String> = LazyLock::new(|| without_comments(include_str!("../../static/widget.js")));
static SCRIPT: LazyLock<String> =
    LazyLock::new(|| without_comments(include_str!("../../static/widget_frame.js")));
static LOADER_TAG: LazyLock<String> = LazyLock::new(|| format!("\"{}\"", assets::digest(&LOADER)));

/// Any page may load the loader, without cookies: nothing in it is secret, and the frame refuses whom it must.
const FOR_EVERYBODY: [(HeaderName, HeaderValue); 3] = [
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin")),
    (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
];

/// Where the frame finds its files.
pub(super) struct Files {
    pub(super) css: String,
    pub(super) script: String,
}

pub(super) static FILES: LazyLock<Files> = LazyLock::new(|| Files {
    css: format!("/widget/frame.{}.css", assets::digest(CSS)),
    script: format!("/widget/frame.{}.js", assets::digest(&SCRIPT)),
});

/// Leaves out lines that are nothing but a comment, and indentation.
fn without_comments(source: &str) -> String {
    let is_comment = |line: &str| line.starts_with("//") || (line.starts_with("/**") && line.ends_with("*/"));
    let lines = source.lines().map(str::trim_start).filter(|line| !line.is_empty() && !is_comment(line));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// The script that pages of the business include.
pub(super) async fn loader(headers: HeaderMap) -> Response {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let is_known = known.is_some_and(|tags| {
        tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == LOADER_TAG.as_str())
    });
    let tag = [(header::ETAG, LOADER_TAG.as_str())];
    if is_known {
        return (FOR_EVERYBODY, tag, StatusCode::NOT_MODIFIED).into_response();
    }
    let kind = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")];
    (FOR_EVERYBODY, tag, kind, LOADER.as_str()).into_response()
}

/// The loader's types.
pub(super) async fn types() -> Response {
    let kind = [(header::CONTENT_TYPE, "application/typescript; charset=utf-8")];
    (FOR_EVERYBODY, kind, TYPES).into_response()
}

/// The frame's script.
pub(super) async fn script() -> Response {
    assets::forever(&SCRIPT, "text/javascript; charset=utf-8")
}

/// The frame's style.
pub(super) async fn css() -> Response {
    assets::forever(CSS, "text/css; charset=utf-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_people_read_is_left_out() {
        let source = "// why\nconst a = 1; // kept: it shares a line\n\n  /** what */\n  b(\"//\");\n";
        assert_eq!(without_comments(source), "const a = 1; // kept: it shares a line\nb(\"//\");\n");
        assert!(LOADER.starts_with("(() => {\n\"use strict\";\n") && LOADER.ends_with("})();\n"));
        assert!(SCRIPT.starts_with("(() => {\n\"use strict\";\n") && SCRIPT.ends_with("})();\n"));
    }

    #[test]
    fn no_message_is_sent_to_whoever_listens_and_nothing_is_kept() {
        let storing =
            ["localStorage", "sessionStorage", "indexedDB", ".cookie", "caches.", "innerHTML", "eval("];
        for text in [&*LOADER, &*SCRIPT] {
            assert!(!text.contains("\"*\"") && !text.contains("'*'"), "a message without an address");
            for word in storing {
                assert!(!text.contains(word), "{word}");
            }
        }
    }

    #[tokio::test]
    async fn an_unchanged_loader_is_not_sent_again() {
        let first = loader(HeaderMap::new()).await;
        assert_eq!(first.status(), StatusCode::OK);
        let tag = first.headers()[header::ETAG].to_str().unwrap().to_owned();
        for (sent, status) in
            [(tag.clone(), 304), (format!("\"old\", W/{tag}"), 304), ("\"old\"".to_owned(), 200)]
        {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, sent.parse().unwrap());
            assert_eq!(loader(headers).await.status().as_u16(), status, "{sent}");
        }
    }
}
