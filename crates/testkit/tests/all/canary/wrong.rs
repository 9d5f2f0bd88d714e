//! What goes wrong with users' values and tokens in it: in paths, queries, headers, cookies, bodies and forms that are
//! no good, from everybody.

use super::{
    business::brief,
    house::{House, Owner},
    plants::{Id, Kind},
    sessions::Acting,
    settings::Staff,
};
use http::Method;
use procura_testkit::world::{Call, Http, Mcp, Reply};
use serde_json::json;

/// The paths that end in something that a caller names.
const PATHS: [&str; 22] = [
    "/",
    "/v1/",
    "/v1/sessions/",
    "/v1/agents/",
    "/v1/traces/",
    "/v1/approvals/",
    "/v1/servers/",
    "/v1/permissions/",
    "/v1/keys/",
    "/v1/mcp/",
    "/widget/",
    "/static/",
    "/agents/",
    "/sessions/",
    "/activity/",
    "/approvals/",
    "/tools/",
    "/policies/",
    "/sign-in/",
    "/setup/",
    "/owner/",
    "/invitations/",
];
/// The queries of everything that can be looked for.
const QUERIES: [&str; 18] = [
    "/v1/sessions?user=",
    "/v1/sessions?agentId=",
    "/v1/sessions?cursor=",
    "/v1/sessions?state=",
    "/v1/agents?cursor=",
    "/v1/activity?agentId=",
    "/v1/activity?cursor=",
    "/v1/activity?code=",
    "/v1/activity?user=",
    "/v1/sessions?",
    "/sessions?user=",
    "/sessions?after=",
    "/activity?user=",
    "/activity?action=",
    "/agents?after=",
    "/search?id=",
    "/sign-in?next=/",
    "/connections?after=",
];

/// What the caller itself has written, where an error repeats the name of a field that nobody knows, or the mount that was asked, and
/// nothing else.
fn own_words(house: &House, acting: &Acting, reply: &Reply) -> Vec<Id> {
    let sentence = reply.at("/error");
    let names_a_field = ["is not a known field here", "stands there twice"];
    if names_a_field.iter().any(|words| sentence.as_str().is_some_and(|sentence| sentence.contains(words))) {
        return everything_of(house, acting);
    }
    // A challenge names the mount that was asked (RFC 9728 section 3.3); the id has the form of a server's name, the
    // token has not.
    let mount = format!("/.well-known/oauth-protected-resource/v1/mcp/{}\"", house.people[acting.user].id);
    if reply.header("www-authenticate").contains(&mount) {
        return house.plants.of_user(acting.user);
    }
    Vec::new()
}

/// The user's values and the token.
fn everything_of(house: &House, acting: &Acting) -> Vec<Id> {
    let mut all = house.plants.of_user(acting.user);
    all.push(acting.token_id);
    all
}

/// Sends what is no good; the answer shows nothing but the name of a field that nobody knows, to the one who sent it.
async fn send(house: &House, what: &str, call: Call, acting: &Acting) -> Reply {
    let reply = call.send().await;
    house.keep_reply(what, &reply, &own_words(house, acting, &reply));
    reply
}

fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// Everybody who can ask, with what they are.
fn everybody(house: &House, owner: &Owner, acting: &Acting) -> Vec<(&'static str, Http)> {
    vec![
        ("nobody", house.process.http()),
        ("an agent", acting.agent.http.clone()),
        ("a platform key", house.platform.clone()),
        ("a person", owner.browser.clone()),
    ]
}

/// Values and tokens in URLs.
pub(super) async fn in_urls(house: &House, owner: &Owner, acting: &Acting) {
    let person = &house.people[acting.user];
    for (who, http) in everybody(house, owner, acting) {
        for value in [&person.id, &person.email, &acting.token] {
            let value = escaped(value);
            for start in PATHS.iter().chain(&QUERIES) {
                let (what, call) = (format!("{start}.. of {who}"), http.get(&format!("{start}{value}")));
                if start.starts_with("/sign-in") {
                    // Where the browser is, and where it wants to go, is in its own URL.
                    house.ask_for(&what, call, &everything_of(house, acting)).await;
                } else {
                    send(house, &what, call, acting).await;
                }
            }
            for path in ["/v1/sessions", "/v1/verify", "/agents"] {
                let call = http.call(Method::DELETE, &format!("{path}/{value}?token={value}"));
                house.ask(&format!("DELETE {path}/.. of {who}"), call).await;
                let call = http.call(Method::POST, &format!("{path}?token={value}"));
                house.ask(&format!("POST {path}?.. of {who}"), call).await;
            }
        }
    }
}

