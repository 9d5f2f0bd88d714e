//! Agents that register themselves (AGT-1 to AGT-4) in the first wire form: what a stranger reads, registering, being
//! claimed by a member and by mail, keys that end, and every refusal that the protocol names.

mod people;
mod second;
mod seed;
mod vouched;

use procura_app::mail::Mailer;
use procura_egress::Purpose;
use procura_model::{Reason, time::HOUR_MS};
use procura_testkit::{
    business::{Answer, Host, Issuer, key_set},
    world::{Http, Person, Reply, Shop, World},
};
use serde_json::{Value, json};

const REGISTER: &str = "/agent-auth/register";
const CLAIM: &str = "/agent-auth/claim";
const COMPLETE: &str = "/agent-auth/claim/complete";
const REVOKE: &str = "/agent-auth/revoke";
const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";
const API: &str = "https://api.shop.example";

/// What agents may do at the API of these tests, with some of it changed.
fn access(changes: &Value) -> Value {
    let mut access = json!({
        "anonymous": true, "assertions": true, "email": true, "root": true,
        "unclaimedScopes": ["read:data"], "claimedScopes": ["read:data", "manage:config"],
    });
    for (name, value) in changes.as_object().unwrap() {
        access[name] = value.clone();
    }
    access
}

fn settings(changes: &Value) -> Value {
    json!({"name": "Analytics", "agents": access(changes), "scopes": [
        {"name": "read:data", "text": "Read analytics."},
        {"name": "manage:config", "text": "Change settings."},
        {"name": "admin", "text": "Everything else."},
    ]})
}

/// The organization's API at the root; gives its id.
async fn guarded(shop: &Shop, changes: Value) -> String {
    let body = json!({"identifier": API, "settings": settings(&changes)});
    shop.platform.post("/v1/resources", &body).send().await.ok().text_at("/id")
}

async fn post(w: &World, path: &str, body: Value) -> Reply {
    w.http.post(path, &body).send().await
}

async fn anonymous(w: &World) -> Reply {
    post(w, REGISTER, json!({"type": "anonymous", "requested_credential_type": "api_key"})).await.ok()
}

/// What the API's own server is told of a key.
async fn verdict(server: &Http, key: &str, needs: Value) -> Value {
    let mut body = json!({ "key": key });
    for (name, value) in needs.as_object().unwrap() {
        body[name] = value.clone();
    }
    server.post("/v1/keys/verify", &body).send().await.ok().json()
}

/// The status that the API should answer; 200 where the key holds.
async fn status(server: &Http, key: &str, needs: Value) -> u64 {
    let verdict = verdict(server, key, needs).await;
    if verdict["valid"] == json!(true) { 200 } else { verdict["status"].as_u64().unwrap() }
}

/// Decision 16.
#[track_caller]
fn refused(reply: &Reply, status: u16, code: &str) {
    let document = reply.json();
    assert_eq!((reply.status, document["code"].as_str()), (status, Some(code)), "{}", reply.text());
    assert_eq!(document["success"], json!(false));
    for member in ["error", "fix"] {
        assert!(document[member].as_str().is_some_and(|text| text.ends_with('.')), "{document}");
    }
    assert_eq!(document["requestId"], json!(reply.header("x-request-id")));
    assert_eq!(reply.header("cache-control"), "no-store");
    assert!(document.get("credential").is_none() && document.get("claim_token").is_none(), "{document}");
}

/// An issuer that the organization trusts, and where its keys are.
struct Provider {
    issuer: Issuer,
    _host: Host,
}

const IDP: &str = "https://idp.example";
const CLIENT: &str = "https://agent.example/client.json";

async fn provider(
    w: &World,
    shop: &Shop,
    changes: impl FnOnce(&mut procura_model::oauth::IssuerSettings),
) -> Provider {
    let issuer = Issuer::new("idp");
    let host = w.host(Purpose::Jwks, Answer::Json(key_set(&[&issuer]))).await;
    let ctx = shop.owner_ctx();
    let mut settings = procura_model::oauth::IssuerSettings {
        jwks_uri: host.url("/jwks.json"),
        agent: None,
        tenant: None,
        clients: vec![CLIENT.parse().unwrap()],
    };
    changes(&mut settings);
    let trusted = procura_model::oauth::TrustedIssuer {
        id: procura_model::IssuerId::new(ctx.now, &w.app.entropy),
        issuer: IDP.to_owned(),
        settings,
        created_at: ctx.now,
        updated_at: ctx.now,
    };
    let mut writer = w.app.store.write(&ctx).await.unwrap();
    procura_store::oauth_issuers::insert(&mut writer, &trusted).await.unwrap();
    writer.commit(procura_model::Event::new(procura_model::EventKind::IssuerTrusted)).await.unwrap();
    Provider { issuer, _host: host }
}

