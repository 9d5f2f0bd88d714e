//! Long proofs: `cargo xtask soak NAME`. Each returns at once unless `PROCURA_SOAK` names it.

use procura_testkit::{kill, process::variable};

/// Kills the server twenty times under load; nothing acknowledged is lost, nothing is half done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill9() {
    if variable("PROCURA_SOAK").as_deref() == Some("kill9") {
        kill::rounds(20).await;
    }
}
