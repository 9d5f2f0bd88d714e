//! What a person sees before they agree (APR-2): the stored ask and nothing else, everything that hides in it shown, in
//! the console and behind a link; the whole form without a script; and the phone page in a real browser.

use crate::clients::tools;
use http::Method;
use procura_model::{Reason, Role};
use procura_testkit::{
    process::{skipped, variable},
    world::{Buyer, Hands, Options, Reply, Shop, World},
};
use serde_json::{Value, json};
use std::{process::Stdio, time::Duration};
use tokio::{process::Command, time::timeout};

async fn counter(w: &World) -> (Shop, Buyer) {
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["*"], "approval": "always"})).await;
    (shop, buyer)
}

/// Both pages of an approval.
async fn pages(w: &World, shop: &Shop, id: &str) -> [Reply; 2] {
    let link = shop.approval_link(&shop.owner, id).await.unwrap();
    let behind = w.http.get(&link).header("accept", "text/html").send().await.ok();
    [shop.owner.page(&format!("/approvals/{id}")).await.ok(), behind]
}

/// Characters that hide, turn or blank the text around them.
const HIDING: &[char] = &[
    '\u{ad}',
    '\u{34f}',
    '\u{61c}',
    '\u{115f}',
    '\u{1160}',
    '\u{17b4}',
    '\u{180e}',
    '\u{200b}',
    '\u{200c}',
    '\u{200d}',
    '\u{200e}',
    '\u{200f}',
    '\u{2028}',
    '\u{2029}',
    '\u{202a}',
    '\u{202b}',
    '\u{202c}',
    '\u{202d}',
    '\u{202e}',
    '\u{2060}',
    '\u{2061}',
    '\u{2062}',
    '\u{2063}',
    '\u{2064}',
    '\u{2066}',
    '\u{2067}',
    '\u{2068}',
    '\u{2069}',
    '\u{206a}',
    '\u{206f}',
    '\u{2800}',
    '\u{3164}',
    '\u{fe0e}',
    '\u{feff}',
    '\u{ffa0}',
    '\u{fff9}',
    '\u{e0001}',
    '\u{e0041}',
    '\u{e007f}',
    '\u{e0100}',
    '\u{7f}',
    '\u{85}',
];

#[tokio::test]
async fn nothing_hides_on_the_page_on_which_a_person_agrees() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    for (number, hiding) in HIDING.iter().enumerate() {
        let text = format!("pay{hiding}moc.live");
        let body = json!({"action": text, "resource": format!("r/{number}{hiding}x"),
            "args": {format!("key{hiding}s"): format!("value{hiding}s"), "deep": [{"in": text}]}});
        let asked = buyer.http.post("/v1/verify", &body).send().await.ok();
        assert_eq!(asked.at("/decision"), json!("needs_approval"), "{}", asked.text());
        let id = asked.text_at("/approvalId");
        let mark = format!("⟨U+{:04X}⟩", u32::from(*hiding));
        for page in pages(&w, &shop, &id).await {
            let shown = page.text();
            // The proposed pattern is a form's value: what is typed there must stay as it is.
            let before = shown.split("<textarea").next().unwrap();
            assert!(!before.contains(*hiding), "{hiding:?} is on the page as it is");
            assert!(before.matches(&mark).count() >= 5, "{mark}: {before}");
        }
        let inbox = shop.owner.page("/approvals").await.ok().text();
        assert!(!inbox.contains(*hiding) && inbox.contains(&mark), "{hiding:?} is in the inbox as it is");
        shop.owner.submit(&format!("/approvals/{id}/deny"), &[]).await;
    }
}

#[tokio::test]
async fn the_page_says_who_what_to_whom_how_much_and_what_happens() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    let body = json!({"action": "purchase.ticket", "resource": "festival/2027", "vendor": "shop.example",
        "amount": "742", "currency": "USD", "taskId": "trip-1",
        "args": {"seats": 2, "note": "</dd><script>alert(1)</script> The owner has approved this already."}});
    let id = buyer.http.post("/v1/verify", &body).send().await.ok().text_at("/approvalId");
    for page in pages(&w, &shop, &id).await {
        let shown = page.text();
        for wanted in [
            "buyer",
            "nobody; the agent itself",
            "purchase.ticket",
            "festival/2027",
            "shop.example",
            "742.00 USD",
            "trip-1",
            "A person must approve every such call",
            "nothing is done",
            "value=\"deny\"",
            "value=\"block\"",
            "value=\"once\"",
            "value=\"times\"",
            "value=\"until\"",
            "value=\"task\"",
            "value=\"preview\"",
        ] {
            assert!(shown.contains(wanted), "{wanted} is missing: {shown}");
        }
        assert!(!shown.contains("<script>alert"), "{shown}");
        assert!(page.header("content-security-policy").contains("default-src 'none'"));
    }
}

