use super::*;
use crate::{
    agents, evidence,
    house::{House, START},
    tenants,
};
use procura_model::{AgentStatus, EventKind, Origin, PageAsk, Reason};
use std::{future::Future, pin::pin, task::Poll};

#[tokio::test]
async fn a_dropped_writer_changes_nothing_and_the_next_one_writes() {
    let house = House::new().await;
    let ctx = house.ctx();
    let mut w = house.store.write(&ctx).await.unwrap();
    let lost = house.new_agent("lost");
    agents::insert(&mut w, &lost).await.unwrap();
    drop(w);
    let kept = house.agent("kept").await;
    let page = agents::list(&mut house.store.read(&ctx), &PageAsk::default()).await.unwrap();
    assert_eq!(page.items.iter().map(|agent| agent.id).collect::<Vec<_>>(), [kept]);
    assert!(house.chain(&ctx).await.is_empty());
}

#[tokio::test]
async fn a_change_comes_with_its_record_and_its_outbox_row() {
    let house = House::new().await;
    let origin = Origin {
        ip: Some("192.0.2.7".parse().unwrap()),
        user_agent: Some("curl\0".to_owned()),
        method: "POST".to_owned(),
        path: "/v1/agents".to_owned(),
    };
    let ctx = house.ctx().from(origin);
    let agent = house.new_agent("buyer");
    let mut w = house.store.write(&ctx).await.unwrap();
    agents::insert(&mut w, &agent).await.unwrap();
    w.commit_all(vec![
        Event::new(EventKind::AgentCreated).of_agent(agent.id).with_facts(&["a\0b"]),
        Event::new(EventKind::RequestAnswered),
    ])
    .await
    .unwrap();
    assert_eq!(house.chain(&ctx).await, [EventKind::AgentCreated, EventKind::RequestAnswered]);
    let seen = evidence::origin(&mut house.store.read(&ctx), ctx.request).await.unwrap().unwrap();
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/v1/agents"));
    assert_eq!((seen.ip, seen.user_agent.as_deref()), (ctx.origin.ip, Some("curl\u{fffd}")));

    let leased = house.lobby().lease_outbox(20, START, 1_000).await.unwrap();
    assert_eq!(leased.len(), 1);
    assert_eq!((leased[0].kind.as_str(), leased[0].attempt), ("agent.created", 1));
    let payload: serde_json::Value = serde_json::from_str(&leased[0].payload).unwrap();
    assert_eq!(payload["type"], "agent.created");
    assert_eq!(payload["agentId"], agent.id.to_string());
    assert_eq!(payload["eventId"], leased[0].event.to_string());
}

#[tokio::test]
async fn a_commit_without_an_event_is_refused_and_changes_nothing() {
    let house = House::new().await;
    let ctx = house.ctx();
    let mut w = house.store.write(&ctx).await.unwrap();
    agents::insert(&mut w, &house.new_agent("silent")).await.unwrap();
    let error = w.commit_all(Vec::new()).await.unwrap_err();
    assert_eq!(error.reason(), Reason::RecordUnavailable);
    let page = agents::list(&mut house.store.read(&ctx), &PageAsk::default()).await.unwrap();
    assert!(page.items.is_empty());
}

#[tokio::test]
async fn a_refusal_commits_what_led_to_it() {
    let house = House::new().await;
    let agent = house.agent("buyer").await;
    let ctx = house.ctx();
    let mut w = house.store.write(&ctx).await.unwrap();
    agents::set_status(&mut w, agent, AgentStatus::Disabled).await.unwrap();
    let error = w.refuse(Event::new(EventKind::AgentDisabled).of_agent(agent), Reason::AgentDisabled).await;
    assert_eq!(error.reason(), Reason::AgentDisabled);
    let stored = agents::get(&mut house.store.read(&ctx), agent).await.unwrap();
    assert_eq!(stored.status, AgentStatus::Disabled);
    assert_eq!(house.chain(&ctx).await, [EventKind::AgentDisabled]);
}

