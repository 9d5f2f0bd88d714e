//! Settings of user authentication: one method for each agent (USR-1), secrets that go in and never come out (VLT-6), and
//! the token console, which tells each step and keeps nothing (USR-10).

use crate::clients::tools;
use futures_util::future::join_all;
use procura_egress::Purpose;
use procura_model::Reason;
use procura_store::testing;
use procura_testkit::{
    business::{Answer, Issuer, key_set, signed_token},
    process::workspace,
    world::{Buyer, Hands, Options, Reply, Shop, World},
};
use serde_json::{Value, json};
use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::{io::AsyncWriteExt as _, process::Command};

/// Values that stand in no answer, no trace and no list.
const CANARIES: [&str; 4] = ["canary-user-7", "canary@mail.example", "canary-role", "canary-plan"];

fn path(agent: &Buyer) -> String {
    format!("/v1/agents/{}/user-auth", agent.id)
}

async fn shown(shop: &Shop, agent: &Buyer) -> Value {
    shop.platform.get(&path(agent)).send().await.ok().json()
}

fn payload(w: &World) -> Value {
    let now = w.app.now().as_ms() / 1_000;
    json!({"userId": CANARIES[0], "email": CANARIES[1], "role": CANARIES[2], "plan": CANARIES[3], "iat": now, "exp": now + 300})
}

async fn tried(shop: &Shop, agent: &Buyer, token: &str) -> Reply {
    shop.platform.post(&format!("{}/check", path(agent)), &json!({"token": token})).send().await
}

/// The steps of a trial as `name outcome`.
fn steps(reply: &Reply) -> Vec<String> {
    let word = |step: &Value, name: &str| step[name].as_str().unwrap().to_owned();
    let steps = reply.at("/steps");
    steps
        .as_array()
        .unwrap()
        .iter()
        .map(|step| format!("{} {}", word(step, "name"), word(step, "outcome")))
        .collect()
}

fn nothing_of_the_user_in(text: &str, token: &str) {
    for canary in CANARIES.iter().copied().chain(token.split('.').filter(|part| part.len() > 8)) {
        assert!(!text.contains(canary), "{canary} stands in {text}");
    }
}

#[tokio::test]
async fn an_agent_has_exactly_one_method_and_shows_it_without_secrets() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("assistant").await;
    shop.platform.get(&path(&agent)).send().await.refused(Reason::NotFound);
    shop.platform.delete(&path(&agent)).send().await.refused(Reason::NotFound);
    shop.user_secret(&agent, &json!({})).await.refused(Reason::UserAuthMissing);
    for wrong in [
        json!({"method": {}}),
        json!({"method": "jwt"}),
        json!({"method": {"signedToken": {}, "callback": {"url": "https://shop.example/whois"}}}),
        json!({"method": {"signedToken": {"secret": "0123456789abcdefghijklmnopqrstuv"}}}),
        json!({"method": {"signedToken": {}}, "sessionSeconds": 5}),
        json!({"method": {"signedToken": {}}, "widget": {"allowedOrigins": ["*"], "endpoint": "https://a.example/b"}}),
    ] {
        let reply = shop.user_auth(&agent, &wrong).await.refused(Reason::FieldInvalid);
        assert!(!reply.text().contains("variant"), "{wrong}: {}", reply.text());
    }
    let widget =
        json!({"allowedOrigins": ["https://shop.example"], "endpoint": "https://shop.example/agent"});
    let settings = json!({"method": {"signedToken": {}}, "sessionSeconds": 120, "widget": widget});
    shop.user_auth(&agent, &settings).await.ok();
    let given = "canary-secret-0123456789-abcdefghijkl";
    let set = shop.user_secret(&agent, &json!({"secret": given})).await.ok();
    assert_eq!(set.at("/secret"), Value::Null, "who gave it has it");
    let made = shop.user_secret(&agent, &json!({})).await.ok();
    let (made_id, made_secret) = (made.text_at("/id"), made.text_at("/secret"));
    let document = shown(&shop, &agent).await;
    assert_eq!(document["method"], json!({"signedToken": {"maxLifetimeSeconds": 3_600, "leewaySeconds": 0}}));
    assert_eq!((&document["sessionSeconds"], &document["widget"]), (&json!(120), &widget));
    assert_eq!(document["secrets"][0]["id"], made_id.as_str());
    assert_eq!(document["secrets"][0]["retiresAt"], Value::Null);
    assert_eq!(document["secrets"][1]["id"], set.text_at("/id").as_str());
    assert!(document["secrets"][1]["retiresAt"].is_string());
    let changes = shop.platform.get("/v1/changes").send().await.ok().text();
    assert!(changes.contains("secret.replaced") && changes.contains("user_auth.changed"), "{changes}");
    for text in [document.to_string(), changes] {
        assert!(!text.contains(given) && !text.contains(&made_secret), "a secret was read back: {text}");
    }
}

