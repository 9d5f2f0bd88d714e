//! Schemathesis over the document of the API: what it makes up, in the document's terms and against them, must never
//! be answered by a fault, by an undocumented media type, or by a 405 that does not say what is allowed.
//!
//! The server is a [`World`] in this process with an organization that has something of everything; the caller is a
//! platform key with every scope, and what it may destroy it may destroy, but for its own key: without it the rest of
//! the run would be answered 401 and show nothing.

use crate::{
    process::{skipped, variable},
    world::{Hands, Options, World},
};
use serde_json::json;
use std::{path::Path, process::Stdio};
use tokio::process::Command;

/// The document that is checked in; `cargo xtask check` holds it against the code.
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json");
const CHECKS: &str =
    "not_a_server_error,content_type_conformance,unsupported_method,allow_header_conformance";

/// Lets Schemathesis ask for so many seconds.
///
/// # Panics
/// When it finds something, or cannot run.
#[expect(clippy::expect_used, clippy::print_stdout, reason = "a proof says what it saw, and breaks off")]
pub async fn api(seconds: u32) {
    let Some(python) = variable("PROCURA_TEST_PYTHON") else {
        skipped("schemathesis", "PROCURA_TEST_PYTHON does not name the real clients' Python");
        return;
    };
    let program = Path::new(&python).with_file_name("st");
    let w = World::start_with(Options { hands: Hands::System, ..Options::default() }).await;
    let shop = w.tenant("shop").await;
    let stub = w.upstream().await;
    let agent = shop.with_stub(&stub, json!({})).await;
    agent.call_tool("stub__benign", json!({})).await.ok();
    let folder = std::env::temp_dir().join(format!("procura-schemathesis-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let run = Command::new(program)
        .args(["run", DOCUMENT, "--url", w.url(), "--checks", CHECKS, "--seed", "7", "--no-color"])
        .args(["--max-time", &seconds.to_string(), "--request-timeout", "30", "--continue-on-failure"])
        .args(["--exclude-operation-id", "revokeKey", "--exclude-operation-id", "rotateKey"])
        .args(["--suppress-health-check", "all", "--warnings", "off", "--generation-database", "none"])
        .arg("-H")
        .arg(format!("Authorization: Bearer {}", shop.key))
        .current_dir(&folder)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .expect("start schemathesis");
    let _gone = std::fs::remove_dir_all(&folder);
    let said = String::from_utf8_lossy(&run.stdout);
    println!("{said}");
    assert!(run.status.success(), "schemathesis found something: {}", String::from_utf8_lossy(&run.stderr));
    shop.platform.get("/v1/agents").send().await.ok();
    w.stop().await;
}
