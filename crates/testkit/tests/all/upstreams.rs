//! Upstreams that hang, crash, answer garbage or flood: the caller gets a clear word within a deadline, the record says
//! what happened, and nobody else notices.

use futures_util::{StreamExt as _, stream};
use procura_app::{Identified, servers};
use procura_model::{Actor, Origin, Reason, ServerSettings, Transport};
use procura_testkit::{
    stub::{Change, Mode},
    world::World,
};
use serde_json::json;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// What each way of misbehaving is called.
const HOSTILE: [(Mode, Reason); 18] = [
    (Mode::Hang, Reason::UpstreamTimeout),
    (Mode::HangBody, Reason::UpstreamTimeout),
    (Mode::Drip, Reason::UpstreamTimeout),
    (Mode::EndlessEvents, Reason::UpstreamTimeout),
    (Mode::Garbage, Reason::UpstreamInvalid),
    (Mode::InvalidJson, Reason::UpstreamInvalid),
    (Mode::InvalidUtf8, Reason::UpstreamInvalid),
    (Mode::Flood, Reason::UpstreamTooLarge),
    (Mode::FloodEvents, Reason::UpstreamTooLarge),
    (Mode::Close, Reason::UpstreamInvalid),
    (Mode::WrongType, Reason::UpstreamInvalid),
    (Mode::Empty, Reason::UpstreamInvalid),
    (Mode::WrongId, Reason::UpstreamInvalid),
    (Mode::NoResult, Reason::UpstreamInvalid),
    (Mode::WrongShape, Reason::UpstreamInvalid),
    (Mode::ServerError, Reason::UpstreamInvalid),
    (Mode::TooMany, Reason::UpstreamInvalid),
    (Mode::Redirect, Reason::UpstreamInvalid),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_upstream_costs_its_caller_one_clear_word() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let stub = w.upstream().await;
    let caller = shop.with_stub(&stub, json!({"timeoutMs": 1_500, "maxBytes": 1_048_576})).await;
    let mut wrong = Vec::new();
    for (mode, expected) in HOSTILE {
        let began = Instant::now();
        let called = caller.call_tool(&format!("stub__{}", mode.tool()), json!({})).await;
        let took = began.elapsed();
        let text = called.reply.text();
        if called.code() != Some(expected) {
            wrong.push(format!("{mode:?}: {:?} instead of {expected:?}: {text}", called.code()));
        }
        assert!(took < Duration::from_secs(6), "{mode:?} took {took:?}");
        assert!(!text.contains("Traceback") && !text.contains("secret_path"), "{text}");
        let trace = shop.ended_trace(called.request_id()).await;
        assert_ne!(trace["outcome"], "ok", "{mode:?}: {trace}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let deep = caller.call_tool("stub__deep", json!({})).await;
    let is_refused = matches!(deep.code(), Some(Reason::CouldNotScan | Reason::UpstreamInvalid));
    assert!(is_refused, "{}", deep.reply.text());
    caller.call_tool("stub__benign", json!({})).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_one_caller_suffers_another_is_served() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let (bad, good) = (w.upstream().await, w.upstream().await);
    shop.server_with(
        json!({"name": "bad", "url": bad.url(), "settings": {"timeoutMs": 4_000, "maxBytes": 1_048_576}}),
    )
    .await;
    shop.server("good", &good.url()).await;
    let (unlucky, lucky) = (shop.agent("unlucky").await, shop.agent("lucky").await);
    for agent in [&unlucky, &lucky] {
        shop.permit_all_tools(agent).await;
    }
    lucky.call_tool("good__benign", json!({})).await.ok();
    let suffering = stream::iter(HOSTILE.iter().cycle().take(54)).for_each_concurrent(18, |(mode, _)| {
        let unlucky = unlucky.clone();
        async move {
            unlucky.call_tool(&format!("bad__{}", mode.tool()), json!({})).await;
        }
    });
    let served = async {
        let mut slowest = Duration::ZERO;
        for _ in 0..200 {
            let began = Instant::now();
            lucky.call_tool("good__benign", json!({})).await.ok();
            slowest = slowest.max(began.elapsed());
        }
        slowest
    };
    let ((), slowest) = tokio::join!(suffering, served);
    assert!(slowest < Duration::from_secs(3), "the slowest good call took {slowest:?}");
}

#[tokio::test]
async fn a_server_that_cannot_even_list_hides_no_other() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let (bad, good) = (w.upstream().await, w.upstream().await);
    for mode in [Mode::Garbage, Mode::ServerError, Mode::Close, Mode::Empty, Mode::WrongShape] {
        let name = mode.tool().replace('_', "-");
        shop.server(&name, &bad.hostile_url(mode)).await;
    }
    shop.server("gone", "http://127.0.0.1:9/mcp").await;
    shop.server("good", &good.url()).await;
    let agent = shop.agent("caller").await;
    shop.permit_all_tools(&agent).await;
    let tools = agent.tools().await;
    assert!(tools.contains(&"good__benign".to_owned()), "{tools:?}");
    agent.call_tool("good__benign", json!({})).await.ok();
    let called = agent.call_tool("gone__anything", json!({})).await;
    assert!(matches!(called.code(), Some(Reason::EgressRefused)), "{}", called.reply.text());
    let called = agent.call_tool("garbage__anything", json!({})).await;
    assert!(matches!(called.code(), Some(Reason::UpstreamInvalid)), "{}", called.reply.text());
}

#[tokio::test]
async fn an_upstream_leads_nobody_to_a_private_address() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let stub = w.upstream().await;
    let victim = w.upstream().await;
    let caller = shop.with_stub(&stub, json!({})).await;
    for to in
        [victim.url(), "http://169.254.169.254/latest/meta-data/".to_owned(), "file:///etc/passwd".to_owned()]
    {
        let called = caller.call_tool("stub__redirect", json!({"to": to})).await;
        assert!(!called.is_ok(), "{}", called.reply.text());
    }
    assert!(victim.seen().is_empty(), "a redirect was followed");
    for url in [
        "http://169.254.169.254/mcp",
        "http://metadata.google.internal/mcp",
        "http://10.0.0.1/mcp",
        "http://[::1]:9/mcp",
        "http://2130706433/mcp",
        "http://rebound.example/mcp",
    ] {
        w.resolver.point("rebound.example", [127, 0, 0, 1]);
        let reply = shop.platform.post("/v1/servers", &json!({"name": "inside", "url": url})).send().await;
        if reply.status == 201 {
            let called = caller.call_tool("inside__anything", json!({})).await;
            assert!(matches!(called.code(), Some(Reason::EgressRefused)), "{url}: {}", called.reply.text());
            shop.platform.delete(&format!("/v1/servers/{}", reply.text_at("/id"))).send().await.ok();
        } else {
            let code = reply.code();
            assert!(
                matches!(code, Some(Reason::EgressRefused | Reason::FieldInvalid)),
                "{url}: {}",
                reply.text()
            );
        }
    }
}

