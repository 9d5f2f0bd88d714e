//! The live sandbox (VER-7): open to whoever is signed in, to everybody in the demo alone; what is typed is judged, shown
//! as text and forgotten.

use http::Method;
use procura_cluster::{LimitSettings, Rate};
use procura_model::Reason;
use procura_store::testing;
use procura_testkit::world::{Http, Options, Reply, World};

const ALLOWING: &str = r#"[{"effect":"allow","actions":["pay"],"maxAmount":{"value":"500","currency":"USD"}},
    {"effect":"allow","actions":["pay"],"vendors":["near.example"]},{"effect":"block","actions":["steal"]}]"#;

async fn open() -> World {
    World::start_with(Options { open_sandbox: true, ..Options::default() }).await
}

async fn send(http: &Http, fields: &[(&str, &str)]) -> Reply {
    let origin = http.base().to_owned();
    http.call(Method::POST, "/sandbox")
        .form(fields)
        .header("origin", &origin)
        .header("accept", "text/html")
        .send()
        .await
}

fn count(rows: &[(String, Vec<u8>)], place: &str) -> usize {
    rows.iter().filter(|(at, _)| at == place).count()
}

#[tokio::test]
async fn without_sign_in_it_is_open_in_the_demo_alone() {
    let w = World::start().await;
    let turned_away = w.http.get("/sandbox").header("accept", "text/html").send().await;
    assert_eq!((turned_away.status, turned_away.header("location")), (303, "/sign-in?next=%2Fsandbox"));
    let fields = [("permissions", ALLOWING), ("ask", r#"{"action":"pay"}"#)];
    assert_eq!(send(&w.http, &fields).await.status, 303);
    w.http.get("/sandbox").send().await.refused(Reason::SignInRequired);
    w.tenant("shop").await.owner.page("/sandbox").await.ok();

    let w = open().await;
    let page = w.http.get("/sandbox").header("accept", "text/html").send().await.ok();
    assert!(page.text().contains("AMOUNT_OVER_LIMIT"), "the example is not judged: {}", page.text());
    assert!(!page.headers.contains_key("set-cookie"));
    // Nothing else is open besides.
    for path in ["/", "/agents", "/policies", "/activity"] {
        let elsewhere = w.http.get(path).header("accept", "text/html").send().await;
        assert_eq!(elsewhere.status, 303, "{path} is open");
    }
}

#[tokio::test]
async fn it_shows_the_decision_the_permission_that_decided_the_reason_and_what_came_near() {
    let w = open().await;
    for (ask, words) in [
        (
            r#"{"action":"pay","amount":"5","currency":"USD"}"#,
            &["Allowed", "ALLOWED", "decided", "names no vendor", "near.example"][..],
        ),
        (
            r#"{"action":"pay","amount":"742","currency":"USD"}"#,
            &["Denied", "AMOUNT_OVER_LIMIT", "742.00 USD exceeds 500.00 USD", "(permission 1)"],
        ),
        (r#"{"action":"steal"}"#, &["Denied", "ACTION_BLOCKED", "(permission 3)"]),
        (r#"{"action":"fly"}"#, &["Denied", "NO_PERMISSION"]),
    ] {
        let page = send(&w.http, &[("permissions", ALLOWING), ("ask", ask)]).await.ok().text();
        for word in words {
            assert!(page.contains(word), "{ask}: {word} is not in {page}");
        }
    }
    let facts = r#"{"user":{"id":"ada"}}"#;
    let permissions =
        r#"[{"effect":"allow","actions":["see"],"user":"ada","expiresAt":"2030-01-01T00:00:00Z"}]"#;
    let at = |now: &'static str| {
        [("permissions", permissions), ("ask", r#"{"action":"see"}"#), ("facts", facts), ("now", now)]
    };
    assert!(send(&w.http, &at("2029-12-31T23:59:59Z")).await.ok().text().contains("ALLOWED"));
    assert!(send(&w.http, &at("2030-01-01T00:00:00Z")).await.ok().text().contains("PERMISSION_EXPIRED"));
    for word in ["tickets", "refund", "blocked", "customer", "nothing-of-the-kind"] {
        w.http.get(&format!("/sandbox?example={word}")).send().await.ok();
    }
}

#[tokio::test]
async fn what_is_typed_is_text_and_never_markup() {
    let w = open().await;
    let hostile = "</textarea><script>alert(1)</script><img src=x onerror=alert(2)>\u{202e}";
    let quoted = serde_json::to_string(hostile).unwrap();
    let permission = format!(
        r#"[{{"effect":"allow","actions":[{quoted}]}},{{"effect":{quoted}}},{{"effect":"allow","actions":["pay"],"{}":1}}]"#,
        "<script>"
    );
    let allowing = r#"[{"effect":"allow","actions":["pay"]}]"#;
    let ask = format!(r#"{{"action":{quoted},"resource":{quoted},"vendor":{quoted}}}"#);
    for fields in [
        [("permissions", permission.as_str()), ("ask", ask.as_str()), ("facts", ""), ("now", "")],
        [("permissions", allowing), ("ask", ask.as_str()), ("facts", ""), ("now", "")],
        [("permissions", hostile), ("ask", hostile), ("facts", hostile), ("now", hostile)],
        [("permissions", allowing), ("ask", hostile), ("facts", ""), ("now", "")],
        [("permissions", allowing), ("ask", r#"{"action":"pay"}"#), ("facts", hostile), ("now", "")],
        [("permissions", allowing), ("ask", r#"{"action":"pay"}"#), ("facts", ""), ("now", hostile)],
    ] {
        let page = send(&w.http, &fields).await;
        assert!(matches!(page.status, 200 | 422), "{}: {}", page.status, page.text());
        let text = page.text();
        assert!(!text.contains("<script>") && !text.contains("<img src=x"), "{fields:?}: {text}");
        assert_eq!(text.matches("</textarea>").count(), text.matches("<textarea").count(), "{text}");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self'"), "{policy}");
    }
    let reflected = w.http.get("/sandbox?example=%3Cscript%3Ealert(1)%3C/script%3E").send().await.ok();
    assert!(!reflected.text().contains("<script>alert"));
}

#[tokio::test]
async fn nothing_that_is_typed_is_kept() {
    let canary = "canary-sandbox-5521";
    let ask = format!(r#"{{"action":"{canary}","amount":"5","currency":"USD"}}"#);
    let permissions = format!(r#"[{{"effect":"allow","actions":["{canary}"],"approval":"always"}}]"#);
    let fields = [("permissions", permissions.as_str()), ("ask", ask.as_str())];

    let w = open().await;
    let shop = w.tenant("shop").await;
    w.settle().await;
    let mut before = testing::every_value(&w.app.store).await;
    before.sort();
    for _ in 0..3 {
        let page = send(&w.http, &fields).await.ok();
        assert!(page.text().contains("APPROVAL_REQUIRED"), "{}", page.text());
        w.http.get("/sandbox?example=budget").send().await;
    }
    w.settle().await;
    let mut after = testing::every_value(&w.app.store).await;
    after.sort();
    assert_eq!(after, before, "a visitor left a row");

    // Of somebody who is signed in, the record says that the page was asked for, as of every page, and nothing else.
    shop.owner.submit("/sandbox", &fields).await.ok();
    let rows = testing::every_value(&w.app.store).await;
    assert!(
        rows.iter().all(|(_, value)| !String::from_utf8_lossy(value).contains(canary)),
        "it was recorded"
    );
    let fresh = count(&rows, "evidence.kind") - count(&before, "evidence.kind");
    assert_eq!(fresh, 1);
    for place in ["approvals.approval_id", "permissions.permission_id", "outbox.event_id"] {
        assert_eq!(count(&rows, place), count(&before, place), "{place}");
    }
}

#[tokio::test]
async fn it_is_bounded_and_takes_forms_of_its_own_page_alone() {
    let w = open().await;
    let huge = format!("[\"{}\"]", "a".repeat(64 * 1024));
    assert_eq!(send(&w.http, &[("permissions", &huge), ("ask", "{}")]).await.status, 413);
    let nested = format!("[{}{}]", "[".repeat(5_000), "]".repeat(5_000));
    assert_eq!(send(&w.http, &[("permissions", &nested), ("ask", "{}")]).await.status, 422);
    let fields = [("permissions", "[]"), ("ask", r#"{"action":"a"}"#)];
    let post = || w.http.call(Method::POST, "/sandbox").form(&fields);
    post().header("origin", "https://evil.example").send().await.refused(Reason::OriginRefused);
    post().header("sec-fetch-site", "cross-site").send().await.refused(Reason::OriginRefused);
    post().header("host", "evil.example").send().await.refused(Reason::HostRefused);
    let json = w.http.call(Method::POST, "/sandbox").json(&serde_json::json!({"ask": {}}));
    json.send().await.refused(Reason::MediaTypeUnsupported);

    let options = Options { open_sandbox: true, ..Options::default() };
    let limits = LimitSettings { global: Rate::per_minute(3), ..options.limits };
    let w = World::start_with(Options { limits, ..options }).await;
    for _ in 0..3 {
        send(&w.http, &fields).await.ok();
    }
    assert_eq!(send(&w.http, &fields).await.status, 429);
}
