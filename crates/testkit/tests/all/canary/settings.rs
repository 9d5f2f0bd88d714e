//! What a developer does before any user comes: methods, secrets set, replaced and removed, tool servers with
//! credentials, by API and by the console's forms, rightly and wrongly.

use super::{
    business::{AUDIENCE, ISSUER},
    house::{Agent, House, Owner},
    plants::{Kind, word},
};
use serde_json::{Value, json};

/// The agents, one for each method.
pub(super) struct Staff {
    /// Users come with JWTs.
    pub(super) jwt: Agent,
    /// Users come with signed session tokens.
    pub(super) signed: Agent,
    /// Users are asked about.
    pub(super) callback: Agent,
    /// The live secret of signed session tokens.
    pub(super) secret: String,
}

/// A secret of the business's own, planted.
fn secret(house: &House, label: &str, number: usize) -> String {
    let text = format!("{}+{}/brought along by the business=", word(7_000 + number), word(7_100 + number));
    house.plants.plant(Kind::Secret, label, &text);
    text
}

/// Sets everything up by API.
pub(super) async fn by_api(house: &House) -> Staff {
    let staff = Staff {
        jwt: house.agent("by jwt").await,
        signed: house.agent("by signed token").await,
        callback: house.agent("by callback").await,
        secret: String::new(),
    };
    let jwt =
        json!({"jwksUrl": house.business.jwks.url("/jwks.json"), "issuer": ISSUER, "audience": AUDIENCE});
    let widget =
        json!({"allowedOrigins": ["https://shop.example"], "endpoint": "https://shop.example/agent"});
    let callback = json!({"url": house.business.callback.url("/whois")});
    for (agent, settings) in [
        (&staff.jwt, json!({"method": {"jwt": jwt}})),
        (&staff.signed, json!({"method": {"signedToken": {}}, "widget": widget})),
        (&staff.callback, json!({"method": {"callback": callback}})),
    ] {
        let path = format!("/v1/agents/{}/user-auth", agent.id);
        house.ask("PUT user-auth", house.platform.put(&path, &settings)).await.ok();
    }
    secrets_by_api(house, &staff.callback, 10).await;
    let secret = secrets_by_api(house, &staff.signed, 20).await;
    servers_by_api(house).await;
    for agent in [&staff.jwt, &staff.signed, &staff.callback] {
        permissions(house, agent).await;
    }
    Staff { secret, ..staff }
}

/// Brings secrets along, lets one be made, replaces and removes; gives the one that Procura made.
async fn secrets_by_api(house: &House, agent: &Agent, number: usize) -> String {
    let path = format!("/v1/agents/{}/user-auth/secrets", agent.id);
    let first = secret(house, &format!("the first secret of {}", agent.id), number);
    let set = json!({"secret": first, "overlapSeconds": 0});
    let keyed = || house.platform.post(&path, &set).header("idempotency-key", &agent.id);
    let kept = house.ask("POST secrets", keyed()).await.ok();
    house.ask("POST secrets again", keyed()).await;
    let made = house.platform.post(&path, &json!({"overlapSeconds": 3_600})).send().await.ok();
    let live = made.text_at("/secret");
    let own = house.plants.plant(Kind::Secret, format!("the made secret of {}", agent.id), &live);
    house.keep_reply("POST secrets, made", &made, &[own]);
    let first = format!("{path}/{}", kept.text_at("/id"));
    house.ask("DELETE secret", house.platform.delete(&first)).await.ok();
    let second = secret(house, &format!("the second secret of {}", agent.id), number + 1);
    house.ask("POST secrets", house.platform.post(&path, &json!({"secret": second}))).await.ok();
    for wrong in [
        json!({"secret": secret(house, &format!("a secret too many for {}", agent.id), number + 2), "overlap": 1}),
        json!({"secret": [secret(house, &format!("a secret in a list for {}", agent.id), number + 3)]}),
        json!({"secret": word(7_000 + number + 4), "overlapSeconds": -1}),
        json!({"secret": word(7_000 + number + 4)}),
    ] {
        let refused = house.ask("POST secrets, wrong", house.platform.post(&path, &wrong)).await;
        assert_eq!(refused.status, 422, "{}", refused.text());
    }
    house.plants.plant(
        Kind::Secret,
        format!("a secret too short for {}", agent.id),
        word(7_000 + number + 4),
    );
    live
}

