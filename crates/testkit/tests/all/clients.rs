//! Real clients, unmodified, through the gateway to real servers (GTW-1, OAU-5), and the official conformance suite
//! (decision 33). They need Node, Python and their packages; `cargo xtask test` brings them.

use procura_app::{Identified, servers};
use procura_model::{Actor, Origin, ServerSettings, Transport};
use procura_testkit::{
    fixture,
    process::{skipped, variable},
    stub::Stub,
    world::{Buyer, Hands, Options, Shop, World},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpSocket},
    process::{Child, Command},
    time::timeout,
};

/// No driver takes longer.
const LONGEST: Duration = Duration::from_secs(420);

/// Where the clients are.
pub(crate) struct Tools {
    pub(crate) node: PathBuf,
    pub(crate) python: PathBuf,
    pub(crate) clients: PathBuf,
}

/// The tools, with our drivers beside the packages that they import; none, loudly, where something is absent.
pub(crate) fn tools(what: &str) -> Option<Tools> {
    let found = ["PROCURA_TEST_NODE", "PROCURA_TEST_PYTHON", "PROCURA_TEST_CLIENTS"].map(variable);
    let [Some(node), Some(python), Some(clients)] = found else {
        skipped(
            what,
            "PROCURA_TEST_NODE, PROCURA_TEST_PYTHON and PROCURA_TEST_CLIENTS do not name the real clients",
        );
        return None;
    };
    let clients = PathBuf::from(clients);
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/clients")).unwrap().flatten() {
        let name = entry.file_name();
        let is_script = [".mjs", ".py"].iter().any(|end| name.to_string_lossy().ends_with(end));
        let to = clients.join(&name);
        let text = std::fs::read(entry.path()).unwrap();
        if is_script && std::fs::read(&to).ok().as_ref() != Some(&text) {
            // Beside and then renamed: another test may be reading it.
            let beside = clients.join(format!(".{}.{}", name.to_string_lossy(), std::process::id()));
            std::fs::write(&beside, text).unwrap();
            std::fs::rename(&beside, &to).unwrap();
        }
    }
    Some(Tools { node: PathBuf::from(node), python: PathBuf::from(python), clients })
}

/// The servers behind the gateway, alive as long as this is.
struct Behind {
    _stub: Stub,
    _everything: Child,
}