impl Provider {
    /// An assertion with some members changed; null leaves one out.
    fn assertion(&self, w: &World, jti: &str, kind: &str, changes: &Value) -> String {
        let now = w.clock.now().as_ms() / 1000;
        let mut claims = json!({
            "iss": IDP, "sub": "U019488227", "aud": w.url(), "client_id": CLIENT, "jti": jti,
            "iat": now, "exp": now + 300, "email": "ada@shop.example", "email_verified": true,
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        self.issuer.signed(&json!({"alg": "EdDSA", "kid": "idp", "typ": kind}), &claims)
    }

    fn good(&self, w: &World, jti: &str) -> String {
        self.assertion(w, jti, "oauth-id-jag+jwt", &json!({}))
    }
}

fn asserted(assertion: &str) -> Value {
    json!({"type": "identity_assertion", "assertion_type": ID_JAG, "assertion": assertion})
}

/// A member answers at `/claim`.
async fn answers(person: &Person, code: &str, fields: &[(&str, &str)]) -> Reply {
    let mut all = vec![("user_code", code)];
    all.extend_from_slice(fields);
    person.submit("/claim", &all).await
}

/// A world whose mails go to a folder of its own.
async fn mailing() -> (World, std::path::PathBuf) {
    let name = format!("procura-mails-{}", procura_model::Entropy::system().u128());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let to = folder.clone();
    let w = World::start_set(move |settings| settings.mailer = Mailer::Folder(to)).await;
    (w, folder)
}

/// The mails in a folder once there are so many.
async fn mails(folder: &std::path::Path, wanted: usize) -> Vec<String> {
    for _ in 0..500 {
        let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let ready: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "txt")).collect();
        if ready.len() >= wanted {
            return ready.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
        }
        let patience = std::time::Duration::from_millis(10);
        tokio::task::spawn_blocking(move || std::thread::sleep(patience)).await.unwrap();
    }
    panic!("{wanted} mails did not come");
}

fn link(mail: &str) -> String {
    let at = mail.find("/claim/").unwrap_or_else(|| panic!("no link in {mail}"));
    mail[at..].split_whitespace().next().unwrap().to_owned()
}

/// Every word of the table is said to somebody. Ends at a later day.
pub(super) async fn every_refusal(w: &World, shop: &Shop) {
    let api = guarded(shop, json!({"anonymous": false, "assertions": false, "email": true})).await;
    let say = async |path: &str, body: Value, status: u16, code: &str| {
        let reply = post(w, path, body).await;
        refused(&reply, status, code);
        reply
    };
    let set = async |changes: Value| {
        shop.platform.put(&format!("/v1/resources/{api}"), &settings(&changes)).send().await.ok();
    };
    let kind = |kind: &str| json!({ "type": kind });
    say(REGISTER, kind("anonymous"), 400, "anonymous_not_enabled").await;
    say(REGISTER, asserted("x"), 400, "issuer_not_enabled").await;
    let by_mail = json!({"type": "identity_assertion", "assertion_type": "verified_email", "assertion": "ada@shop.example"});
    say(REGISTER, by_mail, 400, "verified_email_not_enabled").await;
    set(json!({"maxLoginSeconds": 600})).await;
    say(REGISTER, kind("robot"), 400, "invalid_request").await;
    let token = json!({"type": "anonymous", "requested_credential_type": "access_token"});
    say(REGISTER, token, 400, "unsupported_credential_type").await;
    let idp = provider(w, shop, |_| {}).await;
    let mut jti = 0;
    let mut judged = async |kind: &str, changes: Value, code: &str| {
        jti += 1;
        let shown = idp.assertion(w, &jti.to_string(), kind, &changes);
        say(REGISTER, asserted(&shown), 400, code).await;
    };
    let now = w.clock.now().as_ms() / 1000;
    judged("oauth-id-jag+jwt", json!({"iss": "https://unknown.example"}), "invalid_issuer").await;
    judged("oauth-id-jag+jwt", json!({"aud": "https://other.example"}), "invalid_audience").await;
    judged("oauth-id-jag+jwt", json!({"exp": now - 60, "iat": now - 300}), "expired").await;
    judged("oauth-id-jag+jwt", json!({"client_id": "https://other.example/c"}), "invalid_client_id").await;
    judged("oauth-id-jag+jwt", json!({"email_verified": false}), "missing_verified_email").await;
    judged("oauth-id-jag+jwt", json!({}), "insufficient_user_authentication").await;
    judged("JWT", json!({}), "invalid_request").await;
    let good = idp.assertion(w, "good", "oauth-id-jag+jwt", &json!({ "auth_time": now }));
    let (signed, _) = good.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{}", "A".repeat(86));
    say(REGISTER, asserted(&forged), 400, "invalid_signature").await;
    post(w, REGISTER, asserted(&good)).await.ok();
    say(REGISTER, asserted(&good), 400, "replay_detected").await;
    claims_refused(w, shop).await;
    shop.platform.delete(&format!("/v1/resources/{api}")).send().await.ok();
}

