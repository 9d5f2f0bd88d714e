//! What a stranger reads of an API that is configured as the seed describes: its metadata, its block and its `auth.md`.

use super::*;

const SCOPES: [&str; 11] = [
    "read:data",
    "track:events",
    "read:links",
    "write:links",
    "read:monitors",
    "write:monitors",
    "read:status_pages",
    "write:status_pages",
    "manage:websites",
    "manage:flags",
    "manage:config",
];
const HOST: &str = "https://api.databuddy.cc";

async fn seed() -> (World, Shop) {
    let w = World::start_set(|settings| HOST.clone_into(&mut settings.public_url)).await;
    let shop = w.tenant("databuddy").await;
    let scopes: Vec<Value> =
        SCOPES.iter().map(|name| json!({"name": name, "text": "One of them."})).collect();
    let body = json!({"identifier": HOST, "settings": {"name": "Databuddy", "scopes": scopes, "agents": {
        "anonymous": true, "assertions": true, "root": true, "unclaimedScopes": ["read:data"],
        "pages": {
            "skill": "https://www.databuddy.cc/auth.md",
            "console": "https://app.databuddy.cc/organizations/settings#api-keys",
            "example": "https://api.databuddy.cc/v1/query/websites",
            "mcp": "https://api.databuddy.cc/v1/mcp/",
        },
    }}});
    shop.platform.post("/v1/resources", &body).send().await.ok();
    (w, shop)
}

#[tokio::test]
async fn the_metadata_has_the_seeds_block_to_the_letter_in_both_documents() {
    let (w, _) = seed().await;
    let document = w.http.get("/.well-known/oauth-protected-resource").send().await.ok().json();
    let block = json!({
        "register_uri": "https://api.databuddy.cc/agent-auth/register",
        "claim_uri": "https://api.databuddy.cc/agent-auth/claim",
        "revocation_uri": "https://api.databuddy.cc/agent-auth/revoke",
        "skill": "https://www.databuddy.cc/auth.md",
        "identity_types_supported": ["anonymous", "identity_assertion"],
        "anonymous": {"credential_types_supported": ["api_key"]},
        "identity_assertion": {
            "assertion_types_supported": [ID_JAG],
            "credential_types_supported": ["api_key"],
        },
    });
    assert_eq!(document["agent_auth"], block);
    assert_eq!(document["resource"], json!(HOST));
    assert_eq!(document["authorization_servers"], json!([HOST]));
    assert_eq!(document["scopes_supported"], json!(SCOPES));
    assert_eq!(document["bearer_methods_supported"], json!(["header"]));
    let server = w.http.get("/.well-known/oauth-authorization-server").send().await.ok().json();
    assert_eq!((&server["agent_auth"], &server["issuer"]), (&block, &json!(HOST)));
}

#[tokio::test]
async fn the_guide_has_the_seeds_seven_sections_and_every_command_of_it_is_true() {
    let (w, shop) = seed().await;
    let reply = w.http.get("/auth.md").send().await.ok();
    assert_eq!(reply.header("content-type"), "text/markdown; charset=utf-8");
    let text = reply.text();
    assert!(text.starts_with("# auth.md\n"), "{text}");
    let headings: Vec<&str> = text.lines().filter(|line| line.starts_with("## ")).collect();
    assert_eq!(
        headings,
        [
            "## 1. Discover",
            "## 2. Pick a method",
            "## 3. Register",
            "## 4. Claim",
            "## 5. Use the credential",
            "## 6. Errors",
            "## 7. Revocation",
            "## Supported Scopes",
        ]
    );
    for scope in SCOPES {
        assert!(text.contains(&format!("- `{scope}`")), "{scope}");
    }
    for says in [
        "WWW-Authenticate: Bearer resource_metadata=\"https://api.databuddy.cc/.well-known/oauth-protected-resource\"",
        "https://api.databuddy.cc/agent-auth/claim/complete",
        "curl -H \"x-api-key: $API_KEY\" https://api.databuddy.cc/v1/query/websites",
        "curl -H \"Authorization: Bearer $API_KEY\" https://api.databuddy.cc/v1/query/websites",
        "\"url\": \"https://api.databuddy.cc/v1/mcp/\"",
        "https://app.databuddy.cc/organizations/settings#api-keys",
    ] {
        assert!(text.contains(says), "{says} is missing in {text}");
    }
    let json = text.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let block: Value = serde_json::from_str(json).unwrap();
    let document = w.http.get("/.well-known/oauth-protected-resource").send().await.ok().json();
    assert_eq!(block["agent_auth"], document["agent_auth"]);
    // The one command that registers, sent as it stands there.
    let sent = text.split("-d '").nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
    let one = post(&w, REGISTER, serde_json::from_str(sent).unwrap()).await.ok();
    assert_eq!(
        status(&shop.platform, &one.text_at("/credential"), json!({"scopes": ["read:data"]})).await,
        200
    );
}

#[tokio::test]
async fn a_server_without_such_an_api_says_nothing_of_agents() {
    let w = World::start().await;
    w.tenant("shop").await;
    for path in ["/.well-known/oauth-protected-resource", "/.well-known/oauth-authorization-server"] {
        let document = w.http.get(path).send().await.ok().json();
        assert!(document.get("agent_auth").is_none(), "{path}: {document}");
    }
    assert_eq!(w.http.get("/auth.md").send().await.status, 404);
    assert_eq!(post(&w, REGISTER, json!({"type": "anonymous"})).await.status, 404);
}

#[tokio::test]
async fn every_other_api_has_its_own_documents_and_endpoints() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let api = guarded(&shop, json!({"root": false, "anonymous": true, "assertions": false})).await;
    let document =
        w.http.get(&format!("/r/{api}/.well-known/oauth-protected-resource")).send().await.ok().json();
    assert_eq!(document["resource"], json!(API));
    let register = document["agent_auth"]["register_uri"].as_str().unwrap();
    assert_eq!(register, format!("{}/r/{api}{REGISTER}", w.url()));
    assert!(document["agent_auth"].get("identity_assertion").is_none(), "nothing that is not served");
    let path = register.strip_prefix(w.url()).unwrap();
    let key = post(&w, path, json!({"type": "anonymous"})).await.ok().text_at("/credential");
    assert_eq!(status(&shop.platform, &key, json!({ "resource": API })).await, 200);
    assert!(w.http.get(&format!("/r/{api}/auth.md")).send().await.ok().text().contains(register));
    assert_eq!(
        post(&w, REGISTER, json!({"type": "anonymous"})).await.status,
        404,
        "there is none at the root"
    );
    for nothing in ["res_01JD9Z3V5M8Q6T2W4X7Y9A1B3C", "nothing"] {
        assert_eq!(w.http.get(&format!("/r/{nothing}/auth.md")).send().await.status, 404);
    }
    let second = json!({"identifier": "https://b.example", "settings": settings(&json!({"root": true}))});
    shop.platform.post("/v1/resources", &second).send().await.ok();
    let third = json!({"identifier": "https://c.example", "settings": settings(&json!({"root": true}))});
    shop.platform.post("/v1/resources", &third).send().await.refused(Reason::FieldInvalid);
}
