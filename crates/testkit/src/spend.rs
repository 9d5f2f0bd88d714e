//! The model check of budgets (VER-3): real processes are asked, committed, released and left alone at random, and
//! killed by `kill -9` in between; what every caller saw is then laid beside a sequential oracle.
//!
//! The oracle knows no order of transactions. It counts what surely was there at an instant: allowed and answered
//! before it, and not yet asked to be settled. What is certain at any instant must fit into every limit; a server that
//! lets two callers take the same rest is caught, whatever their order was. A commit that came too late and was flagged
//! `over` is the one thing that may overrun a limit, and only where what is held lapses.

use crate::{
    fixture::pace,
    process::{Founder, Process},
    world::{Http, Reply},
};
use futures_util::future::join_all;
use parking_lot::Mutex;
use procura_model::{Clock, Entropy};
use procura_store::testing;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

/// How many callers press at once.
const CALLERS: usize = 12;
/// How long what the first agent asks is held, and what the second does.
const HOLDS_MS: [i64; 2] = [1_000, 2_000];

/// One limit, as the oracle knows it.
struct Limit {
    name: &'static str,
    /// Of which agent alone; of each for itself where `each`; of all otherwise.
    agent: Option<usize>,
    each: bool,
    units: Option<i64>,
    calls: Option<usize>,
    per_ms: i64,
    /// Whether what nobody settles in time counts no longer.
    lapses: bool,
}

const LIMITS: [Limit; 3] = [
    Limit {
        name: "the window of the first agent's permission",
        agent: Some(0),
        each: false,
        units: Some(200),
        calls: None,
        per_ms: 2_000,
        lapses: true,
    },
    Limit {
        name: "the organization's budget",
        agent: None,
        each: false,
        units: Some(600),
        calls: None,
        per_ms: 3_000,
        lapses: false,
    },
    Limit {
        name: "each agent's calls",
        agent: None,
        each: true,
        units: None,
        calls: Some(30),
        per_ms: 2_000,
        lapses: false,
    },
];

/// How a reservation was settled, as its caller saw it.
#[derive(Clone, Copy)]
struct Settled {
    sent: i64,
    /// When the answer came; none where the process died.
    answered: Option<i64>,
    /// What it came to; none for a release.
    amount: Option<i64>,
    is_late: bool,
    is_over: bool,
}

/// One reservation, as its caller saw it.
#[derive(Clone)]
struct Seen {
    id: String,
    agent: usize,
    at: i64,
    commit_by: i64,
    held: i64,
    answered: i64,
    settled: Option<Settled>,
}

impl Seen {
    /// What of it surely counts on a limit at this instant: units and calls.
    fn certain(&self, limit: &Limit, now: i64) -> (i64, usize) {
        if self.answered > now {
            return (0, 0);
        }
        let lapsed = limit.lapses && now >= self.commit_by;
        let Some(settled) = self.settled.filter(|settled| settled.sent <= now) else {
            return if lapsed { (0, 0) } else { (self.held, 1) };
        };
        let is_done = settled.answered.is_some_and(|answered| answered <= now);
        match settled.amount {
            None => (0, 0),
            // It may have been forgotten by the ledger when it lapsed, and come back over the limit.
            Some(_) if limit.lapses && settled.is_over => (0, 0),
            Some(_) if lapsed && (!is_done || settled.answered.is_none()) => (0, 0),
            Some(amount) => (amount, 1),
        }
    }
}

/// Everything the callers share.
struct Check {
    entropy: Entropy,
    clock: Clock,
    bases: Vec<Http>,
    keys: [String; 2],
    seen: Mutex<Vec<Seen>>,
    refused: AtomicUsize,
    lost: AtomicUsize,
    stop: AtomicBool,
}

impl Check {
    fn now(&self) -> i64 {
        self.clock.now().as_ms()
    }

    fn chance(&self, of: u128) -> usize {
        usize::try_from(self.entropy.u128() % of.max(1)).unwrap_or(0)
    }

    fn http(&self, agent: usize) -> Option<Http> {
        let base = self.bases.get(self.chance(u128::try_from(self.bases.len()).unwrap_or(1)))?;
        self.keys.get(agent).map(|key| base.with_key(key))
    }
}

