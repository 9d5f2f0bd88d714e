use crate::{
    Store, StoreSettings, evidence,
    house::{House, START},
    is_in_use, testing,
};
use procura_model::{Event, EventKind, Reason, Verdict};
use tokio::task::JoinSet;

fn decision(action: &str) -> Event {
    let mut event = Event::new(EventKind::Decision);
    event.action = Some(action.to_owned());
    event.verdict = Some(Verdict::Allow);
    event
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_callers_at_once_are_all_recorded_in_the_order_of_each() {
    let house = House::new().await;
    let mut calls = JoinSet::new();
    for _ in 0..1_000 {
        let house = house.clone();
        calls.spawn(async move {
            let ctx = house.ctx();
            house
                .store
                .record(&ctx, vec![decision("purchase"), Event::new(EventKind::Intent)])
                .await
                .unwrap();
            house.store.record(&ctx, vec![Event::new(EventKind::Outcome)]).await.unwrap();
            ctx
        });
    }
    while let Some(ctx) = calls.join_next().await {
        let kinds = house.chain(&ctx.unwrap()).await;
        assert_eq!(kinds, [EventKind::Decision, EventKind::Intent, EventKind::Outcome]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_with_more_rows_than_one_statement_holds_is_recorded_whole() {
    let house = House::new().await;
    for rows in [64, 65, 200] {
        let ctx = house.ctx();
        let events = (0..rows).map(|number| decision(&number.to_string())).collect();
        house.store.record(&ctx, events).await.unwrap();
        let chain = evidence::trace(&mut house.store.read(&ctx), ctx.request).await.unwrap();
        let actions: Vec<_> = chain.into_iter().map(|row| row.event.action.unwrap()).collect();
        assert_eq!(actions, (0..rows).map(|number| number.to_string()).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_row_takes_nobody_with_it() {
    let house = House::new().await;
    let first = house.ctx();
    house.store.record(&first, vec![decision("first")]).await.unwrap();
    let mut calls = JoinSet::new();
    for number in 0..200 {
        let house = house.clone();
        let taken = first.request;
        calls.spawn(async move {
            let mut ctx = house.ctx();
            if number % 50 == 0 {
                // The place in the chain is taken, so the database must refuse.
                ctx.request = taken;
            }
            let answer = house.store.record(&ctx, vec![decision("next")]).await;
            (number, ctx, answer)
        });
    }
    while let Some(call) = calls.join_next().await {
        let (number, ctx, answer) = call.unwrap();
        if number % 50 == 0 {
            assert_eq!(answer.unwrap_err().reason(), Reason::RecordUnavailable);
        } else {
            answer.unwrap();
            assert_eq!(house.chain(&ctx).await, [EventKind::Decision]);
        }
    }
    let chain = evidence::trace(&mut house.store.read(&first), first.request).await.unwrap();
    assert_eq!(chain.len(), 1);
    assert_eq!(chain[0].event.action.as_deref(), Some("first"));
}

#[tokio::test]
async fn an_event_for_webhooks_gets_its_outbox_row_from_the_queue_too() {
    let house = House::new().await;
    let ctx = house.ctx();
    house.store.record(&ctx, vec![decision("a"), Event::new(EventKind::ApprovalConsumed)]).await.unwrap();
    assert_eq!(house.chain(&ctx).await, [EventKind::Decision, EventKind::ApprovalConsumed]);
    let leased = house.lobby().lease_outbox(20, START, 1_000).await.unwrap();
    assert_eq!(leased.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(), ["approval.consumed"]);
}

#[tokio::test]
async fn a_closed_store_commits_what_waits_and_then_refuses() {
    let house = House::new().await;
    let ctx = house.ctx();
    let waiting = house.store.record(&ctx, vec![decision("last")]);
    let (recorded, ()) = tokio::join!(waiting, house.store.close());
    recorded.unwrap();
    let error = house.store.record(&house.ctx(), vec![decision("late")]).await.unwrap_err();
    assert_eq!(error.reason(), Reason::RecordUnavailable);
}

#[tokio::test]
async fn a_database_file_that_is_open_cannot_be_opened_again_and_says_why() {
    let folder = testing::Folder::new();
    let path = folder.path().join("data").join("procura.db");
    let settings =
        StoreSettings { url: format!("sqlite:{}", path.display()), schema: None, max_connections: 2 };
    let first = Store::open(&settings).await.unwrap();
    first.migrate().await.unwrap();
    first.migrate().await.unwrap();
    first.ping().await.unwrap();
    let error = Store::open(&settings).await.err().unwrap();
    assert!(is_in_use(&error), "{error:?}");
    first.close().await;
    drop(first);
    let second = Store::open(&settings).await.unwrap();
    second.ping().await.unwrap();
    second.migrate().await.unwrap();
    House::on(second.clone()).await;
    for side in ["", "-wal", "-shm", ".lock"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mut file = path.clone().into_os_string();
        file.push(side);
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{side} can be read by others");
    }
}

#[tokio::test]
async fn a_database_file_that_is_open_can_be_read_beside_and_not_written() {
    let folder = testing::Folder::new();
    let path = folder.path().join("procura.db");
    let settings =
        StoreSettings { url: format!("sqlite:{}", path.display()), schema: None, max_connections: 2 };
    assert!(Store::open_to_read(&settings).await.is_err() && !path.exists(), "a reader makes no database");
    let first = Store::open(&settings).await.unwrap();
    first.migrate().await.unwrap();
    let house = House::on(first.clone()).await;
    let beside = Store::open_to_read(&settings).await.unwrap();
    assert_eq!(beside.lobby().tenants().await.unwrap().len(), 1);
    assert!(beside.lobby().set_meta("key", "value").await.is_err());
    house.store.record(&house.ctx(), vec![decision("beside")]).await.unwrap();
    beside.close().await;
    first.ping().await.unwrap();
}

#[tokio::test]
async fn a_url_of_another_kind_is_a_fault_that_says_what_is_possible() {
    let settings = StoreSettings { url: "mysql://x".to_owned(), schema: None, max_connections: 1 };
    let error = Store::open(&settings).await.err().unwrap();
    assert!(!is_in_use(&error));
    assert!(format!("{error:?}").contains("sqlite:"));
}

#[tokio::test]
async fn on_postgresql_the_queue_opens_another_connection_when_its_own_is_cut() {
    if !testing::has_postgres() {
        eprintln!("NOT TESTED on PostgreSQL: TEST_POSTGRES_URL is not set");
        return;
    }
    let mut settings = testing::postgres_settings();
    let name = settings.schema.clone().unwrap();
    let join = if settings.url.contains('?') { '&' } else { '?' };
    settings.url = format!("{}{join}application_name={name}", settings.url);
    let store = Store::open(&settings).await.unwrap();
    store.migrate().await.unwrap();
    let house = House::on(store).await;
    let ctx = house.ctx();
    house.store.record(&ctx, vec![decision("before")]).await.unwrap();

    let pool = sqlx::PgPool::connect(&settings.url.replace(&name, "cutter")).await.unwrap();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1";
    let cut = sqlx::query(cut).bind(&name).fetch_all(&pool).await.unwrap();
    assert!(cut.len() >= 2, "the pool's connection and the queue's own");

    house.store.record(&ctx, vec![decision("after")]).await.unwrap();
    assert_eq!(house.chain(&ctx).await.len(), 2);
    house.agent("buyer").await;
}

/// An absolute path once lost its root and the file landed below the working folder.
#[tokio::test]
async fn an_absolute_path_is_opened_where_it_is() {
    let folder = testing::Folder::new();
    for (name, scheme) in [("one.db", "sqlite:"), ("two.db", "sqlite://")] {
        let path = folder.path().join(name);
        assert!(path.is_absolute());
        let url = format!("{scheme}{}", path.display());
        let store = Store::open(&StoreSettings { url, schema: None, max_connections: 1 }).await.unwrap();
        store.migrate().await.unwrap();
        store.close().await;
        assert!(path.is_file(), "{}", path.display());
    }
}

#[test]
fn records_are_written_though_no_thread_is_free_to_wait() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(1).build().unwrap();
    let (free, held) = std::sync::mpsc::channel::<()>();
    let took = runtime.block_on(async {
        let house = House::new().await;
        tokio::task::spawn_blocking(move || held.recv());
        let began = std::time::Instant::now();
        let mut calls = JoinSet::new();
        for _ in 0..64 {
            let house = house.clone();
            calls.spawn(async move {
                for _ in 0..20 {
                    house.store.record(&house.ctx(), vec![decision("purchase")]).await.unwrap();
                }
            });
        }
        let done = tokio::time::timeout(std::time::Duration::from_secs(4), calls.join_all()).await;
        done.is_ok().then(|| began.elapsed())
    });
    drop(free);
    assert!(took.is_some(), "records waited for a thread");
}