async fn claims_refused(w: &World, shop: &Shop) {
    let token = |reply: &Reply| json!({"claim_token": reply.text_at("/claim_token")});
    let invalid = post(w, CLAIM, json!({"claim_token": "clm_x"})).await;
    refused(&invalid, 401, "invalid_claim_token");
    assert_eq!(invalid.header("www-authenticate"), "AgentAuth error=\"invalid_claim_token\"");
    let one = anonymous(w).await;
    refused(&post(w, COMPLETE, token(&one)).await, 400, "invalid_request");
    let begun = post(w, CLAIM, token(&one)).await.ok();
    refused(&post(w, COMPLETE, token(&one)).await, 400, "authorization_pending");
    refused(&post(w, COMPLETE, token(&one)).await, 400, "slow_down");
    let code = begun.text_at("/claim_attempt/user_code");
    answers(&shop.owner, &code, &[("answer", "allow"), ("scope", "read:data")]).await.ok();
    refused(&post(w, CLAIM, token(&one)).await, 409, "claimed_or_in_flight");
    w.advance_ms(60_000);
    let key = post(w, COMPLETE, token(&one)).await.ok().text_at("/credential");
    assert_eq!(status(&shop.platform, &key, json!({"workspace": "ws_1"})).await, 403);
    w.advance_ms(60_000);
    refused(&post(w, COMPLETE, token(&one)).await, 409, "previously_claimed");
    let two = anonymous(w).await;
    let begun = post(w, CLAIM, token(&two)).await.ok();
    answers(&shop.owner, &begun.text_at("/claim_attempt/user_code"), &[("answer", "deny")]).await.ok();
    refused(&post(w, COMPLETE, token(&two)).await, 403, "access_denied");
    let three = anonymous(w).await;
    post(w, CLAIM, token(&three)).await.ok();
    w.advance_ms(11 * 60_000);
    refused(&post(w, COMPLETE, token(&three)).await, 410, "otp_expired");
    w.advance_ms(25 * HOUR_MS);
    refused(&post(w, CLAIM, token(&three)).await, 410, "claim_expired");
}

