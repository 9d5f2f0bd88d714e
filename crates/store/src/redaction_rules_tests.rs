use super::*;
use crate::house::{House, START};
use procura_model::EventKind;

#[tokio::test]
async fn rules_are_read_back_changed_and_removed_and_have_names_of_their_own() {
    let house = House::new().await;
    let neighbour = house.neighbour().await;
    let rule = |name: &str| RedactionRule {
        id: RedactionRuleId::new(START, &house.entropy),
        name: name.to_owned(),
        effect: RedactionEffect::Redact,
        pattern: r"BADGE-\d{6}".to_owned(),
        created_at: START,
        updated_at: START,
    };
    let (one, twin) = (rule("badge"), rule("badge"));
    for of in [&house, &neighbour] {
        of.change(START, EventKind::RedactionRuleCreated, async |w| insert(w, &one).await).await;
    }
    let ctx = house.ctx();
    let mut w = house.store.write(&ctx).await.unwrap();
    assert_eq!(insert(&mut w, &twin).await.unwrap_err().reason(), Reason::NameTaken);
    drop(w);
    assert_eq!(list(&mut house.store.read(&ctx)).await.unwrap(), std::slice::from_ref(&one));
    let to = Wording { name: "example", effect: RedactionEffect::Allow, pattern: "EXAMPLE" };
    let later = START.plus_ms(5);
    let changed =
        house.change(later, EventKind::RedactionRuleChanged, async |w| update(w, one.id, &to).await).await;
    assert_eq!(changed.updated_at, later);
    assert_eq!(get(&mut house.store.read(&ctx), one.id).await.unwrap(), changed);
    house.change(later, EventKind::RedactionRuleRemoved, async |w| remove(w, one.id).await).await;
    assert_eq!(get(&mut house.store.read(&ctx), one.id).await.unwrap_err().reason(), Reason::NotFound);
    let theirs = neighbour.ctx();
    assert_eq!(list(&mut neighbour.store.read(&theirs)).await.unwrap(), [one]);
}
