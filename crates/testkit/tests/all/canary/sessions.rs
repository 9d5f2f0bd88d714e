//! Tokens of all three methods, good and bad: tried in the token console, shown where a session begins and where none
//! does, in both eras of MCP; and how sessions end.

use super::{
    business::{self, FAILURES, failing, opaque, signed},
    house::{Agent, House, Owner},
    plants::{Id, Kind, USERS, word},
    settings::Staff,
};
use http_body_util::BodyExt as _;
use procura_model::Reason;
use procura_testkit::business::Answer;
use serde_json::{Value, json};
use std::time::Duration;

/// A user's session with an agent.
pub(super) struct Acting {
    /// The user.
    pub(super) user: usize,
    /// The agent in the session.
    pub(super) agent: Agent,
    /// The session's id.
    pub(super) session: String,
    /// The token that opened it.
    pub(super) token: String,
    /// The token among everything that was planted.
    pub(super) token_id: Id,
}

/// A token of this user by the method that is theirs: four users have each.
fn good(house: &House, staff: &Staff, user: usize) -> (String, Id) {
    let person = &house.people[user];
    let token = match user % 3 {
        0 => house.business.jwt(person, &json!({"jti": format!("{}-{}", user, word(4_000 + user))})),
        1 => signed(person, &staff.secret, &json!({})),
        _ => opaque(user),
    };
    let id = house.plants.plant(Kind::UserToken, format!("the token of user {user}"), &token);
    (token, id)
}

/// The agent of this user's method.
fn agent_of(staff: &Staff, user: usize) -> &Agent {
    [&staff.jwt, &staff.signed, &staff.callback][user % 3]
}

/// Opens a session for every user.
pub(super) async fn open_all(house: &House, staff: &Staff) -> Vec<Acting> {
    let mut all = Vec::new();
    for user in 0..USERS {
        let (token, token_id) = good(house, staff, user);
        let (agent, session) = house.open(agent_of(staff, user), user, &token).await;
        all.push(Acting { user, agent, session, token, token_id });
    }
    all
}

/// Every bad token, with the agent that is shown it.
fn bad<'s>(house: &House, staff: &'s Staff) -> Vec<(&'s Agent, String, String)> {
    let people = &house.people;
    let now = business::now();
    let mut all = Vec::new();
    let jwt = |label: &str, token: String| (&staff.jwt, format!("a JWT {label}"), token);
    let of = |user: usize, changed: &Value| house.business.jwt(&people[user], changed);
    all.push(jwt("that has expired", of(0, &json!({"exp": now - 4_000}))));
    all.push(jwt("of another issuer", of(3, &json!({"iss": format!("https://{}.example", people[3].role)}))));
    all.push(jwt("for another audience", of(6, &json!({"aud": [people[6].id]}))));
    all.push(jwt("for nobody", of(9, &json!({"sub": "  "}))));
    all.push(jwt("with a number for a subject", of(0, &json!({"sub": 7, "email": [people[0].email]}))));
    all.push(jwt("with a text for a time", of(3, &json!({"exp": people[3].email}))));
    all.push(jwt("from before all time", of(3, &json!({"iat": i64::MIN, "nbf": i64::MAX}))));
    all.push(jwt("of a key that nobody published", house.business.forged(&people[6])));
    let (signed_part, _) = all[0].2.rsplit_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    all.push(jwt("without its signature", format!("{signed_part}.")));
    all.push(jwt("of two segments", signed_part));
    let own = |label: &str, token: String| (&staff.signed, format!("a signed token {label}"), token);
    let of = |user: usize, changed: &Value| signed(&people[user], &staff.secret, changed);
    all.push(own("that has expired", of(1, &json!({"exp": now - 10}))));
    all.push(own("that lives too long", of(4, &json!({"exp": now + 900_000}))));
    all.push(own("that begins later", of(7, &json!({"nbf": now + 600}))));
    all.push(own("for nobody", of(10, &json!({"userId": ""}))));
    all.push(own("with a text for a time", of(1, &json!({"exp": people[1].email}))));
    all.push(own("from the end of time", of(1, &json!({"iat": i64::MAX, "exp": i64::MAX}))));
    all.push(own(
        "of another secret",
        signed(&people[4], "another secret of no use to anybody here", &json!({})),
    ));
    all.push(own("that is no document", format!("{}.{}", word(4_101), word(4_102))));
    all.push(own("that is the user's address", people[7].email.replace(|c: char| !c.is_ascii(), "")));
    for way in FAILURES {
        all.push((&staff.callback, format!("a token at which the callback fails: {way}"), failing(way, 2)));
    }
    all.push((
        &staff.callback,
        "a token that nobody knows".to_owned(),
        format!("cb-nobody's.{}", word(4_103)),
    ));
    for (_, label, token) in &all {
        house.plants.plant(Kind::UserToken, label.clone(), token);
    }
    all
}

/// Shows every bad token where a session begins, and tries it in the token console, as well as the good ones.
pub(super) async fn refuse_all(house: &House, staff: &Staff, owner: &Owner, acting: &[Acting]) {
    // Before any key set was fetched, an identity provider that says back what it heard.
    let said = acting[0].token.clone();
    house.business.jwks.answer(Answer::Text(500, "text/html", format!("Traceback: {said}")));
    for (agent, label, token) in bad(house, staff) {
        let refused = show(house, agent, &token).await;
        assert!(refused >= 400, "{label}: {refused}");
        initialize(house, agent, &token).await;
        check(house, agent, owner, &token).await;
        house.business.publish();
    }
    for each in acting {
        check(house, agent_of(staff, each.user), owner, &each.token).await;
    }
}

