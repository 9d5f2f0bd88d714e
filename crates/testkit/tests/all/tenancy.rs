//! Two organizations, and every operation of the OpenAPI document walked by strangers (ORG-2, AGT-3): without a
//! credential, with the other organization's, and with every scope but the one that is needed.

use crate::oauth_authorize;
use procura_app::{Identified, results};
use procura_model::{Actor, AgentCredential, Origin, Reason, Role, Scope, Scopes};
use procura_testkit::{
    business::signed_token,
    stub::Stub,
    world::{Buyer, Call, Http, Reply, Shop, World},
};
use serde_json::{Value, json};

/// A word that stands in every name of the first organization, and may be seen by nobody else.
const CANARY: &str = "canary";

/// One operation of the document.
struct Operation {
    id: String,
    method: http::Method,
    path: String,
    scopes: Vec<Scope>,
    body: Option<Value>,
}

/// The first organization with one of everything, all of it named after the canary.
struct House {
    shop: Shop,
    ids: Vec<(&'static str, String)>,
    secrets: Vec<String>,
    /// Serves as long as the house stands.
    _stub: Stub,
}

#[expect(clippy::too_many_lines, reason = "one of everything")]
async fn furnish(w: &World) -> (House, Buyer) {
    let shop = w.tenant("canary-shop").await;
    let agent = shop.agent("canary-agent").await;
    let permission = shop
        .permit(&agent, json!({"effect": "allow", "actions": ["canary.buy"], "approval": "always"}))
        .await;
    let asked = agent.verify("canary.buy").resource("canary-thing").send().await;
    let request = asked.request_id();
    let approval = asked.waits();
    let stub = w.upstream().await;
    let server = shop.server("canary-server", &stub.url()).await;
    let member = shop.member(Role::Auditor).await;
    let key = shop
        .platform
        .post("/v1/keys", &json!({"name": "canary-key", "scopes": ["read:agents", "write:keys"]}))
        .send()
        .await
        .ok();
    let invitation = shop
        .platform
        .post("/v1/invitations", &json!({"email": "guest@canary.example", "role": "auditor"}))
        .send()
        .await
        .ok();
    let budget = json!({"name": "canary-budget", "of": "organization", "actions": ["canary.spend"],
        "window": {"count": 9, "per": "P1D"}});
    let budget = shop.platform.post("/v1/budgets", &budget).send().await.ok().text_at("/id");
    shop.permit(&agent, json!({"effect": "allow", "actions": ["canary.spend"]})).await;
    let spent = agent.verify("canary.spend").send().await.allowed();
    let user_auth = format!("/v1/agents/{}/user-auth", agent.id);
    let widget =
        json!({"allowedOrigins": ["https://canary.example"], "endpoint": "https://canary.example/agent"});
    let settings = json!({"method": {"signedToken": {}}, "widget": widget});
    shop.platform.put(&user_auth, &settings).send().await.ok();
    let secret = shop.platform.post(&format!("{user_auth}/secrets"), &json!({})).send().await.ok();
    let entity = "/v1/entities/resource/record/canary-record";
    shop.platform.put(entity, &json!({"properties": {"owner": "canary-user"}})).send().await.ok();
    let now = w.app.now().as_ms() / 1_000;
    let user = json!({"userId": "canary-user", "email": "ada@canary.example", "exp": now + 600});
    let session = agent.open_session(&signed_token(&user, &secret.text_at("/secret"))).await.ok();
    shop.platform.call(http::Method::POST, &format!("/v1/agents/{}/passport", agent.id)).send().await.ok();
    let guardrail =
        json!({"name": "canary-rail", "policy": "forbid(principal, action, resource) when { false };"});
    let guardrail = shop.platform.post("/v1/guardrails", &guardrail).send().await.ok();
    let holder = Identified {
        tenant: shop.id,
        actor: Actor::Agent {
            agent: agent.id,
            credential: AgentCredential::Key(agent.key_id.parse().unwrap()),
            scopes: Scopes::default(),
            user: None,
        },
    };
    let kept = results::keep(&w.app, &w.app.ctx(holder, Origin::default()), "canary-rest").await.unwrap();
    let rule = json!({"name": "canary-rule", "effect": "redact", "pattern": "CANARY-[0-9]{6}"});
    let rule = shop.platform.post("/v1/redaction-rules", &rule).send().await.ok();
    let client = oauth_authorize::registered(w, |_| {}).await;
    oauth_authorize::allow(&shop.owner, &oauth_authorize::query(&client, &[])).await;
    let oauth = shop.platform.get("/v1/oauth-sessions").send().await.ok();
    let metadata = json!({"client_name": "canary-client", "grant_types": ["client_credentials"]});
    let made = json!({"metadata": metadata, "agentId": agent.id});
    let made = shop.platform.post("/v1/clients", &made).send().await.ok();
    let scopes = json!([{"name": "canary:read", "text": "Read canaries."}]);
    let api =
        json!({"identifier": "https://api.canary.example", "settings": {"name": "canary", "scopes": scopes}});
    let api = shop.platform.post("/v1/resources", &api).send().await.ok();
    let issuer = json!({"issuer": "https://id.canary.example", "settings": {"jwksUri": "https://id.canary.example/k"}});
    let issuer = shop.platform.post("/v1/issuers", &issuer).send().await.ok();
    let ids = vec![
        ("clientId", made.text_at("/client/id")),
        ("clientSecretId", made.text_at("/secret/clientSecret/id")),
        ("resourceId", api.text_at("/id")),
        ("issuerId", issuer.text_at("/id")),
        ("grantId", oauth.text_at("/items/0/grantId")),
        ("oauthSessionId", oauth.text_at("/items/0/id")),
        ("ruleId", rule.text_at("/rule/id")),
        ("resultId", kept.id.to_string()),
        ("guardrailId", guardrail.text_at("/id")),
        ("budgetId", budget),
        ("reservationId", spent.0.text_at("/reservationId")),
        ("kind", "resource".to_owned()),
        ("entityType", "record".to_owned()),
        ("entityId", "canary-record".to_owned()),
        ("sessionId", session.text_at("/sessionId")),
        ("secretId", secret.text_at("/id")),
        ("agentId", agent.id.to_string()),
        ("permissionId", permission),
        ("requestId", request.to_string()),
        ("approvalId", approval),
        ("serverId", server),
        ("accountId", member.account.to_string()),
        ("keyId", key.text_at("/key/id")),
        ("invitationId", invitation.text_at("/invitation/id")),
    ];
    let shown = [
        made.text_at("/secret/secret"),
        key.text_at("/secret"),
        secret.text_at("/secret"),
        session.text_at("/sessionToken"),
    ];
    let secrets = [shop.key.clone(), agent.key.clone()].into_iter().chain(shown).collect();
    (House { shop, ids, secrets, _stub: stub }, agent)
}

/// What each operation that takes a body is sent. One that is missing here fails the walk.
fn body_of(operation: &str, house: &House) -> Value {
    let agent = house.id("agentId");
    match operation {
        "verify" | "verifyAlias" | "explainVerify" => json!({"agentId": agent, "action": "canary.buy"}),
        "verifyKey" => json!({"key": "pak_walked"}),
        "redeemReceipt" => json!({"receipt": "walked.walked.walked"}),
        "addGuardrail" | "replaceGuardrail" => {
            json!({"name": "walked", "policy": "forbid(principal, action, resource) when { false };"})
        }
        "addRedactionRule" | "replaceRedactionRule" | "testRedactionRule" => {
            json!({"name": "walked", "effect": "redact", "pattern": "WALKED-[0-9]{6}"})
        }
        "addBudget" | "replaceBudget" => {
            json!({"name": "walked", "of": "organization", "actions": ["walked"],
            "window": {"count": 1, "per": "P1D"}})
        }
        "createClient" | "replaceClient" => {
            json!({"metadata": {"client_name": "walked", "redirect_uris": ["https://walked.example/cb"]}})
        }
        "makeClientSecret" => json!({"overlapSeconds": 60}),
        "disableClient" | "enableClient" => Value::Null,
        "addResource" => json!({"identifier": "https://walked.example",
            "settings": {"name": "walked", "scopes": [{"name": "walked", "text": "Walk."}]}}),
        "replaceResource" => json!({"name": "walked", "scopes": [{"name": "walked", "text": "Walk."}]}),
        "trustIssuer" => json!({"issuer": "https://walked.example",
            "settings": {"jwksUri": "https://walked.example/k"}}),
        "replaceIssuer" => json!({"jwksUri": "https://walked.example/k"}),
        "commitReservation" | "releaseReservation" => Value::Null,
        "createAgent" => json!({"name": "walked"}),
        "changeAgent" => json!({"name": "walked over"}),
        "createAgentKey" => json!({"name": "walked"}),
        "createPlatformKey" => json!({"name": "walked", "scopes": ["verify"]}),
        "rotateKey" => json!({"overlapSeconds": 60}),
        "addPermission" | "replacePermission" | "changePermission" => {
            json!({"effect": "allow", "actions": ["walked"]})
        }
        "addServer" => json!({"name": "walked", "url": "https://walked.example/mcp"}),
        "importTools" => {
            json!({"document": {"openapi": "3.1.0", "paths": {"/walked": {"get": {"operationId": "walked"}}}}})
        }
        "changeServer" => json!({"enabled": false}),
        "setUserAuth" => json!({"method": {"callback": {"url": "https://walked.example/whois"}}}),
        "addUserAuthSecret" => json!({"overlapSeconds": 0}),
        "checkUserToken" => json!({"token": "walked.walked"}),
        "openSession" => json!({"expiresInSeconds": 60}),
        "revokeSessions" | "revokeSessionsAlias" => json!({"agentId": agent, "userId": "canary-user"}),
        "invite" => json!({"email": "walked@elsewhere.example", "role": "auditor"}),
        "changeMember" => json!({"role": "approver"}),
        "putEntity" => json!({"properties": {"walked": true}}),
        "changeOrganization" => json!({"currency": "EUR"}),
        "previewApprovalPattern" => {
            json!({"pattern": {"effect": "allow", "actions": ["walked"], "expiresAt": "2026-11-26T00:00:00Z"}})
        }
        "makeApprovalLink" => Value::Null,
        "grantApproval" | "denyApproval" | "cancelApproval" | "disableAgent" | "enableAgent" => Value::Null,
        "screenPrompt" => json!({"agentId": agent, "text": "Which of my orders are late?"}),
        "giveFeedback" => json!({"judgement": "missed_attack"}),
        "simulatePolicy" => json!({"agentId": agent, "permissions": []}),
        other => panic!("say in tests/all/tenancy.rs what {other} is sent"),
    }
}

impl House {
    fn id(&self, name: &str) -> &str {
        let found = self.ids.iter().find(|(known, _)| *known == name);
        found.map(|(_, id)| id.as_str()).unwrap_or_else(|| panic!("no {name} stands in the house"))
    }

