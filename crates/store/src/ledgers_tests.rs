use super::*;
use crate::{
    house::{House, START},
    reservations,
};
use procura_model::{AgentId, Digest, EventKind, RequestId, Reservation, ReservationState};

fn usd() -> Currency {
    "USD".parse().unwrap()
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn look(ledger: &str, since: Time, at: Time) -> Look<'_> {
    Look { ledger, since, at, currency: Some(usd()), without: None }
}

fn reservation(house: &House, agent: AgentId, at: Time) -> Reservation {
    Reservation {
        id: ReservationId::new(at, &house.entropy),
        agent,
        user: None,
        request: RequestId::new(at, &house.entropy),
        permission: None,
        action: "pay".to_owned(),
        held: Some(amount("10")),
        currency: Some(usd()),
        actual: None,
        state: ReservationState::Held,
        is_late: false,
        is_over: false,
        created_at: at,
        commit_by: at.plus_ms(1_000),
        settled_at: None,
    }
}

async fn hold(house: &House, agent: AgentId, at: Time, until: Option<Time>) -> ReservationId {
    let made = reservation(house, agent, at);
    house
        .change(at, EventKind::Decision, async |w| {
            lock(w, "bud_1", START).await?;
            let digest = Digest::of(b"ask");
            let new = reservations::NewReservation { reservation: &made, digest: &digest, retry_key: None };
            reservations::insert(w, &new).await?;
            let amount = made.held.zip(made.currency);
            insert(w, &Entry { ledger: "bud_1", at, reservation: made.id, amount, until }).await
        })
        .await;
    made.id
}

async fn sum(house: &House, since: Time, at: Time) -> (String, i64) {
    let ctx = house.ctx();
    let used = used(&mut house.store.read(&ctx), &look("bud_1", since, at)).await.unwrap();
    (used.amount.to_string(), used.calls)
}

#[tokio::test]
async fn an_entry_counts_within_its_window_until_it_lapses() {
    let house = House::new().await;
    let agent = house.agent("buyer").await;
    let first = hold(&house, agent, START.plus_ms(10), None).await;
    hold(&house, agent, START.plus_ms(20), Some(START.plus_ms(50))).await;
    let none = ("0.00".to_owned(), 0);
    assert_eq!(sum(&house, START, START.plus_ms(49)).await, ("20.00".to_owned(), 2));
    assert_eq!(sum(&house, START, START.plus_ms(50)).await, ("10.00".to_owned(), 1), "it lapsed");
    assert_eq!(
        sum(&house, START.plus_ms(10), START.plus_ms(49)).await,
        ("10.00".to_owned(), 1),
        "the window moved"
    );
    assert_eq!(sum(&house, START.plus_ms(20), START.plus_ms(49)).await, none);
    let ctx = house.ctx();
    let mut reader = house.store.read(&ctx);
    let own = Look { without: Some(first), ..look("bud_1", START, START.plus_ms(49)) };
    assert_eq!(used(&mut reader, &own).await.unwrap().calls, 1);
    let euros = Look { currency: Some("EUR".parse().unwrap()), ..look("bud_1", START, START.plus_ms(49)) };
    assert_eq!(used(&mut reader, &euros).await.unwrap(), Used { amount: Amount::ZERO, calls: 2 });
    let calls = Look { currency: None, ..euros };
    assert_eq!(used(&mut reader, &calls).await.unwrap(), Used { amount: Amount::ZERO, calls: 2 });
    assert_eq!(used(&mut reader, &look("bud_2", START, START)).await.unwrap().calls, 0);
}

#[tokio::test]
async fn what_is_committed_counts_as_it_came_and_what_is_released_not_at_all() {
    let house = House::new().await;
    let agent = house.agent("buyer").await;
    let one = hold(&house, agent, START.plus_ms(10), Some(START.plus_ms(50))).await;
    let other = hold(&house, agent, START.plus_ms(20), None).await;
    let ctx = house.ctx();
    let standing = held(&mut house.store.read(&ctx), &look("bud_1", START, START.plus_ms(40))).await.unwrap();
    assert_eq!(standing, Used { amount: amount("20"), calls: 2 });
    house
        .change(START, EventKind::ReservationCommitted, async |w| {
            assert_eq!(
                of_reservation(w, one).await?,
                [Place { ledger: "bud_1".to_owned(), until: Some(START.plus_ms(50)) }]
            );
            commit(w, one, Some(amount("7.50"))).await?;
            release(w, other).await
        })
        .await;
    assert_eq!(sum(&house, START, START.plus_ms(99)).await, ("7.50".to_owned(), 1));
    let neighbour = house.neighbour().await;
    assert_eq!(sum(&neighbour, START, START.plus_ms(40)).await, ("0.00".to_owned(), 0));
}

#[tokio::test]
async fn a_ledger_remembers_the_latest_time_at_which_it_was_counted() {
    let house = House::new().await;
    let at = async |ms: i64| {
        house.change(START.plus_ms(ms), EventKind::Decision, async |w| lock(w, "bud_1", START).await).await
    };
    assert_eq!(at(500).await, START.plus_ms(500));
    assert_eq!(at(100).await, START.plus_ms(500), "a request that is behind does not turn it back");
    assert_eq!(at(501).await, START.plus_ms(501));
    let ctx = house.ctx();
    assert_eq!(named(&mut house.store.read(&ctx), "bud_", 9).await.unwrap(), ["bud_1"]);
    assert!(named(&mut house.store.read(&ctx), "per_", 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_no_window_sees_any_longer_goes_with_time() {
    let house = House::new().await;
    let agent = house.agent("buyer").await;
    hold(&house, agent, START.plus_ms(-40 * DAY_MS), None).await;
    hold(&house, agent, START.plus_ms(-30 * DAY_MS), None).await;
    for _ in 0..PRUNED_EVERY {
        house.change(START, EventKind::Decision, async |w| lock(w, "bud_1", START).await).await;
    }
    assert_eq!(sum(&house, START.plus_ms(-99 * DAY_MS), START).await.1, 1);
}

/// Of many who each find that one more fits, as many as fit are counted: the lock is what makes the sum true.
#[tokio::test]
async fn of_32_who_count_at_once_only_as_many_as_fit_are_counted() {
    let house = House::new().await;
    let agent = house.agent("buyer").await;
    let mut takers = tokio::task::JoinSet::new();
    for n in 0..32 {
        let house = house.clone();
        takers.spawn(async move {
            let now = START.plus_ms(n % 3);
            let ctx = house.ctx_at(now);
            let mut w = house.store.write(&ctx).await.unwrap();
            let latest = lock(&mut w, "bud_1", START.plus_ms(-1_000)).await.unwrap();
            let used = used(&mut w, &look("bud_1", START.plus_ms(-1_000), latest)).await.unwrap();
            if used.amount.units() + amount("10").units() > amount("50").units() {
                return false;
            }
            let made = reservation(&house, agent, now);
            let digest = Digest::of(b"ask");
            let new = reservations::NewReservation { reservation: &made, digest: &digest, retry_key: None };
            reservations::insert(&mut w, &new).await.unwrap();
            let entry = Entry {
                ledger: "bud_1",
                at: now,
                reservation: made.id,
                amount: made.held.zip(made.currency),
                until: None,
            };
            insert(&mut w, &entry).await.unwrap();
            w.commit(procura_model::Event::new(EventKind::Decision)).await.unwrap();
            true
        });
    }
    let taken = takers.join_all().await;
    assert_eq!(taken.iter().filter(|taken| **taken).count(), 5);
    assert_eq!(sum(&house, START.plus_ms(-1_000), START).await, ("50.00".to_owned(), 5));
}
