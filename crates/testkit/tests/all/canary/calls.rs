//! What agents do for users: questions in whose every part the user's values stand, approvals, and tools whose answers
//! hold them, rightly, wrongly, too long, and with orders for the model.

use super::{
    house::{House, Owner},
    plants::{Somebody, text_of},
    sessions::Acting,
};
use procura_model::Reason;
use procura_testkit::world::{Called, Mcp};
use serde_json::{Map, Value, json};

/// In how many ways a value is written.
const SPELLINGS: usize = 8;

/// How a value may be written by an agent.
fn spelled(text: &str) -> Vec<String> {
    let json = serde_json::to_string(text).unwrap();
    let percent: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    let all: [String; SPELLINGS] = [
        text.to_owned(),
        text.to_uppercase(),
        format!("it is {text}, they say"),
        format!("{{\"value\":{json}}}"),
        format!("https://shop.example/find?v={percent}#x"),
        percent.replace('+', "%20"),
        percent.replace('+', "%20").replace('%', "%25"),
        format!(
            "<b title=\"{0}\">{0}</b>",
            text.replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('"', "&quot;")
                .replace('\'', "&#39;")
        ),
    ];
    all.to_vec()
}

/// Every value of a user at every place of a document, in this spelling or in all.
fn telling(person: &Somebody, only: Option<usize>) -> Value {
    let mut all = Map::new();
    for (number, (path, value)) in person.values().into_iter().enumerate() {
        let text = text_of(&value);
        let mut written = spelled(&text);
        if text.len() > 100 {
            // A long text is said once; the record would else not be kept at all.
            written.truncate(1);
        }
        if let Some(only) = only {
            written = written.get(only).cloned().into_iter().collect();
        }
        all.insert(format!("{path} {number}"), json!({"as it is": value, "written": written}));
        // A role that is one word tells what somebody is and not who, so it stays where it is a member's name.
        let is_name_of_many = path == "role" && text.bytes().all(|byte| byte.is_ascii_alphabetic());
        if text.len() <= 100 && !is_name_of_many {
            all.insert(text, json!([true]));
        }
    }
    Value::Object(all)
}

/// Asks for decisions in every way.
pub(super) async fn ask_for_decisions(house: &House, owner: &Owner, acting: &Acting) {
    let person = &house.people[acting.user];
    let ask = async |action: &str, args: &Value| {
        let body = json!({"action": action, "args": args, "resource": format!("customers/{}/orders", person.id),
            "vendor": "shop.example", "amount": "9.50", "currency": "EUR",
            "metadata": {"for": person.payload(), (person.email.clone()): [person.id]}});
        // The sentence repeats to the agent what it asked about.
        let own = house.plants.of_user(acting.user);
        house.ask_for("POST explain", acting.agent.http.post("/v1/verify/explain", &body), &own).await;
        house.ask_for("POST verify", acting.agent.http.post("/v1/verify", &body), &own).await
    };
    let all = telling(person, None);
    assert_eq!(ask("read.orders", &all).await.ok().at("/allowed"), json!(true));
    assert_eq!(ask("steal", &all).await.ok().at("/allowed"), json!(false));
    assert_eq!(ask(&format!("read.{}", person.id), &all).await.status / 100, 2);
    let own = json!({"customer": person.id, "mail": person.email, "account": person.attributes["account"],
        "city": person.attributes["address"]["city"]["name"]});
    assert_eq!(ask("own", &own).await.ok().at("/allowed"), json!(true));
    let swapped = json!({"customer": person.email, "mail": person.id, "account": person.attributes["balance"],
        "city": person.role});
    assert_eq!(ask("own", &swapped).await.ok().at("/allowed"), json!(false));
    assert_eq!(ask("few", &own).await.ok().at("/allowed"), json!(false));
    assert_eq!(ask("never", &own).await.ok().at("/allowed"), json!(false));
    let too_long = json!({"all": all, "long": "words ".repeat(4_000)});
    ask("read.much", &too_long).await.ok();
    let by_platform = json!({"action": "read.orders", "args": all, "sessionId": acting.session});
    house.ask("POST verify by a platform key", house.platform.post("/v1/verify", &by_platform)).await;

    let waiting = ask("send", &all).await.ok();
    assert_eq!(waiting.text_at("/decision"), "needs_approval");
    approve(house, owner, &waiting.text_at("/approvalId")).await;
    assert_eq!(ask("send", &all).await.ok().at("/allowed"), json!(true));
    let denied = ask("send", &own).await.ok().text_at("/approvalId");
    house.submit(owner, &format!("/approvals/{denied}/deny"), &[], &[]).await;
    ask("send", &own).await.ok();
    ask("send", &swapped).await.ok();
}

