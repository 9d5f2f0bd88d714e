use super::*;
use crate::house::{House, START};
use procura_model::EventKind;

fn name(of_type: &str, id: &str) -> EntityName {
    EntityName { of_type: of_type.to_owned(), id: id.to_owned() }
}

async fn told(house: &House, after_ms: i64, kind: EntityKind, name: &EntityName, properties: &str) {
    let properties = Json::parse(properties).unwrap();
    let at = START.plus_ms(after_ms);
    house.change(at, EventKind::EntityChanged, async |w| put(w, kind, name, &properties).await).await;
}

async fn ids(house: &House, kind: EntityKind, wanted: &str, after: Option<&str>) -> Vec<String> {
    let ctx = house.ctx();
    let page = PageAsk::new(after.map(str::to_owned), Some(2));
    let rows = of_type(&mut house.store.read(&ctx), kind, wanted, &page).await.unwrap();
    rows.into_iter().map(|entity| entity.name.id).collect()
}

#[tokio::test]
async fn a_name_that_is_told_twice_is_one_entity_with_newer_properties() {
    let house = House::new().await;
    let ada = name("user", "ada");
    told(&house, 0, EntityKind::Subject, &ada, r#"{"role":"a"}"#).await;
    told(&house, 5, EntityKind::Subject, &ada, r#"{"seats":3.50}"#).await;
    let ctx = house.ctx();
    let found = get(&mut house.store.read(&ctx), EntityKind::Subject, &ada).await.unwrap().unwrap();
    assert_eq!(found.properties.canonical(), r#"{"seats":3.50}"#);
    assert_eq!((found.created_at, found.updated_at), (START, START.plus_ms(5)));
    assert_eq!(get(&mut house.store.read(&ctx), EntityKind::Resource, &ada).await.unwrap(), None);
    let gone = async |w: &mut Writer<'_>| remove(w, EntityKind::Subject, &ada).await;
    assert!(house.change(START, EventKind::EntityRemoved, gone).await);
    assert!(!house.change(START, EventKind::EntityRemoved, gone).await);
}

#[tokio::test]
async fn a_pair_is_read_at_once_and_only_of_its_own_kinds() {
    let house = House::new().await;
    told(&house, 0, EntityKind::Subject, &name("x", "1"), r#"{"is":"subject"}"#).await;
    told(&house, 0, EntityKind::Resource, &name("x", "1"), r#"{"is":"resource"}"#).await;
    told(&house, 0, EntityKind::Subject, &name("x", "\u{fffd}"), r#"{"is":"wrong"}"#).await;
    let ctx = house.ctx();
    let mut reader = house.store.read(&ctx);
    let both = pair(&mut reader, &name("x", "1"), &name("x", "1")).await.unwrap();
    assert_eq!(both.subject.unwrap().canonical(), r#"{"is":"subject"}"#);
    assert_eq!(both.resource.unwrap().canonical(), r#"{"is":"resource"}"#);
    assert_eq!(pair(&mut reader, &name("x", "2"), &name("y", "1")).await.unwrap(), Pair::default());
    let disguised = pair(&mut reader, &name("x", "\0"), &name("x", "\0")).await.unwrap();
    assert_eq!(disguised, Pair::default(), "a NUL must not find the character that stands for it");
    let neighbour = house.neighbour().await;
    let ctx = neighbour.ctx();
    let theirs = pair(&mut neighbour.store.read(&ctx), &name("x", "1"), &name("x", "1")).await.unwrap();
    assert_eq!(theirs, Pair::default());
}

#[tokio::test]
async fn lists_go_on_where_they_ended() {
    let house = House::new().await;
    for id in ["3", "1", "2"] {
        told(&house, 0, EntityKind::Resource, &name("record", id), "{}").await;
    }
    told(&house, 0, EntityKind::Resource, &name("todo", "1"), "{}").await;
    told(&house, 0, EntityKind::Subject, &name("user", "ada"), "{}").await;
    assert_eq!(ids(&house, EntityKind::Resource, "record", None).await, ["1", "2"]);
    assert_eq!(ids(&house, EntityKind::Resource, "record", Some("2")).await, ["3"]);
    assert!(ids(&house, EntityKind::Subject, "record", None).await.is_empty());
    assert!(ids(&house, EntityKind::Resource, "rec\0ord", None).await.is_empty());
    let ctx = house.ctx();
    let mut reader = house.store.read(&ctx);
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let rows = list(&mut reader, &EntityFilter::default(), after.as_ref(), 2).await.unwrap();
        let is_last = rows.len() <= 2;
        seen.extend(rows.iter().take(2).map(|entity| format!("{}/{}", entity.name.of_type, entity.name.id)));
        let Some(last) = rows.into_iter().nth(1).filter(|_| !is_last) else { break };
        after = Some(EntityPlace { kind: last.kind, name: last.name });
    }
    assert_eq!(seen, ["record/1", "record/2", "record/3", "todo/1", "user/ada"]);
    let records = EntityFilter { kind: Some(EntityKind::Resource), of_type: Some("record".to_owned()) };
    assert_eq!(list(&mut reader, &records, None, 10).await.unwrap().len(), 3);
}
