//! Races for one approval: many ask the same at once after a person agreed, and as many are allowed as the person said.
//! Used by the soak with a thousand rounds.

use crate::world::{Options, World};
use futures_util::future::join_all;
use procura_app::approvals::{Given, Grant};
use procura_store::{Store, testing};
use serde_json::json;

/// How many ask at once.
const RACERS: usize = 64;

/// Lets 64 race for each of so many approvals, on SQLite and, where there is one, on PostgreSQL.
///
/// # Panics
/// When more or fewer are allowed than the person said.
#[expect(clippy::print_stderr, reason = "whoever runs the proof must see what was not proven")]
pub async fn rounds(count: usize) {
    on(testing::fresh_sqlite().await, "SQLite", count).await;
    if testing::has_postgres() {
        on(testing::fresh_postgres().await, "PostgreSQL", count).await;
    } else {
        eprintln!("NOT RACED on PostgreSQL: TEST_POSTGRES_URL is not set");
    }
}

#[expect(clippy::expect_used, clippy::print_stdout, reason = "a proof says what it has proven")]
async fn on(store: Store, name: &str, count: usize) {
    let w = World::start_on(store, Options::default()).await;
    let shop = w.tenant("shop").await;
    let buyer = shop.agent("buyer").await;
    shop.permit(&buyer, json!({"effect": "allow", "actions": ["pay"], "approval": "always"})).await;
    let mut asked = 0_usize;
    for round in 0..count {
        // Every third is good for more than one.
        let (grant, good_for) = if round % 3 == 2 { (Grant::Times(5), 5) } else { (Grant::Once, 1) };
        let args = json!({ "round": round });
        let ask = || buyer.verify("pay").amount("742.00").currency("USD").args(args.clone()).send();
        let id = ask().await.waits();
        shop.answer(&shop.owner, &id, Given::Grant(grant)).await.expect("the owner agrees");
        let answers = join_all((0..RACERS).map(|_| ask())).await;
        let mine = |answer: &&crate::world::Verified| {
            answer.0.at("/allowed") == json!(true) && answer.0.at("/approvalId") == json!(id)
        };
        let allowed = answers.iter().filter(|answer| answer.0.at("/allowed") == json!(true)).count();
        assert_eq!(allowed, good_for, "round {round} on {name}");
        assert_eq!(answers.iter().filter(mine).count(), good_for, "round {round} on {name}");
        let state = shop.approval(&id).await;
        assert_eq!(state.text_at("/state"), "consumed", "round {round} on {name}");
        assert_eq!(state.at("/uses"), json!(good_for), "round {round} on {name}");
        // The rest wait in one place, which must not fill the inbox of the next rounds.
        let waiting = answers.iter().find(|answer| answer.0.at("/decision") == json!("needs_approval"));
        let waiting = waiting.expect("somebody came too late").0.text_at("/approvalId");
        shop.platform.call(http::Method::POST, &format!("/v1/approvals/{waiting}/cancel")).send().await.ok();
        asked += RACERS;
    }
    println!("{name}: {count} rounds of {RACERS}, {asked} questions, never one too many");
    w.stop().await;
}
