//! What is said when things break: tables that are gone or refuse rows, who a user is in a row that somebody changed,
//! another root key. A fault's text never reaches a caller; what the log says of it is searched like everything.

use super::{
    house::{House, Owner},
    sessions::Acting,
};
use procura_store::{Store, testing};
use procura_testkit::process;
use serde_json::json;
use std::{fs, time::Duration};

/// What an operator's hand could break, how it is mended, and what a refused row needs of PostgreSQL alone.
const BREAKAGES: [(&str, &str); 4] = [
    ("ALTER TABLE secrets RENAME TO secrets_gone", "ALTER TABLE secrets_gone RENAME TO secrets"),
    ("ALTER TABLE evidence RENAME TO evidence_gone", "ALTER TABLE evidence_gone RENAME TO evidence"),
    ("ALTER TABLE approvals RENAME TO approvals_gone", "ALTER TABLE approvals_gone RENAME TO approvals"),
    ("ALTER TABLE results RENAME TO results_gone", "ALTER TABLE results_gone RENAME TO results"),
];
/// The same, where a database says which row it refused.
const REFUSALS: [(&str, &str); 2] = [
    (
        "ALTER TABLE agent_sessions ADD CONSTRAINT broken CHECK (method = 'none') NOT VALID",
        "ALTER TABLE agent_sessions DROP CONSTRAINT broken",
    ),
    (
        "ALTER TABLE evidence ADD CONSTRAINT broken CHECK (kind = 'none') NOT VALID",
        "ALTER TABLE evidence DROP CONSTRAINT broken",
    ),
];

/// Breaks the house in every way, asks for everything, and mends it.
pub(super) async fn break_and_mend(house: &mut House, owner: &Owner, one: &Acting, other: &Acting) {
    let refusals = if house.rows.schema.is_some() { &REFUSALS[..] } else { &[] };
    let mut faults = 0;
    for (breaks, mends) in BREAKAGES.iter().chain(refusals) {
        run(house, breaks).await;
        faults += ask_for_everything(house, owner, one).await;
        run(house, mends).await;
    }
    assert!(faults > 10, "only {faults} faults");
    // Who another user is, in the place of this one: it is sealed to its own row.
    run(
        house,
        &format!(
            "UPDATE agent_sessions SET sealed_user = (SELECT sealed_user FROM agent_sessions WHERE session_id = '{}') \
             WHERE session_id = '{}'",
            other.session, one.session
        ),
    )
    .await;
    let path = format!("/v1/sessions/{}/context", one.session);
    let refused = house.ask("GET context of a changed row", house.platform.get(&path)).await;
    assert!(refused.status >= 400, "{}", refused.text());
    let reply =
        house.ask("POST verify of a changed row", one.agent.http.post("/v1/verify", &json!({"action": "a"})));
    assert!(reply.await.status >= 400, "somebody else's profile was read");
    start_with_another_key(house);
}

/// Stops the server, runs this on its database, and starts it again.
async fn run(house: &mut House, sql: &str) {
    house.process.kill();
    let store = Store::open(&house.rows).await.unwrap();
    testing::run(&store, sql).await;
    store.close().await;
    drop(store);
    // Its last task lets go of the file a moment later.
    let lock = house.process.folder().join("data/procura.db.lock");
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..200 {
        ticks.tick().await;
        let is_free = || fs::File::open(&lock).is_ok_and(|file| file.try_lock().is_ok());
        if house.rows.schema.is_some() || is_free() {
            break;
        }
    }
    house.process.restart().await;
}

/// Asks for everything that a user's values are needed for; says how often something was broken.
async fn ask_for_everything(house: &House, owner: &Owner, acting: &Acting) -> usize {
    let person = &house.people[acting.user];
    let (agent, own) = (&acting.agent, house.plants.of_user(acting.user));
    let args = json!({"to": person.email, "who": person.payload()});
    let verify = |action: &str| agent.http.post("/v1/verify", &json!({"action": action, "args": args}));
    let tool = |name: &str| {
        let params = json!({"name": name, "arguments": {"text": person.payload().to_string().repeat(3)}});
        procura_testkit::world::Mcp::new(agent.http.clone(), "/v1/mcp").request("tools/call", params)
    };
    let token =
        |path: &str| agent.http.call(http::Method::POST, path).header("x-user-auth-token", &acting.token);
    let who = json!({"agentId": agent.id, "userId": format!("not {}", person.id)});
    let calls = vec![
        verify("read.orders"),
        verify("send"),
        verify("steal"),
        tool("tools__echo"),
        tool("orders__echo"),
        tool("orders__long"),
        token("/v1/sessions"),
        house
            .platform
            .post(&format!("/v1/agents/{}/user-auth/check", agent.id), &json!({"token": acting.token})),
        house.platform.post("/v1/sessions/revoke", &who),
        house.platform.get(&format!("/v1/agents/{}/user-auth", agent.id)),
        house.platform.get("/v1/approvals"),
        house.platform.get("/v1/activity"),
        owner.browser.get("/activity"),
    ];
    let mut faults = 0;
    for call in calls {
        let reply = house.ask_for("anything of a broken house", call, &own).await;
        faults += usize::from(reply.status >= 500);
    }
    faults
}

/// What a server says that finds another root key than its database was written under.
fn start_with_another_key(house: &mut House) {
    house.process.kill();
    let folder = house.process.folder();
    let key = folder.join("another.key");
    fs::write(&key, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n").unwrap();
    let ended = process::command(folder)
        .args(["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"])
        .env("PROCURA_ROOT_KEY_FILE", &key)
        .output()
        .unwrap();
    assert!(!ended.status.success(), "a server started with another root key");
    house.keep("what a server says that cannot start", [ended.stdout, ended.stderr].concat(), &[]);
}
