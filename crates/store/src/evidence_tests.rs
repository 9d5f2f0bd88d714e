use super::*;
use crate::house::{House, START};
use procura_model::{Ctx, time::HOUR_MS};

fn decision(agent: AgentId, action: &str, verdict: Verdict) -> Event {
    let mut event = Event::new(EventKind::Decision).of_agent(agent);
    event.action = Some(action.to_owned());
    event.resource = Some("Shop/Refund".to_owned());
    event.verdict = Some(verdict);
    event.reason = Some(Reason::Allowed);
    event.risk = Some(Risk::Low);
    event
}

async fn decide(house: &House, at: Time, agent: AgentId, verdict: Verdict) -> Ctx {
    let ctx = house.ctx_at(at);
    house.store.record(&ctx, vec![decision(agent, "tool.call", verdict)]).await.unwrap();
    ctx
}

#[tokio::test]
async fn decisions_page_newest_first_and_each_is_seen_once() {
    let house = House::new().await;
    let (ada, bob) = (house.agent("ada").await, house.agent("bob").await);
    let mut made = Vec::new();
    for number in 0..25 {
        let agent = if number % 5 == 0 { bob } else { ada };
        made.push(decide(&house, START.plus_ms(number), agent, Verdict::Allow).await.request);
    }
    made.reverse();
    let ctx = house.ctx();
    for (filter, wanted) in [
        (DecisionFilter::default(), made.clone()),
        (
            DecisionFilter { agent: Some(bob), ..DecisionFilter::default() },
            made.iter().enumerate().filter(|(index, _)| (24 - index) % 5 == 0).map(|(_, id)| *id).collect(),
        ),
    ] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let ask = PageAsk::new(after, Some(4));
            let page = list_decisions(&mut house.store.read(&ctx), &filter, &ask).await.unwrap();
            seen.extend(page.items.iter().map(|decided| decided.recorded.request));
            after = page.next_cursor;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, wanted);
    }
}

#[tokio::test]
async fn every_filter_keeps_what_it_names_and_drops_the_rest() {
    let house = House::new().await;
    let agent = house.agent("ada").await;
    let early = decide(&house, START, agent, Verdict::Allow).await.request;
    let ctx = house.ctx_at(START.plus_ms(10_000));
    let mut denied = decision(agent, "tool.call", Verdict::Deny);
    denied.user = Some(UserRef("usr_ada".to_owned()));
    house.store.record(&ctx, vec![denied]).await.unwrap();
    let late = ctx.request;
    let user =
        |name: &str| DecisionFilter { user: Some(UserRef(name.to_owned())), ..DecisionFilter::default() };
    let text = |text: &str| DecisionFilter { text: Some(text.to_owned()), ..DecisionFilter::default() };
    let cases = [
        (DecisionFilter { verdict: Some(Verdict::Deny), ..DecisionFilter::default() }, vec![late]),
        (DecisionFilter { reason: Some(Reason::Allowed), ..DecisionFilter::default() }, vec![late, early]),
        (DecisionFilter { reason: Some(Reason::NoPermission), ..DecisionFilter::default() }, vec![]),
        (DecisionFilter { since: Some(START.plus_ms(1)), ..DecisionFilter::default() }, vec![late]),
        (DecisionFilter { until: Some(START.plus_ms(10_000)), ..DecisionFilter::default() }, vec![early]),
        (text("TOOL.CALL"), vec![late, early]),
        (text("shop/ref"), vec![late, early]),
        (text("tool%call"), vec![]),
        (text("tool_call"), vec![]),
        (user("usr_ada"), vec![late]),
        (DecisionFilter { agent: Some(agent), ..user("usr_ada") }, vec![late]),
        (user("usr_bob"), vec![]),
    ];
    for (filter, wanted) in cases {
        let ctx = house.ctx();
        let page = list_decisions(&mut house.store.read(&ctx), &filter, &PageAsk::default()).await.unwrap();
        let seen: Vec<_> = page.items.iter().map(|decided| decided.recorded.request).collect();
        assert_eq!(seen, wanted, "{filter:?}");
    }
}

