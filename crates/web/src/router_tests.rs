use super::*;
use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Request},
};
use procura_app::{App, Seals, Settings, jobs, onboarding};
use procura_cluster::{LimitSettings, Rate};
use procura_crypto::{Cost, RootKey};
use procura_egress::Egress;
use procura_gateway::Gateway;
use procura_model::{Clock, Entropy, Origin, Secret};
use serde_json::Value;
use tower::ServiceExt;

struct House {
    router: Router,
    key: String,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl House {
    async fn open(global: u32) -> Self {
        let entropy = Entropy::seeded(7);
        let settings = Settings {
            scrypt: Cost::least(),
            limits: LimitSettings { global: Rate::per_minute(global), ..LimitSettings::default() },
            ..Settings::for_url("http://localhost")
        };
        let app = App::new(procura_app::World {
            store: procura_store::testing::fresh_sqlite().await,
            egress: Egress::new(procura_egress::Settings::default()).unwrap(),
            seals: Seals::new(&RootKey::generate(&entropy)),
            clock: Clock::System,
            entropy,
            settings,
        })
        .unwrap();
        jobs::start(&app);
        let link = onboarding::setup_link(&app).await.unwrap();
        let token = link.show().rsplit('/').next().unwrap().to_owned();
        let ask = onboarding::SetUp {
            organization: "Shop".to_owned(),
            email: "ada@example.com".to_owned(),
            password: Secret::new("long enough for this".to_owned()),
        };
        let (_, key) = onboarding::set_up(&app, Origin::default(), &token, ask).await.unwrap();
        let gateway = Gateway::start(&app);
        let router = router(WebState::new(app, gateway));
        Self { router, key: key.secret.show().to_owned() }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 10_000_000).await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    async fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        self.ask_with(method, path, body, &[]).await
    }

    async fn ask_with(&self, method: &str, path: &str, body: &str, more: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("x-api-key", &self.key);
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }
}

