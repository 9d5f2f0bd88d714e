use super::*;
use crate::house::{House, START};
use tokio::task::JoinSet;

const KEY: Key<'static> = Key { actor: "key_1", name: "abc" };

#[tokio::test(flavor = "multi_thread")]
async fn of_many_requests_with_one_key_one_does_the_work() {
    let house = House::new().await;
    let mut requests = JoinSet::new();
    for _ in 0..32 {
        let house = house.clone();
        requests.spawn(async move {
            let ctx = house.ctx();
            let body = Digest::of(b"body");
            begin(&mut house.store.unaudited(&ctx), KEY, &body, START.plus_ms(1_000)).await.unwrap()
        });
    }
    let begun = requests.join_all().await;
    assert_eq!(begun.iter().filter(|begun| **begun == Begun::New).count(), 1);
    assert_eq!(begun.iter().filter(|begun| **begun == Begun::Running).count(), 31);
}

#[tokio::test]
async fn a_repetition_gets_the_answer_and_another_body_is_told_apart() {
    let house = House::new().await;
    let (body, other) = (Digest::of(b"body"), Digest::of(b"other"));
    let until = START.plus_ms(1_000);
    let ctx = house.ctx();
    let mut first = house.store.unaudited(&ctx);
    assert_eq!(begin(&mut first, KEY, &body, until).await.unwrap(), Begun::New);
    let answer = StoredAnswer { status: 201, body: b"{}\0".to_vec() };
    finish(&mut first, KEY, &answer).await.unwrap();
    // Only what is not finished can be given back.
    release(&mut first, KEY).await.unwrap();

    let mut again = house.store.unaudited(&house.ctx());
    assert_eq!(begin(&mut again, KEY, &body, until).await.unwrap(), Begun::Same(answer));
    assert_eq!(begin(&mut again, KEY, &other, until).await.unwrap(), Begun::Mismatch);
    let stranger = Key { actor: "key_2", ..KEY };
    assert_eq!(begin(&mut again, stranger, &other, until).await.unwrap(), Begun::New);

    let mut late = house.store.unaudited(&house.ctx_at(until));
    assert_eq!(begin(&mut late, KEY, &other, until.plus_ms(1_000)).await.unwrap(), Begun::New);
    let mut next = house.store.unaudited(&house.ctx_at(until));
    assert_eq!(begin(&mut next, KEY, &other, until.plus_ms(1_000)).await.unwrap(), Begun::Running);
    release(&mut late, KEY).await.unwrap();
    assert_eq!(begin(&mut next, KEY, &other, until.plus_ms(1_000)).await.unwrap(), Begun::New);
}