/// A person looks at an approval and grants it.
async fn approve(house: &House, owner: &Owner, approval: &str) {
    let page = owner.browser.get(&format!("/approvals/{approval}"));
    house.ask("the page of an approval", page).await.ok();
    let granted = house.submit(owner, &format!("/approvals/{approval}/grant"), &[], &[]).await;
    assert_eq!(granted.status, 303, "{}", granted.text());
}

/// Calls a tool for a user; the answer is the agent's own to read.
async fn call(house: &House, acting: &Acting, tool: &str, arguments: &Value) -> Called {
    let mcp = Mcp::new(acting.agent.http.clone(), "/v1/mcp");
    let request = mcp.request("tools/call", json!({"name": tool, "arguments": arguments}));
    let may = house.plants.of_user(acting.user);
    Called::of(house.ask_for(&format!("the tool {tool}"), request, &may).await)
}

/// Uses tools of every kind, with arguments that name the user and answers that do.
pub(super) async fn use_tools(house: &House, owner: &Owner, acting: &Acting) {
    let person = &house.people[acting.user];
    house.business.serve(acting.user);
    let mut is_echoed = false;
    for spelling in 0..SPELLINGS {
        let all = telling(person, Some(spelling));
        for arguments in [json!({"text": all.to_string()}), json!({"as it is": all})] {
            // What is disguised too well is refused; that is recorded too.
            let echoed = call(house, acting, "tools__echo", &arguments).await;
            read_on(house, acting, &echoed).await;
            is_echoed |= echoed.is_ok();
        }
    }
    assert!(is_echoed, "no spelling passed");
    let all = telling(person, Some(0));
    for tool in ["error", "injection", "events", "rpc_error", "server_error", "invalid_json", "secrets"] {
        call(house, acting, &format!("tools__{tool}"), &json!({"text": person.payload()})).await;
    }
    call(house, acting, &format!("tools__{}", person.id), &all).await;
    call(house, acting, "orders__echo", &json!([person.id])).await;
    let waiting = call(house, acting, "tools__benign", &json!({"text": person.email})).await;
    if let Some(approval) = waiting.denial().get("approvalId").and_then(Value::as_str) {
        approve(house, owner, approval).await;
        call(house, acting, "tools__benign", &json!({"text": person.email})).await;
    }
    for server in ["orders", "desk"] {
        use_api(house, acting, server).await;
    }
    call(house, acting, "imported__echo", &json!({"note": person.id})).await;
    call(house, acting, "by-form__echo", &json!({})).await;
}

/// The business's own API, which answers in every way.
async fn use_api(house: &House, acting: &Acting, server: &str) {
    let person = &house.people[acting.user];
    let echoed =
        call(house, acting, &format!("{server}__echo"), &json!({"note": person.payload().to_string()})).await;
    read_on(house, acting, &echoed).await;
    for (tool, arguments) in [
        ("orders", json!({"customerId": person.id, "mail": person.email, "trace": person.role})),
        (
            "orders",
            json!({"customerId": format!("../{}", person.id), "mail": "x".repeat(61) + &person.email}),
        ),
        ("orders", json!({"customerId": [person.id], (person.email.clone()): 1})),
        ("fail", json!({"about": person.id})),
        ("none", json!({"about": person.email})),
        ("moved", json!({"about": person.role})),
        ("broken", json!({"about": person.id})),
        ("image", json!({"about": person.id})),
    ] {
        call(house, acting, &format!("{server}__{tool}"), &arguments).await;
    }
    let page = call(house, acting, &format!("{server}__page"), &json!({})).await;
    assert!(!page.is_ok(), "an injection passed: {}", page.reply.text());
    let long = call(house, acting, &format!("{server}__long"), &json!({})).await;
    let is_told = long.is_ok();
    // Who has a value that stands in no header is not served by a template of headers.
    assert!(is_told || server == "desk", "{}", long.reply.text());
    if is_told {
        read_on(house, acting, &long).await;
    }
}

/// Reads what was cut off a result, from the beginning.
async fn read_on(house: &House, acting: &Acting, cut: &Called) {
    let text = cut.text();
    let Some(id) = text.split("out_").nth(1).and_then(|rest| rest.get(..26)) else { return };
    let wanted = json!({"handle": format!("out_{id}")});
    call(house, acting, "procura__read_more", &wanted).await.ok();
}

/// What was told to the agent of one user is not told to that of another.
pub(super) async fn read_another_s(house: &House, one: &Acting, other: &Acting) {
    house.business.serve(one.user);
    let long = call(house, one, "orders__long", &json!({})).await.ok();
    let id = long.text().split("out_").nth(1).and_then(|rest| rest.get(..26)).unwrap().to_owned();
    let wanted = json!({"handle": format!("out_{id}")});
    call(house, other, "procura__read_more", &wanted).await.denied(Reason::NotFound);
}