    fn filled(&self, path: &str) -> String {
        self.ids.iter().fold(path.to_owned(), |path, (name, id)| path.replace(&format!("{{{name}}}"), id))
    }

    /// Nothing of the first organization stands in this answer.
    fn nothing_in(&self, operation: &str, reply: &Reply) {
        let (text, head) = (reply.text(), format!("{:?}", reply.headers));
        for own in [&text, &head] {
            assert!(!own.contains(CANARY), "{operation} shows {own}");
            assert!(!own.contains(&self.shop.id.to_string()), "{operation} shows {own}");
            for secret in &self.secrets {
                assert!(!own.contains(secret.as_str()), "{operation} shows a secret");
            }
        }
    }
}

async fn operations(w: &World, house: &House) -> Vec<Operation> {
    let document = w.http.get("/openapi.json").send().await.ok().json();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            if operation["security"][0].get("passport").is_some() {
                // No key opens them; whose token does is walked in `passports.rs`.
                continue;
            }
            let scopes = operation["security"][0]["bearer"].as_array().unwrap();
            let body =
                operation.get("requestBody").map(|_| body_of(&id, house)).filter(|body| !body.is_null());
            found.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                scopes: scopes.iter().map(|scope| scope.as_str().unwrap().parse().unwrap()).collect(),
                body,
                id,
            });
        }
    }
    assert!(found.len() > 35, "only {} operations were found", found.len());
    found
}

