//! What each person said of an approval (APR-1): once, and never changed.

use crate::{
    row::{Row, wrong},
    tx::{Source, Writer},
};
use procura_model::{AnswerMethod, AnswerWord, ApprovalAnswer, ApprovalId, Reason, Result};

statements! {
    INSERT = "
        INSERT INTO approval_answers (tenant_id, approval_id, account_id, answer, terms, method, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (tenant_id, approval_id, account_id) DO NOTHING
     RETURNING account_id";
    LIST = "
        SELECT account_id, answer, terms, method, at
          FROM approval_answers
         WHERE tenant_id = $1
           AND approval_id = $2
         ORDER BY at, account_id";
}

/// Writes down what somebody said.
///
/// # Errors
/// `APPROVAL_ANSWERED` when they have answered before, or a fault.
pub async fn insert(w: &mut Writer<'_>, approval: ApprovalId, answer: &ApprovalAnswer) -> Result<()> {
    let args = args![
        approval,
        answer.account,
        answer.word.as_str(),
        answer.terms.as_deref(),
        answer.method.as_str(),
        answer.at,
    ];
    w.desk().maybe(&INSERT, args).await?.ok_or(Reason::ApprovalAnswered)?;
    Ok(())
}

/// What was said of an approval, in order.
///
/// # Errors
/// A fault.
pub async fn list(source: &mut impl Source, approval: ApprovalId) -> Result<Vec<ApprovalAnswer>> {
    source.desk().all(&LIST, args![approval]).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<ApprovalAnswer> {
    Ok(ApprovalAnswer {
        account: row.parse("account_id")?,
        word: match row.text("answer")?.as_str() {
            "grant" => AnswerWord::Grant,
            "deny" => AnswerWord::Deny,
            _ => return Err(wrong("answer")),
        },
        terms: row.maybe_text("terms")?,
        method: match row.text("method")?.as_str() {
            "session" => AnswerMethod::Session,
            "link" => AnswerMethod::Link,
            _ => return Err(wrong("method")),
        },
        at: row.time("at")?,
    })
}
