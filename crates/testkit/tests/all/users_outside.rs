//! Key sets and identity callbacks are other people's servers: they change their keys while we run (USR-2), refuse, break
//! and lie (USR-4), and must cost their own agent one clear word within the deadline, and nobody else anything.

use futures_util::future::join_all;
use procura_app::users;
use procura_egress::Purpose;
use procura_model::{
    Reason, Secret,
    time::{HOUR_MS, MINUTE_MS},
};
use procura_testkit::{
    business::{Answer, Host, Issuer, Visit, hex_code, key_set},
    process::{Founder, Process},
    world::{Buyer, Http, Reply, Shop, World},
};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// Everything that waits for an outside server has answered by then: five seconds, and the machine's own slowness.
const PATIENCE: Duration = Duration::from_secs(8);

/// Claims that hold from now on for ten hours.
fn claims(w: &World, id: &str) -> Value {
    let now = w.app.now().as_ms() / 1_000;
    json!({"sub": id, "iss": "https://id.shop.example", "aud": "shop-agents", "exp": now + 36_000})
}

/// An agent whose users have JWTs under the keys that this host publishes.
async fn jwt_agent(w: &World, shop: &Shop, answer: Answer) -> (Buyer, Host) {
    let host = w.host(Purpose::Jwks, answer).await;
    let agent = shop.agent(&format!("assistant {}", host.port())).await;
    shop.user_jwt(&agent, &host.url("/jwks.json")).await;
    (agent, host)
}

/// Users who keep coming from four sides until it is over, each with a token of the key that signs at that moment. Every
/// single one must get a session.
#[derive(Default)]
struct Crowd {
    signs_new: AtomicBool,
    is_over: AtomicBool,
    /// How many came to each side with a token of the old key, and of the new one.
    came: [[AtomicUsize; 2]; 4],
}

impl Crowd {
    async fn come(&self, agent: &Buyer, tokens: &[String; 2]) {
        let sides = self.came.iter().map(async |came| {
            while !self.is_over.load(Ordering::Relaxed) {
                let key = usize::from(self.signs_new.load(Ordering::Relaxed));
                agent.open_session(&tokens[key]).await.ok();
                came[key].fetch_add(1, Ordering::Relaxed);
            }
        });
        join_all(sides).await;
    }