async fn behind(w: &World, shop: &Shop, tools: &Tools) -> Behind {
    let stub = w.upstream().await;
    shop.server("stub", &stub.url()).await;
    let script = tools.clients.join("node_modules/@modelcontextprotocol/server-everything/dist/index.js");
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let everything = Command::new(&tools.node)
        .arg(&script)
        .arg("streamableHttp")
        .env("PORT", port.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    listens(port).await;
    w.allow("127.0.0.1", port);
    shop.server("everything", &format!("http://127.0.0.1:{port}/mcp")).await;
    let child = |command: &Path, args: Vec<String>| Transport::Stdio {
        command: command.display().to_string(),
        args,
        env: BTreeMap::new(),
    };
    let text = |path: &Path| path.display().to_string();
    let declared = vec![
        (
            "childish".to_owned(),
            child(&tools.node, vec![text(&script), "stdio".to_owned()]),
            ServerSettings::default(),
            None,
        ),
        (
            "python".to_owned(),
            child(&tools.python, vec![text(&tools.clients.join("py_server.py"))]),
            ServerSettings::default(),
            None,
        ),
    ];
    let operator = Identified { tenant: shop.id, actor: Actor::Operator };
    let ctx = w.app.ctx(operator, Origin { method: "TEST".to_owned(), ..Origin::default() });
    servers::declare(&w.app, &ctx, declared).await.unwrap();
    Behind { _stub: stub, _everything: everything }
}

/// Waits until somebody listens on this port.
async fn listens(port: u16) {
    for _ in 0..300 {
        if TcpSocket::new_v4().unwrap().connect(([127, 0, 0, 1], port).into()).await.is_ok() {
            return;
        }
        let _pause = timeout(Duration::from_millis(100), std::future::pending::<()>()).await;
    }
    panic!("nobody listens on port {port}");
}

async fn caller(shop: &Shop) -> Buyer {
    let agent = shop.agent("real client").await;
    let allow =
        |resources: Value| json!({"effect": "allow", "actions": ["tool.call"], "resources": resources});
    shop.permit(&agent, allow(json!(["stub/benign", "stub/secrets", "*/echo", "python/read_config"]))).await;
    let small = json!([{"path": "args.a", "op": "le", "value": 100}]);
    let mut sums = allow(json!(["everything/get-sum", "childish/get-sum", "python/add"]));
    sums["conditions"] = small;
    shop.permit(&agent, sums).await;
    let mut asks = allow(json!([
        "stub/benign_4k",
        "everything/get-tiny-image",
        "childish/get-tiny-image",
        "python/order_status"
    ]));
    asks["approval"] = json!("always");
    shop.permit(&agent, asks).await;
    let mut block = json!({"effect": "block", "actions": ["tool.call"], "resources": ["stub/echo"]});
    block["conditions"] = json!([{"path": "args.forbidden", "op": "exists", "value": true}]);
    shop.permit(&agent, block).await;
    agent
}

/// What each upstream has for the story that every client tells.
fn plans() -> Vec<(&'static str, Value)> {
    let secrets = procura_testkit::stub::secrets();
    let python_secret = ["AK", "IA", "QX7PLM2NB4VC9ZT5"].concat();
    let lines: Vec<&str> =
        secrets.iter().flat_map(|secret| secret.lines()).filter(|line| line.len() > 16).collect();
    let everything = |name: &str| {
        json!({
            "list": [format!("{name}__echo"), format!("{name}__get-sum")],
            "hidden": [format!("{name}__get-env")],
            "allowed": {"tool": format!("{name}__echo"), "arguments": {"message": "good morning"}, "text": "good morning"},
            "denied": {"tool": format!("{name}__get-sum"), "arguments": {"a": 101, "b": 1}, "code": "ARGUMENT_REFUSED"},
            "approved": {"tool": format!("{name}__get-tiny-image"), "arguments": {}},
            "sanitized": {"tool": format!("{name}__echo"), "arguments": {"message": format!("key {}", secrets[0])},
                "secrets": [secrets[0]]},
        })
    };
    vec![
        (
            "stub",
            json!({
                "list": ["stub__benign", "stub__echo", "procura__read_more"],
                "hidden": ["stub__hang"],
                "allowed": {"tool": "stub__benign", "arguments": {}, "text": "Everything is in order."},
                "denied": {"tool": "stub__echo", "arguments": {"forbidden": 1}, "code": "ACTION_BLOCKED"},
                "approved": {"tool": "stub__benign_4k", "arguments": {}, "text": "garden chairs"},
                "sanitized": {"tool": "stub__secrets", "arguments": {}, "secrets": lines},
                "alternating": 100,
            }),
        ),
        ("everything", everything("everything")),
        ("childish", everything("childish")),
        (
            "python",
            json!({
                "list": ["python__add", "python__read_config"],
                "hidden": ["python__delete_order"],
                "allowed": {"tool": "python__add", "arguments": {"a": 2, "b": 3}, "text": "5"},
                "denied": {"tool": "python__add", "arguments": {"a": 101, "b": 3}, "code": "ARGUMENT_REFUSED"},
                "approved": {"tool": "python__order_status", "arguments": {"order": "7"}, "text": "shipped"},
                "sanitized": {"tool": "python__read_config", "arguments": {}, "secrets": [python_secret], "text": "eu-west-1"},
            }),
        ),
    ]
}

/// Runs a driver; whenever it waits for a person, the person agrees. Gives what it said.
async fn drive(program: &Path, script: &Path, shop: &Shop, agent: &Buyer, plan: &Value) -> Vec<Value> {
    let mut child = Command::new(program)
        .arg(script)
        .env("GATEWAY_URL", format!("{}/v1/mcp", shop.platform.base()))
        .env("KEY", &agent.key)
        .env("PLAN", plan.to_string())
        .env("TIMEOUT_MS", "60000")
        .current_dir(script.parent().unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = Vec::new();
    let ran = timeout(LONGEST, async {
        while let Some(line) = lines.next_line().await.unwrap() {
            let Ok(line) = serde_json::from_str::<Value>(&line) else { continue };
            if line["waiting"] == json!(true) {
                shop.approve(line["approvalId"].as_str().unwrap()).await.unwrap();
                input.write_all(b"granted\n").await.unwrap();
            }
            said.push(line);
        }
        child.wait().await.unwrap()
    });
    let ended = ran.await;
    let failed: Vec<&Value> = said.iter().filter(|line| line["ok"] == json!(false)).collect();
    assert!(failed.is_empty(), "{}: {failed:#?}", script.display());
    let status = ended.unwrap_or_else(|_| panic!("{} did not end: {said:#?}", script.display()));
    assert!(status.success(), "{} ended with {status}: {said:#?}", script.display());
    said
}

async fn every_upstream(script: &str, with: fn(&Tools) -> &Path, eras: usize) {
    let Some(tools) = tools(script) else { return };
    let w = World::start_with(Options { hands: Hands::System, ..Options::default() }).await;
    let shop = w.tenant("shop").await;
    let behind = behind(&w, &shop, &tools).await;
    for (upstream, plan) in plans() {
        // Granted calls are used up, so each upstream and run has an agent of its own.
        let agent = caller_named(&shop, upstream).await;
        let said = drive(with(&tools), &tools.clients.join(script), &shop, &agent, &plan).await;
        for step in ["list", "allowed", "denied", "sanitized"] {
            let done = said.iter().filter(|line| line["step"] == step && line["ok"] == json!(true)).count();
            assert_eq!(done, eras, "{script} over {upstream}: {step} in {said:#?}");
        }
        let approved =
            said.iter().filter(|line| line["step"] == "approved" && line["ok"] == json!(true)).count();
        assert_eq!(approved, eras, "{script} over {upstream}: {said:#?}");
    }
    drop(behind);
}

async fn caller_named(shop: &Shop, upstream: &str) -> Buyer {
    let agent = caller(shop).await;
    let path = format!("/v1/agents/{}", agent.id);
    shop.platform.patch(&path, &json!({"name": format!("caller of {upstream}")})).send().await.ok();
    agent
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_typescript_sdk_works_unmodified() {
    every_upstream("ts_sdk.mjs", |tools| &tools.node, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_typescript_client_works_unmodified_in_both_eras() {
    every_upstream("ts_client.mjs", |tools| &tools.node, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_inspector_works_unmodified_in_both_eras() {
    every_upstream("inspector.mjs", |tools| &tools.node, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_client_works_unmodified_in_both_eras() {
    every_upstream("py_client.py", |tools| &tools.python, 2).await;
}

/// Runs the frozen set of this revision; every scenario that must pass does.
async fn conforms(revision: &str) {
    let Some(tools) = tools("the conformance suite") else { return };
    let w = World::start_with(Options { hands: Hands::System, ..Options::default() }).await;
    let shop = w.tenant("shop").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let serving = fixture::serve(listener);
    w.allow_url(&url);
    shop.server_with(json!({"name": "fixture", "url": url, "settings": {"fence": false}})).await;
    let agent = shop.agent("suite").await;
    shop.permit_all_tools(&agent).await;
    let run = Command::new(&tools.node)
        .arg(tools.clients.join("conformance.mjs"))
        .args([
            "--url",
            &format!("{}/v1/mcp/fixture", w.url()),
            "--requirements",
            revision,
            "--key",
            &agent.key,
        ])
        .current_dir(&tools.clients)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(Duration::from_secs(900), run).await.unwrap().unwrap();
    serving.abort();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let summary: Value = serde_json::from_str(&text)
        .unwrap_or_else(|_| panic!("no summary: {text} {}", String::from_utf8_lossy(&output.stderr)));
    let scenarios = summary["scenarios"].as_array().unwrap();
    println!("conformance {revision}: scored {} must pass {}", summary["scored"], summary["mustPass"]);
    for scenario in scenarios.iter().filter(|scenario| scenario["ok"] != json!(true)) {
        println!(
            "  not passed: {} (must: {}) {}",
            scenario["scenario"], scenario["mustPass"], scenario["failures"]
        );
    }
    let must = |scenario: &&Value| scenario["mustPass"] == json!(true);
    assert!(scenarios.iter().filter(must).count() > 10, "{summary}");
    let broken: Vec<&Value> =
        scenarios.iter().filter(must).filter(|scenario| scenario["ok"] != json!(true)).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_suite_of_2026_07_28_passes_through_the_gateway() {
    conforms("2026-07-28").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_suite_of_2025_11_25_passes_through_the_gateway() {
    conforms("2025-11-25").await;
}