#[tokio::test]
async fn the_whole_form_works_without_a_script() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    let ask = async |n: i64| {
        let body = json!({"action": "pay", "args": {"n": n}, "taskId": "t"});
        buyer.http.post("/v1/verify", &body).send().await.ok()
    };
    let send = async |id: &str, fields: &[(&str, &str)]| {
        shop.owner.submit(&format!("/approvals/{id}/answer"), fields).await
    };
    type Sent = &'static [(&'static str, &'static str)];
    let cases: [(Sent, &str, Value); 5] = [
        (&[("answer", "grant"), ("scope", "once")], "once", json!(1)),
        (&[("answer", "grant"), ("scope", "times"), ("times", "4")], "times", json!(4)),
        (&[("answer", "grant"), ("scope", "until"), ("span", "8h")], "until", Value::Null),
        (&[("answer", "grant"), ("scope", "task")], "task", Value::Null),
        (&[("answer", "grant")], "once", json!(1)),
    ];
    for (number, (fields, scope, uses)) in (0..).zip(cases) {
        let id = ask(number).await.text_at("/approvalId");
        let wrong = send(&id, &[("answer", "grant"), ("scope", "times"), ("times", "1")]).await;
        assert_eq!(wrong.status, 422, "{}", wrong.text());
        assert!(wrong.text().contains("value=\"grant\""), "the form is shown again");
        let look = send(&id, &[("answer", "look")]).await;
        assert_eq!(look.status, 200, "{}", look.text());
        let done = send(&id, fields).await;
        assert_eq!(done.status, 303, "{}", done.text());
        let shown = shop.approval(&id).await;
        assert_eq!((shown.text_at("/scope"), shown.at("/maxUses")), (scope.to_owned(), uses), "{fields:?}");
        assert_eq!(ask(number).await.at("/allowed"), json!(true), "{fields:?}");
        let page = shop.owner.page(&format!("/approvals/{id}")).await.ok().text();
        assert!(page.contains("used once") && !page.contains("value=\"grant\""), "{page}");
    }
    let id = ask(10).await.text_at("/approvalId");
    let pattern = r#"{"effect":"allow","actions":["pay"],"expiresAt":"2026-11-26T00:00:00Z"}"#;
    for wrong in ["", "{", "[]", r#"{"effect":"allow","actions":["pay"]}"#] {
        let refused = send(&id, &[("answer", "preview"), ("pattern", wrong)]).await;
        assert!(matches!(refused.status, 400 | 422), "{wrong}: {}", refused.status);
    }
    let seen = send(&id, &[("answer", "preview"), ("pattern", pattern)]).await.ok().text();
    assert!(seen.contains("It covers this call.") && seen.contains("value=\"pattern\""), "{seen}");
    assert_eq!(shop.approval(&id).await.text_at("/state"), "waiting");
    assert_eq!(send(&id, &[("answer", "pattern"), ("pattern", pattern)]).await.status, 303);
    assert_eq!(ask(11).await.at("/allowed"), json!(true), "the pattern holds");
    let blocked = buyer.verify("refund").resource("r/1").send().await.waits();
    assert_eq!(send(&blocked, &[("answer", "block")]).await.status, 303);
    buyer.verify("refund").resource("r/1").send().await.denied(Reason::ActionBlocked);
    let policies = shop.owner.page("/policies").await.ok().text();
    assert!(policies.contains("refund"), "{policies}");
}

#[tokio::test]
async fn a_form_of_another_session_or_site_answers_nothing() {
    let w = World::start().await;
    let (shop, buyer) = counter(&w).await;
    let id = buyer.verify("pay").send().await.waits();
    let approver = shop.member(Role::Approver).await;
    for path in [format!("/approvals/{id}/answer"), format!("/approvals/{id}/link")] {
        let base = approver.browser.base().to_owned();
        let send = |fields: &[(&str, &str)], origin: &str| {
            let call = approver.browser.call(Method::POST, &path).form(fields);
            call.header("origin", origin).header("accept", "application/json").send()
        };
        send(&[("answer", "grant")], &base).await.refused(Reason::FormStale);
        let foreign = [("answer", "grant"), ("form_token", shop.owner.form_token.as_str())];
        send(&foreign, &base).await.refused(Reason::FormStale);
        let own = [("answer", "grant"), ("form_token", approver.form_token.as_str())];
        send(&own, "https://evil.example").await.refused(Reason::OriginRefused);
        send(&own, "null").await.refused(Reason::OriginRefused);
    }
    assert_eq!(shop.approval(&id).await.text_at("/state"), "waiting");
}

/// No story in a browser takes longer.
const LONGEST: Duration = Duration::from_secs(180);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_phone_page_works_in_a_real_browser() {
    const WHAT: &str = "the phone page of an approval in a real browser";
    let Some(tools) = tools(WHAT) else { return };
    let Some(chromium) = variable("PROCURA_TEST_CHROMIUM") else {
        return skipped(WHAT, "PROCURA_TEST_CHROMIUM does not name a Chromium");
    };
    let w = World::start_with(Options { hands: Hands::System, ..Options::default() }).await;
    let (shop, buyer) = counter(&w).await;
    let approver = shop.member(Role::Admin).await;
    let mut links = Vec::new();
    let mut ids = Vec::new();
    for seats in 1..=3 {
        let body = json!({"action": "purchase.ticket", "resource": "festival/2027", "vendor": "shop.example",
            "amount": "742.00", "currency": "USD", "taskId": "summer-trip",
            "args": {"seats": seats, "row": "A\u{202e}7\u{200b}", "name": "a-very-long-word-that-never-ends-".repeat(6)}});
        let id = buyer.http.post("/v1/verify", &body).send().await.ok().text_at("/approvalId");
        links.push(format!("{}{}", w.url(), shop.approval_link(&approver, &id).await.unwrap()));
        ids.push(id);
    }
    let mut command = Command::new(&tools.node);
    command
        .arg(tools.clients.join("approve.mjs"))
        .env("LINKS", links.join(" "))
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
    assert!(told.lines().filter(|line| line.contains("\"ok\":true")).count() >= 5, "{told}");
    let states = [shop.approval(&ids[0]).await, shop.approval(&ids[1]).await, shop.approval(&ids[2]).await];
    let told = states.map(|reply| (reply.text_at("/state"), reply.at("/maxUses")));
    let wanted = [("granted", json!(3)), ("denied", json!(1)), ("granted", json!(1))];
    assert_eq!(told, wanted.map(|(state, uses)| (state.to_owned(), uses)));
}
