//! The console's two files, embedded in the binary. Their names carry a digest of their content, so
//! a browser may keep them for ever and never sees an old one.

use axum::{
    extract::Path,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use procura_model::Digest;
use std::sync::LazyLock;

const CSS: &str = include_str!("../../static/console.css");
const SCRIPT: &str = include_str!("../../static/console.js");

/// Where the pages find the two files.
pub(super) struct Assets {
    pub(super) css: String,
    pub(super) script: String,
}

pub(super) static ASSETS: LazyLock<Assets> =
    LazyLock::new(|| Assets { css: named("console", CSS, "css"), script: named("console", SCRIPT, "js") });

fn named(name: &str, content: &str, ending: &str) -> String {
    let digest = Digest::of(content.as_bytes()).hex();
    format!("/static/{name}.{}.{ending}", digest.get(..16).unwrap_or_default())
}

/// Serves one of the two.
pub(super) async fn serve(Path(file): Path<String>) -> Result<Response, crate::respond::Failure> {
    let path = format!("/static/{file}");
    let (content, kind) = if path == ASSETS.css {
        (CSS, "text/css; charset=utf-8")
    } else if path == ASSETS.script {
        (SCRIPT, "text/javascript; charset=utf-8")
    } else {
        return Err(crate::respond::unknown_path());
    };
    let mut response = content.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_files_stay_small() {
        assert!(CSS.len() < 25 * 1024, "{}", CSS.len());
        assert!(SCRIPT.len() < 30 * 1024, "{}", SCRIPT.len());
    }

    #[tokio::test]
    async fn a_file_is_found_by_its_whole_name_alone() {
        let name = ASSETS.css.trim_start_matches("/static/").to_owned();
        assert!(serve(Path(name)).await.is_ok());
        assert!(serve(Path("console.css".to_owned())).await.is_err());
    }
}
