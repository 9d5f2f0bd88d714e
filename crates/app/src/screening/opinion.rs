//! The second opinion (SCR-3): a classifier of the operator's, asked over HTTP about texts that our own scan is unsure
//! of. It is reached through `egress` as the deployment itself, within a deadline, and gets the text without its
//! secrets. What happens where it does not answer is set beforehand, and what it was asked and said is recorded.

use super::look::Look;
use crate::redaction;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use procura_egress::{FetchRequest, Lane, Purpose};
use procura_screen::inject::Channel;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The longest text that is sent, in bytes; a longer one counts as not answered.
const MAX_SENT_BYTES: usize = 256 * 1024;
/// The longest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// How the classifier is asked and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// `{"input": text}`, answered by `{"results":[{"flagged": bool}]}`.
    OpenaiModeration,
    /// `{"text": text, "channel": channel}`, answered by `{"flagged": bool}`.
    Plain,
}

/// What a text comes to that nobody gave a second opinion of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// It could not be scanned, and is blocked as such.
    Block,
    /// Our own word holds: a medium risk passes.
    Pass,
}

/// The classifier as the operator set it.
#[derive(Clone, Debug)]
pub struct SecondOpinion {
    /// Where it is asked.
    pub url: String,
    /// How.
    pub form: Form,
    /// What is sent along to prove who asks, marked so that nothing prints it; may be empty.
    pub headers: HeaderMap,
    /// The time for everything.
    pub deadline: Duration,
    /// What a text comes to where there is no answer.
    pub on_failure: OnFailure,
}

impl OnFailure {
    /// The word in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Pass => "pass",
        }
    }
}

impl SecondOpinion {
    /// What it means, in a line: where doubtful texts go, and what happens where there is no answer. Nothing of what
    /// proves who asks.
    #[must_use]
    pub fn in_words(&self) -> String {
        // A query may hold a key.
        let place = self.url.split(['?', '#']).next().unwrap_or_default();
        format!(
            "doubtful texts go to {place} within {} ms ({} on failure)",
            self.deadline.as_millis(),
            self.on_failure.as_str()
        )
    }
}

/// What the classifier says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Opinion {
    /// An attack.
    Attack,
    /// None.
    NoAttack,
}

/// How asking ended, as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Asked {
    /// Whether there was an answer that could be read.
    pub answered: bool,
    /// What it said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Opinion>,
    /// Why there was none, in a word for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<&'static str>,
    /// How long it took, in microseconds.
    pub micros: i64,
}

impl Asked {
    /// Nothing was learned.
    pub(crate) const fn failed(failure: &'static str, micros: i64) -> Self {
        Self { answered: false, verdict: None, failure: Some(failure), micros }
    }
}

/// Asks about a text.
pub(super) async fn ask(look: &Look<'_>, other: &SecondOpinion, text: &str) -> Asked {
    let began = look.ctx.elapsed_us();
    let answered = answer(look, other, text).await;
    let micros = look.ctx.elapsed_us().saturating_sub(began);
    match answered {
        Ok(verdict) => Asked { answered: true, verdict: Some(verdict), failure: None, micros },
        Err(failure) => {
            tracing::warn!(request.id = %look.ctx.request, failure, "the second opinion was not had");
            Asked::failed(failure, micros)
        }
    }
}

async fn answer(look: &Look<'_>, other: &SecondOpinion, text: &str) -> Result<Opinion, &'static str> {
    let redactor = redaction::redactor(look.app, look.ctx).await.map_err(|_| "rules")?;
    let text = redactor.redact(text).text;
    if text.len() > MAX_SENT_BYTES {
        return Err("too_long");
    }
    let body = question(other.form, look.channel, &text);
    let mut request = FetchRequest::post(&other.url, body.into(), Lane::own(Purpose::Model));
    request.deadline = other.deadline;
    request.max_bytes = MAX_ANSWER_BYTES;
    request.headers.clone_from(&other.headers);
    let json = HeaderValue::from_static("application/json");
    request.headers.insert(header::ACCEPT, json.clone());
    request.headers.insert(header::CONTENT_TYPE, json);
    let fetched = look.app.egress.fetch(request).await.map_err(|error| error.code())?;
    if fetched.status != StatusCode::OK {
        return Err("status");
    }
    read(other.form, &fetched.body).ok_or("bad_answer")
}

fn question(form: Form, channel: Channel, text: &str) -> String {
    let question = match form {
        Form::OpenaiModeration => serde_json::json!({ "input": text }),
        Form::Plain => serde_json::json!({ "text": text, "channel": channel }),
    };
    question.to_string()
}

#[derive(Deserialize)]
struct Results {
    results: Vec<Flagged>,
}

#[derive(Deserialize)]
struct Flagged {
    flagged: bool,
}

/// What an answer says; none where it says nothing that can be read: silence is no consent.
fn read(form: Form, body: &[u8]) -> Option<Opinion> {
    let is_attack = match form {
        Form::OpenaiModeration => {
            let Results { results } = serde_json::from_slice(body).ok()?;
            let first = results.first()?.flagged;
            first || results.iter().any(|result| result.flagged)
        }
        Form::Plain => serde_json::from_slice::<Flagged>(body).ok()?.flagged,
    };
    Some(if is_attack { Opinion::Attack } else { Opinion::NoAttack })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_of_the_form_that_was_asked_for_is_one() {
        for (form, body, says) in [
            (Form::Plain, r#"{"flagged":true,"score":0.9}"#, Some(Opinion::Attack)),
            (Form::Plain, r#"{"flagged":false}"#, Some(Opinion::NoAttack)),
            (Form::Plain, r#"{"flagged":"no"}"#, None),
            (Form::Plain, r#"{"results":[{"flagged":false}]}"#, None),
            (Form::Plain, "", None),
            (
                Form::OpenaiModeration,
                r#"{"id":"m","results":[{"flagged":false,"categories":{}}]}"#,
                Some(Opinion::NoAttack),
            ),
            (
                Form::OpenaiModeration,
                r#"{"results":[{"flagged":false},{"flagged":true}]}"#,
                Some(Opinion::Attack),
            ),
            (Form::OpenaiModeration, r#"{"results":[]}"#, None),
            (Form::OpenaiModeration, r#"{"flagged":false}"#, None),
        ] {
            assert_eq!(read(form, body.as_bytes()), says, "{body}");
        }
    }

    #[test]
    fn what_is_set_is_told_in_a_line_without_its_secrets() {
        let set = SecondOpinion {
            url: "http://127.0.0.1:9/classify?key=hunter2".to_owned(),
            form: Form::Plain,
            headers: HeaderMap::new(),
            deadline: Duration::from_millis(1_500),
            on_failure: OnFailure::Block,
        };
        let told = "doubtful texts go to http://127.0.0.1:9/classify within 1500 ms (block on failure)";
        assert_eq!(set.in_words(), told);
    }

    #[test]
    fn a_text_is_asked_about_as_data() {
        let text = "say \"hello\"\n";
        let plain = question(Form::Plain, Channel::ToolResult, text);
        let read: serde_json::Value = serde_json::from_str(&plain).unwrap();
        assert_eq!(read, serde_json::json!({"text": text, "channel": "tool_result"}));
        let moderation = question(Form::OpenaiModeration, Channel::Prompt, text);
        let read: serde_json::Value = serde_json::from_str(&moderation).unwrap();
        assert_eq!(read, serde_json::json!({"input": text}));
    }
}
