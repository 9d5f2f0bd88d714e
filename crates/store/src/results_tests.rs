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
async fn an_organization_keeps_its_newest_results_and_its_neighbour_loses_none() {
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
        keep_newest(&mut house.store.unaudited(&ctx), 250).await.unwrap();
        ids.push(id);
    }
    let mut left = Vec::new();
    for id in &ids {
        left.push(read(&mut house.store.read(&ctx), *id, holder).await.is_ok());
    }
    assert_eq!(left, [false, false, true, true]);
    assert_eq!(read(&mut house.store.read(&their_ctx), their_id, theirs).await.unwrap(), kept(500));
}