#[tokio::test]
async fn what_an_upstream_says_is_screened_redacted_and_fenced() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let stub = w.upstream().await;
    let caller = shop.with_stub(&stub, json!({})).await;
    let hidden = caller.call_tool("stub__injection", json!({})).await.denied(Reason::PromptInjection);
    assert!(!hidden.reply.text().contains("collector.example"), "{}", hidden.reply.text());
    for tool in ["stub__secrets", "stub__structured_secrets"] {
        let redacted = caller.call_tool(tool, json!({})).await.ok();
        for secret in procura_testkit::stub::secrets() {
            for line in secret.lines().filter(|line| line.len() > 16) {
                assert!(!redacted.reply.text().contains(line), "{tool} lets {line} pass");
            }
        }
        let trace = shop.ended_trace(redacted.request_id()).await.to_string();
        assert!(trace.contains("\"redactions\":"), "{trace}");
    }
    let fenced = caller.call_tool("stub__benign", json!({})).await.ok();
    assert!(
        fenced.text().contains("Everything is in order.") && fenced.text().len() > 40,
        "{}",
        fenced.text()
    );
    let again = caller.call_tool("stub__benign", json!({})).await.ok();
    assert_ne!(fenced.text(), again.text(), "the fence has a nonce of its own each time");
}

