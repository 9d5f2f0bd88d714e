//! What people say of the screens: one row per person and trace.

use crate::{
    row::Row,
    tx::{Source, Writer},
};
use procura_model::{Doing as _, Feedback, Judgement, RequestId, Result, Time};

/// How many kinds of feedback are counted at the most.
const MAX_COUNTS: i64 = 5_000;

statements! {
    PUT = "
        INSERT INTO screen_feedback (tenant_id, request_id, person, judgement, channel, source, rules, given_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (tenant_id, request_id, person)
        DO UPDATE SET judgement = $4, channel = $5, source = $6, rules = $7, given_at = $8";
    REMOVE = "
        DELETE FROM screen_feedback
         WHERE tenant_id = $1
           AND request_id = $2
           AND person = $3
     RETURNING request_id";
    OF_TRACE = "
        SELECT *
          FROM screen_feedback
         WHERE tenant_id = $1
           AND request_id = $2
         ORDER BY given_at, person";
    COUNTS = "
        SELECT judgement, channel, source, rules, COUNT(*) AS times
          FROM screen_feedback
         WHERE tenant_id = $1
           AND given_at >= $2
         GROUP BY judgement, channel, source, rules
         ORDER BY COUNT(*) DESC, judgement, channel, source, rules
         LIMIT $3";
}

/// How often the same was said of the same rules and source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedbackCount {
    /// What was said.
    pub judgement: Judgement,
    /// The channel's word.
    pub channel: String,
    /// From where the text came.
    pub source: String,
    /// The rules that fired.
    pub rules: Vec<String>,
    /// How often.
    pub times: i64,
}

/// Writes down what a person says of a trace; what the same person said before is replaced.
///
/// # Errors
/// A fault.
pub async fn put(w: &mut Writer<'_>, feedback: &Feedback) -> Result<()> {
    let rules = serde_json::to_string(&feedback.rules).doing("write the rules")?;
    let args = args![
        feedback.request,
        &feedback.person,
        feedback.judgement.as_str(),
        &feedback.channel,
        &feedback.source,
        rules,
        feedback.given_at,
    ];
    w.desk().run(&PUT, args).await
}

/// Takes back what a person said, and tells whether anything was said.
///
/// # Errors
/// A fault.
pub async fn remove(w: &mut Writer<'_>, request: RequestId, person: &str) -> Result<bool> {
    Ok(w.desk().maybe(&REMOVE, args![request, person]).await?.is_some())
}

/// Everything that was said of a trace, oldest first.
///
/// # Errors
/// A fault.
pub async fn of_trace(source: &mut impl Source, request: RequestId) -> Result<Vec<Feedback>> {
    source.desk().all(&OF_TRACE, args![request]).await?.iter().map(read).collect()
}

/// How often what was said since a time, most often first.
///
/// # Errors
/// A fault.
pub async fn counts(source: &mut impl Source, since: Time) -> Result<Vec<FeedbackCount>> {
    let rows = source.desk().all(&COUNTS, args![since, MAX_COUNTS]).await?;
    let count = |row: &Row| {
        Ok(FeedbackCount {
            judgement: row.parse("judgement")?,
            channel: row.text("channel")?,
            source: row.text("source")?,
            rules: row.json("rules")?,
            times: row.int("times")?,
        })
    };
    rows.iter().map(count).collect()
}

fn read(row: &Row) -> Result<Feedback> {
    Ok(Feedback {
        request: row.parse("request_id")?,
        person: row.text("person")?,
        judgement: row.parse("judgement")?,
        channel: row.text("channel")?,
        source: row.text("source")?,
        rules: row.json("rules")?,
        given_at: row.time("given_at")?,
    })
}

#[cfg(test)]
#[path = "screen_feedback_tests.rs"]
mod tests;
