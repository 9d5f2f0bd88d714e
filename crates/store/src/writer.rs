//! The queue of decision records, and of tokens with theirs (decisions.md 21, house.md walk c). Callers hand in rows and
//! wait; one task takes everything that waits, commits it with as few statements as it needs, and only then answers. So a
//! caller that goes away cannot cancel a commit, and a hundred callers share one.

use crate::{
    db::{Db, PATIENCE, Recorder, Unwritten, unrecorded},
    record::Entry,
    tokens::{Deposit, Kept, Tokens},
};
use procura_model::{Error, Result};
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};

/// How many calls may wait; the next one waits for a place.
const PLACES: usize = 4_096;

/// How many calls one commit takes at the most.
const BATCH: usize = 256;

/// What one caller wants recorded.
struct Job {
    entries: Vec<Entry>,
    tokens: Option<Box<Tokens>>,
    answer: oneshot::Sender<Result<Kept>>,
}

/// The way into the queue, and the task behind it.
pub(crate) struct Queue {
    jobs: mpsc::Sender<Job>,
    stop: mpsc::Sender<()>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Queue {
    #[expect(clippy::disallowed_methods, reason = "the task belongs to the store and ends with it")]
    pub(crate) fn start(db: &Db) -> Self {
        let (jobs, waiting) = mpsc::channel(PLACES);
        let (stop, stopped) = mpsc::channel(1);
        let task = tokio::spawn(work(Recorder::new(db.clone()), waiting, stopped));
        Self { jobs, stop, task: Mutex::new(Some(task)) }
    }

    /// Hands in the rows and waits until they are durable.
    pub(crate) async fn record(&self, entries: Vec<Entry>) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        self.hand_in(entries, None).await.map(drop)
    }

    /// Hands in rows and the tokens of which they tell, and waits until both are durable, or cannot be.
    pub(crate) async fn keep(&self, entries: Vec<Entry>, tokens: Tokens) -> Result<Kept> {
        self.hand_in(entries, Some(Box::new(tokens))).await
    }

    async fn hand_in(&self, entries: Vec<Entry>, tokens: Option<Box<Tokens>>) -> Result<Kept> {
        let (answer, answered) = oneshot::channel();
        timeout(PATIENCE, async {
            self.jobs.send(Job { entries, tokens, answer }).await.map_err(unrecorded_job)?;
            answered.await.map_err(unrecorded)?
        })
        .await
        .map_err(unrecorded)?
    }

    /// Takes no more, commits what waits, and ends the task.
    pub(crate) async fn close(&self) {
        // Fails only when the task has ended already.
        let _ = self.stop.try_send(());
        if let Some(task) = self.task.lock().await.take()
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the record's task died");
        }
    }
}

fn unrecorded_job(_: mpsc::error::SendError<Job>) -> Error {
    unrecorded("the store is closed")
}

async fn work(mut recorder: Recorder, mut waiting: mpsc::Receiver<Job>, mut stopped: mpsc::Receiver<()>) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut open = true;
    loop {
        let taken = tokio::select! {
            taken = waiting.recv_many(&mut batch, BATCH) => taken,
            Some(()) = stopped.recv(), if open => {
                waiting.close();
                open = false;
                continue;
            }
        };
        if taken == 0 {
            return;
        }
        commit(&mut recorder, &mut batch).await;
    }
}

/// Commits a batch and answers everybody in it.
async fn commit(recorder: &mut Recorder, batch: &mut Vec<Job>) {
    let ends: Vec<usize> = batch
        .iter()
        .scan(0, |end: &mut usize, job| {
            *end = end.saturating_add(job.entries.len());
            Some(*end)
        })
        .collect();
    let mut entries: Vec<Entry> = Vec::with_capacity(ends.last().copied().unwrap_or(0));
    for job in batch.iter_mut() {
        entries.append(&mut job.entries);
    }
    match write(recorder, batch, &entries, &ends).await {
        Ok(kept) => {
            for (job, kept) in batch.drain(..).zip(kept) {
                // A caller that is gone needs no answer.
                let _ = job.answer.send(Ok(kept));
            }
        }
        Err(Unwritten::Rejected(_)) if batch.len() > 1 => one_by_one(recorder, batch, &entries, &ends).await,
        Err(error) => {
            let error = error.into_error();
            tracing::error!(?error, calls = batch.len(), "the record cannot be written");
            for job in batch.drain(..) {
                let _ = job.answer.send(Err(unrecorded("the database could not write the record")));
            }
        }
    }
}

/// Writes all of it in one transaction; only tokens need more than the record's own statement.
async fn write(
    recorder: &mut Recorder,
    batch: &[Job],
    entries: &[Entry],
    ends: &[usize],
) -> Result<Vec<Kept>, Unwritten> {
    if batch.iter().all(|job| job.tokens.is_none()) {
        recorder.commit(entries).await?;
        return Ok(vec![Kept::Whole; batch.len()]);
    }
    let begins = std::iter::once(0).chain(ends.iter().copied());
    let deposits: Vec<_> = batch
        .iter()
        .zip(begins.zip(ends))
        .map(|(job, (begin, end))| Deposit {
            entries: entries.get(begin..*end).unwrap_or_default(),
            tokens: job.tokens.as_deref(),
        })
        .collect();
    recorder.commit_tokens(&deposits).await
}

/// One bad row must not take the others with it: each call alone, in the order in which they came.
async fn one_by_one(recorder: &mut Recorder, batch: &mut Vec<Job>, entries: &[Entry], ends: &[usize]) {
    let mut begin = 0;
    for (job, end) in batch.drain(..).zip(ends.iter().copied()) {
        let own = entries.get(begin..end).unwrap_or_default();
        begin = end;
        let written = write(recorder, std::slice::from_ref(&job), own, &[own.len()]).await;
        let kept = written.map(|kept| kept.first().copied().unwrap_or(Kept::Nothing));
        // A caller that is gone needs no answer.
        let _ = job.answer.send(kept.map_err(Unwritten::into_error));
    }
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
