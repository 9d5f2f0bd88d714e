//! The browser widget (USR-8): who may frame it and where it may send anything, and its whole story in a real Chromium
//! between a business and an attacker. The story is `clients/widget.mjs`; everything in it is real but the business.

use crate::clients::tools;
use procura_app::{
    agents,
    users::{
        MethodSettings, SignedTokenSettings, UserAuthSettings, WidgetSettings,
        secrets::{self, NewSecret},
        settings,
    },
};
use procura_model::{AgentId, Reason, Result};
use procura_testkit::{
    process::{skipped, variable},
    world::{Hands, Options, Shop, World},
};
use std::{net::TcpListener, process::Stdio, time::Duration};
use tokio::{process::Command, time::timeout};

/// No story in a browser takes longer.
const LONGEST: Duration = Duration::from_secs(300);

/// Lets pages of these origins embed the agent's widget.
async fn allow(w: &World, shop: &Shop, agent: AgentId, origins: &[&str], endpoint: &str) -> Result<()> {
    let widget = WidgetSettings {
        allowed_origins: origins.iter().map(|&origin| origin.to_owned()).collect(),
        endpoint: endpoint.to_owned(),
    };
    let wanted = UserAuthSettings {
        method: MethodSettings::SignedToken(SignedTokenSettings::default()),
        session_seconds: 3_600,
        widget: Some(widget),
    };
    settings::set(&w.app, &shop.owner_ctx(), agent, wanted).await.map(drop)
}

#[tokio::test]
async fn only_the_allowed_origins_may_frame_the_widget_and_it_sends_to_its_endpoint_alone() {
    let w = World::start().await;
    let shop = w.tenant("lovelace").await;
    let agent = shop.agent("babbage").await;
    let frame = async || w.http.get(&format!("/widget/{}", agent.id)).send().await;
    frame().await.refused(Reason::NotFound);

    allow(&w, &shop, agent.id, &["https://shop.example"], "https://shop.example/agent").await.unwrap();
    let shown = frame().await.ok();
    assert_eq!(
        shown.header("content-security-policy"),
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src https://shop.example/agent; \
         base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; \
         frame-ancestors https://shop.example"
    );
    assert!(!shown.headers.contains_key("x-frame-options"), "it would be refused to everybody");
    assert!(!shown.headers.contains_key("set-cookie"));
    assert_eq!(shown.header("cache-control"), "no-store");
    for name in ["lovelace", "babbage"] {
        assert!(!shown.text().contains(name), "the page says whose it is: {}", shown.text());
    }

    // What is allowed changes at once, and an agent that may not act has no widget.
    allow(&w, &shop, agent.id, &["https://other.example"], "https://shop.example/agent").await.unwrap();
    let changed = frame().await.ok();
    assert!(changed.header("content-security-policy").ends_with("frame-ancestors https://other.example"));
    agents::disable(&w.app, &shop.owner_ctx(), agent.id).await.unwrap();
    frame().await.refused(Reason::NotFound);
    w.http.get("/widget/agt_01JD9Z3V5M8Q6T2W4X7Y9A1B3C").send().await.refused(Reason::NotFound);
    w.http.get("/widget/anything").send().await.refused(Reason::NotFound);
}

#[tokio::test]
async fn a_wildcard_is_neither_an_origin_nor_an_endpoint() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("assistant").await;
    let endpoint = "https://shop.example/agent";
    for origin in ["*", "https://*", "https://*.shop.example", "null", "https://shop.example/", "'self'"] {
        let refused =
            allow(&w, &shop, agent.id, &["https://shop.example", origin], endpoint).await.unwrap_err();
        assert_eq!(refused.reason(), Reason::FieldInvalid, "{origin}");
    }
    for endpoint in ["*", "https://*/agent", "https://shop.example/a; script-src *", "/agent", "https:"] {
        let refused = allow(&w, &shop, agent.id, &["https://shop.example"], endpoint).await.unwrap_err();
        assert_eq!(refused.reason(), Reason::FieldInvalid, "{endpoint}");
    }
    w.http.get(&format!("/widget/{}", agent.id)).send().await.refused(Reason::NotFound);
}

#[tokio::test]
async fn the_widget_s_files_set_no_cookie_and_are_kept_by_what_is_in_them() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("assistant").await;
    allow(&w, &shop, agent.id, &["https://shop.example"], "https://shop.example/agent").await.unwrap();
    let loader = w.http.get("/widget.js").send().await.ok();
    assert_eq!(loader.header("content-type"), "text/javascript; charset=utf-8");
    let again = w.http.get("/widget.js").header("if-none-match", loader.header("etag")).send().await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    let html = w.http.get(&format!("/widget/{}", agent.id)).send().await.ok().text();
    for ending in [".js", ".css"] {
        let path = html.split('"').find(|word| word.starts_with("/widget/frame.") && word.ends_with(ending));
        let file = w.http.get(path.unwrap()).send().await.ok();
        assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable");
        assert!(!file.headers.contains_key("set-cookie"));
    }
    let types = w.http.get("/widget.d.ts").send().await.ok();
    assert!(types.text().contains("interface WidgetOptions"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_widget_keeps_a_user_s_token_to_itself_in_a_real_browser() {
    const WHAT: &str = "the widget in a real browser";
    let Some(tools) = tools(WHAT) else { return };
    let Some(chromium) = variable("PROCURA_TEST_CHROMIUM") else {
        return skipped(WHAT, "PROCURA_TEST_CHROMIUM does not name a Chromium");
    };
    let w = World::start_with(Options { hands: Hands::System, ..Options::default() }).await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("assistant").await;
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let origin = format!("http://127.0.0.1:{port}");
    allow(&w, &shop, agent.id, &[&origin], &format!("{origin}/agent")).await.unwrap();
    let made = NewSecret { given: None, overlap_ms: 0 };
    let secret = secrets::add(&w.app, &shop.owner_ctx(), agent.id, made).await.unwrap().shown.unwrap();
    let mut command = Command::new(&tools.node);
    command
        .arg(tools.clients.join("widget.mjs"))
        .env("PROCURA_URL", w.url())
        .env("AGENT", agent.id.to_string())
        .env("AGENT_KEY", &agent.key)
        .env("PLATFORM_KEY", &shop.key)
        .env("USER_SECRET", secret.show())
        .env("BUSINESS_PORT", port.to_string())
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
    assert!(told.lines().filter(|line| line.contains("\"ok\":true")).count() >= 15, "{told}");
}
