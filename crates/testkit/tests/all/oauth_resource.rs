//! The gateway as a protected resource (OAU-1, GTW-1): how a client without a good enough token is told what to do, whose
//! tokens open it, and that a token ends with what it stands on.

use super::oauth_authorize::{allow, query, registered};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use procura_model::{Client, Reason};
use procura_testkit::{
    business::Issuer,
    world::{Http, Mcp, Person, Reply, Shop, World},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

async fn tokens(w: &World, person: &Person, client: &Client, changes: &[(&str, &str)]) -> Reply {
    let code = allow(person, &query(client, changes)).await.remove("code").expect("a code");
    let id = client.id.to_string();
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", &*id),
        ("code", &*code),
        ("code_verifier", VERIFIER),
    ];
    w.http.call(http::Method::POST, "/oauth/token").form(&fields).send().await.ok()
}

fn claims(token: &str) -> Value {
    let segment = token.split('.').nth(1).unwrap_or_default();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(segment).unwrap()).unwrap()
}

fn gateway(http: &Http) -> Mcp {
    Mcp::new(http.clone(), "/v1/mcp")
}

async fn list(http: &Http, path: &str) -> Reply {
    Mcp::new(http.clone(), path).request("tools/list", json!({})).send().await
}

async fn let_do_everything(shop: &Shop, token: &str) {
    let agent = claims(token)["act"]["sub"].as_str().unwrap().to_owned();
    let everything = json!({"effect": "allow", "actions": ["*"], "resources": ["*"]});
    shop.platform.post(&format!("/v1/agents/{agent}/permissions"), &everything).send().await.ok();
}

/// RFC 9728 section 5.1 with RFC 6750 section 3, and decision 4: the metadata is that of the form that was asked.
#[tokio::test]
async fn whoever_comes_without_a_token_is_told_where_to_get_one() {
    let w = World::start().await;
    w.tenant("shop").await;
    for path in ["/v1/mcp", "/v1/mcp/", "/v1/mcp/stub"] {
        let reply = list(&w.http, path).await;
        assert_eq!(reply.status, 401);
        let challenge = reply.header("www-authenticate").to_owned();
        let metadata = format!("{}/.well-known/oauth-protected-resource{path}", w.url());
        assert!(challenge.starts_with("Bearer ") && !challenge.contains("error="), "{challenge}");
        assert!(challenge.contains(&format!("resource_metadata=\"{metadata}\"")), "{challenge}");
        assert!(challenge.contains("scope=\"tools\""), "{challenge}");
        let document = w.http.get(metadata.strip_prefix(w.url()).unwrap()).send().await.ok();
        assert_eq!(document.text_at("/resource"), format!("{}{path}", w.url()));
        assert_eq!(document.at("/authorization_servers"), json!([w.url()]));
        assert_eq!(
            document.at("/scopes_supported"),
            json!(["tools"]),
            "offline_access stands in no resource's list"
        );
    }
    let wrong = list(&w.http.with_key("pat_wrong"), "/v1/mcp").await;
    let challenge = wrong.header("www-authenticate").to_owned();
    assert_eq!(wrong.status, 401);
    assert!(
        challenge.contains("error=\"invalid_token\"") && challenge.contains("resource_metadata="),
        "{challenge}"
    );
    // RFC 6750 section 2.3 is not supported: a token in the query is none.
    assert_eq!(list(&w.http, "/v1/mcp?access_token=pat_wrong").await.status, 401);
}

/// MCP, authorization: the audience is checked, and what a token stands on ends it.
#[tokio::test]
async fn a_token_opens_the_gateway_as_the_agent_that_was_chosen_and_nothing_else() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let stub = w.upstream().await;
    shop.server("stub", &stub.url()).await;
    let client = registered(&w, |_| {}).await;
    let token = tokens(&w, &shop.owner, &client, &[]).await.text_at("/access_token");
    let http = w.http.with_key(&token);
    for path in ["/v1/mcp", "/v1/mcp/", "/v1/mcp/stub"] {
        assert_eq!(list(&http, path).await.status, 200, "{path}");
    }
    // The new agent has no permission: it sees nothing that it could not do, and does nothing.
    assert!(!gateway(&http).call_tool("stub__benign", &json!({})).await.is_ok());
    let_do_everything(&shop, &token).await;
    assert!(gateway(&http).call_tool("stub__benign", &json!({})).await.is_ok());
    // The token itself goes to no tool server.
    assert!(stub.seen().iter().all(|request| !format!("{request:?}").contains(&token)));
    // Our own API is another resource.
    for path in ["/v1/whoami", "/v1/agents", "/v1/approvals"] {
        let reply = http.get(path).send().await;
        assert_eq!(reply.status, 401, "{path}");
    }
    // One credential for each request.
    let both = http.with(http::HeaderName::from_static("x-api-key"), "pca_x");
    assert_eq!(list(&both, "/v1/mcp").await.status, 400);
    // A token for one server opens that server alone.
    let one = format!("{}/v1/mcp/stub", w.url());
    let narrow = tokens(&w, &shop.owner, &client, &[("resource", &one)]).await.text_at("/access_token");
    let narrow = w.http.with_key(&narrow);
    assert_eq!(list(&narrow, "/v1/mcp/stub").await.status, 200);
    assert_eq!(list(&narrow, "/v1/mcp").await.status, 401);
    // The agent is disabled: at the next request.
    let agent = claims(&token)["act"]["sub"].as_str().unwrap().to_owned();
    shop.platform.post(&format!("/v1/agents/{agent}/disable"), &json!({})).send().await.ok();
    list(&http, "/v1/mcp").await.refused(Reason::AgentDisabled);
}

