//! `kill -9` in the middle of load: whoever got an answer finds it in the record after the next start, and nothing is
//! half done. Used by the daily suite with a few rounds and by the soak with twenty.

use crate::{
    fixture::pace,
    process::{Founder, Process},
    stub::Stub,
    world::{Http, Mcp},
};
use futures_util::future::join_all;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::{collections::HashSet, sync::Arc};

/// How many callers press at once.
const CALLERS: usize = 8;

/// What was acknowledged before the process died.
#[derive(Default)]
struct Acknowledged {
    decisions: Mutex<Vec<String>>,
    calls: Mutex<Vec<String>>,
}

/// Kills the process so many times under load, and looks at the record after each restart.
///
/// # Panics
/// When something that was acknowledged is lost, or something is half done.
#[expect(clippy::expect_used, reason = "this is a test in two lengths")]
pub async fn rounds(count: usize) {
    let stub = Stub::start().await.expect("start the stub");
    let configuration = format!("[[server]]\nname = \"stub\"\nurl = \"{}\"\n", stub.url());
    let mut process = Process::start("").await;
    let file = process.folder().join("procura.toml");
    let text = std::fs::read_to_string(&file).expect("read the configuration");
    std::fs::write(&file, format!("{text}\n{configuration}")).expect("write the configuration");
    process.restart().await;
    let founder = process.found().await;
    let agent = agent(&founder).await;
    let mut known = HashSet::new();
    for round in 0..count {
        let acknowledged =
            press(&agent, &mut process, 150 + (u64::try_from(round).unwrap_or(0) * 37) % 400).await;
        process.restart().await;
        look(&process, &founder, &acknowledged, &stub, &mut known).await;
        stub.forget();
    }
    assert!(known.len() > count * CALLERS, "only {} answers came in {count} rounds", known.len());
}

async fn agent(founder: &Founder) -> Http {
    let made = founder.platform.post("/v1/agents", &json!({"name": "presser"})).send().await.ok();
    let path = format!("/v1/agents/{}/permissions", made.text_at("/agent/id"));
    let all = json!({"effect": "allow", "actions": ["pay", "tool.call"]});
    founder.platform.post(&path, &all).send().await.ok();
    founder.platform.with_key(&made.text_at("/key/secret"))
}

/// Presses until the process is killed; gives what was acknowledged.
async fn press(agent: &Http, process: &mut Process, after_ms: u64) -> Arc<Acknowledged> {
    let acknowledged = Arc::new(Acknowledged::default());
    let callers = (0..CALLERS).map(|n| pace::start(caller(agent.clone(), Arc::clone(&acknowledged), n)));
    let callers: Vec<_> = callers.collect();
    pace::pause(after_ms).await;
    process.kill();
    join_all(callers).await;
    acknowledged
}

/// Half of the callers ask, half call a tool, until the server is gone.
async fn caller(agent: Http, acknowledged: Arc<Acknowledged>, n: usize) {
    let mcp = Mcp::new(agent.clone(), "/v1/mcp");
    for turn in 0..100_000 {
        let is_question = n.is_multiple_of(2);
        let call = if is_question {
            let action = if turn % 3 == 0 { "steal" } else { "pay" };
            agent.post("/v1/verify", &json!({"action": action, "args": {"turn": turn}}))
        } else {
            mcp.request("tools/call", json!({"name": "stub__benign", "arguments": {"turn": turn}}))
        };
        let Ok(reply) = call.try_send().await else { return };
        if reply.status == 200 {
            let list = if is_question { &acknowledged.decisions } else { &acknowledged.calls };
            list.lock().push(reply.request_id().to_string());
        }
    }
}

async fn look(
    process: &Process,
    founder: &Founder,
    acknowledged: &Acknowledged,
    stub: &Stub,
    known: &mut HashSet<String>,
) {
    let trace = async |id: &str| {
        let path = format!("/v1/traces/{id}");
        let reply = founder.platform.get(&path).send().await;
        assert_eq!(
            reply.status,
            200,
            "{id} was acknowledged and is lost: {}\n{}",
            reply.text(),
            process.log()
        );
        reply.json()
    };
    let (decisions, calls) = (acknowledged.decisions.lock().clone(), acknowledged.calls.lock().clone());
    for id in &decisions {
        let found = trace(id).await;
        assert_eq!(events(&found), ["decision"], "{found}");
    }
    for id in &calls {
        let found = trace(id).await;
        assert_eq!(events(&found), ["decision", "intent", "egress", "outcome"], "{found}");
        assert_eq!(found.get("outcome"), Some(&json!("ok")), "{found}");
    }
    known.extend(decisions.into_iter().chain(calls));
    // What the upstream saw has its intent, also where the death came before the outcome.
    for seen in stub.calls() {
        let id =
            seen.headers.get("x-procura-request-id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let found = trace(&id).await;
        let events = events(&found);
        let is_whole = events == ["decision", "intent", "egress", "outcome"];
        let is_cut = events == ["decision", "intent"] && found.get("outcome") == Some(&json!("unknown"));
        assert!(is_whole || is_cut, "half a chain: {found}");
    }
}

fn events(trace: &Value) -> Vec<String> {
    let records = trace.get("records").and_then(Value::as_array).cloned().unwrap_or_default();
    records.iter().filter_map(|record| Some(record.get("event")?.as_str()?.to_owned())).collect()
}