impl Operation {
    fn by(&self, http: &Http, house: &House) -> Call {
        let path = match self.id.as_str() {
            // Another organization's own one would have the name that must not be seen.
            "putEntity" => house.filled(&self.path.replace("{entityId}", "walked")),
            _ => house.filled(&self.path),
        };
        let call = http.call(self.method.clone(), &path);
        match &self.body {
            Some(body) => call.json(body),
            None => call,
        }
    }

    /// Whether it names something of the first organization. What an entity is called is each organization's own
    /// word, so putting one makes another of the same name.
    fn names_something(&self) -> bool {
        let is_agents = self.body.as_ref().is_some_and(|body| body.get("agentId").is_some());
        self.id != "putEntity" && (self.path.contains('{') || is_agents)
    }
}

#[tokio::test]
async fn nobody_without_a_credential_gets_anything() {
    let w = World::start().await;
    let (house, _) = furnish(&w).await;
    for operation in operations(&w, &house).await {
        let reply = operation.by(&w.http, &house).send().await;
        house.nothing_in(&operation.id, &reply);
        let reply = reply.refused(Reason::CredentialMissing);
        assert_eq!(reply.header("www-authenticate"), "Bearer realm=\"procura\"", "{}", operation.id);
        for wrong in ["pca_nonsense", "", "hunter2", &house.shop.key[..house.shop.key.len() - 1]] {
            let reply = operation.by(&w.http.with_key(wrong), &house).send().await;
            house.nothing_in(&operation.id, &reply);
            assert_eq!(reply.status, 401, "{} with {wrong:?}: {}", operation.id, reply.text());
            assert!(
                reply.header("www-authenticate").starts_with("Bearer realm=\"procura\""),
                "{}",
                operation.id
            );
        }
        let by_cookie = operation.by(&house.shop.owner.browser, &house).send().await;
        assert_eq!(by_cookie.status, 401, "{} takes a cookie: {}", operation.id, by_cookie.text());
    }
}