async fn show(house: &House, agent: &Agent, token: &str) -> u16 {
    let call = agent.http.call(http::Method::POST, "/v1/sessions").header("x-user-auth-token", token);
    house.ask("POST /v1/sessions, refused", call).await.status
}

/// Tries a token in the token console, by API and by form.
async fn check(house: &House, agent: &Agent, owner: &Owner, token: &str) {
    let path = format!("/v1/agents/{}/user-auth/check", agent.id);
    house.ask("POST check", house.platform.post(&path, &json!({"token": token}))).await.ok();
    let path = format!("/agents/{}/users/try", agent.id);
    house.submit(owner, &path, &[("token", token)], &[]).await.ok();
}

fn initialize_body() -> Value {
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": {},
        "clientInfo": {"name": "world", "version": "1"}});
    json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})
}

/// Begins a session of the older era of MCP with this token; gives what that era calls its session.
async fn initialize(house: &House, agent: &Agent, token: &str) -> Option<String> {
    let call = agent
        .http
        .post("/v1/mcp", &initialize_body())
        .header("accept", "application/json, text/event-stream")
        .header("x-user-auth-token", token);
    let reply = call.send().await;
    let id = Some(reply.header("mcp-session-id").to_owned()).filter(|id| !id.is_empty());
    let label = format!("the MCP session {}", id.as_deref().unwrap_or_default());
    let own = id.as_ref().map(|id| house.plants.plant(Kind::Opener, label, id));
    house.keep_reply("MCP initialize", &reply, own.as_slice());
    id
}

/// The same users by the older era of MCP: the token comes with `initialize`, and the tool gets their values.
pub(super) async fn in_the_older_era(house: &House, staff: &Staff) {
    for user in [0, 1, 2] {
        let token = good_again(house, staff, user);
        let agent = agent_of(staff, user);
        let session = initialize(house, agent, &token).await.expect("a good token opens a session");
        let person = &house.people[user];
        let arguments = json!({"text": format!("{} wrote from {}", person.id, person.email)});
        let call = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call",
            "params": {"name": "tools__echo", "arguments": arguments}});
        let call = agent
            .http
            .post("/v1/mcp", &call)
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", "2025-11-25")
            .header("mcp-session-id", &session);
        let may = house.plants.of_user(user);
        let told = house.ask_for("a tool call of the older era", call, &may).await.ok();
        assert!(told.text().contains("wrote from"), "{}", told.text());
    }
}

/// Another token of a user who has one.
fn good_again(house: &House, staff: &Staff, user: usize) -> String {
    let person = &house.people[user];
    let token = match user % 3 {
        0 => house.business.jwt(person, &json!({"jti": word(4_200 + user)})),
        1 => signed(person, &staff.secret, &json!({"number": 7})),
        _ => opaque(user),
    };
    house.plants.plant(Kind::UserToken, format!("another token of user {user}"), &token);
    token
}

/// Looks at a session from all sides; who the user is, is told in its context alone.
pub(super) async fn look_at(house: &House, acting: &Acting) {
    let own = house.plants.of_user(acting.user);
    let path = format!("/v1/sessions/{}", acting.session);
    let told = format!("{path}/context");
    for http in [&acting.agent.http, &house.platform] {
        house.ask("GET session", http.get(&path)).await.ok();
        let context = house.ask_for("GET context", http.get(&told), &own).await.ok();
        let id = serde_json::to_string(&house.people[acting.user].id).unwrap();
        assert!(context.text_at("/factsBlock").contains(&id), "{}", context.text());
    }
}

/// Ends sessions in every way, each watched until it ends, and shows their tokens again.
pub(super) async fn end_all(house: &House, staff: &Staff, owner: &Owner, all: &[Acting]) {
    for acting in all {
        let path = format!("/v1/sessions/{}", acting.session);
        let watching = acting.agent.http.get(&format!("{path}/events")).begin().await.unwrap();
        let (agent, person) = (agent_of(staff, acting.user), &house.people[acting.user]);
        let who = json!({"agentId": agent.id, "userId": person.id});
        match acting.user % 4 {
            0 => house.ask("DELETE session", house.platform.delete(&path)).await.ok(),
            1 => {
                house.ask("POST revoke", house.platform.post("/api/public/sessions/revoke", &who)).await.ok()
            }
            2 => {
                let fields = [("agent", agent.id.as_str()), ("user_id", person.id.as_str())];
                house.submit(owner, "/sessions/revoke-user", &fields, &[]).await
            }
            _ => house.submit(owner, &format!("/sessions/{}/revoke", acting.session), &[], &[]).await,
        };
        let ended = tokio::time::timeout(Duration::from_secs(10), watching.into_body().collect()).await;
        let said = ended.expect("the stream ends").unwrap().to_bytes();
        assert!(String::from_utf8_lossy(&said).contains("SESSION_REVOKED"), "user {}", acting.user);
        house.keep("the stream of a session's events", said, &[]);
        let late =
            house.ask("GET context, too late", acting.agent.http.get(&format!("{path}/context"))).await;
        late.refused(Reason::SessionRevoked);
        let again = show(house, agent, &acting.token).await;
        assert!(again >= 400, "a token of a revoked session opened another");
        let again = house.ask("POST revoke", house.platform.post("/v1/sessions/revoke", &who)).await.ok();
        assert_eq!(again.at("/success"), json!(true));
    }
}
