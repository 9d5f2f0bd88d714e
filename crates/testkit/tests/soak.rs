//! Long proofs: `cargo xtask soak NAME`. Each returns at once unless `PROCURA_SOAK` names it.

use procura_testkit::{fuzz, kill, oauth_race, process::variable, race, spend};

/// Kills the server twenty times under load; nothing acknowledged is lost, nothing is half done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill9() {
    if variable("PROCURA_SOAK").as_deref() == Some("kill9") {
        kill::rounds(20).await;
    }
}

/// Lets 64 race for each of a thousand approvals, on both databases; as many are allowed as the person said.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn approvals() {
    if variable("PROCURA_SOAK").as_deref() == Some("approvals") {
        race::rounds(1_000).await;
    }
}

/// Checks budgets against an oracle, under load and `kill -9`: SQLite with one process, PostgreSQL with three.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn budgets() {
    if variable("PROCURA_SOAK").as_deref() == Some("budgets") {
        spend::check(20).await;
    }
}

/// Lets Schemathesis make up requests from the document of the API for a minute; none is answered by a fault.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemathesis() {
    if variable("PROCURA_SOAK").as_deref() == Some("schemathesis") {
        fuzz::api(60).await;
    }
}

/// Lets 64 race for each of a thousand codes and refresh tokens: SQLite with one process, PostgreSQL with three.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oauth() {
    if variable("PROCURA_SOAK").as_deref() == Some("oauth") {
        oauth_race::rounds(1_000).await;
    }
}