#[tokio::test]
async fn a_secret_dies_with_its_method_and_is_destroyed_at_once_where_that_is_asked() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("assistant").await;
    let first = shop.user_signed_token(&agent).await;
    let token = |secret: &str| signed_token(&payload(&w), secret);
    let session = agent.open_session(&token(&first)).await.ok();
    let id = shown(&shop, &agent).await["secrets"][0]["id"].as_str().unwrap().to_owned();
    let second = shop.user_secret(&agent, &json!({})).await.ok().text_at("/secret");
    let gone = format!("{}/secrets/{id}", path(&agent));
    shop.platform.delete(&gone).send().await.ok();
    shop.platform.delete(&gone).send().await.refused(Reason::NotFound);
    agent.open_session(&token(&first)).await.refused(Reason::TokenInvalid);
    agent.open_session(&token(&second)).await.ok();
    let third = shop.user_secret(&agent, &json!({"overlapSeconds": 0})).await.ok().text_at("/secret");
    agent.open_session(&token(&second)).await.refused(Reason::TokenInvalid);
    agent.open_session(&token(&third)).await.ok();
    shop.user_auth(&agent, &json!({"method": {"callback": {"url": "https://shop.example/whois"}}}))
        .await
        .ok();
    assert_eq!(shown(&shop, &agent).await["secrets"], json!([]));
    shop.user_auth(&agent, &json!({"method": {"signedToken": {}}})).await.ok();
    agent.open_session(&token(&third)).await.refused(Reason::UserAuthMissing);
    shop.platform.delete(&path(&agent)).send().await.ok();
    agent.open_session(&token(&third)).await.refused(Reason::UserAuthMissing);
    let session = format!("/v1/sessions/{}", session.text_at("/sessionId"));
    let kept = shop.platform.get(&session).send().await.ok();
    assert_eq!(kept.text_at("/state"), "live", "open sessions stay unless somebody revokes them");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_most_two_secrets_live_however_many_are_set_at_once() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("assistant").await;
    shop.user_auth(&agent, &json!({"method": {"signedToken": {}}})).await.ok();
    let replies = join_all((0..16).map(async |_| shop.user_secret(&agent, &json!({})).await.ok())).await;
    let document = shown(&shop, &agent).await;
    let secrets = document["secrets"].as_array().unwrap();
    assert_eq!(secrets.len(), 2, "{document}");
    let mut accepted = 0;
    for reply in &replies {
        let token = signed_token(&payload(&w), &reply.text_at("/secret"));
        accepted += usize::from(agent.open_session(&token).await.status == 201);
    }
    assert_eq!(accepted, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_replaced_under_load_without_one_refused_user() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("assistant").await;
    let nothing = json!({});
    let mut secret = shop.user_signed_token(&agent).await;
    for _ in 0..20 {
        let token = signed_token(&payload(&w), &secret);
        let users = join_all((0..8).map(async |_| agent.open_session(&token).await.ok()));
        let (set, _) = tokio::join!(shop.user_secret(&agent, &nothing), users);
        secret = set.ok().text_at("/secret");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_method_that_is_removed_while_a_callback_thinks_opens_no_session() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let slow = Answer::After(700, Box::new(Answer::Json(json!({"userId": "u-1"}))));
    let host = w.host(Purpose::Callback, slow).await;
    let agent = shop.agent("assistant").await;
    shop.user_callback(&agent, &host.url("/whois")).await;
    let remove = async {
        while host.count() == 0 {
            tokio::task::yield_now().await;
        }
        shop.platform.delete(&path(&agent)).send().await.ok()
    };
    let (opened, _) = tokio::join!(agent.open_session("an opaque token"), remove);
    opened.refused(Reason::UserAuthMissing);
    assert_eq!(host.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_one_node_destroys_is_refused_by_the_other_within_a_second() {
    if !testing::has_postgres() {
        eprintln!("NOT TESTED: two nodes need PostgreSQL, and TEST_POSTGRES_URL is not set");
        return;
    }
    let store = testing::fresh_postgres().await;
    let options = Options { hands: Hands::System, ..Options::default() };
    let other = World::start_on(store.clone(), options).await;
    let w = World::start_on(store, options).await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("assistant").await;
    let secret = shop.user_signed_token(&agent).await;
    let there = other.http.with_key(&agent.key);
    let token = signed_token(&payload(&w), &secret);
    let open = async || {
        there.call(http::Method::POST, "/v1/sessions").header("x-user-auth-token", &token).send().await
    };
    open().await.ok();
    shop.user_secret(&agent, &json!({"overlapSeconds": 0})).await.ok();
    let destroyed_at = Instant::now();
    let mut last = open().await;
    while last.status == 201 && destroyed_at.elapsed() < Duration::from_secs(5) {
        last = open().await;
    }
    last.refused(Reason::TokenInvalid);
    assert!(destroyed_at.elapsed() < Duration::from_secs(1), "{:?}", destroyed_at.elapsed());
}

#[tokio::test]
async fn the_token_console_walks_a_signed_token_and_keeps_nothing() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("assistant").await;
    let unset = tried(&shop, &agent, "a.b").await.ok();
    assert_eq!(
        (unset.code(), steps(&unset)),
        (Some(Reason::UserAuthMissing), vec!["settings failed".to_owned()])
    );
    let secret = shop.user_signed_token(&agent).await;
    let token = signed_token(&payload(&w), &secret);
    let good = tried(&shop, &agent, &token).await.ok();
    assert_eq!(good.code(), Some(Reason::Allowed));
    let members = json!({"id": true, "email": true, "role": true, "attributes": ["plan"]});
    assert_eq!((good.at("/accepted"), good.at("/identity")), (json!(true), members));
    assert!(steps(&good).iter().all(|step| step.ends_with(" passed")), "{:?}", steps(&good));
    let forged = signed_token(&payload(&w), "another secret than the agent's");
    let bad = tried(&shop, &agent, &forged).await.ok();
    assert_eq!((bad.code(), bad.at("/accepted")), (Some(Reason::TokenInvalid), json!(false)));
    assert_eq!(
        (bad.at("/identity"), bad.text_at("/fix")),
        (Value::Null, Reason::TokenInvalid.fix().to_owned())
    );
    let wanted = [
        "settings passed",
        "form passed",
        "signature failed",
        "content not_reached",
        "expiry not_reached",
        "start not_reached",
        "subject not_reached",
    ];
    assert_eq!(steps(&bad), wanted);
    for (reply, token) in [(&good, &token), (&bad, &forged)] {
        nothing_of_the_user_in(&reply.text(), token);
        let trace = shop.trace(reply.request_id()).await.ok().text();
        assert!(trace.contains("user.token_tried"), "{trace}");
        nothing_of_the_user_in(&trace, token);
    }
    let sessions = shop.platform.get(&format!("/v1/sessions?agentId={}", agent.id)).send().await.ok();
    assert_eq!(sessions.at("/items"), json!([]), "trying a token opens nothing");
    tried(&shop, &agent, " ").await.refused(Reason::UserTokenMissing);
    agent
        .http
        .post(&format!("{}/check", path(&agent)), &json!({"token": token}))
        .send()
        .await
        .refused(Reason::ScopeMissing);
}

#[tokio::test]
async fn the_token_console_says_which_step_of_a_jwt_failed() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let (ours, theirs) = (Issuer::new("ours"), Issuer::new("theirs"));
    let host = w.host(Purpose::Jwks, Answer::Json(key_set(&[&ours]))).await;
    let agent = shop.agent("assistant").await;
    shop.user_jwt(&agent, &host.url("/jwks.json")).await;
    let now = w.app.now().as_ms() / 1_000;
    let claims = |changed: Value| {
        let mut claims = json!({"sub": CANARIES[0], "email": CANARIES[1], "team": CANARIES[3],
            "iss": "https://id.shop.example", "aud": "shop-agents", "exp": now + 300});
        claims.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
        claims
    };
    for (token, reason, step) in [
        ("a.b".to_owned(), Reason::JwtInvalid, "form"),
        (theirs.token(&claims(json!({}))), Reason::JwtInvalid, "key"),
        (ours.token(&claims(json!({"email": 7}))), Reason::JwtInvalid, "content"),
        (ours.token(&claims(json!({"iss": "https://evil.example"}))), Reason::JwtInvalid, "issuer"),
        (ours.token(&claims(json!({"aud": "others"}))), Reason::JwtInvalid, "audience"),
        (ours.token(&claims(json!({"exp": now - 31}))), Reason::JwtExpired, "expiry"),
        (ours.token(&claims(json!({"nbf": now + 31}))), Reason::JwtInvalid, "start"),
        (ours.token(&claims(json!({"sub": ""}))), Reason::JwtNoSubject, "subject"),
    ] {
        let reply = tried(&shop, &agent, &token).await.ok();
        assert_eq!(reply.code(), Some(reason), "{}", reply.text());
        assert!(steps(&reply).contains(&format!("{step} failed")), "{step}: {:?}", steps(&reply));
        nothing_of_the_user_in(&reply.text(), &token);
    }
    let good = tried(&shop, &agent, &ours.token(&claims(json!({})))).await.ok();
    assert_eq!(
        good.at("/identity"),
        json!({"id": true, "email": true, "role": false, "attributes": ["team"]})
    );
    assert_eq!(host.count(), 1, "one key set for all of them");
    host.answer(Answer::Text(503, "text/plain", "busy".to_owned()));
    w.advance_ms(2 * procura_model::time::HOUR_MS);
    let claims = claims(json!({"exp": now + 36_000}));
    let away = tried(&shop, &agent, &ours.token(&claims)).await.ok();
    assert_eq!(away.code(), Some(Reason::JwksUnreachable), "{}", away.text());
    assert_eq!(steps(&away)[..4], ["settings passed", "form passed", "header passed", "key failed"]);
    assert!(away.text_at("/reason").contains("503"), "{}", away.text());
}

#[tokio::test]
async fn a_refused_token_leaves_a_record_of_the_code_and_nothing_of_the_token() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let agent = shop.agent("assistant").await;
    shop.user_signed_token(&agent).await;
    let forged = signed_token(&payload(&w), "another secret than the agent's");
    let refused = agent.open_session(&forged).await.refused(Reason::TokenInvalid);
    let trace = shop.trace(refused.request_id()).await.ok().text();
    assert!(trace.contains("user.refused") && trace.contains("AUTH_TOKEN_INVALID"), "{trace}");
    assert!(trace.contains("signedToken") && trace.contains("signature"), "{trace}");
    nothing_of_the_user_in(&trace, &forged);
    nothing_of_the_user_in(&refused.text(), &forged);
}