#[tokio::test]
async fn findings_of_screens_are_picked_by_decision_and_outcome() {
    let house = House::new().await;
    let agent = house.agent("ada").await;
    let clean = decide(&house, START, agent, Verdict::Allow).await.request;
    let record = async |after_ms: i64, facts: &str, outcome: &str| {
        let ctx = house.ctx_at(START.plus_ms(after_ms));
        let mut decision = decision(agent, "tool.call", Verdict::Allow);
        facts.clone_into(&mut decision.facts);
        let mut ended = Event::new(EventKind::Outcome);
        ended.risk = Some(if outcome.contains("high") { Risk::High } else { Risk::None });
        outcome.clone_into(&mut ended.facts);
        house.store.record(&ctx, vec![decision, ended]).await.unwrap();
        ctx.request
    };
    let argument = r#"{"gates":{"screen":{"risk":"medium","rules":["a.rule"],"found":true}}}"#;
    let argument = record(10, argument, r#"{"risk":"none"}"#).await;
    let result = r#"{"risk":"high","rules":["a_rule"],"reportOnly":true}"#;
    let result = record(20, "{}", result).await;
    let screen = |screen| DecisionFilter { screen: Some(screen), ..DecisionFilter::default() };
    let rule = |rule: &str| DecisionFilter { rule: Some(rule.to_owned()), ..DecisionFilter::default() };
    for (filter, wanted) in [
        (DecisionFilter::default(), vec![result, argument, clean]),
        (screen(ScreenFilter::Found), vec![result, argument]),
        (screen(ScreenFilter::Reported), vec![result]),
        (rule("a.rule"), vec![argument]),
        (rule("a_rule"), vec![result]),
        (DecisionFilter { agent: Some(agent), ..rule("a_rule") }, vec![result]),
        (rule("rule"), vec![]),
    ] {
        let ctx = house.ctx();
        let page = list_decisions(&mut house.store.read(&ctx), &filter, &PageAsk::default()).await.unwrap();
        let seen: Vec<_> = page.items.iter().map(|decided| decided.recorded.request).collect();
        assert_eq!(seen, wanted, "{filter:?}");
    }
}

#[tokio::test]
async fn a_call_that_was_cut_off_ends_as_unknown() {
    let house = House::new().await;
    let agent = house.agent("ada").await;
    let begun = decide(&house, START, agent, Verdict::Allow).await;
    let endings = async || {
        let ctx = house.ctx();
        let mut reader = house.store.read(&ctx);
        let page =
            list_decisions(&mut reader, &DecisionFilter::default(), &PageAsk::default()).await.unwrap();
        page.items.iter().map(|decided| decided.ending).collect::<Vec<_>>()
    };
    assert_eq!(endings().await, [Ending::NotBegun]);
    house.store.record(&begun, vec![Event::new(EventKind::Intent)]).await.unwrap();
    assert_eq!(endings().await, [Ending::Unknown]);
    let mut outcome = Event::new(EventKind::Outcome).about("tool_error");
    outcome.status = Some(502);
    outcome.reason = Some(Reason::UpstreamInvalid);
    outcome.duration_us = Some(7);
    house.store.record(&begun, vec![outcome]).await.unwrap();
    let ended = Ending::Ended {
        status: Some(502),
        reason: Some(Reason::UpstreamInvalid),
        duration_us: Some(7),
        is_tool_error: true,
    };
    assert_eq!(endings().await, [ended]);
}

#[tokio::test]
async fn changes_are_listed_apart_from_the_steps_of_calls() {
    let house = House::new().await;
    let agent = house.agent("ada").await;
    decide(&house, START, agent, Verdict::Allow).await;
    let ctx = house.ctx();
    let mut reader = house.store.read(&ctx);
    let page = list_changes(&mut reader, None, &PageAsk::new(None, Some(1))).await.unwrap();
    assert_eq!(page.items.len(), 1);
    let rest = list_changes(&mut reader, None, &PageAsk::new(page.next_cursor, None)).await.unwrap();
    let mut kinds: Vec<_> = page.items.iter().chain(&rest.items).map(|row| row.event.kind.as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["agent.created", "organization.created"]);
    assert!(list_changes(&mut reader, Some(agent), &PageAsk::default()).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn a_chart_counts_each_hour_and_each_answer() {
    let house = House::new().await;
    let agent = house.agent("ada").await;
    let hour = Time::from_ms(START.as_ms() / HOUR_MS * HOUR_MS);
    decide(&house, hour.plus_ms(-1), agent, Verdict::Allow).await;
    for ms in [0, 1, HOUR_MS] {
        decide(&house, hour.plus_ms(ms), agent, Verdict::Allow).await;
    }
    decide(&house, hour.plus_ms(5), agent, Verdict::NeedsApproval).await;
    let ctx = house.ctx();
    let counts = count_by_hour(&mut house.store.read(&ctx), hour).await.unwrap();
    let count = |ms, verdict, decisions| HourCount { hour: hour.plus_ms(ms), verdict, decisions };
    assert_eq!(
        counts,
        [count(0, Verdict::Allow, 2), count(0, Verdict::NeedsApproval, 1), count(HOUR_MS, Verdict::Allow, 1)]
    );
}

#[tokio::test]
async fn a_cursor_that_is_none_is_refused() {
    let house = House::new().await;
    let ctx = house.ctx();
    for cursor in ["", "x", "req_1.2", "req_01ARZ3NDEKTSV4RRFFQ69G5FAV", "req_01ARZ3NDEKTSV4RRFFQ69G5FAV.x"] {
        let ask = PageAsk::new(Some(cursor.to_owned()), None);
        let error = list_decisions(&mut house.store.read(&ctx), &DecisionFilter::default(), &ask).await;
        assert_eq!(error.unwrap_err().reason(), Reason::FieldInvalid, "{cursor}");
    }
}

#[test]
fn the_floor_of_a_time_lies_below_its_ids_and_above_those_before() {
    let entropy = procura_model::Entropy::seeded(1);
    for ms in [1_i64, 31, 32, 1_790_000_000_000, (1 << 48) - 1] {
        let floor = request_floor(Time::from_ms(ms));
        assert!(floor.parse::<RequestId>().is_ok());
        assert!(floor <= RequestId::new(Time::from_ms(ms), &entropy).to_string());
        assert!(floor > RequestId::new(Time::from_ms(ms - 1), &entropy).to_string());
    }
}