#[tokio::test]
async fn an_agent_registers_is_claimed_and_is_revoked() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let api = guarded(&shop, json!({})).await;
    let one = anonymous(&w).await;
    assert_eq!(one.text_at("/registration_type"), "anonymous");
    assert_eq!(one.text_at("/credential_type"), "api_key");
    assert_eq!(one.at("/scopes"), json!(["read:data"]));
    assert_eq!(one.at("/post_claim_scopes"), json!(["read:data", "manage:config"]));
    assert_eq!(one.at("/credential_expires"), one.at("/claim_token_expires"), "unclaimed, it ends by itself");
    let (small, token) = (one.text_at("/credential"), one.text_at("/claim_token"));
    let told = verdict(&shop.platform, &small, json!({"scopes": ["read:data"], "resource": API})).await;
    assert_eq!(told["valid"], json!(true), "{told}");
    assert_eq!((&told["resourceId"], &told["registrationId"]), (&json!(api), &one.at("/registration_id")));
    assert_eq!(status(&shop.platform, &small, json!({"scopes": ["manage:config"]})).await, 403);
    assert_eq!(status(&shop.platform, &small, json!({"resource": "https://other.example"})).await, 401);
    let begun = post(&w, CLAIM, json!({"claim_token": token})).await.ok();
    assert_eq!(begun.text_at("/status"), "initiated");
    assert_eq!(begun.text_at("/claim_attempt/verification_uri"), format!("{}/claim", w.url()));
    let code = begun.text_at("/claim_attempt/user_code");
    let sheet = answers(&shop.owner, &code, &[]).await.ok().text();
    assert!(sheet.contains("Change settings.") && sheet.contains("127.0.0.1"), "{sheet}");
    assert!(!sheet.contains("Everything else."), "what nobody can be given is not shown");
    let scopes = [("answer", "allow"), ("scope", "manage:config"), ("scope", "admin")];
    let done = answers(&shop.owner, &code, &scopes).await.ok().text();
    assert!(done.contains("Go back to your agent"), "{done}");
    assert_eq!(status(&shop.platform, &small, json!({})).await, 200, "until it has the new one");
    let taken = post(&w, COMPLETE, json!({"claim_token": token})).await.ok();
    let key = taken.text_at("/credential");
    assert_eq!(
        (taken.text_at("/status"), taken.at("/scopes")),
        ("claimed".to_owned(), json!(["manage:config"]))
    );
    assert!(taken.at("/credential_expires").is_null());
    assert_ne!(key, small);
    assert_eq!(status(&shop.platform, &small, json!({})).await, 401, "a claim rotates");
    assert_eq!(status(&shop.platform, &key, json!({"scopes": ["manage:config"]})).await, 200);
    assert_eq!(status(&shop.platform, &key, json!({"scopes": ["read:data"]})).await, 403, "narrowed");
    let form = [("token", key.as_str())];
    let introspected =
        shop.platform.call(http::Method::POST, "/oauth/introspect").form(&form).send().await.ok();
    assert_eq!(introspected.at("/active"), json!(true));
    assert_eq!(
        (introspected.text_at("/aud"), introspected.text_at("/scope")),
        (API.to_owned(), "manage:config".to_owned())
    );
    w.http.call(http::Method::POST, REVOKE).header("x-api-key", &key).send().await.ok();
    assert_eq!(status(&shop.platform, &key, json!({})).await, 401, "at the next call");
    let introspected =
        shop.platform.call(http::Method::POST, "/oauth/introspect").form(&form).send().await.ok();
    assert_eq!(introspected.json(), json!({"active": false}));
    for unknown in [small.as_str(), "pak_x", "nonsense", &shop.key] {
        let reply = post(&w, REVOKE, json!({ "credential": unknown })).await.ok();
        assert_eq!(reply.json(), json!({"success": true, "status": "revoked"}), "nobody learns what was one");
    }
    assert!(
        shop.platform.get("/v1/resources").send().await.status == 200,
        "a platform key is not ended here"
    );
}

#[tokio::test]
async fn nobody_waits_for_upkeep_to_end_what_nobody_claimed() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    guarded(&shop, json!({"unclaimedHours": 2})).await;
    let one = anonymous(&w).await;
    let key = one.text_at("/credential");
    w.advance_ms(2 * HOUR_MS - 1);
    assert_eq!(status(&shop.platform, &key, json!({})).await, 200);
    w.advance_ms(1);
    let told = verdict(&shop.platform, &key, json!({})).await;
    assert_eq!((&told["code"], &told["status"]), (&json!("AUTH_CREDENTIAL_EXPIRED"), &json!(401)));
    w.settle().await;
    let late = post(&w, CLAIM, json!({"claim_token": one.text_at("/claim_token")})).await;
    refused(&late, 410, "claim_expired");
}

