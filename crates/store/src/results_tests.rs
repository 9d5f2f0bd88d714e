use super::*;
use crate::house::{House, START};

#[tokio::test]
async fn the_slices_of_a_result_make_the_whole_and_cut_no_character() {
    let house = House::new().await;
    let agent = house.agent("buyer").await;
    let ctx = house.ctx();
    for body in ["", "plain text", "a\0b", "zwölf Boxkämpfer jagen \u{1f98a}\u{1f98a} über den Deich"] {
        let id = ResultId::new(START, &house.entropy);
        insert(&mut house.store.unaudited(&ctx), id, agent, body, START.plus_ms(1_000)).await.unwrap();
        for size in [1, 5, 1_000] {
            let (mut whole, mut offset) = (String::new(), Some(0));
            while let Some(at) = offset {
                let slice = read(&mut house.store.read(&ctx), id, agent, at, size).await.unwrap();
                assert_eq!(usize::try_from(slice.size_bytes), Ok(body.len()));
                whole.push_str(&slice.text);
                offset = slice.next_offset;
            }
            assert_eq!(whole, body);
        }
    }
}

#[tokio::test]
async fn nobody_reads_the_result_of_another_agent_or_a_late_one_or_from_a_wrong_place() {
    let house = House::new().await;
    let (agent, other) = (house.agent("buyer").await, house.agent("other").await);
    let id = ResultId::new(START, &house.entropy);
    let ctx = house.ctx();
    insert(&mut house.store.unaudited(&ctx), id, agent, "äb", START.plus_ms(1_000)).await.unwrap();
    let late = house.ctx_at(START.plus_ms(1_000));
    let neighbour = house.neighbour().await.ctx();
    for (ctx, agent) in [(&ctx, other), (&late, agent), (&neighbour, agent)] {
        let error = read(&mut house.store.read(ctx), id, agent, 0, 10).await.unwrap_err();
        assert_eq!(error.reason(), Reason::NotFound);
    }
    for offset in [-1, 1, 3, 4, i64::MAX] {
        let error = read(&mut house.store.read(&ctx), id, agent, offset, 10).await.unwrap_err();
        assert_eq!(error.reason(), Reason::FieldInvalid, "{offset}");
    }
}