/// A tool for each way in which the business's API answers.
fn declared() -> Value {
    let about = json!({"name": "about", "in": "query", "schema": {"type": "string"}});
    let get = |name: &str| {
        json!({"name": name, "method": "GET", "path": format!("/{name}"), "parameters": [about],
            "description": "Something about a customer."})
    };
    let note = json!({"type": "object", "properties": {"note": {"type": "string"}}});
    let mut tools = vec![
        json!({"name": "echo", "method": "POST", "path": "/echo", "body": {"schema": note, "arguments": "members"}}),
        json!({"name": "orders", "method": "GET", "path": "/orders/{customerId}", "parameters": [
            {"name": "customerId", "in": "path", "required": true, "schema": {"type": "string"}},
            {"name": "mail", "in": "query", "schema": {"type": "string", "maxLength": 60}},
            {"name": "trace", "in": "header", "sentAs": "x-trace", "schema": {"type": "string"}}]}),
    ];
    tools.extend(["fail", "none", "moved", "broken", "image", "page", "long"].map(get));
    Value::Array(tools)
}

async fn servers_by_api(house: &House) {
    let credential = |label: &str, number: usize| {
        let text = format!("api-{}-{}", word(8_000 + number), word(8_100 + number));
        house.plants.plant(Kind::Opener, label, &text);
        text
    };
    let add = async |body: &Value| house.ask("POST servers", house.platform.post("/v1/servers", body)).await;
    let base = house.business.api.url("/v1");
    let templates = json!({"x-user": "id={{user.id}}", "x-mail": "{{user.email}}",
        "x-account": "{{user.attributes.account}}"});
    let first = credential("the first credential of orders", 1);
    let assertion =
        json!({"kind": "assertion", "audience": "https://api.shop.example", "claims": ["email", "role"]});
    let api = |user: &Value| {
        json!({"baseUrl": base, "credential": {"header": "x-crm-key", "prefix": "Key "}, "user": user,
            "tools": declared()})
    };
    let orders = add(&json!({"name": "orders", "api": api(&assertion), "credential": first})).await.ok();
    let change = json!({"credential": credential("the credential of orders", 2)});
    let path = format!("/v1/servers/{}", orders.text_at("/id"));
    house.ask("PATCH server", house.platform.patch(&path, &change)).await.ok();
    let headers = json!({"kind": "headers", "headers": templates});
    let desk =
        json!({"name": "desk", "api": api(&headers), "credential": credential("the credential of desk", 3)});
    add(&desk).await.ok();
    let tools = json!({"name": "tools", "url": house.business.tools.url(),
        "credential": credential("the credential of tools", 4)});
    add(&tools).await.ok();
    for wrong in [
        json!({"name": "Wrong", "url": base, "credential": credential("a credential beside a wrong name", 5)}),
        json!({"name": "w", "url": "ftp://x", "credential": credential("a credential beside a wrong URL", 6)}),
        json!({"name": "w", "url": base, "credential": {"is": credential("a credential as an object", 7)}}),
        json!({"name": "w", "url": format!("{base}?key={}", credential("a credential in a URL", 8)), "tools": 7}),
        json!({"name": "w", "api": api(&json!({"kind": "headers", "headers": {"x": "none"}})),
            "credential": credential("a credential beside a wrong template", 9)}),
    ] {
        let refused = add(&wrong).await;
        assert_eq!(refused.status, 422, "{}", refused.text());
    }
    import(house, &base).await;
}