/// Tokens and values in headers that are for something else.
pub(super) async fn in_headers(house: &House, owner: &Owner, acting: &Acting) {
    let person = &house.people[acting.user];
    let token = acting.token.as_str();
    let plain: String = person.email.chars().filter(char::is_ascii).collect();
    for (who, http) in everybody(house, owner, acting) {
        for (name, value) in [
            ("x-user-auth-token", token.to_owned()),
            ("authorization", format!("Bearer {token}")),
            ("authorization", format!("Basic {token}")),
            ("x-api-key", token.to_owned()),
            ("x-procura-session", token.to_owned()),
            ("cookie", format!("procura={token}; other={token}")),
            ("mcp-session-id", token.to_owned()),
            ("mcp-protocol-version", token.to_owned()),
            ("mcp-method", plain.clone()),
            ("idempotency-key", format!("order of {plain}")),
            ("content-type", plain.clone()),
            ("accept", plain.clone()),
            ("origin", format!("https://{}", person.role.replace(|c: char| !c.is_ascii_alphanumeric(), ""))),
            ("x-forwarded-for", plain.clone()),
            ("traceparent", token.to_owned()),
        ] {
            for path in ["/v1/whoami", "/agents", "/v1/mcp"] {
                let call = http.get(path).header(name, &value);
                house.ask(&format!("GET {path} of {who} with {name}"), call).await;
            }
            for (path, body) in [
                ("/v1/verify", json!({"action": "read.orders"})),
                ("/v1/mcp", json!({"jsonrpc": "2.0", "id": 1, "method": "ping"})),
                ("/v1/agents", json!({"name": 7})),
            ] {
                let call = http.post(path, &body).header(name, &value);
                house.ask(&format!("POST {path} of {who} with {name}"), call).await;
            }
        }
    }
}

