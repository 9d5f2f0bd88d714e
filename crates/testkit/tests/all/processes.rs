//! What only a process of its own can show: a death in the middle, and how much memory floods cost.

use procura_model::Reason;
use procura_testkit::{
    kill,
    process::Process,
    stub::{Mode, Stub},
    world::Mcp,
};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_by_three_deaths() {
    kill::rounds(3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_do_not_fill_the_memory() {
    const MEGABYTE: u64 = 1024 * 1024;
    let stub = Stub::start().await.unwrap();
    let process = Process::start("").await;
    let file = process.folder().join("procura.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}\n[[server]]\nname = \"stub\"\nurl = \"{}\"\n", stub.url()))
        .unwrap();
    let mut process = process;
    process.restart().await;
    let founder = process.found().await;
    let made = founder.platform.post("/v1/agents", &json!({"name": "flooded"})).send().await.ok();
    let path = format!("/v1/agents/{}/permissions", made.text_at("/agent/id"));
    founder.platform.post(&path, &json!({"effect": "allow", "actions": ["*"]})).send().await.ok();
    let agent = founder.platform.with_key(&made.text_at("/key/secret"));
    let mcp = Mcp::new(agent.clone(), "/v1/mcp");
    mcp.call_tool("stub__benign", &json!({})).await.ok();
    let before = process.resident_bytes();
    let mut most = before;
    for _ in 0..3 {
        let floods = (0..8).map(|n| {
            let tool = if n % 2 == 0 { Mode::Flood } else { Mode::FloodEvents };
            let mcp = mcp.clone();
            async move { mcp.call_tool(&format!("stub__{}", tool.tool()), &json!({"megabytes": 100})).await }
        });
        for called in futures_util::future::join_all(floods).await {
            assert_eq!(called.code(), Some(Reason::UpstreamTooLarge), "{}", called.reply.text());
        }
        most = most.max(process.resident_bytes());
        let huge = format!("{{\"action\":\"{}\"}}", "a".repeat(8 * 1024 * 1024));
        let bodies = (0..8).map(|_| {
            let call =
                agent.call(http::Method::POST, "/v1/verify").header("content-type", "application/json");
            call.bytes(huge.clone()).try_send()
        });
        for reply in futures_util::future::join_all(bodies).await.into_iter().flatten() {
            assert_eq!(reply.code(), Some(Reason::BodyTooLarge), "{}", reply.text());
        }
        most = most.max(process.resident_bytes());
        mcp.call_tool("stub__benign", &json!({})).await.ok();
    }
    assert!(most < before + 300 * MEGABYTE, "{} MB became {} MB", before / MEGABYTE, most / MEGABYTE);
}