/// Checks both databases: SQLite with one process, PostgreSQL with three. Each is killed so many times.
///
/// # Panics
/// When a limit was overrun, or anything acknowledged is lost.
#[expect(clippy::print_stderr, reason = "whoever runs the proof must see what was not proven")]
pub async fn check(kills: usize) {
    on("SQLite, 1 process", vec![String::new()], kills).await;
    if !testing::has_postgres() {
        eprintln!("NOT CHECKED on PostgreSQL: TEST_POSTGRES_URL is not set");
        return;
    }
    let store = testing::fresh_postgres().await;
    let url = testing::url_of(&store).await;
    let lines = (0..3).map(|_| format!("database_url = \"{url}\"\n")).collect();
    on("PostgreSQL, 3 processes", lines, kills).await;
}

#[expect(clippy::expect_used, clippy::print_stdout, reason = "a proof says what it has proven")]
async fn on(name: &str, configurations: Vec<String>, kills: usize) {
    let mut processes: Vec<Process> = Vec::new();
    let mut founder = None;
    for mut configuration in configurations {
        if let Some(first) = processes.first() {
            // Processes of one database share its root key.
            let key = first.folder().join("data/root.key");
            configuration.push_str(&format!("root_key_file = \"{}\"\n", key.display()));
        }
        let process = Process::start(&configuration).await;
        if founder.is_none() {
            founder = Some(process.found().await);
        }
        processes.push(process);
    }
    let founder = founder.expect("a founder");
    let keys = furnish(&founder).await;
    let check = Arc::new(Check {
        entropy: Entropy::system(),
        clock: Clock::System,
        bases: processes.iter().map(Process::http).collect(),
        keys,
        seen: Mutex::new(Vec::new()),
        refused: AtomicUsize::new(0),
        lost: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
    });
    let callers: Vec<_> = (0..CALLERS).map(|n| pace::start(press(Arc::clone(&check), n % 2))).collect();
    for _ in 0..kills {
        pace::pause(700 + u64::try_from(check.chance(900)).unwrap_or(0)).await;
        let victim = check.chance(u128::try_from(processes.len()).unwrap_or(1));
        processes.get_mut(victim).expect("a process").restart().await;
    }
    pace::pause(2_000).await;
    check.stop.store(true, Ordering::SeqCst);
    join_all(callers).await;
    let seen = check.seen.lock().clone();
    compare(&founder, &seen).await;
    let instants = judge(&seen);
    let settled =
        seen.iter().filter(|one| one.settled.is_some_and(|settled| settled.answered.is_some())).count();
    let late = seen.iter().filter(|one| one.settled.is_some_and(|settled| settled.is_late)).count();
    let over = seen.iter().filter(|one| one.settled.is_some_and(|settled| settled.is_over)).count();
    let (refused, lost) = (check.refused.load(Ordering::SeqCst), check.lost.load(Ordering::SeqCst));
    println!(
        "{name}: {kills} kills, {} reservations, {refused} refusals, {lost} answers lost, {settled} settled, \
         {late} of them late and {over} over; {instants} instants judged, no limit overrun",
        seen.len()
    );
    assert!(seen.len() > 100 && refused > 0, "too little was tried");
}

async fn furnish(founder: &Founder) -> [String; 2] {
    let money = |value: i64| json!({"value": value.to_string(), "currency": "USD"});
    let mut keys = [String::new(), String::new()];
    for (n, key) in keys.iter_mut().enumerate() {
        let made =
            founder.platform.post("/v1/agents", &json!({"name": format!("spender {n}")})).send().await.ok();
        *key = made.text_at("/key/secret");
        let mut permission = json!({"effect": "allow", "actions": ["pay"]});
        if n == 0
            && let Some(members) = permission.as_object_mut()
        {
            let hold = json!({"lasts": "PT1S", "then": "released"});
            members.insert("window".to_owned(), json!({"amount": money(200), "per": "PT2S", "hold": hold}));
        }
        let path = format!("/v1/agents/{}/permissions", made.text_at("/agent/id"));
        founder.platform.post(&path, &permission).send().await.ok();
    }
    let hold = json!({"lasts": "PT2S", "then": "spent"});
    for (name, of, window) in [
        ("All", "organization", json!({"amount": money(600), "per": "PT3S", "hold": hold})),
        ("Calls", "eachAgent", json!({"count": 30, "per": "PT2S", "hold": hold})),
    ] {
        let body = json!({"name": name, "of": of, "actions": ["pay"], "window": window});
        founder.platform.post("/v1/budgets", &body).send().await.ok();
    }
    // Every node has read them by then.
    pace::pause(1_500).await;
    keys
}

