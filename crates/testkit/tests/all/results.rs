//! What was cut off a tool's result (RED-2): it is said, it can be read to its end by whoever got it, and by nobody else.

use procura_model::{Reason, time::MINUTE_MS};
use procura_testkit::{
    business::signed_token,
    stub::Stub,
    world::{Buyer, Called, Options, Reply, Shop, World},
};
use serde_json::{Value, json};

const TOOL: &str = "procura__read_more";

/// A shop whose results are cut at 8 KB, and an agent that has got one that was.
struct Desk {
    w: World,
    shop: Shop,
    agent: Buyer,
    _stub: Stub,
}

impl Desk {
    async fn new() -> Self {
        Self::keeping(Options::default().sanitize_keep_bytes).await
    }

    async fn keeping(sanitize_keep_bytes: usize) -> Self {
        let options = Options { sanitize_max_bytes: 8 * 1024, sanitize_keep_bytes, ..Options::default() };
        let w = World::start_with(options).await;
        let shop = w.tenant("shop").await;
        let stub = w.upstream().await;
        let agent = shop.with_stub(&stub, json!({})).await;
        Self { w, shop, agent, _stub: stub }
    }
}

/// Numbered lines, so that each can be looked for.
fn lines(count: usize) -> String {
    (0..count).map(|line| format!("shelf {line:05} holds twelve boxes of paper; ")).collect()
}

async fn echo(agent: &Buyer, text: &str) -> Called {
    agent.call_tool("stub__echo", json!({"text": text})).await.ok()
}

/// The handle and the page that the remark names.
#[track_caller]
fn named(text: &str) -> Option<(String, u64)> {
    let (_, arguments) = text.rsplit_once("the arguments {")?;
    let arguments: Value = serde_json::from_str(&format!("{{{}}}", arguments.split_once('}')?.0)).ok()?;
    Some((arguments["handle"].as_str()?.to_owned(), arguments["page"].as_u64()?))
}

#[track_caller]
fn handle(cut: &Called) -> String {
    named(&cut.text()).unwrap_or_else(|| panic!("no handle in {}", cut.text())).0
}

async fn page(agent: &Buyer, handle: &str, page: u64) -> Called {
    agent.call_tool(TOOL, json!({"handle": handle, "page": page})).await
}

async fn over_http(agent: &Buyer, handle: &str, page: u64) -> Reply {
    agent.http.get(&format!("/v1/results/{handle}?page={page}")).send().await
}

/// What stands between the markers of a page, and their nonce.
#[track_caller]
fn inside(fenced: &str) -> (String, String) {
    let (head, rest) = fenced.split_once(">>>\n").unwrap_or_else(|| panic!("{fenced}"));
    assert!(head.starts_with("<<<untrusted-content ") && head.ends_with(" from procura/read_more"), "{head}");
    let (_, rest) = rest.split_once('\n').unwrap();
    let text = rest.rsplit_once("\n<<<end-of-untrusted-content ").unwrap().0;
    (text.to_owned(), head.split(' ').nth(1).unwrap().to_owned())
}

#[tokio::test]
async fn a_cut_result_is_read_to_its_end() {
    let desk = Desk::new().await;
    assert!(desk.agent.tools().await.contains(&TOOL.to_owned()), "the tool is listed before it is needed");
    let secret = ["sk_", "live_", "4eC39HqLyjWDarjtT1zdp7dc"].concat();
    let text = lines(500) + &secret + " " + &lines(500);
    let cut = echo(&desk.agent, &text).await;
    assert!(cut.reply.body.len() < 12 * 1024, "{} bytes", cut.reply.body.len());
    assert!(cut.text().contains(" bytes are left out"), "{}", cut.text());
    let (handle, mut at) = named(&cut.text()).unwrap();
    assert!(at > 0, "what was shown is not read again");
    let (mut rest, mut nonces) = (String::new(), Vec::new());
    loop {
        let read = page(&desk.agent, &handle, at).await.ok();
        let blocks = read.result()["content"].as_array().unwrap().clone();
        let (document, nonce) = inside(blocks[0]["text"].as_str().unwrap());
        assert!(serde_json::from_str::<Value>(&document).is_ok(), "a page is a document: {document}");
        let same = over_http(&desk.agent, &handle, at).await.ok();
        assert_eq!(inside(&same.text_at("/text")).0, document);
        rest.push_str(&document);
        nonces.push(nonce);
        let next = named(blocks[1]["text"].as_str().unwrap()).map(|(_, next)| next);
        assert_eq!(same.at("/nextPage").as_u64(), next);
        match next {
            Some(next) => at = next,
            None => break,
        }
        assert!(nonces.len() < 50, "it does not end");
    }
    let pages = nonces.len();
    assert!(pages > 4, "{pages}");
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), pages, "each page has a nonce of its own");
    assert!(!rest.contains(&secret) && rest.contains("[redacted:"), "the secret was taken out before");
    let shown = cut.text();
    let is_lost = |line: &String| !shown.contains(line) && !rest.contains(line);
    let lost: Vec<_> = (0..500).map(|line| format!("shelf {line:05} holds")).filter(is_lost).collect();
    assert!(lost.len() <= pages, "more than the lines in which it was cut are nowhere: {lost:?}");
    let whole = desk.agent.http.get(&format!("/v1/results/{handle}")).send().await.ok();
    assert_eq!(whole.at("/page"), json!(0));
    assert!(whole.text().contains("shelf 00000 holds"), "without a page it begins at the beginning");
}