#[tokio::test]
async fn the_other_organization_sees_and_touches_nothing() {
    let w = World::start().await;
    let (house, _) = furnish(&w).await;
    let other = w.tenant("stranger").await;
    let their_agent = other.agent("their agent").await;
    let before = everything(&house.shop, &house).await;
    for operation in operations(&w, &house).await {
        for http in [&other.platform, &their_agent.http] {
            let reply = operation.by(http, &house).send().await;
            house.nothing_in(&operation.id, &reply);
            if operation.names_something() {
                let is_hidden = matches!(reply.status, 403 | 404) || reply.at("/items") == json!([]);
                assert!(is_hidden, "{}: {} {}", operation.id, reply.status, reply.text());
                if operation.scopes.iter().all(|scope| *scope != Scope::DecideApprovals)
                    && http.base() == other.platform.base()
                {
                    let is_agent = matches!(reply.code(), Some(Reason::ScopeMissing | Reason::AgentMismatch));
                    assert!(reply.status != 403 || is_agent, "{}: {}", operation.id, reply.text());
                }
            }
        }
    }
    assert_eq!(everything(&house.shop, &house).await, before, "the stranger changed something");
}

/// All lists of the organization, without what time and reading change.
async fn everything(shop: &Shop, house: &House) -> Vec<String> {
    let agent = house.id("agentId");
    let mut all = Vec::new();
    for path in [
        "/v1/agents".to_owned(),
        format!("/v1/agents/{agent}/keys"),
        format!("/v1/agents/{agent}/permissions"),
        format!("/v1/agents/{agent}/user-auth"),
        "/v1/keys".to_owned(),
        "/v1/approvals".to_owned(),
        "/v1/servers".to_owned(),
        "/v1/members".to_owned(),
        "/v1/invitations".to_owned(),
        "/v1/sessions".to_owned(),
        "/v1/organization".to_owned(),
        "/v1/redaction-rules".to_owned(),
        "/v1/entities".to_owned(),
        "/v1/clients".to_owned(),
        "/v1/resources".to_owned(),
        "/v1/issuers".to_owned(),
        "/v1/grants".to_owned(),
        "/v1/oauth-sessions".to_owned(),
        "/v1/changes".to_owned(),
        format!("/v1/traces/{}", house.id("requestId")),
    ] {
        let mut document = shop.platform.get(&path).send().await.ok().json();
        without(&mut document, &["lastUsedAt", "lastSeenAt", "health"]);
        all.push(format!("{path} {document}"));
    }
    let shown = all.iter().filter(|line| line.contains(CANARY)).count();
    assert!(shown >= 8, "the canary is hardly anywhere: {all:?}");
    all
}

