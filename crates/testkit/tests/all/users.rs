//! Verified users, end to end: whose tokens open a session (USR-2, USR-3), how secrets are changed while both sides run,
//! who may use a session, and how it ends (SES-1, SES-2). The tokens come from the seed's own code, our SDKs and real
//! libraries.

use crate::clients::tools;
use procura_egress::Purpose;
use procura_model::{Reason, Scope, time::DAY_MS};
use procura_testkit::{
    business::{Answer, signed_token},
    process::workspace,
    world::{Buyer, Hands, Options, Reply, Shop, World},
};
use serde_json::{Map, Value, json};
use std::{path::Path, process::Stdio, time::Duration};
use tokio::{io::AsyncWriteExt as _, process::Command, time::timeout};

/// Every algorithm that users' tokens may be signed with.
const ALGORITHMS: [&str; 5] = ["RS256", "PS256", "ES256", "ES384", "EdDSA"];

/// The world's time in unix seconds.
fn seconds(w: &World) -> i64 {
    w.app.now().as_ms() / 1_000
}

/// What a business says of its user `id`.
fn payload(w: &World, id: &str) -> Value {
    let now = seconds(w);
    json!({"userId": id, "email": format!("{id}@mail.example"), "role": "customer", "plan": "gold",
        "iat": now - 5, "exp": now + 300})
}

/// An agent whose users are verified by signed session token, and the secret.
async fn signed_agent(shop: &Shop) -> (Buyer, String) {
    let agent = shop.agent("assistant").await;
    let secret = shop.user_signed_token(&agent).await;
    (agent, secret)
}

/// Opens a session for a user of this id.
async fn opened(w: &World, agent: &Buyer, secret: &str, id: &str) -> Reply {
    agent.open_session(&signed_token(&payload(w, id), secret)).await.ok()
}