fn bare(method: &str, path: &str) -> Request<Body> {
    Request::builder().method(method).uri(path).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn errors_have_one_form_and_say_what_to_do() {
    let house = House::open(1_000).await;
    let missing = house.send(bare("GET", "/v1/agents")).await;
    assert_eq!((missing.status, &missing.body["code"]), (401, &Value::from("AUTH_CREDENTIAL_MISSING")));
    assert_eq!(missing.headers["www-authenticate"], "Bearer realm=\"procura\"");
    assert_eq!(missing.body["requestId"], missing.headers["x-request-id"].to_str().unwrap());
    assert_eq!(missing.headers["x-content-type-options"], "nosniff");

    let unknown = house.send(bare("GET", "/v1/nothing")).await;
    assert_eq!((unknown.status, &unknown.body["code"]), (404, &Value::from("PATH_UNKNOWN")));
    for path in ["/v1/nothing", "/nothing", "/static/nothing.css"] {
        let unknown = house.send(bare("GET", path)).await.body;
        assert_eq!(unknown["error"], "There is no such page or path here.", "{path}");
        assert!(!unknown["fix"].as_str().unwrap().contains("organizations"), "{path}: {unknown}");
    }
    let method = house.ask("PUT", "/v1/agents", "{}").await;
    assert_eq!((method.status, &method.body["code"]), (405, &Value::from("METHOD_NOT_ALLOWED")));
    let allow = method.headers["allow"].to_str().unwrap();
    assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");
    let kind = house.ask("GET", "/v1/agents/per_01JD9Z3V5M8Q6T2W4X7Y9A1B3C", "").await;
    assert_eq!((kind.status, &kind.body["code"]), (404, &Value::from("NOT_FOUND")));
    let decide = house.ask("POST", "/v1/approvals/apr_01JD9Z3V5M8Q6T2W4X7Y9A1B3C/grant", "").await;
    assert_eq!(decide.status, 403, "only a person decides: {}", decide.body);
}

#[tokio::test]
async fn an_agent_is_made_its_policy_written_and_its_decision_traced() {
    let house = House::open(1_000).await;
    let made = house.ask("POST", "/v1/agents", r#"{"name":"shopping"}"#).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let agent = made.body["agent"]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/agents/{agent}/permissions");
    let permission =
        r#"{"effect":"allow","actions":["purchase.*"],"maxAmount":{"value":"500","currency":"USD"}}"#;
    let added = house.ask("POST", &path, permission).await;
    assert_eq!(added.status, 201, "{}", added.body);

    let ask = |amount: &str| {
        format!(r#"{{"agentId":"{agent}","action":"purchase.ticket","amount":{amount},"currency":"USD"}}"#)
    };
    let yes = house.ask("POST", "/v1/verify", &ask("499.99")).await;
    assert_eq!((yes.status, &yes.body["allowed"]), (200, &Value::Bool(true)), "{}", yes.body);
    let no = house.ask("POST", "/api/verify", &ask("\"742.00\"")).await;
    assert_eq!((no.status, &no.body["code"]), (200, &Value::from("AMOUNT_OVER_LIMIT")), "{}", no.body);
    assert!(no.headers["ratelimit-policy"].to_str().unwrap().starts_with("\"global\";q=1000;w=60"));

    let request = no.body["requestId"].as_str().unwrap();
    assert_eq!(no.headers["x-request-id"].to_str().unwrap(), request);
    let trace = house.ask("GET", &format!("/v1/traces/{request}"), "").await;
    assert_eq!(trace.body["records"][0]["event"], "decision", "{}", trace.body);
    let read = trace.headers["x-request-id"].to_str().unwrap();
    let of_read = house.ask("GET", &format!("/v1/traces/{read}"), "").await;
    assert_eq!(
        of_read.body["records"][0]["event"], "request.answered",
        "a read is recorded: {}",
        of_read.body
    );
    let page = house.ask("GET", "/v1/activity?decision=deny", "").await;
    assert_eq!(page.body["items"].as_array().unwrap().len(), 1, "{}", page.body);
}

#[tokio::test]
async fn a_keyed_write_is_done_once_and_its_secret_shown_once() {
    let house = House::open(1_000).await;
    let keyed = [("idempotency-key", "k1")];
    let body = r#"{"name":"reader","scopes":["verify"]}"#;
    let first = house.ask_with("POST", "/v1/keys", body, &keyed).await;
    assert_eq!(first.status, 201, "{}", first.body);
    let again = house.ask_with("POST", "/v1/keys", body, &keyed).await;
    assert_eq!((again.status, &again.body["code"]), (409, &Value::from("STATE_CHANGED")));
    let other = house.ask_with("POST", "/v1/keys", r#"{"name":"x","scopes":["verify"]}"#, &keyed).await;
    assert_eq!((other.status, &other.body["code"]), (422, &Value::from("IDEMPOTENCY_MISMATCH")));
    let keys = house.ask("GET", "/v1/keys", "").await;
    assert_eq!(keys.body["items"].as_array().unwrap().len(), 2, "the first platform key and one more");

    let change = [("idempotency-key", "k2")];
    let one = house.ask_with("PATCH", "/v1/organization", r#"{"name":"Shop 2"}"#, &change).await;
    let two = house.ask_with("PATCH", "/v1/organization", r#"{"name":"Shop 2"}"#, &change).await;
    assert_eq!((one.status, two.status, &one.body), (200, 200, &two.body));
    assert_eq!(two.headers["idempotency-replayed"], "true");
}

#[tokio::test]
async fn who_comes_too_often_waits() {
    let house = House::open(2).await;
    for expected in [200, 200, 429] {
        let answer = house.ask("GET", "/v1/whoami", "").await;
        assert_eq!(answer.status, expected, "{}", answer.body);
        assert_eq!(answer.headers.contains_key("retry-after"), expected == 429);
    }
    assert_eq!(
        house.send(bare("GET", "/healthz")).await.status,
        200,
        "the operator's probes are not limited"
    );
}

#[tokio::test]
async fn the_operator_s_paths_answer() {
    let house = House::open(1_000).await;
    for (path, status) in
        [("/healthz", 200), ("/readyz", 200), ("/metrics", 401), ("/openapi.json", 200), ("/llms.txt", 200)]
    {
        assert_eq!(house.send(bare("GET", path)).await.status, status, "{path}");
    }
    assert_eq!(house.ask("GET", "/metrics", "").await.status, 200);
    for path in ["/v1/mcp", "/v1/mcp/", "/v1/mcp/shop"] {
        let answer = house.send(bare("POST", path)).await;
        assert_eq!((answer.status, answer.headers.contains_key("www-authenticate")), (401, true), "{path}");
    }
}