#[tokio::test]
async fn a_disabled_server_is_gone_and_a_changed_list_is_seen() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let stub = w.upstream().await;
    let caller = shop.with_stub(&stub, json!({})).await;
    assert!(!caller.tools().await.contains(&"stub__newcomer".to_owned()));
    stub.change(Change::Tools);
    let servers = shop.platform.get("/v1/servers").send().await.ok();
    let path = format!("/v1/servers/{}", servers.text_at("/items/0/id"));
    shop.platform.patch(&path, &json!({"enabled": false})).send().await.ok();
    caller.call_tool("stub__benign", json!({})).await.denied(Reason::ToolUnknown);
    shop.platform.patch(&path, &json!({"enabled": true})).send().await.ok();
    assert!(caller.tools().await.contains(&"stub__newcomer".to_owned()));
}

#[tokio::test]
async fn the_caller_s_key_goes_to_no_upstream() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let stub = w.upstream().await;
    let own = "for-the-upstream-alone";
    shop.server_with(json!({"name": "stub", "url": stub.url(), "credential": own})).await;
    let caller = shop.agent("caller").await;
    shop.permit_all_tools(&caller).await;
    let call = || {
        let request = caller.mcp().request("tools/call", json!({"name": "stub__benign", "arguments": {}}));
        request.header("cookie", "procura=mine")
    };
    // A user's token is refused before anybody could pass it on.
    assert_eq!(call().header("x-user-auth-token", "mine-too").send().await.status, 400);
    assert!(stub.seen().is_empty());
    call().send().await.ok();
    let seen = stub.seen();
    assert!(!seen.is_empty());
    for each in seen {
        let text = serde_json::to_string(&each).unwrap();
        assert!(!text.contains(&caller.key) && !text.contains("mine"), "{text}");
        assert_eq!(each.headers.get("authorization"), Some(&json!(format!("Bearer {own}"))), "{text}");
    }
}

/// Progress comes before the result, on the same stream, and is treated alike.
#[tokio::test]
async fn what_a_server_says_of_its_progress_holds_neither_its_credential_nor_a_secret() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let stub = w.upstream().await;
    let own = "for-the-upstream-alone";
    shop.server_with(json!({"name": "stub", "url": stub.url(), "credential": own})).await;
    let caller = shop.agent("caller").await;
    shop.permit_all_tools(&caller).await;
    let rule = json!({"name": "badge", "effect": "redact", "pattern": r"\bBADGE-\d{6}\b"});
    shop.platform.post("/v1/redaction-rules", &rule).send().await.ok();
    let token = ["sk_", "live_", "4eC39HqLyjWDarjtT1zdp7dc"].concat();
    let said = format!("half way, sent {own} for BADGE-123456 with {token}");
    let params =
        json!({"name": "stub__events", "arguments": {"say": said}, "_meta": {"progressToken": "mine"}});
    let heard = caller.mcp().send("tools/call", params).await.ok();
    let stream = heard.reply.text();
    assert!(stream.contains("notifications/progress") && stream.contains("half way, sent "), "{stream}");
    assert!(stream.contains("[redacted:credential] for [redacted:badge] with [redacted:"), "{stream}");
    for secret in [own, "BADGE-123456", &token] {
        assert!(!stream.contains(secret), "{secret}: {stream}");
    }
}

#[tokio::test]
async fn a_program_runs_only_where_the_file_declares_it_now() {
    let w = World::start().await;
    let (shop, other) = (w.tenant("shop").await, w.tenant("other").await);
    let buyer = shop.agent("buyer").await;
    let declare = async |tenant, declared| {
        let operator = Identified { tenant, actor: Actor::Operator };
        let ctx = w.app.ctx(operator, Origin { method: "TEST".to_owned(), ..Origin::default() });
        servers::declare(&w.app, &ctx, declared).await.unwrap();
    };
    let program = Transport::Stdio { command: "cat".to_owned(), args: Vec::new(), env: BTreeMap::new() };
    declare(shop.id, vec![("program".to_owned(), program, ServerSettings::default(), None)]).await;
    let listed = async || buyer.mcp_of("program").send("prompts/list", json!({})).await.reply;
    assert_ne!(listed().await.status, 404);
    // The operator's file now belongs to another organization; the first one's row says enabled still.
    declare(other.id, Vec::new()).await;
    assert_eq!(listed().await.status, 404);
    let rows = shop.platform.get("/v1/servers").send().await.ok();
    assert_eq!(rows.at("/items/0/enabled"), json!(true));
}
