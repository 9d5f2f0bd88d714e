//! The console's two files, embedded in the binary and named by their digest.

use crate::assets;
use axum::{extract::Path, response::Response};
use std::sync::LazyLock;

const CSS: &str = include_str!("../../static/console.css");
const SCRIPT: &str = include_str!("../../static/console.js");

/// Where the pages find the two files.
pub(super) struct Assets {
    pub(super) css: String,
    pub(super) script: String,
}

pub(super) static ASSETS: LazyLock<Assets> = LazyLock::new(|| Assets {
    css: format!("/static/console.{}.css", assets::digest(CSS)),
    script: format!("/static/console.{}.js", assets::digest(SCRIPT)),
});

/// Serves one of the two.
pub(super) async fn serve(Path(file): Path<String>) -> Result<Response, crate::respond::Failure> {
    let path = format!("/static/{file}");
    if path == ASSETS.css {
        Ok(assets::forever(CSS, "text/css; charset=utf-8"))
    } else if path == ASSETS.script {
        Ok(assets::forever(SCRIPT, "text/javascript; charset=utf-8"))
    } else {
        Err(crate::respond::unknown_path())
    }
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