/// RFC 6750 section 3.1, MCP step-up: a token without the scope may look, and is told which scope it lacks.
#[tokio::test]
async fn a_token_without_the_scope_looks_and_is_told_what_it_lacks() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let stub = w.upstream().await;
    shop.server("stub", &stub.url()).await;
    let client = registered(&w, |_| {}).await;
    let token =
        tokens(&w, &shop.owner, &client, &[("scope", "offline_access")]).await.text_at("/access_token");
    let_do_everything(&shop, &token).await;
    let http = w.http.with_key(&token);
    assert_eq!(list(&http, "/v1/mcp").await.status, 200);
    for (method, params) in [
        ("tools/call", json!({"name": "stub__benign", "arguments": {}})),
        ("prompts/get", json!({"name": "stub__p"})),
        ("resources/read", json!({"uri": "test://static-text"})),
        ("subscriptions/listen", json!({"notifications": {"resourceSubscriptions": ["test://static-text"]}})),
    ] {
        let reply = gateway(&http).request(method, params).send().await;
        let challenge = reply.header("www-authenticate").to_owned();
        assert_eq!(reply.status, 403, "{method}: {}", reply.text());
        assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
        assert!(
            challenge.contains("scope=\"tools\"") && challenge.contains("resource_metadata="),
            "{challenge}"
        );
    }
    assert!(stub.seen().iter().all(|request| !format!("{request:?}").contains("tools/call")));
}

/// RFC 9449 section 7: a bound token is its key's alone.
#[tokio::test]
async fn a_bound_token_needs_a_fresh_proof_of_its_own_key_at_every_request() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let client = registered(&w, |_| {}).await;
    let (key, other) = (Issuer::new("proof"), Issuer::new("other"));
    let proof = |key: &Issuer, jti: &str, path: &str, token: Option<&str>| {
        let header = json!({"typ": "dpop+jwt", "alg": "EdDSA", "jwk": key.jwk()});
        let mut claims = json!({"jti": jti, "htm": "POST", "htu": format!("{}{path}", w.url()),
            "iat": w.clock.now().as_ms() / 1000});
        if let Some(token) = token {
            claims["ath"] = json!(URL_SAFE_NO_PAD.encode(Sha256::digest(token)));
        }
        key.signed(&header, &claims)
    };
    let code = allow(&shop.owner, &query(&client, &[])).await.remove("code").unwrap();
    let id = client.id.to_string();
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", &*id),
        ("code", &*code),
        ("code_verifier", VERIFIER),
    ];
    let call = w.http.call(http::Method::POST, "/oauth/token").form(&fields);
    let token = call
        .header("dpop", &proof(&key, "1", "/oauth/token", None))
        .send()
        .await
        .ok()
        .text_at("/access_token");
    let with = async |authorization: &str, proofs: &[String]| {
        let mut call =
            gateway(&w.http).request("tools/list", json!({})).header("authorization", authorization);
        for proof in proofs {
            call = call.header("dpop", proof);
        }
        call.send().await
    };
    let dpop = format!("DPoP {token}");
    let good = proof(&key, "2", "/v1/mcp", Some(&token));
    assert_eq!(with(&dpop, std::slice::from_ref(&good)).await.status, 200);
    for (authorization, proofs) in [
        (&dpop, vec![good]),
        (&dpop, vec![]),
        (&format!("Bearer {token}"), vec![proof(&key, "3", "/v1/mcp", Some(&token))]),
        (&format!("Bearer {token}"), vec![]),
        (&dpop, vec![proof(&other, "4", "/v1/mcp", Some(&token))]),
        (&dpop, vec![proof(&key, "5", "/v1/mcp", None)]),
        (&dpop, vec![proof(&key, "6", "/v1/mcp", Some("another"))]),
        (&dpop, vec![proof(&key, "7", "/v1/mcp/", Some(&token))]),
    ] {
        let reply = with(authorization, &proofs).await;
        assert_eq!(reply.status, 401, "{authorization} {proofs:?}");
        let challenge = reply.header("www-authenticate");
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
        assert_eq!(challenge.starts_with("DPoP "), authorization.starts_with("DPoP "), "{challenge}");
    }
    // A token that is bound to no key is none for the scheme.
    let plain = tokens(&w, &shop.owner, &client, &[]).await.text_at("/access_token");
    let fresh = proof(&key, "10", "/v1/mcp", Some(&plain));
    assert_eq!(with(&format!("DPoP {plain}"), &[fresh]).await.status, 401);
}
