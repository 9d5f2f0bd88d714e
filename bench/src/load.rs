//! The load: connections that each send, wait for the whole answer, look at it, and send again, for a fixed time.
//!
//! It counts what it got, not what it hoped for: an answer with another status, without the expected words or with another
//! call's number is bad, and a run with bad answers is not a figure.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use memchr::memmem;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Outcome;
use crate::http::{Request, answer};

/// An answer may be late by this much when the time is over; then it hangs.
const GRACE: Duration = Duration::from_secs(10);
/// A server that keeps closing connections is not loaded for ever.
const MOST_BREAKS: u64 = 100;

/// Numbers never repeat within one run of the bench, also across subjects.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// What to send, and what makes an answer good.
#[derive(Clone)]
pub(crate) struct Shot {
    pub(crate) address: SocketAddr,
    /// Sent one after the other, again and again.
    pub(crate) aims: Vec<Aim>,
    /// Whether a good answer repeats the request's number, as JSON-RPC does.
    pub(crate) echo: Echo,
    /// What each answer hands on to the next request of its connection.
    pub(crate) chain: Option<Chain>,
}

/// A token that each answer replaces, as a refresh does; every connection has one of its own.
#[derive(Clone)]
pub(crate) struct Chain {
    /// What stands in the request as it was made.
    pub(crate) first: String,
    /// The tokens that no connection holds.
    pub(crate) waiting: Arc<Mutex<Vec<String>>>,
    /// The words before the next token in an answer; a quote ends it.
    pub(crate) before: &'static str,
}

impl Chain {
    fn next(&self, body: &[u8]) -> Option<String> {
        let from = memmem::find(body, self.before.as_bytes())? + self.before.len();
        let rest = body.get(from..)?;
        let token = rest.get(..memmem::find(rest, b"\"")?)?;
        String::from_utf8(token.to_vec()).ok()
    }
}

/// One request, and what makes its answer good.
#[derive(Clone)]
pub(crate) struct Aim {
    pub(crate) request: Request,
    /// Words that a good answer holds.
    pub(crate) expected: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Echo {
    Number,
    Nothing,
}

/// What came back.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) good: u64,
    pub(crate) bad: u64,
    pub(crate) broken: u64,
    pub(crate) statuses: BTreeMap<u16, u64>,
    /// An answer that was not as expected, to show.
    pub(crate) specimen: Option<String>,
    latencies: Vec<u32>,
}

impl Report {
    /// The latency that this part of the answers did not exceed, in milliseconds.
    pub(crate) fn percentile(&self, part: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let at = (last as f64 * part).round() as usize;
        self.latencies.get(at).map_or(0.0, |micros| f64::from(*micros) / 1000.0)
    }

    fn add(&mut self, other: Self) {
        self.good += other.good;
        self.bad += other.bad;
        self.broken += other.broken;
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        self.specimen = self.specimen.take().or(other.specimen);
        self.latencies.extend(other.latencies);
    }
}

/// Loads a server for a time over a number of connections, on one thread.
pub(crate) fn load(shot: &Shot, connections: usize, length: Duration) -> Outcome<Report> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime for the load: {error}"))?;
    runtime.block_on(async {
        let end = Instant::now() + length;
        let tasks: Vec<_> = (0..connections).map(|_| tokio::spawn(connection(shot.clone(), end))).collect();
        let mut report = Report::default();
        for task in tasks {
            match tokio::time::timeout(length + GRACE, task).await {
                Ok(Ok(one)) => report.add(one),
                Ok(Err(error)) => return Err(format!("a connection failed: {error}")),
                Err(_) => return Err(format!("an answer did not come within {GRACE:?}")),
            }
        }
        report.latencies.sort_unstable();
        Ok(report)
    })
}

async fn connection(mut shot: Shot, end: Instant) -> Report {
    let mut report = Report::default();
    let mut held = None;
    if let Some(chain) = &shot.chain {
        let Some(token) = chain.waiting.lock().pop() else { return report };
        if let Err(reason) = shot.aims.iter_mut().try_for_each(|aim| aim.request.swap(&chain.first, &token)) {
            report.specimen = Some(reason);
            report.broken = MOST_BREAKS;
        }
        held = Some(token);
    }
    while Instant::now() < end && report.broken < MOST_BREAKS {
        let Err(reason) = until_it_breaks(&mut shot, &mut held, end, &mut report).await else {
            break;
        };
        report.broken += 1;
        report.specimen.get_or_insert(reason);
    }
    if let (Some(chain), Some(token)) = (&shot.chain, held) {
        chain.waiting.lock().push(token);
    }
    report
}

async fn until_it_breaks(
    shot: &mut Shot,
    held: &mut Option<String>,
    end: Instant,
    report: &mut Report,
) -> Outcome<()> {
    let said = |error: std::io::Error| error.to_string();
    let mut stream = TcpStream::connect(shot.address).await.map_err(said)?;
    stream.set_nodelay(true).map_err(said)?;
    let mut buffer = Vec::with_capacity(16 * 1024);
    loop {
        let sent = Instant::now();
        if sent >= end {
            return Ok(());
        }
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let turn = number.checked_rem(shot.aims.len() as u64).unwrap_or_default() as usize;
        let aim = shot.aims.get_mut(turn).ok_or("there is nothing to send")?;
        stream.write_all(aim.request.numbered(number)).await.map_err(said)?;
        let found = loop {
            if let Some(found) = answer(&buffer)? {
                break found;
            }
            if stream.read_buf(&mut buffer).await.map_err(said)? == 0 {
                return Err("the server closed the connection".to_owned());
            }
        };
        report.latencies.push(sent.elapsed().as_micros().try_into().unwrap_or(u32::MAX));
        *report.statuses.entry(found.status).or_default() += 1;
        let body = buffer.get(found.body_at..found.end).unwrap_or_default();
        if found.status == 200 && is_expected(aim, shot.echo, body, number) {
            report.good += 1;
            if let (Some(chain), Some(token)) = (&shot.chain, held.as_mut()) {
                let next = chain.next(body).ok_or("an answer has no next token")?;
                aim.request.swap(token, &next)?;
                *token = next;
            }
        } else {
            report.bad += 1;
            report
                .specimen
                .get_or_insert_with(|| format!("{}: {}", found.status, String::from_utf8_lossy(body)));
        }
        buffer.drain(..found.end);
    }
}

fn is_expected(aim: &Aim, echo: Echo, body: &[u8], number: u64) -> bool {
    memmem::find(body, aim.expected.as_bytes()).is_some()
        && (echo == Echo::Nothing || memmem::find(body, &Request::digits(number)).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_come_from_the_sorted_answers() {
        let report = Report { latencies: (1..=101).map(|each| each * 1000).collect(), ..Report::default() };
        assert_eq!(report.percentile(0.5), 51.0);
        assert_eq!(report.percentile(0.99), 100.0);
        assert_eq!(Report::default().percentile(0.5), 0.0);
    }

    #[test]
    fn another_calls_answer_is_bad() {
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let aim = Aim { request: Request::post(address, "/", &[], ""), expected: "result".to_owned() };
        assert!(is_expected(&aim, Echo::Number, br#"{"id":1000000005,"result":{}}"#, 5));
        assert!(!is_expected(&aim, Echo::Number, br#"{"id":1000000006,"result":{}}"#, 5));
        assert!(!is_expected(&aim, Echo::Number, br#"{"id":1000000005,"error":{}}"#, 5));
    }
}