/// Bodies that are no good.
fn bodies(house: &House, acting: &Acting) -> Vec<String> {
    let person = &house.people[acting.user];
    let (id, mail, token) = (json!(person.id), json!(person.email), json!(acting.token));
    vec![
        format!("{{\"action\":{id},\"args\":{{\"to\":{mail},\"token\":{token}"),
        format!("{{{id}:{mail},{token}:1}}"),
        format!("{{\"action\":{id},\"action\":{mail}}}"),
        format!("{{\"action\":\"a\",\"args\":{{{id}:1,{id}:2}}}}"),
        format!("{{\"action\":[{id}],\"agentId\":{mail},\"userId\":{token}}}"),
        format!("{{\"action\":\"a\",\"agentId\":{id}}}"),
        format!("{{\"action\":\"a\",\"sessionId\":{token}}}"),
        format!("{{\"action\":\"a\",\"amount\":{mail}}}"),
        format!("{{\"action\":\"a\",\"currency\":{mail}}}"),
        format!("{{\"action\":\"a\",\"userId\":{id},\"userToken\":{token}}}"),
        format!("{{\"expiresInSeconds\":{token},\"userId\":{id}}}"),
        format!("{{\"expiresInSeconds\":9223372036854775807,\"token\":{token}}}"),
        format!("{{\"agentId\":{id},\"userId\":[{mail}]}}"),
        format!("{{\"method\":{{{id}:{{\"secret\":{token}}}}}}}"),
        format!("{{\"method\":{{\"jwt\":{{\"jwksUrl\":{mail},\"issuer\":{id},\"audience\":[{token}]}}}}}}"),
        format!("{{\"secret\":{token},{mail}:true}}"),
        format!("{{\"name\":[{id}],\"url\":{mail},\"credential\":[{token}]}}"),
        format!("{{\"document\":{{\"openapi\":{id},\"paths\":{{{mail}:{token}}}}}}}"),
        format!("{{\"token\":[{token}],\"of\":{id}}}"),
        format!("{{\"jsonrpc\":\"2.0\",\"id\":{token},\"method\":{id},\"params\":{mail}}}"),
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{{\"name\":{mail},{id}:{token}}}}}"
        ),
        format!("{{\"jsonrpc\":{id},\"method\":\"initialize\",\"params\":{{\"protocolVersion\":{mail}}}}}"),
        format!("[{id},{mail},{token}]"),
        format!("{token}"),
        format!("{}={}&token={}", escaped(&person.id), escaped(&person.email), escaped(&acting.token)),
    ]
}

/// Every bad body at everything that takes one.
pub(super) async fn in_bodies(house: &House, owner: &Owner, acting: &Acting) {
    let agent = acting.agent.id.clone();
    let paths = [
        "/v1/verify".to_owned(),
        "/v1/verify/explain".to_owned(),
        "/v1/sessions".to_owned(),
        "/v1/sessions/revoke".to_owned(),
        "/api/public/sessions/revoke".to_owned(),
        "/v1/mcp".to_owned(),
        "/v1/servers".to_owned(),
        "/v1/servers/import".to_owned(),
        "/v1/agents".to_owned(),
        format!("/v1/agents/{agent}/permissions"),
        format!("/v1/agents/{agent}/user-auth/secrets"),
        format!("/v1/agents/{agent}/user-auth/check"),
    ];
    for body in bodies(house, acting) {
        for http in [&acting.agent.http, &house.platform] {
            for path in &paths {
                let call = http.call(Method::POST, path).header("content-type", "application/json");
                let call = call.header("accept", "application/json, text/event-stream").bytes(body.clone());
                let reply = send(house, "a bad body", call, acting).await;
                assert_ne!(reply.status, 500, "{path} {body}");
            }
            let put = http.call(Method::PUT, &format!("/v1/agents/{agent}/user-auth"));
            let put = put.header("content-type", "application/json").bytes(body.clone());
            send(house, "a bad body of user authentication", put, acting).await;
        }
    }
    in_forms(house, owner, acting).await;
}

/// Forms of the console with values in the wrong fields.
async fn in_forms(house: &House, owner: &Owner, acting: &Acting) {
    let person = &house.people[acting.user];
    let users = format!("/agents/{}/users", acting.agent.id);
    let (id, mail, token) = (person.id.as_str(), person.email.as_str(), acting.token.as_str());
    let long = id.repeat(300);
    for (path, fields) in [
        (users.clone(), vec![("method", mail), ("secret", token)]),
        (format!("{users}/secrets"), vec![("method", id), ("secret_choice", "own"), ("secret", token)]),
        (format!("{users}/try"), vec![("token", ""), (id, token)]),
        (format!("{users}/remove"), vec![("confirm", id)]),
        ("/sessions/revoke-user".to_owned(), vec![("agent", id), ("user_id", mail)]),
        ("/sessions/revoke-user".to_owned(), vec![("agent", &acting.agent.id), ("user_id", &long)]),
        ("/organizations".to_owned(), vec![("organization", mail)]),
        ("/settings/keys".to_owned(), vec![("key_name", ""), ("scope", id), ("days", token)]),
        (format!("/sessions/{}/revoke/{}", acting.session, escaped(mail)), vec![(id, token)]),
    ] {
        let reply = house.submit(owner, &path, &fields, &[]).await;
        assert!(reply.status >= 400, "{path}: {} {}", reply.status, reply.text());
    }
    // A form that another page sends.
    let foreign = owner.browser.call(Method::POST, &format!("{users}/try")).form(&[("token", token)]);
    house.ask("a form of another page", foreign.header("origin", "https://evil.example")).await;
}

/// An agent that says its user's token wherever it may say something.
pub(super) async fn tokens_as_arguments(house: &House, staff: &Staff, acting: &Acting) {
    let person = &house.people[acting.user];
    for token in [brief(person, &staff.secret), house.business.brief_jwt(person)] {
        let id = house.plants.plant(Kind::UserToken, format!("a token as an argument, {token:.12}"), &token);
        let mut own = everything_of(house, acting);
        own.push(id);
        let args = json!({"token": token, "note": format!("Authorization: Bearer {token}"), "text": token,
            "url": format!("https://shop.example/?u={}", escaped(&token)), "list": [token]});
        let body = json!({"action": format!("read.{token}").chars().take(256).collect::<String>(), "args": args,
            "metadata": {"said": token}, "resource": format!("tokens/{token}"), "vendor": "shop.example"});
        let call = acting.agent.http.post("/v1/verify", &body);
        house.ask_for("POST verify with a token in it", call, &own).await.ok();
        let mcp = Mcp::new(acting.agent.http.clone(), "/v1/mcp");
        let call = mcp.request("tools/call", json!({"name": "tools__echo", "arguments": args}));
        house.ask_for("a tool call with a token in it", call, &own).await.ok();
        let call = mcp.request("tools/call", json!({"name": format!("tools__{token}"), "arguments": {}}));
        house.ask_for("a tool that is called like a token", call, &own).await;
        let body = json!({"action": "send", "args": args, "resource": format!("tokens/{token}")});
        let asked =
            house.ask_for("POST verify that waits", acting.agent.http.post("/v1/verify", &body), &own).await;
        assert_eq!(asked.text_at("/decision"), "needs_approval");
    }
}

/// Names that callers choose: of a write that may be sent again, and of themselves.
pub(super) async fn in_names(house: &House, acting: &Acting) {
    let person = &house.people[acting.user];
    let plain: String = person.email.chars().filter(char::is_ascii).collect();
    let path = format!("/v1/agents/{}/permissions", acting.agent.id);
    let permission = json!({"effect": "block", "actions": ["nothing"]});
    for key in [&plain, &plain, &acting.token[..200.min(acting.token.len())].to_owned()] {
        let call = house.platform.post(&path, &permission).header("idempotency-key", key);
        house.ask("POST permissions with a key", call).await.ok();
    }
    let body = json!({"action": "read.orders"});
    let call =
        acting.agent.http.post("/v1/verify", &body).header("user-agent", &format!("shop/1 (for {plain})"));
    house.ask("POST verify of a client that names its user", call).await.ok();
}
