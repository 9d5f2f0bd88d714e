use super::*;
use crate::house::{House, START};

fn kept(bytes: usize) -> Kept {
    Kept { sealed: vec![159; bytes], expires_at: START.plus_ms(1_000) }
}

#[tokio::test]
async fn nobody_reads_the_result_of_another_agent_or_session_or_a_late_one() {
    let house = House::new().await;
    let (agent, other) = (house.agent("buyer").await, house.agent("other").await);
    let session = Some(SessionId::new(START, &house.entropy));
    let another = Some(SessionId::new(START, &house.entropy));
    let ctx = house.ctx();
    for own in [None, session] {
        let id = ResultId::new(START, &house.entropy);
        let holder = Holder { agent, session: own };
        insert(&mut house.store.unaudited(&ctx), id, holder, &kept(4)).await.unwrap();
        assert_eq!(read(&mut house.store.read(&ctx), id, holder).await.unwrap(), kept(4));
        let late = house.ctx_at(START.plus_ms(1_000));
        let neighbour = house.neighbour().await.ctx();
        let stranger = if own.is_none() { session } else { None };
        for (ctx, holder) in [
            (&ctx, Holder { agent: other, session: own }),
            (&ctx, Holder { agent, session: stranger }),
            (&ctx, Holder { agent, session: another }),
            (&late, holder),
            (&neighbour, holder),
        ] {
            let error = read(&mut house.store.read(ctx), id, holder).await.unwrap_err();
            assert_eq!(error.reason(), Reason::NotFound);
        }
    }
}

#[tokio::test]
async fn an_agent_keeps_its_newest_results_and_its_neighbour_loses_none() {
    let house = House::new().await;
    let neighbour = house.neighbour().await;
    let holder = Holder { agent: house.agent("buyer").await, session: None };
    let theirs = Holder { agent: neighbour.agent("theirs").await, session: None };
    let (ctx, their_ctx) = (house.ctx(), neighbour.ctx());
    let their_id = ResultId::new(START, &house.entropy);
    insert(&mut house.store.unaudited(&their_ctx), their_id, theirs, &kept(500)).await.unwrap();
    let mut ids = Vec::new();
    for ms in 0..4 {
        let id = ResultId::new(START.plus_ms(ms), &house.entropy);
        insert(&mut house.store.unaudited(&ctx), id, holder, &kept(100)).await.unwrap();
        keep_newest(&mut house.store.unaudited(&ctx), Shares { agent: 250, organization: 1_000 })
            .await
            .unwrap();
        ids.push(id);
    }
    let mut left = Vec::new();
    for id in &ids {
        left.push(read(&mut house.store.read(&ctx), *id, holder).await.is_ok());
    }
    assert_eq!(left, [false, false, true, true]);
    assert_eq!(read(&mut house.store.read(&their_ctx), their_id, theirs).await.unwrap(), kept(500));
}

#[tokio::test]
async fn an_agent_pushes_out_its_own_results_and_never_another_s_until_all_is_full() {
    let house = House::new().await;
    let (greedy, modest) = (house.agent("greedy").await, house.agent("modest").await);
    let ctx = house.ctx();
    let mut ms = 0;
    let mut next = || {
        ms += 1;
        ResultId::new(START.plus_ms(ms), &house.entropy)
    };
    let shares = Shares { agent: 200, organization: 500 };
    let keep = async |id: ResultId, agent| {
        let holder = Holder { agent, session: None };
        insert(&mut house.store.unaudited(&ctx), id, holder, &kept(100)).await.unwrap();
        keep_newest(&mut house.store.unaudited(&ctx), shares).await.unwrap();
    };
    let is_there = async |id: ResultId, agent| {
        read(&mut house.store.read(&ctx), id, Holder { agent, session: None }).await.is_ok()
    };
    let old = next();
    keep(old, modest).await;
    let mut last = Vec::new();
    for _ in 0..20 {
        last.push(next());
        keep(last[last.len() - 1], greedy).await;
    }
    assert!(is_there(old, modest).await, "it is older than all others, and stays");
    let left = async |ids: &[ResultId]| {
        let mut count = 0;
        for id in ids {
            count += usize::from(is_there(*id, greedy).await);
        }
        count
    };
    assert_eq!(left(&last).await, 2, "the greedy one has its share");
    for name in ["third", "fourth"] {
        let agent = house.agent(name).await;
        keep(next(), agent).await;
    }
    assert!(is_there(old, modest).await, "500 bytes are full now");
    keep(next(), house.agent("fifth").await).await;
    assert!(!is_there(old, modest).await, "beyond the organization's share the oldest goes, whosever it is");
    assert_eq!(left(&last).await, 2);
}
