//! The five steps, what each must show, and how it is told.

use super::{agent::DemoAgent, house::Demo};
use crate::say;
use procura_app::approvals;
use procura_model::{ApprovalId, Result};
use serde_json::{Value, json};

/// How one step went.
struct Step {
    number: u8,
    title: &'static str,
    asked: String,
    wanted: &'static str,
    got: String,
    sentence: String,
    request: String,
    /// What was said first, and in which request, where a person had to agree.
    waited: Option<(String, String)>,
}

impl Step {
    fn is_as_told(&self) -> bool {
        self.got == self.wanted
    }
}

/// Tells the story; true when every step went as it must.
pub(super) async fn tell(demo: &Demo, as_json: bool) -> Result<bool> {
    let mut agent = DemoAgent::new(demo.url(), demo.key.show());
    let mut all = true;
    for (number, title, wanted, tool, arguments) in [
        (1, "an allowed call", "ALLOWED", "shop__find_orders", json!({ "customer": "Ada" })),
        (
            2,
            "denied because of its arguments",
            "AMOUNT_OVER_LIMIT",
            "shop__refund",
            json!({ "orderId": "ord-7", "amount": 742, "currency": "USD" }),
        ),
        (
            3,
            "waits for a person, passes once approved",
            "ALLOWED",
            "shop__refund",
            json!({ "orderId": "ord-7", "amount": 75, "currency": "USD" }),
        ),
        (
            4,
            "a tool result with a hidden injection, caught",
            "PROMPT_INJECTION",
            "shop__read_review",
            json!({ "id": 4 }),
        ),
        (5, "a tool result with secrets, redacted", "REDACTED", "shop__read_settings", json!({})),
    ] {
        let mut answer = agent.call(tool, &arguments).await?;
        let mut waited = None;
        if number == 3 {
            waited = Some((sentence(&answer.result), answer.request.clone()));
            grant(demo, &answer).await?;
            answer = agent.call(tool, &arguments).await?;
        }
        let step = Step {
            number,
            title,
            wanted,
            asked: format!("{tool} {arguments}"),
            got: outcome(&answer.result),
            sentence: sentence(&answer.result),
            request: answer.request,
            waited,
        };
        all &= step.is_as_told();
        show(demo, &step, as_json);
    }
    Ok(all)
}

/// The demo's person agrees to what waits; where nothing does, the next call will show it.
async fn grant(demo: &Demo, waiting: &super::agent::Answered) -> Result<()> {
    let id = waiting.result.pointer("/structuredContent/approvalId").and_then(Value::as_str);
    let Some(id) = id.and_then(|id| id.parse::<ApprovalId>().ok()) else { return Ok(()) };
    approvals::grant(&demo.house.app, &demo.person(), id).await.map(drop)
}

/// `ALLOWED`, `REDACTED`, or the code of a denial.
fn outcome(result: &Value) -> String {
    if let Some(code) = result.pointer("/structuredContent/code").and_then(Value::as_str) {
        return code.to_owned();
    }
    let is_error = result.get("isError").and_then(Value::as_bool).unwrap_or(false);
    let text = result.to_string();
    if is_error || text == "null" {
        return "FAILED".to_owned();
    }
    if text.contains("[redacted:") { "REDACTED".to_owned() } else { "ALLOWED".to_owned() }
}

/// What a tool's result says, in one line: its text, or why it was denied.
pub(super) fn sentence(result: &Value) -> String {
    let denial = result.pointer("/structuredContent/error").and_then(Value::as_str);
    let text =
        denial.or_else(|| result.pointer("/content/0/text").and_then(Value::as_str)).unwrap_or("no answer");
    // What came from outside stands behind a marker and a line that says so.
    let own = if text.starts_with("<<<") { 2 } else { 0 };
    let mut lines = text.lines().skip(own).map(str::trim);
    let line = lines
        .clone()
        .find(|line| line.contains("[redacted:"))
        .or_else(|| lines.find(|line| !line.is_empty()));
    line.unwrap_or(text).chars().take(160).collect()
}

fn show(demo: &Demo, step: &Step, as_json: bool) {
    let trace = format!("{}/activity/{}", demo.url(), step.request);
    if as_json {
        let line = json!({
            "step": step.number, "title": step.title, "asked": step.asked, "wanted": step.wanted,
            "got": step.got, "asTold": step.is_as_told(), "sentence": step.sentence, "requestId": step.request,
            "trace": trace,
        });
        say::line(&line.to_string());
        return;
    }
    let mark = if step.is_as_told() { "" } else { "!! " };
    say::line(&format!("{}. {mark}{}", step.number, step.title));
    say::line(&format!("   asked         {}", step.asked));
    if let Some((said, request)) = &step.waited {
        say::line(&format!("   waits         {said}"));
        say::line(&format!("                 {}/activity/{request}", demo.url()));
    }
    say::line(&format!("   answered      {}  {}", step.got, step.sentence));
    say::line(&format!("   trace         {trace}\n"));
}
