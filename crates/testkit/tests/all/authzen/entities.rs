//! Entities as the organization tells of them.

use super::tell;
use procura_model::{Reason, Scope};
use procura_testkit::world::World;
use serde_json::{Value, json};

#[tokio::test]
async fn what_was_told_is_read_back_listed_and_forgotten() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let path = "/v1/entities/subject/user/ada%40x.example%2F1";
    let known = r#"{"properties":{"team":["a"],"amount":12.50}}"#;
    let put = shop.platform.call(http::Method::PUT, path).header("content-type", "application/json");
    assert_eq!(put.bytes(known).send().await.ok().status, 204);
    let read = shop.platform.get(path).send().await.ok();
    assert_eq!(read.text_at("/id"), "ada@x.example/1");
    assert!(read.text().contains("12.50"), "numbers keep their digits: {}", read.text());
    shop.platform.put(path, &json!({"properties": {}})).send().await.ok();
    assert_eq!(shop.platform.get(path).send().await.ok().at("/properties"), json!({}));
    for id in ["1", "2", "3"] {
        tell(&shop, ("resource", "record", id), &json!({})).await;
    }
    let ids = |list: &Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    let first = shop.platform.get("/v1/entities?limit=2").send().await.ok();
    assert_eq!(ids(&first.at("/items")), ["1", "2"]);
    let next = format!("/v1/entities?limit=2&cursor={}", first.text_at("/nextCursor"));
    let second = shop.platform.get(&next).send().await.ok();
    assert_eq!(
        (ids(&second.at("/items")), second.at("/nextCursor")),
        (vec!["3".to_owned(), "ada@x.example/1".to_owned()], Value::Null)
    );
    let users = shop.platform.get("/v1/entities?kind=subject&type=user").send().await.ok();
    assert_eq!(users.at("/items").as_array().unwrap().len(), 1);
    shop.platform.get("/v1/entities?cursor=nonsense").send().await.refused(Reason::FieldInvalid);
    shop.platform.get("/v1/entities?kind=thing").send().await.refused(Reason::FieldInvalid);
    assert_eq!(shop.platform.delete(path).send().await.ok().status, 204);
    shop.platform.get(path).send().await.refused(Reason::NotFound);
    shop.platform.delete(path).send().await.refused(Reason::NotFound);
    let changes = shop.platform.get("/v1/changes?limit=50").send().await.ok().text();
    assert!(changes.contains("entity.changed") && changes.contains("entity.removed"), "{changes}");
    assert!(!changes.contains("ada@x.example"), "the record names an entity by its digest: {changes}");
}

#[tokio::test]
async fn what_cannot_be_told_is_named_and_who_may_not_tell_is_refused() {
    let w = World::start().await;
    let shop = w.tenant("shop").await;
    let put = |path: &str, body: Value| shop.platform.put(path, &body).send();
    let good = "/v1/entities/subject/user/ada";
    for body in [
        json!({"properties": []}),
        json!({"properties": "x"}),
        json!({"properties": null}),
        json!({"properties": {"long": "x".repeat(17_000)}}),
        json!({}),
        json!({"properties": {}, "more": 1}),
    ] {
        put(good, body).await.refused(Reason::FieldInvalid);
    }
    let empty = json!({"properties": {}});
    let long = format!("/v1/entities/subject/user/{}", "x".repeat(513));
    put(&long, empty.clone()).await.refused(Reason::FieldInvalid);
    put("/v1/entities/subject/user/a%00b", empty.clone()).await.refused(Reason::FieldInvalid);
    put("/v1/entities/thing/user/ada", empty.clone()).await.refused(Reason::NotFound);
    put(good, empty.clone()).await.ok();
    let reader = shop.platform_key(&[Scope::ReadEntities]).await;
    reader.get(good).send().await.ok();
    reader.put(good, &empty).send().await.refused(Reason::ScopeMissing);
    reader.delete(good).send().await.refused(Reason::ScopeMissing);
    let writer = shop.platform_key(&[Scope::WriteEntities]).await;
    writer.get(good).send().await.refused(Reason::ScopeMissing);
    let agent = shop.agent("agent").await;
    agent.http.get("/v1/entities").send().await.refused(Reason::ScopeMissing);
    let stranger = w.tenant("stranger").await;
    stranger.platform.get(good).send().await.refused(Reason::NotFound);
    stranger.platform.delete(good).send().await.refused(Reason::NotFound);
    stranger.platform.put(good, &json!({"properties": {"theirs": true}})).send().await.ok();
    assert_eq!(
        reader.get(good).send().await.ok().at("/properties"),
        json!({}),
        "a name is each organization's own"
    );
}
