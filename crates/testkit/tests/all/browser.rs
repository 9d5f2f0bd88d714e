//! The console in a real Chromium (CON-1): from the set-up link to the first approved call by keyboard alone, every
//! page at 375 px and in the dark, another role, and the same without a script. The script is
//! `clients/console.mjs`; it fails on any console error, policy violation or request to the outside.

use crate::clients::tools;
use procura_app::onboarding;
use procura_testkit::{
    process::{skipped, variable},
    world::{Hands, Options, World},
};
use std::{process::Stdio, time::Duration};
use tokio::{process::Command, time::timeout};

/// No story in a browser takes longer.
const LONGEST: Duration = Duration::from_secs(300);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_console_tells_its_story_in_a_real_browser() {
    const WHAT: &str = "the console in a real browser";
    let Some(tools) = tools(WHAT) else { return };
    let Some(chromium) = variable("PROCURA_TEST_CHROMIUM") else {
        return skipped(WHAT, "PROCURA_TEST_CHROMIUM does not name a Chromium");
    };
    let w = World::start_with(Options { hands: Hands::System, ..Options::default() }).await;
    let link = onboarding::setup_link(&w.app).await.unwrap();
    let mut command = Command::new(&tools.node);
    command
        .arg(tools.clients.join("console.mjs"))
        .env("SETUP_URL", link.show())
        .env("CHROMIUM", chromium)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    if let Some(folder) = variable("PROCURA_TEST_SCREENSHOTS") {
        command.env("SCREENSHOTS", folder);
    }
    let ended = timeout(LONGEST, command.output()).await.expect("the browser took too long").unwrap();
    let told = String::from_utf8_lossy(&ended.stdout);
    let complained = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{told}\n{complained}");
    assert!(told.lines().filter(|line| line.contains("\"ok\":true")).count() >= 10, "{told}");
}