/// One caller: asks, and then commits, releases, or leaves it alone.
async fn press(check: Arc<Check>, agent: usize) {
    while !check.stop.load(Ordering::SeqCst) {
        let Some(mut seen) = ask(&check, agent).await else {
            pace::pause(20).await;
            continue;
        };
        let index = {
            let mut all = check.seen.lock();
            all.push(seen.clone());
            all.len() - 1
        };
        // Mostly soon, sometimes too late.
        let wait = if check.chance(3) == 0 { 1_300 } else { check.chance(60) };
        let choice = check.chance(10);
        if choice == 0 {
            continue;
        }
        pace::pause(u64::try_from(wait).unwrap_or(0)).await;
        let amount =
            (choice > 3).then(|| seen.held - i64::try_from(check.chance(3)).unwrap_or(0).min(seen.held));
        seen.settled = settle(&check, (index, &seen), amount).await;
        if let Some(one) = check.seen.lock().get_mut(index) {
            one.settled = seen.settled;
        }
    }
}

async fn ask(check: &Check, agent: usize) -> Option<Seen> {
    let held = i64::try_from(check.chance(25)).unwrap_or(0) + 1;
    let key = format!("key-{:x}", check.entropy.u128());
    let body = json!({"action": "pay", "amount": held.to_string(), "currency": "USD"});
    // Asked again with the same key where the answer is lost, as an SDK does.
    for _ in 0..40 {
        let call = check.http(agent)?.post("/v1/verify", &body).header("idempotency-key", &key);
        let Ok(reply) = call.try_send().await else {
            check.lost.fetch_add(1, Ordering::SeqCst);
            pace::pause(50).await;
            continue;
        };
        let answered = check.now();
        return match reply.status {
            200 if reply.at("/allowed") == json!(true) => {
                let commit_by = millis(&reply, "/commitBy");
                let at = commit_by - HOLDS_MS.get(agent).copied().unwrap_or(0);
                let id = reply.text_at("/reservationId");
                Some(Seen { id, agent, at, commit_by, held, answered, settled: None })
            }
            200 => {
                assert_eq!(reply.at("/code"), json!("BUDGET_EXCEEDED"), "{}", reply.text());
                check.refused.fetch_add(1, Ordering::SeqCst);
                None
            }
            // It was reserved, its answer was lost, and it expired meanwhile; or a node is starting.
            409 | 503 => None,
            _ => fail(&reply),
        };
    }
    None
}

#[expect(clippy::panic, reason = "this is a test")]
fn fail(reply: &Reply) -> ! {
    panic!("{} {}", reply.status, reply.text())
}

async fn settle(check: &Check, (index, seen): (usize, &Seen), amount: Option<i64>) -> Option<Settled> {
    let sent = check.now();
    let unknown = Settled { sent, answered: None, amount, is_late: false, is_over: false };
    if let Some(one) = check.seen.lock().get_mut(index) {
        one.settled = Some(unknown);
    }
    let how = if amount.is_some() { "commit" } else { "release" };
    let path = format!("/v1/reservations/{}/{how}", seen.id);
    for _ in 0..40 {
        let http = check.http(seen.agent)?;
        let call = match amount {
            Some(amount) => http.post(&path, &json!({"amount": amount.to_string()})),
            None => http.call(http::Method::POST, &path),
        };
        let Ok(reply) = call.try_send().await else {
            check.lost.fetch_add(1, Ordering::SeqCst);
            pace::pause(50).await;
            continue;
        };
        if reply.status == 503 {
            pace::pause(50).await;
            continue;
        }
        let reply = reply.ok();
        let answered = Some(check.now());
        let flag = |name: &str| reply.at(name) == json!(true);
        return Some(Settled { answered, is_late: flag("/late"), is_over: flag("/over"), ..unknown });
    }
    Some(unknown)
}