#[tokio::test]
async fn a_name_that_is_taken_is_a_refusal_on_making_and_on_renaming() {
    let house = House::new().await;
    house.agent("first").await;
    let second = house.agent("second").await;
    let ctx = house.ctx();
    let mut w = house.store.write(&ctx).await.unwrap();
    let error = agents::insert(&mut w, &house.new_agent("first")).await.unwrap_err();
    assert_eq!(error.reason(), Reason::NameTaken);
    let details =
        agents::AgentDetails { name: "first".to_owned(), kind: String::new(), provider: String::new() };
    let error = agents::update(&mut w, second, &details).await.unwrap_err();
    assert_eq!(error.reason(), Reason::NameTaken);
}

#[tokio::test]
async fn one_tenant_never_sees_or_touches_the_rows_of_another() {
    let house = House::new().await;
    let agent = house.agent("buyer").await;
    let neighbour = house.neighbour().await;
    let ctx = neighbour.ctx();
    let mut reader = neighbour.store.read(&ctx);
    assert_eq!(agents::get(&mut reader, agent).await.unwrap_err().reason(), Reason::NotFound);
    assert!(agents::list(&mut reader, &PageAsk::default()).await.unwrap().items.is_empty());
    let mut w = neighbour.store.write(&ctx).await.unwrap();
    let error = agents::set_status(&mut w, agent, AgentStatus::Disabled).await.unwrap_err();
    assert_eq!(error.reason(), Reason::NotFound);
    drop(w);
    // A name is unique in one organization, not in all.
    neighbour.agent("buyer").await;
}

/// Polls a future so many times and then drops it, as a server does whose caller goes away.
async fn poll_times<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut polled = 0;
    std::future::poll_fn(move |cx| {
        if polled == times {
            return Poll::Ready(None);
        }
        polled += 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if polled == times => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_at_any_await_leaves_all_or_nothing() {
    let house = House::new().await;
    let (mut finished, mut halfway) = (0, 0);
    for round in 0..120 {
        let ctx = house.ctx();
        let agent = house.new_agent(&format!("agent {round}"));
        let done = poll_times(
            async {
                let mut w = house.store.write(&ctx).await.unwrap();
                agents::insert(&mut w, &agent).await.unwrap();
                w.commit(Event::new(EventKind::AgentCreated)).await.unwrap();
            },
            round % 24,
        )
        .await;
        // Whoever comes next writes, and reads a whole change or none.
        let next = house.ctx();
        let mut w = house.store.write(&next).await.unwrap();
        tenants::rename(&mut w, &format!("Shop {round}")).await.unwrap();
        w.commit(Event::new(EventKind::OrganizationChanged)).await.unwrap();
        // PostgreSQL may still be busy with a commit that was on its way, so one look may fall in between.
        let (mut recorded, mut stored) = (true, false);
        for _ in 0..100 {
            recorded = house.chain(&ctx).await.len() == 1;
            stored = agents::get(&mut house.store.read(&ctx), agent.id).await.is_ok();
            if recorded == stored {
                break;
            }
        }

        assert_eq!(recorded, stored, "round {round}: a change without its record, or the reverse");
        assert!(stored || done.is_none(), "round {round}: an acknowledged change is gone");
        if done.is_some() { finished += 1 } else { halfway += 1 }
    }
    assert!(halfway > 10, "{finished} finished, {halfway} were cut off");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_waits_for_a_writer_and_is_not_part_of_its_transaction() {
    let house = House::new().await;
    let (ctx, other) = (house.ctx(), house.ctx());
    let w = house.store.write(&ctx).await.unwrap();
    let record = house.store.record(&other, vec![Event::new(EventKind::Decision)]);
    let mut record = pin!(record);
    assert!(poll_times(record.as_mut(), 1).await.is_none());
    drop(w);
    record.await.unwrap();
    assert_eq!(house.chain(&other).await, [EventKind::Decision]);
    assert!(house.chain(&ctx).await.is_empty());
}
