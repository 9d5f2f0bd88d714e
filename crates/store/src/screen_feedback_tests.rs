use super::*;
use crate::{
    evidence,
    house::{House, START},
};
use procura_model::{Event, EventKind, Reason, Risk};

fn said(request: RequestId, person: &str, judgement: Judgement) -> Feedback {
    Feedback {
        request,
        person: person.to_owned(),
        judgement,
        channel: "tool_result".to_owned(),
        source: "shop/echo".to_owned(),
        rules: vec!["override".to_owned(), "leak".to_owned()],
        given_at: START,
    }
}

async fn saying(house: &House, feedback: &Feedback) {
    house.change(START, EventKind::FeedbackGiven, async |w| put(w, feedback).await).await;
}

#[tokio::test]
async fn a_person_has_one_word_about_a_trace_and_the_last_one_counts() {
    let house = House::new().await;
    let request = RequestId::new(START, &house.entropy);
    saying(&house, &said(request, "acc_a", Judgement::MissedAttack)).await;
    saying(&house, &said(request, "acc_b", Judgement::NotAnAttack)).await;
    let last = said(request, "acc_a", Judgement::NotAnAttack);
    saying(&house, &last).await;
    let ctx = house.ctx();
    let all = of_trace(&mut house.store.read(&ctx), request).await.unwrap();
    assert_eq!(all.len(), 2);
    assert!(all.contains(&last));
    let counted = counts(&mut house.store.read(&ctx), START).await.unwrap();
    assert_eq!(counted.len(), 1, "{counted:?}");
    assert_eq!(
        counted.first().map(|count| (count.judgement, count.times)),
        Some((Judgement::NotAnAttack, 2))
    );
    assert_eq!(counts(&mut house.store.read(&ctx), START.plus_ms(1)).await.unwrap(), []);
    let gone = async |w: &mut Writer<'_>| remove(w, request, "acc_a").await;
    assert!(house.change(START, EventKind::FeedbackWithdrawn, gone).await);
    assert!(!house.change(START, EventKind::FeedbackWithdrawn, gone).await);
}

#[tokio::test]
async fn another_organization_s_words_and_findings_are_not_counted() {
    let house = House::new().await;
    let neighbour = house.neighbour().await;
    let request = RequestId::new(START, &house.entropy);
    saying(&house, &said(request, "acc_a", Judgement::NotAnAttack)).await;
    let ctx = neighbour.ctx();
    assert_eq!(of_trace(&mut house.store.read(&ctx), request).await.unwrap(), []);
    assert_eq!(counts(&mut house.store.read(&ctx), START).await.unwrap(), []);
    let gone = async |w: &mut Writer<'_>| remove(w, request, "acc_a").await;
    assert!(!neighbour.change(START, EventKind::FeedbackWithdrawn, gone).await);
    let mut blocked = Event::new(EventKind::Decision);
    blocked.reason = Some(Reason::PromptInjection);
    house.store.record(&house.ctx(), vec![blocked]).await.unwrap();
    assert_eq!(evidence::screened(&mut house.store.read(&ctx), START, 9).await.unwrap().len(), 0);
}

#[tokio::test]
async fn only_what_a_screen_found_is_read_to_be_counted() {
    let house = House::new().await;
    let event = |kind, facts: &str, reason, risk| {
        let mut event = Event::new(kind);
        facts.clone_into(&mut event.facts);
        (event.reason, event.risk) = (reason, risk);
        event
    };
    let clean = r#"{"gates":{"screen":{"risk":"none","rules":[]}}}"#;
    let found = r#"{"gates":{"screen":{"risk":"medium","rules":["a"],"found":true}}}"#;
    let events = vec![
        event(EventKind::Decision, clean, Some(Reason::Allowed), Some(Risk::Medium)),
        event(EventKind::Decision, found, Some(Reason::Allowed), Some(Risk::Low)),
        event(EventKind::Decision, clean, Some(Reason::CouldNotScan), Some(Risk::High)),
        event(EventKind::Intent, found, None, None),
        event(EventKind::Outcome, "{}", None, Some(Risk::None)),
        event(EventKind::Outcome, "{}", None, Some(Risk::Low)),
    ];
    house.store.record(&house.ctx(), events).await.unwrap();
    let ctx = house.ctx();
    let rows = evidence::screened(&mut house.store.read(&ctx), START, 9).await.unwrap();
    let places: Vec<i64> = rows.iter().map(|row| row.position).collect();
    assert_eq!(places, [5, 2, 1]);
    let newest = evidence::screened(&mut house.store.read(&ctx), START, 1).await.unwrap();
    assert_eq!(newest.first().map(|row| row.position), Some(5));
}