    /// Waits until every side has seen so many more tokens of this key.
    async fn have_come(&self, key: usize, more: usize) {
        let counts = || self.came.each_ref().map(|came| came[key].load(Ordering::Relaxed));
        let before = counts();
        while counts().iter().zip(before).any(|(now, before)| *now < before + more) {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_rotated_without_one_failed_request() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let (old, new) = (Issuer::new("old"), Issuer::new("new"));
    let (agent, host) = jwt_agent(&w, &shop, Answer::Json(key_set(&[&old]))).await;
    let tokens = [old.token(&claims(&w, "u")), new.token(&claims(&w, "u"))];
    let crowd = Crowd::default();
    let rotating = async {
        crowd.have_come(0, 3).await;
        // The business publishes the new key, signs with it a minute later, and then withdraws the old one.
        host.answer(Answer::Json(key_set(&[&old, &new])));
        w.advance_ms(MINUTE_MS);
        crowd.have_come(0, 3).await;
        crowd.signs_new.store(true, Ordering::Relaxed);
        crowd.have_come(1, 3).await;
        host.answer(Answer::Json(key_set(&[&new])));
        w.advance_ms(11 * MINUTE_MS);
        crowd.have_come(1, 3).await;
        crowd.is_over.store(true, Ordering::Relaxed);
    };
    tokio::join!(crowd.come(&agent, &tokens), rotating);
    assert_eq!(host.count(), 3, "the set, the new key, and the set when it was no longer fresh");
    agent.open_session(&tokens[1]).await.ok();
    agent.open_session(&tokens[0]).await.refused(Reason::JwtInvalid);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_users_do_not_stampede_a_key_set_that_is_down() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let issuer = Issuer::new("only");
    let token = issuer.token(&claims(&w, "u"));
    for answer in [Answer::Text(503, "text/plain", "later".to_owned()), Answer::Hang] {
        let (agent, host) = jwt_agent(&w, &shop, answer).await;
        let (began, secret) = (Instant::now(), Secret::new(token.clone()));
        let ctx = shop.owner_ctx();
        let inside = join_all((0..1_000).map(|_| users::verify(&w.app, &ctx, agent.id, &secret)));
        let outside = join_all((0..200).map(|_| agent.open_session(&token)));
        let (inside, outside) = tokio::join!(inside, outside);
        for refused in inside {
            assert_eq!(refused.unwrap_err().reason(), Reason::JwksUnreachable);
        }
        for reply in outside {
            assert_eq!(reply.refused(Reason::JwksUnreachable).header("retry-after"), "10");
        }
        assert_eq!(host.count(), 1, "1,200 tokens cost more than one fetch");
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
        // It comes back, and is found again once the failure is forgotten.
        host.answer(Answer::Json(key_set(&[&issuer])));
        w.advance_ms(MINUTE_MS);
        for reply in join_all((0..200).map(|_| agent.open_session(&token))).await {
            reply.ok();
        }
        assert_eq!(host.count(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_keys_make_nobody_fetch_again_and_again() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let issuer = Issuer::new("only");
    let (agent, host) = jwt_agent(&w, &shop, Answer::Json(key_set(&[&issuer]))).await;
    agent.open_session(&issuer.token(&claims(&w, "u"))).await.ok();
    let strangers: Vec<String> =
        (0..200).map(|n| Issuer::new(&format!("stranger {n}")).token(&claims(&w, "u"))).collect();
    w.advance_ms(MINUTE_MS);
    for reply in join_all(strangers.iter().map(|token| agent.open_session(token))).await {
        reply.refused(Reason::JwtInvalid);
    }
    assert!(host.count() <= 2, "{} fetches", host.count());
}

#[tokio::test]
async fn stale_keys_serve_for_an_hour_and_no_longer() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let issuer = Issuer::new("only");
    let (agent, host) = jwt_agent(&w, &shop, Answer::Json(key_set(&[&issuer]))).await;
    agent.open_session(&issuer.token(&claims(&w, "u"))).await.ok();
    host.answer(Answer::Text(500, "text/plain", "broken".to_owned()));
    for _ in 0..5 {
        w.advance_ms(11 * MINUTE_MS);
        agent.open_session(&issuer.token(&claims(&w, "u"))).await.ok();
    }
    assert!(host.count() > 1, "nobody tried to fetch them again");
    w.advance_ms(6 * MINUTE_MS);
    agent.open_session(&issuer.token(&claims(&w, "u"))).await.refused(Reason::JwksUnreachable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_key_set_costs_its_agent_one_clear_word() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let issuer = Issuer::new("only");
    let victim = Host::start(Answer::Json(key_set(&[&issuer]))).await;
    let text = |media, text: &str| Answer::Text(200, media, text.to_owned());
    let answers = vec![
        Answer::Hang,
        Answer::HangBody,
        Answer::Drip(key_set(&[&issuer])),
        Answer::Close,
        Answer::Flood(100),
        Answer::Redirect(victim.url("/jwks.json")),
        Answer::Redirect("http://169.254.169.254/latest/meta-data/".to_owned()),
        Answer::Redirect("file:///etc/passwd".to_owned()),
        Answer::Text(404, "application/json", key_set(&[&issuer]).to_string()),
        Answer::Text(500, "text/html", "Traceback".to_owned()),
        text("text/html", "<!doctype html><title>Log in</title>"),
        text("application/json", ""),
        text("application/json", "{\"keys\":"),
        text("application/json", "[]"),
        text("application/json", "{\"keys\":{}}"),
        text("application/json", &"[".repeat(100_000)),
    ];
    let asked = answers.into_iter().map(async |answer| {
        let (agent, host) = jwt_agent(&w, &shop, answer).await;
        let began = Instant::now();
        let reply = agent.open_session(&issuer.token(&claims(&w, "u"))).await;
        assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
        assert!(!reply.text().contains("Traceback"), "{}", reply.text());
        reply.refused(Reason::JwksUnreachable);
        assert_eq!(host.count(), 1);
    });
    join_all(asked).await;
    assert_eq!(victim.count(), 0, "a redirect was followed to a private address");
}

/// What every good callback answers.
fn ada() -> Value {
    json!({"userId": "ada", "email": "ada@mail.example", "role": "customer", "attributes": {"plan": "gold"}})
}

/// An agent whose users are verified by this host, and the secret that signs the callbacks.
async fn callback_agent(w: &World, shop: &Shop, answer: Answer) -> (Buyer, Host, String) {
    let host = w.host(Purpose::Callback, answer).await;
    let agent = shop.agent(&format!("assistant {}", host.port())).await;
    let secret = shop.user_callback(&agent, &host.url("/identity")).await;
    (agent, host, secret)
}

/// Whether a visit is signed with this secret, among others.
fn is_signed_with(visit: &Visit, secret: &str) -> bool {
    let signed = [visit.header("x-procura-timestamp").as_bytes(), b".", &visit.body].concat();
    let wanted = format!("v1={}", hex_code(&signed, secret));
    visit.header("x-procura-signature").split(',').any(|each| each == wanted)
}

#[tokio::test]
async fn a_callback_is_signed_and_its_answer_opens_a_session() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let judge = |visit: &Visit| match visit.json()["token"].as_str() {
        Some("of ada") => Answer::Json(ada()),
        _ => Answer::Text(401, "application/json", "{}".to_owned()),
    };
    let (agent, host, first) = callback_agent(&w, &shop, Answer::By(Arc::new(judge))).await;
    agent.open_session("of nobody").await.refused(Reason::CallbackFailed);
    let opened = agent.open_session("of ada").await.ok();
    let path = format!("/v1/sessions/{}/context", opened.text_at("/sessionId"));
    let told = agent.acting_in(&opened).http.get(&path).send().await.ok();
    assert!(told.text_at("/factsBlock").contains("ada@mail.example"), "{}", told.text());
    assert!(told.text_at("/untrustedBlock").contains("gold"), "{}", told.text());
    let visit = host.visits().pop().unwrap();
    assert_eq!((visit.method.as_str(), visit.path.as_str()), ("POST", "/identity"));
    let body = visit.json();
    assert_eq!(body.as_object().unwrap().len(), 3, "{body}");
    assert_eq!(body["agentId"], json!(agent.id.to_string()));
    assert_eq!(body["requestId"], json!(opened.request_id().to_string()));
    assert_eq!(visit.header("x-procura-timestamp"), (w.app.now().as_ms() / 1_000).to_string());
    assert!(is_signed_with(&visit, &first) && !is_signed_with(&visit, "another"));
    assert!(!format!("{:?}", visit.headers).contains(&agent.key));
    let second = shop.user_secret(&agent, &json!({"overlapSeconds": 3_600})).await.ok().text_at("/secret");
    agent.open_session("of ada").await.ok();
    let visit = host.visits().pop().unwrap();
    assert!(is_signed_with(&visit, &first) && is_signed_with(&visit, &second));
    w.advance_ms(HOUR_MS);
    agent.open_session("of ada").await.ok();
    let visit = host.visits().pop().unwrap();
    assert!(!is_signed_with(&visit, &first) && is_signed_with(&visit, &second));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_way_in_which_a_callback_fails_has_its_code_within_the_deadline() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let victim = Host::start(Answer::Json(ada())).await;
    let status = |status| Answer::Text(status, "application/json", ada().to_string());
    let says = |text: &str| Answer::Text(200, "application/json", text.to_owned());
    let deep = format!("{{\"userId\":\"u\",\"attributes\":{{\"a\":{}1{}}}}}", "[".repeat(40), "]".repeat(40));
    let (timeout, failed, bad) = (Reason::CallbackTimeout, Reason::CallbackFailed, Reason::CallbackInvalid);
    let cases: Vec<(Answer, Reason)> = vec![
        (Answer::Hang, timeout),
        (Answer::HangBody, timeout),
        (Answer::Drip(ada()), timeout),
        (Answer::After(7_000, Box::new(Answer::Json(ada()))), timeout),
        (status(400), failed),
        (status(401), failed),
        (status(403), failed),
        (status(404), failed),
        (status(500), failed),
        (status(201), failed),
        (Answer::Text(204, "application/json", String::new()), failed),
        (Answer::Redirect(victim.url("/")), failed),
        (Answer::Redirect("http://169.254.169.254/latest/meta-data/".to_owned()), failed),
        (Answer::Flood(100), bad),
        (Answer::Text(200, "text/html", "<title>Log in</title>".to_owned()), bad),
        (says(""), bad),
        (says("{\"userId\":\"u\""), bad),
        (says("[]"), bad),
        (says("{}"), bad),
        (says("{\"userId\":7}"), bad),
        (says("{\"userId\":\"  \"}"), bad),
        (says("{\"userId\":\"u\",\"email\":7}"), bad),
        (says("{\"userId\":\"u\",\"attributes\":[]}"), bad),
        (says("{\"userId\":\"u\",\"admin\":true}"), bad),
        (says("{\"userId\":\"u\",\"userId\":\"v\"}"), bad),
        (says(&deep), bad),
    ];
    let asked = cases.into_iter().enumerate().map(async |(number, (answer, reason))| {
        let (agent, host, _) = callback_agent(&w, &shop, answer).await;
        let began = Instant::now();
        let reply = agent.open_session("t").await;
        assert!(began.elapsed() < PATIENCE, "case {number}: {:?}", began.elapsed());
        assert_eq!(reply.code(), Some(reason), "case {number}: {}", reply.text());
        reply.refused(reason);
        assert_eq!(host.count(), 1, "case {number}");
    });
    join_all(asked).await;
    assert_eq!(victim.count(), 0, "a redirect was followed");
    let (agent, host, _) = callback_agent(&w, &shop, Answer::Close).await;
    // Whoever hangs up is heard as no answer or as half of one, as chance has it; so is a host that is about to end.
    let hung_up = |reply: Reply| {
        let is_told = matches!(reply.code(), Some(Reason::CallbackFailed | Reason::CallbackInvalid));
        assert!(is_told, "{}", reply.text());
    };
    hung_up(agent.open_session("t").await);
    drop(host);
    hung_up(agent.open_session("t").await);
}

#[tokio::test]
async fn a_host_that_was_opened_for_something_else_is_no_key_set_and_no_callback() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let issuer = Issuer::new("only");
    let host = Host::start(Answer::Json(key_set(&[&issuer]))).await;
    w.allow_url_for(Purpose::Webhook, &host.url("/"));
    let agent = shop.agent("assistant").await;
    let jwt =
        json!({"jwksUrl": host.url("/"), "issuer": "https://id.shop.example", "audience": "shop-agents"});
    let callback = json!({"method": {"callback": {"url": host.url("/")}}});
    for settings in [json!({"method": {"jwt": jwt}}), callback] {
        let reply = shop.user_auth(&agent, &settings).await;
        assert!(
            matches!(reply.code(), Some(Reason::EgressRefused | Reason::FieldInvalid)),
            "{}",
            reply.text()
        );
    }
    assert_eq!(host.count(), 0);
}

/// An agent of a process that holds this method, with its key.
async fn process_agent(founder: &Founder, name: &str, settings: Value) -> Http {
    let made = founder.platform.post("/v1/agents", &json!({"name": name})).send().await.ok();
    let path = format!("/v1/agents/{}/user-auth", made.text_at("/agent/id"));
    founder.platform.put(&path, &settings).send().await.ok();
    if settings.pointer("/method/callback").is_some() {
        founder.platform.post(&format!("{path}/secrets"), &json!({})).send().await.ok();
    }
    founder.platform.with_key(&made.text_at("/key/secret"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_of_a_hundred_megabytes_do_not_fill_the_memory() {
    const MEGABYTE: u64 = 1024 * 1024;
    let host = Host::start(Answer::Flood(100)).await;
    let allow = |purpose| {
        let port = host.port();
        format!(
            "[[egress.allow]]\ntenant = \"*\"\nhost = \"127.0.0.1\"\nport = {port}\npurpose = \"{purpose}\"\n"
        )
    };
    let process = Process::start(&format!("{}{}", allow("jwks"), allow("callback"))).await;
    let founder = process.found().await;
    let mut agents = Vec::new();
    for number in 0..4 {
        let url = host.url(&format!("/{number}"));
        let by_jwt = json!({"method": {"jwt": {"jwksUrl": url, "issuer": "i", "audience": "a"}}});
        let agent = process_agent(&founder, &format!("jwt {number}"), by_jwt).await;
        agents.push((agent, Reason::JwksUnreachable));
        let by_callback = json!({"method": {"callback": {"url": url}}});
        let agent = process_agent(&founder, &format!("callback {number}"), by_callback).await;
        agents.push((agent, Reason::CallbackInvalid));
    }
    let token =
        Issuer::new("only").token(&json!({"sub": "u", "iss": "i", "aud": "a", "exp": 4_000_000_000_i64}));
    let before = process.resident_bytes();
    let mut most = before;
    for _ in 0..3 {
        let asked = agents.iter().map(async |(agent, reason)| {
            let call = agent.call(http::Method::POST, "/v1/sessions").header("x-user-auth-token", &token);
            let reply: Reply = call.send().await;
            reply.refused(*reason);
        });
        join_all(asked).await;
        most = most.max(process.resident_bytes());
    }
    println!("{} MB became {} MB", before / MEGABYTE, most / MEGABYTE);
    assert!(most < before + 64 * MEGABYTE, "{} MB became {} MB", before / MEGABYTE, most / MEGABYTE);
}