/// Runs a program that mints these jobs, and gives what it wrote: tokens by name, and public keys.
async fn minted(program: &Path, script: &Path, sdk: &str, jobs: &[Value]) -> Value {
    let mut child = Command::new(program)
        .arg(script)
        .current_dir(script.parent().unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(json!({"sdk": sdk, "jobs": jobs}).to_string().as_bytes()).await.unwrap();
    drop(input);
    let output = timeout(Duration::from_secs(120), child.wait_with_output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}: {}", script.display(), output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// One job of the seed's code and one of the SDK, for a secret.
fn signed_jobs(w: &World, secret: &str) -> Vec<Value> {
    let of = |by: &str| json!({"name": by, "by": by, "payload": payload(w, by), "secret": secret});
    vec![of("seed"), of("sdk")]
}

/// One job of a library for every algorithm, each with a key of its own.
fn jwt_jobs(w: &World, library: &str) -> Vec<Value> {
    let now = seconds(w);
    let job = |alg: &&str| {
        let name = format!("{library} {alg}");
        let claims = json!({"sub": name, "email": "u@mail.example", "role": "customer", "plan": "gold",
            "iss": "https://id.shop.example", "aud": "shop-agents", "iat": now - 5, "exp": now + 300});
        json!({"name": name, "by": library, "kid": name.clone(), "alg": alg, "claims": claims})
    };
    ALGORITHMS.iter().map(job).collect()
}

/// Demands that this token opens a session for the user of this id, and that the agent is told so.
async fn opens_for(agent: &Buyer, token: &str, id: &str) {
    let opened = agent.open_session(token).await.ok();
    assert_eq!(opened.status, 201, "{id}: {}", opened.text());
    let path = format!("/v1/sessions/{}/context", opened.text_at("/sessionId"));
    let told = agent.acting_in(&opened).http.get(&path).send().await.ok();
    assert!(told.text_at("/factsBlock").contains(&format!("\"{id}\"")), "{id}: {}", told.text());
    assert!(told.text_at("/untrustedBlock").contains("gold"), "{id}: {}", told.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_of_the_seed_s_own_code_and_of_our_sdks_open_sessions() {
    let Some(tools) = tools("the seed's code and our SDKs") else { return };
    let w = World::start_with(Options { hands: Hands::System, ..Options::default() }).await;
    let shop = w.tenant("shop").await;
    let (agent, secret) = signed_agent(&shop).await;
    let typescript = url::Url::from_file_path(workspace().join("sdk/typescript/src/index.mjs")).unwrap();
    let python = workspace().join("sdk/python/src").display().to_string();
    for (program, script, sdk) in
        [(&tools.node, "mint.mjs", typescript.as_str()), (&tools.python, "mint.py", python.as_str())]
    {
        let jobs = signed_jobs(&w, &secret);
        let minted = minted(program, &tools.clients.join(script), sdk, &jobs).await;
        for by in ["seed", "sdk"] {
            opens_for(&agent, minted["tokens"][by].as_str().unwrap(), by).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_of_the_rust_sdk_opens_a_session() {
    let w = World::start_with(Options { hands: Hands::System, ..Options::default() }).await;
    let shop = w.tenant("shop").await;
    let (agent, secret) = signed_agent(&shop).await;
    let token = procura_sdk::sign_session_token(&payload(&w, "rust"), &secret).unwrap();
    opens_for(&agent, &token, "rust").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jwts_of_jose_pyjwt_and_authlib_open_sessions_in_every_algorithm() {
    let Some(tools) = tools("jose, PyJWT and Authlib") else { return };
    let w = World::start_with(Options { hands: Hands::System, ..Options::default() }).await;
    let shop = w.tenant("shop").await;
    let typescript = url::Url::from_file_path(workspace().join("sdk/typescript/src/index.mjs")).unwrap();
    let python = workspace().join("sdk/python/src").display().to_string();
    let (in_node, in_python) =
        (jwt_jobs(&w, "jose"), [jwt_jobs(&w, "pyjwt"), jwt_jobs(&w, "authlib")].concat());
    let (mint_mjs, mint_py) = (tools.clients.join("mint.mjs"), tools.clients.join("mint.py"));
    let (jose, others) = tokio::join!(
        minted(&tools.node, &mint_mjs, typescript.as_str(), &in_node),
        minted(&tools.python, &mint_py, &python, &in_python)
    );
    let both = |part: &str| -> Map<String, Value> {
        [&jose, &others].into_iter().flat_map(|minted| minted[part].as_object().unwrap().clone()).collect()
    };
    let keys: Vec<Value> = both("keys").into_iter().map(|(_, key)| key).collect();
    assert_eq!(keys.len(), 15);
    let host = w.host(Purpose::Jwks, Answer::Json(json!({"keys": keys}))).await;
    let agent = shop.agent("assistant").await;
    shop.user_jwt(&agent, &host.url("/jwks.json")).await;
    for (name, token) in both("tokens") {
        opens_for(&agent, token.as_str().unwrap(), &name).await;
    }
    assert_eq!(host.count(), 1, "one fetch serves fifteen tokens");
    let tokens = both("tokens");
    let [first, second] = ["jose EdDSA", "pyjwt EdDSA"].map(|name| tokens[name].as_str().unwrap());
    let (signed, _) = first.rsplit_once('.').unwrap();
    let (_, signature) = second.rsplit_once('.').unwrap();
    agent.open_session(&format!("{signed}.{signature}")).await.refused(Reason::JwtInvalid);
}

#[tokio::test]
async fn a_shared_secret_is_replaced_while_both_are_live() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let (agent, first) = signed_agent(&shop).await;
    let token = |secret: &str| signed_token(&payload(&w, "u"), secret);
    let second = shop.user_secret(&agent, &json!({"overlapSeconds": 3_600})).await.ok().text_at("/secret");
    assert_ne!(first, second);
    agent.open_session(&token(&first)).await.ok();
    agent.open_session(&token(&second)).await.ok();
    let given = "brought along by the business, 64 characters of it, all different";
    shop.user_secret(&agent, &json!({"secret": given, "overlapSeconds": 3_600})).await.ok();
    agent.open_session(&token(&first)).await.refused(Reason::TokenInvalid);
    agent.open_session(&token(&second)).await.ok();
    agent.open_session(&token(given)).await.ok();
    w.advance_ms(3_600_000);
    agent.open_session(&signed_token(&payload(&w, "u"), &second)).await.refused(Reason::TokenInvalid);
    agent.open_session(&signed_token(&payload(&w, "u"), given)).await.ok();
    let shown = shop.platform.get(&format!("/v1/agents/{}/user-auth", agent.id)).send().await.ok().text();
    for secret in [&first, &second, given] {
        assert!(!shown.contains(secret), "a secret was read back");
    }
    shop.user_secret(&agent, &json!({"secret": "hunter2"})).await.refused(Reason::FieldInvalid);
}

#[tokio::test]
async fn a_token_is_taken_once_where_a_session_begins_and_nowhere_else() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let bare = shop.agent("bare").await;
    bare.open_session("a.b").await.refused(Reason::UserAuthMissing);
    let (agent, secret) = signed_agent(&shop).await;
    agent.http.call(http::Method::POST, "/v1/sessions").send().await.refused(Reason::UserTokenMissing);
    let token = signed_token(&payload(&w, "u"), &secret);
    let session = agent.open_session(&token).await.ok();
    let lifetime = agent.http.post("/v1/sessions", &json!({"expiresInSeconds": 60}));
    let brief = lifetime.header("x-user-auth-token", &token).send().await.ok();
    assert!(brief.text_at("/expiresAt") < session.text_at("/expiresAt"), "{}", brief.text());
    let asked = agent.http.post("/v1/verify", &json!({"action": "a"}));
    asked.header("x-user-auth-token", &token).send().await.refused(Reason::UserTokenUnexpected);
    let call = agent.mcp().request("tools/list", json!({}));
    let refused = call.header("x-user-auth-token", &token).send().await;
    assert_eq!(refused.at("/error/data/code"), json!("USER_TOKEN_UNEXPECTED"), "{}", refused.text());
    let reply = session.text();
    assert!(!reply.contains(&token) && !reply.contains("mail.example"), "{reply}");
    assert!(session.text_at("/user/reference").starts_with("usr_"), "{reply}");
}

#[tokio::test]
async fn each_fault_of_a_signed_token_has_its_own_code() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let (agent, secret) = signed_agent(&shop).await;
    let now = seconds(&w);
    let of = |changed: Value| {
        let mut whole = payload(&w, "u");
        whole.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
        signed_token(&whole, &secret)
    };
    for (token, reason) in [
        ("no-dot".to_owned(), Reason::TokenMalformed),
        (of(json!({"exp": "soon"})), Reason::TokenMalformed),
        (signed_token(&payload(&w, "u"), "another secret"), Reason::TokenInvalid),
        (of(json!({"nbf": now + 60})), Reason::TokenInvalid),
        (of(json!({"exp": now})), Reason::TokenExpired),
        (of(json!({"iat": now, "exp": now + 3_601})), Reason::TokenExpired),
        (of(json!({"userId": " "})), Reason::TokenNoSubject),
    ] {
        agent.open_session(&token).await.refused(reason);
    }
}

#[tokio::test]
async fn a_session_is_its_own_agent_s_until_it_ends() {
    let w = World::start().await;
    let (shop, rival) = (w.tenant("shop").await, w.tenant("rival").await);
    let (agent, secret) = signed_agent(&shop).await;
    let sibling = shop.agent("sibling").await;
    let stranger = rival.agent("stranger").await;
    for each in [&agent, &sibling] {
        shop.permit(each, json!({"effect": "allow", "actions": ["a"]})).await;
    }
    rival.permit(&stranger, json!({"effect": "allow", "actions": ["a"]})).await;
    let session = opened(&w, &agent, &secret, "u").await;
    agent.acting_in(&session).verify("a").send().await.allowed();
    for other in [&sibling, &stranger] {
        other.acting_in(&session).verify("a").send().await.0.refused(Reason::SessionInvalid);
        let by_id = other.verify("a").with("sessionId", session.text_at("/sessionId"));
        by_id.send().await.0.refused(Reason::SessionInvalid);
        other.verify("a").send().await.allowed();
    }
    let by_id = |agent: &Buyer| {
        let id = agent.id.to_string();
        json!({"agentId": id, "action": "a", "sessionId": session.text_at("/sessionId")})
    };
    let asked = shop.platform.post("/v1/verify", &by_id(&agent)).send().await.ok();
    assert_eq!(asked.at("/allowed"), json!(true), "{}", asked.text());
    shop.platform.post("/v1/verify", &by_id(&sibling)).send().await.refused(Reason::SessionInvalid);
    rival.platform.post("/v1/verify", &by_id(&stranger)).send().await.refused(Reason::SessionInvalid);
    let mut forged = session.text_at("/sessionToken");
    let last = if forged.pop() == Some('0') { '1' } else { '0' };
    forged.push(last);
    let asked = agent.http.post("/v1/verify", &json!({"action": "a"}));
    asked.header("x-procura-session", &forged).send().await.refused(Reason::SessionInvalid);
    w.advance_ms(3_600_000);
    agent.acting_in(&session).verify("a").send().await.0.refused(Reason::SessionExpired);
    let session = opened(&w, &agent, &secret, "u").await;
    let path = format!("/v1/sessions/{}", session.text_at("/sessionId"));
    rival.platform.delete(&path).send().await.refused(Reason::NotFound);
    agent.acting_in(&session).verify("a").send().await.allowed();
    shop.platform.delete(&path).send().await.ok();
    agent.acting_in(&session).verify("a").send().await.0.refused(Reason::SessionRevoked);
    w.advance_ms(DAY_MS);
    agent.acting_in(&session).verify("a").send().await.0.refused(Reason::SessionRevoked);
}

#[tokio::test]
async fn a_user_is_revoked_by_the_literal_call_of_the_seed() {
    let w = World::start().await;
    let (shop, rival) = (w.tenant("shop").await, w.tenant("rival").await);
    let (agent, secret) = signed_agent(&shop).await;
    shop.permit(&agent, json!({"effect": "allow", "actions": ["a"]})).await;
    let sessions =
        [opened(&w, &agent, &secret, "user_123").await, opened(&w, &agent, &secret, "user_123").await];
    let bystander = opened(&w, &agent, &secret, "user_124").await;
    let key = shop.platform_key(&[Scope::RevokeSessions]).await;
    let revoke = async |http: &procura_testkit::world::Http, user: &str| {
        let body = json!({"agentId": agent.id.to_string(), "userId": user});
        http.post("/api/public/sessions/revoke", &body).send().await
    };
    revoke(&rival.platform, "user_123").await.refused(Reason::NotFound);
    revoke(&shop.platform_key(&[Scope::Verify]).await, "user_123").await.refused(Reason::ScopeMissing);
    revoke(&agent.http, "user_123").await.refused(Reason::ScopeMissing);
    agent.acting_in(&sessions[0]).verify("a").send().await.allowed();
    let done = revoke(&key, "user_123").await.ok();
    assert_eq!(done.json(), json!({"success": true, "revoked": 2}));
    for session in &sessions {
        agent.acting_in(session).verify("a").send().await.0.refused(Reason::SessionRevoked);
    }
    agent.acting_in(&bystander).verify("a").send().await.allowed();
    let again = revoke(&key, "user_123").await.ok();
    assert_eq!(again.json(), json!({"success": true, "revoked": 0}));
    let old = signed_token(&payload(&w, "user_123"), &secret);
    agent.open_session(&old).await.refused(Reason::SessionRevoked);
    w.advance_ms(1_000);
    opened(&w, &agent, &secret, "user_123").await;
    let own = json!({"agentId": agent.id.to_string(), "userId": "user_123"});
    let done = key.post("/v1/sessions/revoke", &own).send().await.ok();
    assert_eq!(done.at("/revoked"), json!(1), "{}", done.text());
}