/// Makes tools of an OpenAPI document.
async fn import(house: &House, base: &str) {
    let document = format!(
        "openapi: 3.1.0\ninfo: {{title: Shop, version: '1'}}\nservers: [{{url: '{base}'}}]\npaths:\n  /echo:\n    \
         post:\n      operationId: echo\n      requestBody: {{content: {{application/json: {{schema: {{type: \
         object, properties: {{note: {{type: string}}}}}}}}}}}}\n"
    );
    let ask = json!({"document": document});
    let made = house.ask("POST import", house.platform.post("/v1/servers/import", &ask)).await.ok();
    let api = json!({"baseUrl": made.at("/baseUrl"), "tools": made.at("/tools"),
        "user": {"kind": "assertion", "audience": "shop", "claims": []}});
    let server = json!({"name": "imported", "api": api});
    house.ask("POST servers", house.platform.post("/v1/servers", &server)).await.ok();
}

async fn permissions(house: &House, agent: &Agent) {
    for permission in [
        json!({"effect": "allow", "actions": ["read.*"]}),
        json!({"effect": "allow", "actions": ["send"], "approval": "always"}),
        json!({"effect": "allow", "actions": ["own"],
            "conditions": [{"path": "args.customer", "op": "eq", "ref": "user.id"},
                {"path": "args.mail", "op": "eq", "ref": "user.email"},
                {"path": "args.account", "op": "eq", "ref": "user.attributes.account"},
                {"path": "args.city", "op": "eq", "ref": "user.attributes.address.city.name"}]}),
        json!({"effect": "allow", "actions": ["few"],
            "conditions": [{"path": "args.customer", "op": "in", "value": ["nobody", "somebody"]}]}),
        json!({"effect": "block", "actions": ["never"],
            "conditions": [{"path": "args.customer", "op": "eq", "ref": "user.id"}]}),
        json!({"effect": "allow", "actions": ["tool.call"], "resources": ["*"]}),
        json!({"effect": "allow", "actions": ["tool.call"], "resources": ["tools/benign"], "approval": "always"}),
    ] {
        house.permit(agent, permission).await;
    }
}

/// The same by the console's forms, with an agent of its own.
pub(super) async fn by_console(house: &House, owner: &Owner) {
    let agent = house.agent("by the console").await;
    let at = |rest: &str| format!("/agents/{}/users{rest}", agent.id);
    let first = secret(house, "the first secret of the form", 30);
    let numbers = [("session_seconds", "3600"), ("max_lifetime", "3600"), ("leeway", "0")];
    let method = |secret: &str| {
        let own = [("method", "signedToken"), ("secret_choice", "own"), ("secret", secret)];
        [&own[..], &numbers[..]].concat().into_iter().map(|(a, b)| (a, b.to_owned())).collect::<Vec<_>>()
    };
    let send = async |path: String, fields: Vec<(&str, String)>| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        house.submit(owner, &path, &fields, &[]).await
    };
    let changed = |fields: Vec<(&'static str, String)>, name: &str, to: &str| {
        fields.into_iter().map(|(n, value)| (n, if n == name { to.to_owned() } else { value })).collect()
    };
    let wrong: Vec<_> = changed(method(&first), "leeway", "soon");
    assert_eq!(send(at(""), wrong).await.status, 422);
    let wrong: Vec<_> = changed(method(&first), "session_seconds", "1");
    assert_eq!(send(at(""), wrong).await.status, 422);
    assert_eq!(send(at(""), method(&first)).await.status, 303);
    let short = word(7_039);
    house.plants.plant(Kind::Secret, "a secret too short for the form", &short);
    let replace = |secret: &str| {
        vec![
            ("method", "signedToken".to_owned()),
            ("secret_choice", "own".to_owned()),
            ("secret", secret.to_owned()),
            ("overlap", "day".to_owned()),
        ]
    };
    assert_eq!(send(at("/secrets"), replace(&short)).await.status, 422);
    let second = secret(house, "the second secret of the form", 31);
    assert_eq!(send(at("/secrets"), replace(&second)).await.status, 303);
    made_by_console(house, owner, &at("/secrets")).await;
    let kept = house.platform.get(&format!("/v1/agents/{}/user-auth", agent.id)).send().await.ok();
    let remove = at(&format!("/secrets/{}/remove", kept.text_at("/secrets/0/id")));
    assert_eq!(send(remove, Vec::new()).await.status, 303);
    let origins =
        [("origins", "https://shop.example".to_owned()), ("endpoint", "https://shop.example/a".to_owned())];
    assert_eq!(send(at("/widget"), origins.to_vec()).await.status, 303);
    let jwt = [("method", "jwt".to_owned()), ("jwks_url", "nowhere".to_owned()), ("secret", second.clone())];
    assert_eq!(send(at(""), jwt.to_vec()).await.status, 422);
    assert_eq!(send(at("/remove"), vec![("confirm", second)]).await.status, 422);
    assert_eq!(send(at("/remove"), vec![("confirm", "by the console".to_owned())]).await.status, 303);
    servers_by_console(house, owner).await;
}