#[tokio::test]
async fn every_page_is_in_the_record_and_the_cut_says_where_the_rest_is() {
    let desk = Desk::new().await;
    let cut = echo(&desk.agent, &lines(1_000)).await;
    let (handle, start) = named(&cut.text()).unwrap();
    let trace = desk.shop.ended_trace(cut.request_id()).await.to_string();
    assert!(trace.contains(&format!("\"kept\":\"{handle}\"")), "{trace}");
    let read = page(&desk.agent, &handle, start).await.ok();
    let over = over_http(&desk.agent, &handle, 0).await.ok();
    for (request, number) in [(read.request_id(), start), (over.request_id(), 0)] {
        let trace = desk.shop.ended_trace(request).await;
        let text = trace.to_string();
        assert!(text.contains("\"resource\":\"procura/read_more\""), "{text}");
        assert!(text.contains(&format!("\"page\":{number}")) && text.contains(&handle), "{text}");
        assert!(!text.contains("boxes of paper"), "the record holds no text: {text}");
    }
    let listed = desk.shop.platform.get("/v1/activity?text=read_more").send().await.ok();
    assert_eq!(listed.at("/items").as_array().map(Vec::len), Some(2), "{}", listed.text());
}

#[tokio::test]
async fn whoever_did_not_get_the_result_hears_that_there_is_none() {
    let desk = Desk::new().await;
    let handle = handle(&echo(&desk.agent, &lines(1_000)).await);
    let other = desk.shop.agent("other").await;
    desk.shop.permit_all_tools(&other).await;
    let strangers = desk.w.tenant("stranger").await;
    let stranger = strangers.agent("stranger").await;
    strangers.permit_all_tools(&stranger).await;
    let unknown = "out_01JD9Z3V5M8Q6T2W4X7Y9A1B3C";
    let mut sentences = Vec::new();
    for (agent, handle) in [(&other, handle.as_str()), (&stranger, &handle), (&desk.agent, unknown)] {
        page(agent, handle, 0).await.denied(Reason::NotFound);
        sentences.push(over_http(agent, handle, 0).await.refused(Reason::NotFound).text_at("/error"));
    }
    for platform in [&desk.shop.platform, &strangers.platform] {
        let reply = platform.get(&format!("/v1/results/{handle}")).send().await;
        sentences.push(reply.refused(Reason::NotFound).text_at("/error"));
    }
    desk.w.http.get(&format!("/v1/results/{handle}")).send().await.refused(Reason::CredentialMissing);
    page(&desk.agent, &handle, 0).await.ok();
    desk.w.advance_ms(15 * MINUTE_MS);
    page(&desk.agent, &handle, 0).await.denied(Reason::NotFound);
    sentences.push(over_http(&desk.agent, &handle, 0).await.refused(Reason::NotFound).text_at("/error"));
    sentences.dedup();
    assert_eq!(sentences.len(), 1, "the answers differ: {sentences:?}");
}

#[tokio::test]
async fn a_result_is_read_in_the_session_in_which_it_was_got() {
    let desk = Desk::new().await;
    let secret = desk.shop.user_signed_token(&desk.agent).await;
    let open = async |user: &str, number: i64| {
        let now = desk.w.app.now().as_ms() / 1_000;
        let payload = json!({"userId": user, "iat": now - number, "exp": now + 600});
        desk.agent.open_session(&signed_token(&payload, &secret)).await.ok()
    };
    let (ada, again, bob) = (open("ada", 1).await, open("ada", 2).await, open("bob", 3).await);
    let in_session = |opened: &Reply| desk.agent.acting_in(opened);
    let of_ada = handle(&echo(&in_session(&ada), &lines(1_000)).await);
    let of_nobody = handle(&echo(&desk.agent, &lines(1_000)).await);
    assert!(page(&in_session(&ada), &of_ada, 0).await.ok().text().contains("twelve boxes"));
    over_http(&in_session(&ada), &of_ada, 0).await.ok();
    page(&desk.agent, &of_nobody, 0).await.ok();
    for (agent, handle) in [
        (in_session(&again), &of_ada),
        (in_session(&bob), &of_ada),
        (desk.agent.clone(), &of_ada),
        (in_session(&ada), &of_nobody),
    ] {
        page(&agent, handle, 0).await.denied(Reason::NotFound);
        over_http(&agent, handle, 0).await.refused(Reason::NotFound);
    }
    let path = format!("/v1/sessions/{}", ada.text_at("/sessionId"));
    desk.shop.platform.delete(&path).send().await.ok();
    over_http(&in_session(&ada), &of_ada, 0).await.refused(Reason::SessionRevoked);
}

