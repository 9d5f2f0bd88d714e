use super::*;
use crate::house::{House, START};

#[tokio::test]
async fn nobody_reads_the_result_of_another_agent_or_a_late_one() {
    let house = House::new().await;
    let (agent, other) = (house.agent("buyer").await, house.agent("other").await);
    let id = ResultId::new(START, &house.entropy);
    let ctx = house.ctx();
    let sealed = [0, 159, 146, 150];
    insert(&mut house.store.unaudited(&ctx), id, agent, &sealed, START.plus_ms(1_000)).await.unwrap();
    assert_eq!(read(&mut house.store.read(&ctx), id, agent).await.unwrap(), sealed);
    let late = house.ctx_at(START.plus_ms(1_000));
    let neighbour = house.neighbour().await.ctx();
    for (ctx, agent) in [(&ctx, other), (&late, agent), (&neighbour, agent)] {
        let error = read(&mut house.store.read(ctx), id, agent).await.unwrap_err();
        assert_eq!(error.reason(), Reason::NotFound);
    }
}