#[tokio::test]
async fn one_fetch_of_many_at_once_gets_the_key() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    guarded(&shop, json!({})).await;
    let token = json!({"claim_token": anonymous(&w).await.text_at("/claim_token")});
    let begun = post(&w, CLAIM, token.clone()).await.ok();
    let code = begun.text_at("/claim_attempt/user_code");
    answers(&shop.owner, &code, &[("answer", "allow"), ("scope", "read:data")]).await.ok();
    let all = futures_util::future::join_all((0..8).map(|_| post(&w, COMPLETE, token.clone()))).await;
    assert_eq!(all.iter().filter(|reply| reply.status == 200).count(), 1, "one of them");
    for reply in all.iter().filter(|reply| reply.status != 200) {
        assert!(
            matches!(reply.json()["code"].as_str(), Some("slow_down" | "previously_claimed")),
            "{}",
            reply.text()
        );
    }
}

#[tokio::test]
async fn another_organization_has_no_part_in_it() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    w.advance_ms(1_000);
    let rival = w.tenant("rival").await;
    guarded(&shop, json!({})).await;
    let body =
        json!({"identifier": "https://api.rival.example", "settings": settings(&json!({"root": false}))});
    let other = rival.platform.post("/v1/resources", &body).send().await.ok().text_at("/id");
    let one = anonymous(&w).await;
    let key = one.text_at("/credential");
    assert_eq!(status(&rival.platform, &key, json!({})).await, 401);
    let form = [("token", key.as_str())];
    let told = rival.platform.call(http::Method::POST, "/oauth/introspect").form(&form).send().await.ok();
    assert_eq!(told.json(), json!({"active": false}));
    let token = json!({"claim_token": one.text_at("/claim_token")});
    refused(&post(&w, &format!("/r/{other}{CLAIM}"), token.clone()).await, 401, "invalid_claim_token");
    let ended = w.http.call(http::Method::POST, &format!("/r/{other}{REVOKE}")).header("x-api-key", &key);
    ended.send().await.ok();
    assert_eq!(status(&shop.platform, &key, json!({})).await, 200, "another API's endpoint ends nothing");
    let code = post(&w, CLAIM, token).await.ok().text_at("/claim_attempt/user_code");
    let page = answers(&rival.owner, &code, &[("answer", "allow"), ("scope", "read:data")]).await;
    assert_eq!(page.status, 422, "{}", page.text());
    let auditor = shop.member(procura_model::Role::Auditor).await;
    assert_eq!(answers(&auditor, &code, &[]).await.status, 403, "who may not change APIs claims nothing");
    let agent = shop.agent("worker").await;
    let asked = w.http.with_key(&agent.key).post("/v1/keys/verify", &json!({ "key": key })).send().await;
    asked.refused(Reason::ScopeMissing);
    w.http.post("/v1/keys/verify", &json!({ "key": key })).send().await.refused(Reason::CredentialMissing);
}

#[tokio::test]
async fn what_an_api_no_longer_has_no_key_has() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let api = guarded(&shop, json!({})).await;
    let key = anonymous(&w).await.text_at("/credential");
    assert_eq!(status(&shop.platform, &key, json!({"scopes": ["read:data"]})).await, 200);
    let fewer = json!({"name": "Analytics", "scopes": [{"name": "admin", "text": "All."}]});
    shop.platform.put(&format!("/v1/resources/{api}"), &fewer).send().await.ok();
    assert_eq!(status(&shop.platform, &key, json!({"scopes": ["read:data"]})).await, 403);
    assert_eq!(
        post(&w, REGISTER, json!({"type": "anonymous"})).await.status,
        404,
        "nobody registers any more"
    );
    shop.platform.delete(&format!("/v1/resources/{api}")).send().await.ok();
    assert_eq!(status(&shop.platform, &key, json!({})).await, 401);
}

#[tokio::test]
async fn registrations_are_bounded_for_each_hour_and_the_count_is_in_the_store() {
    let w = World::start_set(|settings| {
        settings.registrations = procura_app::settings::RegistrationLimits::default();
    })
    .await;
    let shop = w.tenant("shop").await;
    guarded(&shop, json!({})).await;
    for _ in 0..5 {
        anonymous(&w).await;
    }
    let limited = post(&w, REGISTER, json!({"type": "anonymous"})).await;
    refused(&limited, 429, "rate_limited");
    let seconds: i64 = limited.header("retry-after").parse().unwrap();
    assert!((1..=3_601).contains(&seconds), "{seconds}");
    let idp = provider(&w, &shop, |_| {}).await;
    post(&w, REGISTER, asserted(&idp.good(&w, "1"))).await.ok();
    w.advance_ms(seconds * 1_000);
    anonymous(&w).await;
}