#[tokio::test]
async fn a_page_that_is_none_is_refused() {
    let desk = Desk::new().await;
    let handle = handle(&echo(&desk.agent, &lines(1_000)).await);
    for number in ["3", "100000000", "-1", "1.5", "two", "18446744073709551616"] {
        let path = format!("/v1/results/{handle}?page={number}");
        desk.agent.http.get(&path).send().await.refused(Reason::FieldInvalid);
    }
    for arguments in [
        json!({}),
        json!({"handle": "out_x"}),
        json!({"handle": 1}),
        json!({"handle": handle, "page": -1}),
        json!({"handle": handle, "page": "0"}),
    ] {
        desk.agent.call_tool(TOOL, arguments).await.denied(Reason::ArgumentsInvalid);
    }
    page(&desk.agent, &handle, 3).await.denied(Reason::FieldInvalid);
}

/// Of four parts an agent fills one.
#[tokio::test]
async fn an_agent_keeps_its_newest_results_and_leaves_those_of_others() {
    let desk = Desk::keeping(4 * 60 * 1024).await;
    let modest = desk.shop.agent("modest").await;
    desk.shop.permit_all_tools(&modest).await;
    let first = handle(&echo(&modest, &lines(300)).await);
    let mut handles = Vec::new();
    for _ in 0..6 {
        desk.w.advance_ms(10);
        handles.push(handle(&echo(&desk.agent, &lines(300)).await));
    }
    let mut left = Vec::new();
    for handle in &handles {
        left.push(page(&desk.agent, handle, 0).await.is_ok());
    }
    let newest = left.iter().rev().take_while(|is_left| **is_left).count();
    let all = left.iter().filter(|is_left| **is_left).count();
    assert_eq!((newest, all), (2, 2), "two results of about 25 KB fit into 60 KB: {left:?}");
    page(&modest, &first, 0).await.ok();
}

#[tokio::test]
async fn of_a_result_that_is_larger_than_an_agent_s_share_the_beginning_is_kept() {
    let desk = Desk::keeping(4 * 40 * 1024).await;
    let cut = echo(&desk.agent, &lines(1_000)).await;
    assert!(cut.text().contains(&format!("Its first {} bytes are kept", 40 * 1024)), "{}", cut.text());
    page(&desk.agent, &handle(&cut), 0).await.ok();
}

/// What was kept was redacted by the rules of before.
#[tokio::test]
async fn a_change_of_the_redaction_rules_forgets_what_was_kept_of_the_organization() {
    let desk = Desk::new().await;
    let (strangers, stub) = (desk.w.tenant("stranger").await, desk.w.upstream().await);
    let stranger = strangers.with_stub(&stub, json!({})).await;
    let theirs = handle(&echo(&stranger, &lines(1_000)).await);
    let rules = "/v1/redaction-rules";
    let body = |pattern: &str| json!({"name": "badge", "effect": "redact", "pattern": pattern});
    let keep = async || handle(&echo(&desk.agent, &lines(1_000)).await);
    let is_gone = async |handle: String| {
        page(&desk.agent, &handle, 0).await.denied(Reason::NotFound);
        over_http(&desk.agent, &handle, 0).await.refused(Reason::NotFound);
    };
    let before = keep().await;
    desk.shop.platform.post(&format!("{rules}/test"), &body(r"BADGE-\d{5}")).send().await.ok();
    page(&desk.agent, &before, 0).await.ok();
    let saved = desk.shop.platform.post(rules, &body(r"BADGE-\d{5}")).send().await.ok();
    is_gone(before).await;
    let path = format!("{rules}/{}", saved.text_at("/rule/id"));
    let before = keep().await;
    page(&desk.agent, &before, 0).await.ok();
    desk.shop.platform.put(&path, &body(r"BADGE-\d{6}")).send().await.ok();
    is_gone(before).await;
    let before = keep().await;
    page(&desk.agent, &before, 0).await.ok();
    assert_eq!(desk.shop.platform.delete(&path).send().await.status, 204);
    is_gone(before).await;
    page(&stranger, &theirs, 0).await.ok();
}
