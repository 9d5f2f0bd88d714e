//! The console in a real Chromium (CON-1): from the set-up link to the first approved call by keyboard alone, every
//! page at 375 px and in the dark, another role, and the same without a script. The script is
//! `clients/console.mjs`; it fails on any console error, policy violation or request to the outside.

use crate::{clients::tools, oauth_authorize};
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

/// Consent, device and My access (OAU-4) as `clients/people.mjs` tells it: without a script, at 375 px.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_answers_software_in_a_real_browser_without_a_script() {
    const WHAT: &str = "consent in a real browser";
    let Some(tools) = tools(WHAT) else { return };
    let Some(chromium) = variable("PROCURA_TEST_CHROMIUM") else {
        return skipped(WHAT, "PROCURA_TEST_CHROMIUM does not name a Chromium");
    };
    let w = World::start_with(Options { hands: Hands::System, ..Options::default() }).await;
    let shop = w.tenant("shop").await;
    shop.agent("ticket buyer").await;
    let client = oauth_authorize::registered(&w, |metadata| {
        metadata.redirect_uris =
            ["https://app.example/cb", "http://127.0.0.1/cb", "http://[::1]/cb"].map(str::to_owned).to_vec();
    })
    .await;
    let asked = oauth_authorize::query(&client, &[("redirect_uri", ""), ("state", "s&t=1")]);
    let form = [("client_id", client.id.as_str()), ("scope", "tools")];
    let device = w.http.call(http::Method::POST, "/oauth/device").form(&form).send().await.ok();
    let mut command = Command::new(&tools.node);
    command
        .arg(tools.clients.join("people.mjs"))
        .env("ORIGIN", w.url())
        .env("EMAIL", &shop.owner.email)
        .env("PASSWORD", shop.owner.password())
        .env("AUTHORIZE", asked)
        .env("USER_CODE", device.text_at("/user_code"))
        .env("CHROMIUM", chromium)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    if let Some(folder) = variable("PROCURA_TEST_SCREENSHOTS") {
        command.env("SCREENSHOTS", folder);
    }
    let ended = timeout(LONGEST, command.output()).await.expect("the browser took too long").unwrap();
    let (told, complained) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{told}\n{complained}");
    assert_eq!(told.lines().filter(|line| line.contains("\"ok\":true")).count(), 8, "{told}");
}

/// Clients, guarded APIs, issuers and My access (OAU-1, OAU-2, OAU-4) as `clients/software.mjs` tells it: by keyboard,
/// without a script, at 375 px and in the dark.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_look_after_software_in_a_real_browser() {
    const WHAT: &str = "the pages of software in a real browser";
    let Some(tools) = tools(WHAT) else { return };
    let Some(chromium) = variable("PROCURA_TEST_CHROMIUM") else {
        return skipped(WHAT, "PROCURA_TEST_CHROMIUM does not name a Chromium");
    };
    let w = World::start_with(Options { hands: Hands::System, ..Options::default() }).await;
    let shop = w.tenant("shop").await;
    shop.agent("ticket buyer").await;
    let client = oauth_authorize::registered(&w, |_| {}).await;
    let mut command = Command::new(&tools.node);
    command
        .arg(tools.clients.join("software.mjs"))
        .env("ORIGIN", w.url())
        .env("EMAIL", &shop.owner.email)
        .env("PASSWORD", shop.owner.password())
        .env("AUTHORIZE", oauth_authorize::query(&client, &[]))
        .env("CHROMIUM", chromium)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    if let Some(folder) = variable("PROCURA_TEST_SCREENSHOTS") {
        command.env("SCREENSHOTS", folder);
    }
    let ended = timeout(LONGEST, command.output()).await.expect("the browser took too long").unwrap();
    let (told, complained) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{told}\n{complained}");
    assert_eq!(told.lines().filter(|line| line.contains("\"ok\":true")).count(), 11, "{told}");
}