/// The block of the documentation that is marked with this language and has this word in it.
fn sample(language: &str, word: &str) -> String {
    let text = std::fs::read_to_string(workspace().join("docs/USERS.md")).unwrap();
    let blocks = text.split("```").skip(1).step_by(2);
    let mut of_language = blocks.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n'));
    of_language.find(|block| block.contains(word)).unwrap().to_owned()
}

/// Runs a program that reads this document and says `true` or `false`.
async fn says(program: &Path, arguments: &[&str], document: &Value) -> bool {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(document.to_string().as_bytes()).await.unwrap();
    drop(input);
    let output = child.wait_with_output().await.unwrap();
    match String::from_utf8_lossy(&output.stdout).trim() {
        "true" | "True" => true,
        "false" | "False" => false,
        other => panic!("{other} {}", output.status),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_samples_of_the_documentation_tell_us_from_a_stranger() {
    let Some(tools) = tools("the samples of docs/USERS.md") else { return };
    let w = World::start_with(Options { hands: Hands::System, ..Options::default() }).await;
    let shop = w.tenant("shop").await;
    let host = w.host(Purpose::Callback, Answer::Json(json!({"userId": "u-1"}))).await;
    let agent = shop.agent("assistant").await;
    let old = shop.user_callback(&agent, &host.url("/whois")).await;
    let new = shop.user_secret(&agent, &json!({})).await.ok().text_at("/secret");
    agent.open_session("an opaque token").await.ok();
    let visit = host.visits().into_iter().next().unwrap();
    let raw = String::from_utf8(visit.body.to_vec()).unwrap();
    let (timestamp, signature) = (visit.header("x-procura-timestamp"), visit.header("x-procura-signature"));
    let node = sample("js", "isFromProcura")
        + "import { readFileSync } from \"node:fs\"; const told = JSON.parse(readFileSync(0, \"utf8\"));\n"
        + "console.log(isFromProcura(told.lower, Buffer.from(told.raw), told.secret));";
    let python = sample("python", "is_from_procura")
        + "\nimport json, sys\ntold = json.load(sys.stdin)\n"
        + "print(is_from_procura(told[\"upper\"], told[\"raw\"].encode(), told[\"secret\"]))";
    let late = (timestamp.parse::<i64>().unwrap() - 301).to_string();
    for (timestamp, signature, raw, secret, is_ours) in [
        (timestamp, signature, raw.as_str(), old.as_str(), true),
        (timestamp, signature, &raw, &new, true),
        (timestamp, signature, &raw, "another secret", false),
        (timestamp, signature, "{}", &new, false),
        (timestamp, "v1=00,v1=", &raw, &new, false),
        (&late, signature, &raw, &new, false),
        ("", "", &raw, &new, false),
    ] {
        let document = json!({"raw": raw, "secret": secret,
            "lower": {"x-procura-timestamp": timestamp, "x-procura-signature": signature},
            "upper": {"X-Procura-Timestamp": timestamp, "X-Procura-Signature": signature}});
        assert_eq!(
            says(&tools.node, &["--input-type=module", "-e", &node], &document).await,
            is_ours,
            "{document}"
        );
        assert_eq!(says(&tools.python, &["-c", &python], &document).await, is_ours, "{document}");
    }
    let minted = sample("js", "USER_TOKEN_SECRET") + "console.log(token);";
    let agent = shop.agent("another").await;
    let secret = shop.user_signed_token(&agent).await;
    let output = Command::new(&tools.node)
        .args(["--input-type=module", "-e", &minted])
        .env("USER_TOKEN_SECRET", secret)
        .output()
        .await
        .unwrap();
    agent.open_session(String::from_utf8(output.stdout).unwrap().trim()).await.ok();
}
