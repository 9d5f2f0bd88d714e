//! Replaying a long history (VER-5): a server decides a few hundred times, so that the rows are its own; those are
//! multiplied in its database, each with an id of its own; then the endpoint replays all of them, once by the policy as it
//! stands, which must change nothing, and once by a draft whose changes are known beforehand.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Row};

use crate::Outcome;
use crate::http::{Request, once};
use crate::process::Server;
use crate::runs::{Place, start_again, start_in};
use crate::seed::{Seeded, Wish};
use crate::settings::Settings;

/// How many decisions are really made.
const MADE: usize = 200;
/// Amounts go up to this; what lies above 1,000 is refused.
const MOST: usize = 2_000;
/// The draft refuses what lies above this.
const DRAFT_MOST: usize = 500;
/// The bar for 1,000,000 rows on 2 cores.
const BAR_SECONDS: f64 = 60.0;

/// The rows of the decisions that were made, again and again; ids count up within the newest one's millisecond.
const MULTIPLY: &str = "
    WITH RECURSIVE
        counted (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM counted WHERE number < $1),
        made AS (SELECT *, ROW_NUMBER() OVER (ORDER BY request_id) - 1 AS place
                   FROM evidence
                  WHERE kind = 'decision'),
        newest AS (SELECT substr(MAX(request_id), 1, 14) AS head FROM made)
    INSERT OR IGNORE INTO evidence
           (tenant_id, request_id, position, at, actor, method, path, ip, user_agent, kind, agent_id, user_ref,
            target, action, resource, verdict, reason, risk, status, duration_us, approval_id, facts)
    SELECT tenant_id, newest.head || printf('%016d', number), position, at, actor, method, path, ip, user_agent,
           kind, agent_id, user_ref, target, action, resource, verdict, reason, risk, status, duration_us,
           approval_id, facts
      FROM counted, newest
      JOIN made ON made.place = number % $2";

/// `procura-bench simulate`.
pub(crate) fn simulate(settings: &Settings) -> Outcome<()> {
    let place = Place::make(settings)?;
    let data = place.folder("simulate")?;
    let (server, seeded) = start_in(settings, &data, &Wish::default())?;
    make(server.address, &seeded)?;
    drop(server);
    let began = Instant::now();
    let (rows, over) = multiply(&data, settings.rows)?;
    println!("\n{rows} decisions in the record after {:.1} s", began.elapsed().as_secs_f64());
    let server = start_again(settings, &data)?;
    println!("\n### Simulation of {rows} decisions\n");
    println!(
        "| draft | rows | replayed | flips | seconds | rows per second | server CPU s | most memory MB |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|");
    let agent = seeded.agent.to_string();
    let as_it_stands = replay(&server, &seeded, &json!({"limit": rows}), "the policy as it stands")?;
    as_it_stands.must_be(rows, 0)?;
    let draft = json!([{"effect": "allow", "actions": ["purchase.*"], "vendors": ["coachella.com"],
        "maxAmount": {"value": DRAFT_MOST.to_string(), "currency": "USD"}}]);
    let body = json!({"agentId": agent, "permissions": draft, "limit": rows});
    let by_draft = replay(&server, &seeded, &body, "a lower limit")?;
    by_draft.must_be(rows, over)?;
    let slowest = as_it_stands.seconds.max(by_draft.seconds);
    if rows >= 1_000_000 && slowest > BAR_SECONDS {
        return Err(format!("{slowest:.1} s for {rows} rows; the bar is {BAR_SECONDS} s"));
    }
    Ok(())
}

/// Asks for amounts from low to high, so that some are refused.
fn make(address: SocketAddr, seeded: &Seeded) -> Outcome<()> {
    for number in 1..=MADE {
        let amount = number * MOST / MADE;
        let body = json!({"action": "purchase.ticket", "resource": format!("event/{number}"),
            "vendor": "coachella.com", "amount": amount.to_string(), "currency": "USD", "args": {"seats": number}});
        let headers = [("x-api-key", seeded.agent_key.as_str())];
        let mut request = Request::post(address, "/v1/verify", &headers, &body.to_string());
        let (status, answer) = once(address, request.numbered(0))?;
        let expected = format!("\"allowed\":{}", amount <= 1_000);
        if status != 200 || !answer.contains(&expected) {
            return Err(format!("{body} was answered {status} {answer}"));
        }
    }
    Ok(())
}