fn without(document: &mut Value, names: &[&str]) {
    match document {
        Value::Object(members) => {
            members.retain(|name, _| !names.contains(&name.as_str()));
            members.values_mut().for_each(|value| without(value, names));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| without(value, names)),
        _ => {}
    }
}

#[tokio::test]
async fn every_scope_but_the_right_one_is_not_enough() {
    let w = World::start().await;
    let (house, agent) = furnish(&w).await;
    let before = everything(&house.shop, &house).await;
    let mut keys = Vec::new();
    for operation in operations(&w, &house).await {
        for missing in &operation.scopes {
            if !keys.iter().any(|(known, _)| known == missing) {
                let scopes: Vec<Scope> = Scope::ALL
                    .iter()
                    .copied()
                    .filter(|scope| scope != missing && *scope != Scope::DecideApprovals)
                    .collect();
                keys.push((*missing, house.shop.platform_key(&scopes).await));
            }
            let (_, http) = keys.iter().find(|(known, _)| known == missing).unwrap();
            if *missing == Scope::DecideApprovals {
                operation.by(http, &house).send().await.refused(Reason::SelfApproval);
                continue;
            }
            let reply = operation.by(http, &house).send().await.refused(Reason::ScopeMissing);
            let challenge = reply.header("www-authenticate");
            let wanted = format!("error=\"insufficient_scope\", scope=\"{}\"", missing.as_str());
            assert!(
                challenge.contains(&wanted),
                "{} without {}: {challenge}",
                operation.id,
                missing.as_str()
            );
        }
        let has_all = |scopes: &[Scope]| scopes.iter().all(|scope| Scope::OF_AGENTS.contains(scope));
        // What it reserved itself, an agent reads and settles with `verify`.
        let is_own = operation.id.ends_with("Reservation") || operation.id == "listReservations";
        if !has_all(&operation.scopes) && !is_own {
            let decides = operation.scopes.contains(&Scope::DecideApprovals);
            let wanted = if decides { Reason::SelfApproval } else { Reason::ScopeMissing };
            operation.by(&agent.http, &house).send().await.refused(wanted);
        }
    }
    let after = everything(&house.shop, &house).await;
    let is_key = |line: &&String| line.starts_with("/v1/keys") || line.starts_with("/v1/changes");
    let strip = |all: Vec<String>| all.iter().filter(|line| !is_key(line)).cloned().collect::<Vec<_>>();
    assert_eq!(strip(after), strip(before), "somebody without the scope changed something");
}

#[tokio::test]
async fn the_other_organization_s_tools_do_not_exist() {
    let w = World::start().await;
    let (house, own) = furnish(&w).await;
    house.shop.permit_all_tools(&own).await;
    let other = w.tenant("stranger").await;
    let theirs = other.agent("their agent").await;
    other.permit_all_tools(&theirs).await;
    assert!(own.tools().await.iter().any(|name| name == "canary-server__benign"));
    assert!(theirs.tools().await.iter().all(|name| !name.contains(CANARY)));
    theirs.call_tool("canary-server__benign", json!({})).await.denied(Reason::ToolUnknown);
    let alone = theirs.mcp_of("canary-server").send("tools/list", json!({})).await;
    assert!(alone.result().is_null(), "{}", alone.reply.text());
    house.nothing_in("tools", &alone.reply);
    let answers = [theirs.mcp_of("nowhere").send("tools/list", json!({})).await.reply, alone.reply];
    assert_eq!(answers[0].status, answers[1].status, "a foreign server and none are told apart");
}
