//! The decisions of the interop events, from the files of the working group: they are not part of the repository, so
//! they are looked for at `PROCURA_CORPORA`, by default beside the checkout. Everything that the policies are made of
//! (who has which address, who owns what) is read from those files too; here stands only who has which role.

use super::{EVALUATION, EVALUATIONS, decision, tell};
use procura_testkit::world::{Buyer, Http, Shop, World};
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::PathBuf};

/// A file of the working group.
fn file(name: &str) -> Option<Value> {
    #[expect(clippy::disallowed_methods, reason = "a test finds the corpora by PROCURA_CORPORA")]
    let root = std::env::var("PROCURA_CORPORA").map_or_else(
        |_| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let path = root.join("authzen/interop").join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("NOT TESTED: no interop vectors at {}; set PROCURA_CORPORA", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

fn list(of: &Value) -> &Vec<Value> {
    of.as_array().unwrap()
}

fn text(of: &Value) -> String {
    of.as_str().unwrap().to_owned()
}

/// An organization whose subjects of these types are judged by one agent, and a platform key that asks.
struct Pdp {
    _w: World,
    shop: Shop,
    agent: Buyer,
}

impl Pdp {
    async fn start(types: &[&str]) -> Self {
        let w = World::start().await;
        let shop = w.tenant("interop").await;
        let agent = shop.agent("judge").await;
        let subjects: BTreeMap<&str, String> =
            types.iter().map(|of_type| (*of_type, agent.id.to_string())).collect();
        shop.platform.patch("/v1/organization", &json!({"authzenSubjects": subjects})).send().await.ok();
        Self { _w: w, shop, agent }
    }

    async fn permit(&self, action: &str, resources: &[&str], conditions: Value) {
        let permission = json!({"effect": "allow", "actions": [action], "resources": resources,
            "conditions": conditions});
        self.shop.permit(&self.agent, permission).await;
    }

    fn platform(&self) -> &Http {
        &self.shop.platform
    }

    async fn all_decide(&self, name: &str, vectors: &Value) -> usize {
        for vector in list(vectors) {
            let reply = self.platform().post(EVALUATION, &vector["request"]).send().await;
            assert_eq!(json!(decision(&reply)), vector["expected"], "{name}: {vector} {}", reply.text());
        }
        list(vectors).len()
    }
}

/// The cast of the to-do application, by the first part of their addresses.
fn roles(address: &str) -> Value {
    match address.split('@').next().unwrap() {
        "rick" => json!({"admin": true, "evil_genius": true}),
        "morty" | "summer" => json!({"editor": true}),
        "beth" | "jerry" => json!({"viewer": true}),
        other => panic!("{other} is nobody of the cast"),
    }
}

fn role(name: &str) -> Value {
    json!({"path": format!("args.subject.roles.{name}"), "op": "eq", "value": true})
}

/// The to-do application: subjects by token and by address, to-dos by owner, all from the files.
async fn todo_pdp(old: &Value, new: &Value) -> Pdp {
    let pdp = Pdp::start(&["user", "identity"]).await;
    let mut addresses = BTreeMap::new();
    for vector in list(&old["evaluation"]) {
        let subject = &vector["request"]["subject"];
        addresses.insert(text(&subject["identity"]), text(&subject["id"]));
    }
    assert_eq!(addresses.len(), 5, "{addresses:?}");
    for (token, address) in &addresses {
        let properties = json!({"email": address, "roles": roles(address)});
        for (of_type, id) in [("user", token), ("user", address), ("identity", token)] {
            tell(&pdp.shop, ("subject", of_type, id), &properties).await;
        }
    }
    for vector in list(&new["evaluation"]) {
        let resource = &vector["request"]["resource"];
        if resource["properties"].is_object() {
            tell(&pdp.shop, ("resource", "todo", &text(&resource["id"])), &resource["properties"]).await;
        }
    }
    let owns = json!({"path": "args.resource.ownerID", "op": "eq", "ref": "args.subject.email"});
    let known = json!({"path": "args.subject.roles", "op": "exists", "value": true});
    pdp.permit("can_read_user", &["user/*"], json!([known])).await;
    pdp.permit("can_read_todos", &["todo/*"], json!([known])).await;
    for name in ["admin", "editor"] {
        pdp.permit("can_create_todo", &["todo/*"], json!([role(name)])).await;
    }
    for (action, everything) in [("can_update_todo", "evil_genius"), ("can_delete_todo", "admin")] {
        pdp.permit(action, &["todo/*"], json!([role(everything)])).await;
        pdp.permit(action, &["todo/*"], json!([role("editor"), owns])).await;
    }
    pdp
}

#[tokio::test]
async fn the_to_do_application_is_decided_in_every_version_of_its_vectors() {
    let folder = "authzen-todo-backend/test/decisions";
    let version = |name: &str| file(&format!("{folder}{name}.json"));
    let Some(zero) = version("-authorization-api-1_0-00") else { return };
    let (one, two, first) = (
        version("-authorization-api-1_0-01").unwrap(),
        version("-authorization-api-1_0-02").unwrap(),
        version("").unwrap(),
    );
    let pdp = todo_pdp(&zero, &two).await;
    let mut asked = 0;
    for (name, vectors) in [
        ("00", &zero["evaluation"]),
        ("01", &one["evaluation"]),
        ("02", &two["evaluation"]),
        ("first", &first["decisions"]),
    ] {
        asked += pdp.all_decide(name, vectors).await;
    }
    for vector in list(&two["evaluations"]) {
        let reply = pdp.platform().post(EVALUATIONS, &vector["request"]).send().await.ok();
        let decisions: Vec<&Value> = list(&vector["expected"]).iter().map(|one| &one["decision"]).collect();
        let answers = reply.at("/evaluations");
        let given: Vec<&Value> = list(&answers).iter().map(|one| &one["decision"]).collect();
        assert_eq!(given, decisions, "{vector}");
        asked += 1;
    }
    assert!(asked >= 160, "only {asked} vectors");
}

#[tokio::test]
async fn the_api_gateways_are_decided() {
    let Some(gateways) = file("authzen-api-gateways/test-harness/test/decisions.json") else { return };
    let version =
        |name: &str| file(&format!("authzen-todo-backend/test/decisions-authorization-api-1_0-{name}.json"));
    let pdp = todo_pdp(&version("00").unwrap(), &version("02").unwrap()).await;
    let known = json!({"path": "args.subject.roles", "op": "exists", "value": true});
    pdp.permit("GET", &["route/*"], json!([known])).await;
    for action in ["POST", "PUT", "DELETE"] {
        for name in ["admin", "editor"] {
            pdp.permit(action, &["route//todos", "route//todos/*"], json!([role(name)])).await;
        }
    }
    assert!(pdp.all_decide("gateways", &gateways["evaluation"]).await >= 25);
}

#[tokio::test]
async fn the_identity_providers_search_is_answered() {
    let Some(vectors) = file("authzen-idp/test-harness/src/results.json") else { return };
    let pdp = Pdp::start(&["user"]).await;
    for record in list(&file("authzen-idp/data/records.json").unwrap()) {
        let id = text(&record["id"]);
        tell(&pdp.shop, ("resource", "record", &id), &json!({"owner": record["owner"]})).await;
    }
    let owns = json!({"path": "args.resource.owner", "op": "eq", "ref": "args.subject.id"});
    pdp.permit("delete", &["record/*"], json!([owns])).await;
    assert!(searches(&pdp, "resource", &vectors["search"]).await >= 6);
}

#[tokio::test]
async fn the_search_demo_is_answered_for_subjects_resources_and_actions() {
    let Some(records) = file("authzen-search-demo/data/records.json") else { return };
    let pdp = Pdp::start(&["user"]).await;
    for record in list(&records) {
        let known =
            json!({"owner": record["owner"], "department": record["department"], "title": record["title"]});
        tell(&pdp.shop, ("resource", "record", &record["id"].to_string()), &known).await;
    }
    for user in list(&file("authzen-search-demo/data/users.json").unwrap()) {
        let known = json!({"role": user["role"], "department": user["department"]});
        tell(&pdp.shop, ("subject", "user", &text(&user["id"])), &known).await;
    }
    let owns = json!({"path": "args.resource.owner", "op": "eq", "ref": "args.subject.id"});
    let near = json!({"path": "args.resource.department", "op": "eq", "ref": "args.subject.department"});
    let leads = json!({"path": "args.subject.role", "op": "eq", "value": "manager"});
    for (action, conditions) in [
        ("view", json!([owns])),
        ("view", json!([near])),
        ("view", json!([leads])),
        ("edit", json!([owns])),
        ("edit", json!([near, leads])),
        ("delete", json!([owns])),
    ] {
        pdp.permit(action, &["record/*"], conditions).await;
    }
    let mut asked = 0;
    for what in ["subject", "resource", "action"] {
        let vectors = file(&format!("authzen-search-demo/test/{what}/results.json")).unwrap();
        asked += searches(&pdp, what, &vectors["evaluation"]).await;
    }
    assert!(asked >= 198, "only {asked} searches");
}

async fn searches(pdp: &Pdp, what: &str, vectors: &Value) -> usize {
    for vector in list(vectors) {
        let reply =
            pdp.platform().post(&format!("/access/v1/search/{what}"), &vector["request"]).send().await.ok();
        // Actions come in the order of the permissions, and those that were made at the same moment have none.
        let sorted = |results: &Value| {
            let mut lines: Vec<String> = list(results).iter().map(Value::to_string).collect();
            lines.sort();
            lines
        };
        let (found, expected) = (reply.at("/results"), &vector["expected"]["results"]);
        assert_eq!(sorted(&found), sorted(expected), "{what}: {}", vector["request"]);
    }
    list(vectors).len()
}