/// How many rows there are then, and how many of them are allowed with an amount that the draft refuses.
fn multiply(data: &Path, wanted: usize) -> Outcome<(u64, u64)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    let done = runtime.block_on(async {
        let file = data.join("procura.db");
        let mut db = SqliteConnectOptions::new().filename(file).connect().await?;
        let further = i64::try_from(wanted.saturating_sub(MADE)).unwrap_or(i64::MAX);
        let made = i64::try_from(MADE).unwrap_or(i64::MAX);
        sqlx::query(MULTIPLY).bind(further).bind(made).execute(&mut db).await?;
        let rows: i64 = sqlx::query("SELECT COUNT(*) FROM evidence WHERE kind = 'decision'")
            .fetch_one(&mut db)
            .await?
            .try_get(0)?;
        let over = "SELECT COUNT(*) FROM evidence
                     WHERE kind = 'decision' AND verdict = 'allow'
                       AND CAST(json_extract(facts, '$.ask.amount') AS REAL) > $1";
        let most = i64::try_from(DRAFT_MOST).unwrap_or(i64::MAX);
        let over: i64 = sqlx::query(over).bind(most).fetch_one(&mut db).await?.try_get(0)?;
        db.close().await?;
        Ok((rows, over))
    });
    let (rows, over) = done.map_err(|error: sqlx::Error| format!("cannot multiply the record: {error}"))?;
    if rows < i64::try_from(wanted).unwrap_or(i64::MAX) {
        return Err(format!("only {rows} of {wanted} rows are there"));
    }
    Ok((rows.unsigned_abs(), over.unsigned_abs()))
}

/// What a replay found, and how long it took.
struct Replayed {
    rows: u64,
    replayed: u64,
    flips: u64,
    allow_to_deny: u64,
    seconds: f64,
}

impl Replayed {
    /// Everything was looked at and asked again, and so many that were allowed are refused.
    fn must_be(&self, rows: u64, allow_to_deny: u64) -> Outcome<()> {
        let found = (self.rows, self.replayed, self.flips, self.allow_to_deny);
        if found == (rows, rows, allow_to_deny, allow_to_deny) {
            return Ok(());
        }
        Err(format!("rows, replayed, flips, allow to deny are {found:?}, and not {rows} and {allow_to_deny}"))
    }
}

fn replay(server: &Server, seeded: &Seeded, body: &Value, name: &str) -> Outcome<Replayed> {
    let headers = [("x-api-key", seeded.platform_key.as_str()), ("accept", "application/x-ndjson")];
    let mut request = Request::post(server.address, "/v1/policies/simulate", &headers, &body.to_string());
    let (began, before) = (Instant::now(), server.cpu_micros()?);
    let (status, answer) = once(server.address, request.numbered(0))?;
    let seconds = began.elapsed().as_secs_f64();
    let used = server.cpu_micros()?.saturating_sub(before) as f64 / 1e6;
    let last: Value = answer
        .lines()
        .last()
        .and_then(|line| serde_json::from_str(line).ok())
        .ok_or_else(|| format!("{status} {}", answer.chars().take(300).collect::<String>()))?;
    let result = last.get("result").ok_or_else(|| format!("{status} {last}"))?;
    let count = |pointer: &str| {
        result.pointer(pointer).and_then(Value::as_u64).ok_or_else(|| format!("no {pointer} in the result"))
    };
    let flips = ["denyToAllow", "allowToDeny", "toApproval", "fromApproval"];
    let flips = flips.iter().map(|kind| count(&format!("/flips/{kind}"))).sum::<Outcome<u64>>()?;
    let found = Replayed {
        rows: count("/rows")?,
        replayed: count("/replayed")?,
        flips,
        allow_to_deny: count("/flips/allowToDeny")?,
        seconds,
    };
    println!(
        "| {name} | {} | {} | {} | {seconds:.1} | {:.0} | {used:.1} | {:.0} |",
        found.rows,
        found.replayed,
        found.flips,
        found.rows as f64 / seconds,
        server.most_resident_bytes()? as f64 / 1e6
    );
    Ok(found)
}
