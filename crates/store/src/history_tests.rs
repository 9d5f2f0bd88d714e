use super::*;
use crate::house::{House, START};
use procura_model::{Ctx, Entropy, Event, EventKind};

async fn decide(house: &House, at: Time, agent: AgentId, shadow: Option<PermissionId>) -> Ctx {
    let ctx = house.ctx_at(at);
    let mut event = Event::new(EventKind::Decision).of_agent(agent).with_facts(&at.as_ms());
    event.verdict = Some(Verdict::Allow);
    event.reason = Some(Reason::Allowed);
    event.target = shadow.map(|id| id.to_string());
    let intent = Event::new(EventKind::Intent).of_agent(agent);
    house.store.record(&ctx, vec![event, intent]).await.unwrap();
    ctx
}

async fn all(house: &House, stretch: Stretch) -> Vec<RequestId> {
    let ctx = house.ctx();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let found = page(&mut house.store.read(&ctx), &stretch, after.as_ref(), 4).await.unwrap();
        seen.extend(found.iter().map(|past| past.request));
        assert!(found.iter().all(|past| past.facts == past.at.as_ms().to_string()));
        match found.last() {
            Some(last) if found.len() == 4 => after = Some(Mark::of(last)),
            _ => return seen,
        }
    }
}

#[tokio::test]
async fn history_pages_newest_first_and_each_decision_is_seen_once() {
    let house = House::new().await;
    let (ada, bob) = (house.agent("ada").await, house.agent("bob").await);
    let mut made = Vec::new();
    for number in 0..25 {
        let agent = if number % 5 == 0 { bob } else { ada };
        made.push((number, decide(&house, START.plus_ms(number), agent, None).await.request));
    }
    made.reverse();
    let wanted = |keep: &dyn Fn(i64) -> bool| -> Vec<RequestId> {
        made.iter().filter(|(number, _)| keep(*number)).map(|(_, request)| *request).collect()
    };
    let of = |agent| Stretch { agent, ..Stretch::default() };
    assert_eq!(all(&house, of(None)).await, wanted(&|_| true));
    assert_eq!(all(&house, of(Some(bob))).await, wanted(&|number| number % 5 == 0));
    let (from, to) = (Some(START.plus_ms(3)), Some(START.plus_ms(20)));
    assert_eq!(all(&house, Stretch { agent: None, from, to }).await, wanted(&|n| (3..20).contains(&n)));
    assert_eq!(
        all(&house, Stretch { agent: Some(bob), from, to }).await,
        wanted(&|n| (3..20).contains(&n) && n % 5 == 0)
    );
}

#[tokio::test]
async fn what_a_shadow_would_have_changed_is_found_without_the_rest() {
    let house = House::new().await;
    let (ada, bob) = (house.agent("ada").await, house.agent("bob").await);
    let shadow = PermissionId::new(START, &Entropy::seeded(3));
    let mut marked = Vec::new();
    for number in 0..12 {
        let agent = if number % 2 == 0 { ada } else { bob };
        let is_marked = number % 3 == 0;
        let ctx = decide(&house, START.plus_ms(number), agent, is_marked.then_some(shadow)).await;
        if is_marked {
            marked.push((agent, ctx.request));
        }
    }
    marked.reverse();
    let ctx = house.ctx();
    for agent in [None, Some(ada), Some(bob)] {
        let stretch = Stretch { agent, ..Stretch::default() };
        let found = page_of_shadows(&mut house.store.read(&ctx), &stretch, None, 100).await.unwrap();
        let wanted = marked.iter().filter(|(of, _)| agent.is_none_or(|agent| *of == agent));
        assert_eq!(
            found.iter().map(|past| (past.agent.unwrap(), past.request)).collect::<Vec<_>>(),
            wanted.copied().collect::<Vec<_>>()
        );
        assert!(found.iter().all(|past| past.shadow == Some(shadow)));
        let mut reader = house.store.read(&ctx);
        let mark = Mark::of(&found[0]);
        let next = page_of_shadows(&mut reader, &stretch, Some(&mark), 1);
        assert_eq!(next.await.unwrap()[0].request, found[1].request);
    }
}

#[tokio::test]
async fn another_organization_has_another_history() {
    let house = House::new().await;
    let ada = house.agent("ada").await;
    decide(&house, START, ada, None).await;
    let neighbour = house.neighbour().await;
    let stranger = neighbour.ctx();
    let stretch = Stretch { agent: Some(ada), ..Stretch::default() };
    for stretch in [Stretch::default(), stretch] {
        let mut reader = house.store.read(&stranger);
        assert!(page(&mut reader, &stretch, None, 10).await.unwrap().is_empty());
        assert!(page_of_shadows(&mut reader, &stretch, None, 10).await.unwrap().is_empty());
    }
}