/// Lets Procura make a secret: it stands on that page alone.
async fn made_by_console(house: &House, owner: &Owner, path: &str) {
    let fields = [("method", "signedToken"), ("secret_choice", "made"), ("overlap", "hour")];
    let before = house.plants.plant(Kind::Secret, "a secret that the console showed", "");
    let page = house.submit(owner, path, &fields, &[before]).await.ok().text();
    let (_, rest) = page.split_once("<code id=\"secret\">").expect("it is shown once");
    house.plants.set(before, rest.split('<').next().unwrap());
}

async fn servers_by_console(house: &House, owner: &Owner) {
    let base = house.business.api.url("/v1");
    let credential = |label: &str, number: usize| {
        let text = format!("form-{}-{}", word(8_200 + number), word(8_300 + number));
        house.plants.plant(Kind::Opener, label, &text);
        text
    };
    let first = credential("the first credential of the form", 1);
    let fields = |base: &str, credential: &str| {
        [
            ("name", "by-form"),
            ("base_url", base),
            ("header", "x-crm-key"),
            ("prefix", ""),
            ("user", "assertion"),
            ("assertion_header", "x-procura-user"),
            ("audience", "shop"),
            ("with_email", "on"),
            ("credential_choice", "set"),
            ("credential", credential),
            ("fence", "on"),
            ("timeout_ms", "3000"),
            ("max_bytes", "100000"),
            ("tools", "{}"),
            ("tool_name", "echo"),
            ("method", "POST"),
            ("path", "/echo"),
            ("need", "default"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let send = async |path: &str, fields: &[(String, String)]| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        house.submit(owner, path, &fields, &[]).await
    };
    assert_eq!(send("/tools/api/new", &fields("nowhere", &first)).await.status, 422);
    let more = [&fields(&base, &first)[..], &[("more".to_owned(), "1".to_owned())]].concat();
    assert_eq!(send("/tools/api/new", &more).await.status, 200);
    let added = send("/tools/api/new", &fields(&base, &first)).await;
    assert_eq!(added.status, 303, "{}", added.text());
    let server = added.header("location").split('?').next().unwrap().to_owned();
    let second = credential("the second credential of the form", 2);
    let changed = send(&server, &fields("ftp://nowhere", &second)).await;
    assert_eq!(changed.status, 422, "{}", changed.text());
    let changed = send(&server, &fields(&base, &second)).await;
    assert_eq!(changed.status, 303, "{}", changed.text());
    let new = [("name", "mcp-form"), ("url", "nowhere"), ("credential", second.as_str())];
    let refused = house.submit(owner, "/tools/new", &new, &[]).await;
    assert!(refused.status >= 400, "{}", refused.text());
}