fn millis(reply: &Reply, pointer: &str) -> i64 {
    reply.text_at(pointer).parse::<procura_model::Time>().map_or(0, procura_model::Time::as_ms)
}

/// What was acknowledged is there, as it was acknowledged; and nothing is held twice for one question.
async fn compare(founder: &Founder, seen: &[Seen]) {
    let mut stored: HashMap<String, Value> = HashMap::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/v1/reservations?limit=200{cursor}");
        let page = founder.platform.get(&path).send().await.ok().json();
        for row in page.get("items").and_then(Value::as_array).into_iter().flatten() {
            let id = row.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            stored.insert(id, row.clone());
        }
        match page.get("nextCursor").and_then(Value::as_str) {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    for one in seen {
        let row = stored.get(&one.id).cloned().unwrap_or_default();
        let state = row.get("state").and_then(Value::as_str).unwrap_or("lost");
        let is_right = match one.settled {
            Some(Settled { answered: Some(_), amount: Some(amount), .. }) => {
                let actual = row.get("amount").and_then(Value::as_str).unwrap_or_default();
                state == "committed" && actual == format!("{amount}.00")
            }
            Some(Settled { answered: Some(_), amount: None, .. }) => state == "released",
            Some(Settled { answered: None, .. }) => state != "lost",
            None => matches!(state, "held" | "expired"),
        };
        assert!(is_right, "{} was acknowledged otherwise: {row}", one.id);
    }
}

/// Lays what was seen beside every limit, at each instant at which anything was answered; gives how many.
fn judge(seen: &[Seen]) -> usize {
    let mut sorted = seen.to_vec();
    sorted.sort_by_key(|one| one.at);
    let settled = sorted.iter().filter_map(|one| one.settled.and_then(|settled| settled.answered));
    let mut instants: Vec<i64> = sorted.iter().map(|one| one.answered).chain(settled).collect();
    instants.sort_unstable();
    instants.dedup();
    for limit in &LIMITS {
        let agents: Vec<Option<usize>> = if limit.each { vec![Some(0), Some(1)] } else { vec![limit.agent] };
        for agent in agents {
            for now in &instants {
                let from = sorted.partition_point(|one| one.at <= now - limit.per_ms);
                let until = sorted.partition_point(|one| one.at <= *now);
                let within = sorted.get(from..until.max(from)).unwrap_or_default().iter();
                let mine = within.filter(|one| agent.is_none_or(|agent| agent == one.agent));
                let (units, calls) = mine
                    .map(|one| one.certain(limit, *now))
                    .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
                assert!(limit.units.is_none_or(|most| units <= most), "{}: {units} at {now}", limit.name);
                assert!(
                    limit.calls.is_none_or(|most| calls <= most),
                    "{}: {calls} calls at {now}",
                    limit.name
                );
            }
        }
    }
    instants.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(at: i64, held: i64) -> Seen {
        Seen { id: String::new(), agent: 1, at, commit_by: at + 2_000, held, answered: at + 1, settled: None }
    }

    #[test]
    fn the_oracle_takes_what_fits() {
        let mut all = vec![seen(0, 300), seen(10, 200), seen(20, 100), seen(3_001, 300)];
        assert!(judge(&all) > 3);
        let settled = Settled { sent: 15, answered: Some(16), amount: None, is_late: false, is_over: false };
        all[0].settled = Some(settled);
        all.push(seen(30, 300));
        all[3] = seen(3_100, 300);
        judge(&all);
    }

    #[test]
    #[should_panic(expected = "the organization's budget: 601 at 21")]
    fn the_oracle_catches_what_does_not() {
        judge(&[seen(0, 300), seen(10, 200), seen(20, 101)]);
    }

    #[test]
    #[should_panic(expected = "each agent's calls: 31 calls")]
    fn the_oracle_catches_one_call_too_many() {
        let all: Vec<Seen> = (0..31).map(|n| seen(n, 1)).collect();
        judge(&all);
    }
}
