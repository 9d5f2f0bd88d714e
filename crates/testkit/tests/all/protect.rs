//! docs/PROTECT-AN-API.md is followed to the letter (OAU-5): its commands are run, its two samples check the token that they
//! gave, and what they refuse is refused. They need curl, Node, Python and their packages, as in `clients.rs`.

use crate::clients::tools;
use procura_store::testing::Folder;
use procura_testkit::{
    process::workspace,
    world::{Hands, Http, Options, Reply, Seen, World},
};
use serde_json::Value;
use std::{collections::BTreeMap, path::Path, process::Stdio, time::Duration};
use tokio::{
    process::{Child, Command},
    time::timeout,
};

const LONGEST: Duration = Duration::from_secs(30);

/// The blocks of the document in order: the mark and the text.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(mark)) => open = Some((mark.to_owned(), String::new())),
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some((_, block)), None) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

/// Somebody who follows the document.
struct Reader {
    blocks: Vec<(String, String)>,
    /// What the document calls `$NAME`.
    names: BTreeMap<&'static str, String>,
    folder: Folder,
}

impl Reader {
    /// The first block that says this, of this mark.
    fn block(&self, mark: &str, says: &str) -> &str {
        let found = self.blocks.iter().find(|(of, text)| of == mark && text.contains(says));
        found.map(|(_, text)| text.as_str()).unwrap_or_else(|| panic!("no block {mark} says {says}"))
    }

    /// What the command that says this prints, as JSON.
    async fn run(&self, says: &str) -> Value {
        let run = Command::new("bash")
            .args(["-euo", "pipefail", "-c", self.block("sh", says)])
            .envs(&self.names)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output();
        let output = timeout(LONGEST, run).await.unwrap().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{says}: {out}\n{err}");
        serde_json::from_str(&out).unwrap_or_else(|_| panic!("{says}: {out}\n{err}"))
    }
}

fn text_at(value: &Value, pointer: &str) -> String {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("{value} lacks {pointer}")).to_owned()
}

/// The sample that serves an API, until it is dropped.
async fn serving(reader: &Reader, node: &Path, clients: &Path) -> (Child, Http) {
    let file = reader.folder.path().join("api.mjs");
    std::fs::write(&file, reader.block("js", "createServer")).unwrap();
    std::os::unix::fs::symlink(clients.join("node_modules"), reader.folder.path().join("node_modules"))
        .unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let child = Command::new(node)
        .arg(file)
        .envs(&reader.names)
        .env("PORT", port.to_string())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let http = Http::new(&format!("http://127.0.0.1:{port}"), Seen::default());
    let answers = async {
        while http.get("/").try_send().await.is_err() {
            let _pause = timeout(Duration::from_millis(50), std::future::pending::<()>()).await;
        }
    };
    timeout(LONGEST, answers).await.expect("the sample does not answer");
    (child, http)
}

async fn asked(api: &Http, token: &str) -> Reply {
    api.get("/orders").header("authorization", &format!("Bearer {token}")).send().await
}

/// What the Python sample says of a token: its claims, or the name of what it raises.
async fn checked(reader: &Reader, python: &Path, token: &str, scope: &str) -> String {
    let file = reader.folder.path().join("check.py");
    let ask = "\nimport json, sys\ntry:\n    print(json.dumps(claims(sys.argv[1], sys.argv[2])))\nexcept Exception as error:\n    \
               print(type(error).__name__)\n";
    std::fs::write(&file, format!("{}{ask}", reader.block("python", "PyJWKClient"))).unwrap();
    let run =
        Command::new(python).arg(file).args([token, scope]).envs(&reader.names).stdin(Stdio::null()).output();
    let output = timeout(LONGEST, run).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_document_on_protecting_an_api_holds() {
    let Some(tools) = tools("docs/PROTECT-AN-API.md") else { return };
    let w = World::start_with(Options { hands: Hands::System, ..Options::default() }).await;
    let shop = w.tenant("shop").await;
    let worker = shop.agent("worker").await;
    let text = std::fs::read_to_string(workspace().join("docs/PROTECT-AN-API.md")).unwrap();
    let names = BTreeMap::from([
        ("PROCURA", w.url().to_owned()),
        ("KEY", shop.key.clone()),
        ("AGENT", worker.id.to_string()),
    ]);
    let mut reader = Reader { blocks: blocks(&text), names, folder: Folder::new() };

    text_at(&reader.run("/v1/resources").await, "/id");
    let client = reader.run("/v1/clients").await;
    reader.names.insert("CLIENT", text_at(&client, "/client/id"));
    reader.names.insert("SECRET", text_at(&client, "/secret/secret"));
    let answer = reader.run("/oauth/token").await;
    assert_eq!(text_at(&answer, "/scope"), "orders:read");
    let token = text_at(&answer, "/access_token");
    reader.names.insert("TOKEN", token.clone());

    let (_child, api) = serving(&reader, &tools.node, &tools.clients).await;
    let served = asked(&api, &token).await;
    assert_eq!(served.status, 200, "{}", served.text());
    assert_eq!(served.text_at("/by"), worker.id.to_string());
    let forged = format!("{}A", token.trim_end_matches(|last: char| last != '.'));
    for wrong in ["", "nothing", forged.as_str()] {
        let refused = asked(&api, wrong).await;
        assert_eq!(refused.status, 401, "{wrong}");
        assert!(refused.header("www-authenticate").contains("resource_metadata="), "{wrong}");
    }
    let told = api.get("/.well-known/oauth-protected-resource/orders").send().await;
    assert_eq!(told.text_at("/authorization_servers/0"), w.url());

    let said = checked(&reader, &tools.python, &token, "orders:read").await;
    assert!(said.contains(&worker.id.to_string()), "{said}");
    assert_eq!(checked(&reader, &tools.python, &token, "orders:write").await, "PermissionError");
    assert_ne!(checked(&reader, &tools.python, &forged, "orders:read").await, said);

    let key = reader.run("introspect:tokens").await;
    reader.names.insert("ASKING_KEY", text_at(&key, "/secret"));
    let live = reader.run("/oauth/introspect").await;
    assert_eq!(live["active"], true);
    assert_eq!(text_at(&live, "/aud"), "https://api.shop.example/orders");
    // The document's own table: the client stays shut out with its agent.
    let path = format!("/v1/agents/{}/disable", worker.id);
    shop.platform.post(&path, &serde_json::json!({})).send().await.ok();
    assert_eq!(reader.run("/oauth/introspect").await, serde_json::json!({"active": false}));
}
