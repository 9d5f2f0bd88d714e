//! The activity list: filters in the URL, pages by cursor, a live tail, an export.

use super::{
    desk::{Answer, Desk, page},
    view::{
        activity::{Activity, ActivityRows, Filters, Row},
        chart::{Bar, Chart},
        ending::Ended,
        frame::Section,
        visible::visible,
        words::{Id, Mark, risk_word, would_have_been_blocked},
    },
};
use crate::extract::Query;
use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use procura_app::{
    activity::{self, Decided, DecisionFilter, Ending, HourCount, ScreenFilter},
    agents, screening,
};
use procura_model::{AgentId, Json, PageAsk, Reason, RequestId, Result, Time, Verdict, time};
use serde::Deserialize;
use std::collections::BTreeMap;

/// How many rows an export holds at the most.
const MAX_EXPORT: usize = 1_000;
/// How many hours the chart shows.
const HOURS: i64 = 24;

/// The query as it stands in the URL; empty fields of the form count as absent.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    agent: String,
    verdict: String,
    code: String,
    text: String,
    since: String,
    until: String,
    screen: String,
    rule: String,
    after: String,
    newer: String,
}

impl Asked {
    /// The filter, and what could not be read of it.
    fn filter(&self) -> (DecisionFilter, Vec<(&'static str, &'static str)>) {
        let mut wrong = Vec::new();
        let mut note = |is_wrong: bool, field: &'static str, text: &'static str| {
            if is_wrong {
                wrong.push((field, text));
            }
        };
        let agent: Option<AgentId> = self.agent.parse().ok();
        let reason = Reason::from_code(self.code.trim());
        let verdict = match self.verdict.as_str() {
            "allow" => Some(Verdict::Allow),
            "deny" => Some(Verdict::Deny),
            "needs_approval" => Some(Verdict::NeedsApproval),
            _ => None,
        };
        let screen = match self.screen.as_str() {
            "found" => Some(ScreenFilter::Found),
            "reported" => Some(ScreenFilter::Reported),
            _ => None,
        };
        let (since, until) = (time_of(&self.since), time_of(&self.until));
        note(agent.is_none() && !self.agent.is_empty(), "agent", "There is no such agent.");
        note(reason.is_none() && !self.code.trim().is_empty(), "code", "There is no such code.");
        note(since.is_none() && !self.since.is_empty(), "since", "This is not a time.");
        note(until.is_none() && !self.until.is_empty(), "until", "This is not a time.");
        let said = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let (text, rule) = (said(&self.text), said(&self.rule));
        (DecisionFilter { agent, user: None, verdict, reason, text, since, until, screen, rule }, wrong)
    }

    /// The filters as a query, for links that keep them.
    fn query(&self) -> String {
        let mut out = form_urlencoded::Serializer::new(String::new());
        let pairs = [
            ("agent", &self.agent),
            ("verdict", &self.verdict),
            ("code", &self.code),
            ("text", &self.text),
            ("since", &self.since),
            ("until", &self.until),
            ("screen", &self.screen),
            ("rule", &self.rule),
        ];
        for (name, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
            out.append_pair(name, value);
        }
        out.finish()
    }

    fn to_filters(&self) -> Filters {
        Filters {
            agent: self.agent.clone(),
            verdict: self.verdict.clone(),
            code: self.code.clone(),
            text: self.text.clone(),
            since: self.since.clone(),
            until: self.until.clone(),
            screen: self.screen.clone(),
            rule: self.rule.clone(),
        }
    }
}

/// A time as `datetime-local` sends it (taken as UTC), or in RFC 3339.
pub(super) fn time_of(text: &str) -> Option<Time> {
    text.parse()
        .ok()
        .or_else(|| format!("{text}:00Z").parse().ok())
        .or_else(|| format!("{text}Z").parse().ok())
}

/// The names of the agents, for rows and the filter.
pub(super) async fn agent_names(desk: &Desk) -> Result<BTreeMap<AgentId, String>> {
    let page = PageAsk::new(None, Some(procura_model::page::MAX_LIMIT));
    let agents = agents::list(desk.app(), desk.ctx(), &page).await?.items;
    Ok(agents.into_iter().map(|agent| (agent.id, agent.name)).collect())
}

/// The list.
pub(super) async fn list(desk: Desk, Query(asked): Query<Asked>) -> Answer {
    let (filter, wrong) = asked.filter();
    let after = Some(asked.after.clone()).filter(|after| !after.is_empty());
    let names = agent_names(&desk).await?;
    let found = activity::list(desk.app(), desk.ctx(), filter, &PageAsk::new(after.clone(), None)).await?;
    let now = desk.ctx().now;
    let hours = activity::hourly(desk.app(), desk.ctx(), first_hour(now)).await?;
    let mut frame = desk.frame("Activity", Section::Activity).await?;
    for (field, text) in wrong {
        frame.problems.add(field, text);
    }
    let query = asked.query();
    let older = found.next_cursor.map(|cursor| format!("/activity?{query}&after={cursor}"));
    page(&Activity {
        frame,
        rows: rows(&desk, &names, found.items),
        chart: chart(now, &hours),
        filters: asked.to_filters(),
        agents: names.iter().map(|(id, name)| (id.to_string(), name.clone())).collect(),
        newest: after.map(|_| format!("/activity?{query}")),
        older,
        query,
    })
}

/// The rows that are newer than the newest one on the page.
pub(super) async fn tail(desk: Desk, Query(asked): Query<Asked>) -> Answer {
    let (mut filter, _) = asked.filter();
    let newest: Option<RequestId> = asked.newer.parse().ok();
    if let Some(newest) = newest {
        filter.since = filter.since.max(Some(newest.made_at()));
    }
    let found = activity::list(desk.app(), desk.ctx(), filter, &PageAsk::default()).await?;
    let fresh =
        found.items.into_iter().filter(|row| newest.is_none_or(|newest| row.recorded.request > newest));
    let names = agent_names(&desk).await?;
    page(&ActivityRows { rows: rows(&desk, &names, fresh.collect()) })
}

pub(super) fn rows(desk: &Desk, names: &BTreeMap<AgentId, String>, found: Vec<Decided>) -> Vec<Row> {
    found.into_iter().map(|decided| row(desk, names, decided)).collect()
}

fn row(desk: &Desk, names: &BTreeMap<AgentId, String>, decided: Decided) -> Row {
    let reported = screening::reported(&decided).map(|risk| would_have_been_blocked(risk.as_str()));
    let (recorded, ending) = (decided.recorded, decided.ending);
    let event = recorded.event;
    let sentence = sentence_of(&event.facts);
    let reason = event.reason.map_or("", Reason::text);
    let ended = match ending {
        Ending::NotBegun => None,
        Ending::Unknown => Ended::of("unknown", None),
        Ending::Ended { reason: None, is_tool_error: true, .. } => Ended::of("tool_error", None),
        Ending::Ended { reason, .. } => Ended::of("", reason),
    };
    let (ending, reason) = match ended {
        Some(Ended { mark, said }) => (Some(mark), said),
        None => (None, sentence.unwrap_or_else(|| reason.to_owned())),
    };
    Row {
        request: Id::of(recorded.request),
        mark: event.verdict.map_or(Mark::unknown("Unknown"), Mark::from),
        ending,
        reported,
        action: event.action.as_deref().map(visible).unwrap_or_default(),
        resource: event.resource.as_deref().map(visible).unwrap_or_default(),
        agent: event.agent.map(|id| (Id::of(id), name_of(names, id))),
        user: event.user.map(|user| Id(user.0)),
        code: event.reason.map_or("", Reason::code),
        reason: visible(&reason),
        risk: event.risk.and_then(risk_word),
        at: desk.past(recorded.at),
    }
}

/// The agent's name, or its short id where there are more agents than names were read.
pub(super) fn name_of(names: &BTreeMap<AgentId, String>, id: AgentId) -> String {
    names.get(&id).cloned().unwrap_or_else(|| Id::of(id).short())
}

/// The recorded sentence of a decision.
pub(super) fn sentence_of(facts: &str) -> Option<String> {
    Json::parse(facts).ok()?.member("sentence")?.as_text().map(str::to_owned)
}

const fn first_hour(now: Time) -> Time {
    let ms = now.as_ms() - (HOURS - 1) * time::HOUR_MS;
    Time::from_ms(ms - ms % time::HOUR_MS)
}

fn chart(now: Time, counts: &[HourCount]) -> Chart {
    let first = first_hour(now);
    let bars = (0..HOURS).map(|hour| {
        let at = first.plus_ms(hour * time::HOUR_MS);
        let sum = |verdict: Verdict| {
            let of_hour = counts.iter().filter(|count| count.hour == at && count.verdict == verdict);
            of_hour.map(|count| u64::try_from(count.decisions).unwrap_or(0)).sum()
        };
        Bar {
            at,
            allowed: sum(Verdict::Allow),
            denied: sum(Verdict::Deny),
            waiting: sum(Verdict::NeedsApproval),
        }
    });
    Chart(bars.collect())
}

/// The rows of an export, page by page up to [`MAX_EXPORT`].
async fn exported(desk: &Desk, asked: &Asked) -> Result<Vec<Row>> {
    let (filter, _) = asked.filter();
    let names = agent_names(desk).await?;
    let mut out = Vec::new();
    let mut after = None;
    while out.len() < MAX_EXPORT {
        let ask = PageAsk::new(after, Some(procura_model::page::MAX_LIMIT));
        let found = activity::list(desk.app(), desk.ctx(), filter.clone(), &ask).await?;
        out.extend(rows(desk, &names, found.items));
        after = found.next_cursor;
        if after.is_none() {
            break;
        }
    }
    out.truncate(MAX_EXPORT);
    Ok(out)
}

/// The export as CSV (RFC 4180).
pub(super) async fn export_csv(desk: Desk, Query(asked): Query<Asked>) -> Answer {
    let mut out = String::from("time,request,verdict,code,action,resource,agent,user,reason,ending\r\n");
    for row in exported(&desk, &asked).await? {
        let cells = fields(&row);
        out.push_str(&cells.iter().map(|cell| csv(cell)).collect::<Vec<_>>().join(","));
        out.push_str("\r\n");
    }
    Ok(file(out, "text/csv; charset=utf-8", "attachment; filename=\"activity.csv\""))
}

/// The export as JSON.
pub(super) async fn export_json(desk: Desk, Query(asked): Query<Asked>) -> Answer {
    const NAMES: [&str; 10] =
        ["time", "requestId", "verdict", "code", "action", "resource", "agentId", "user", "reason", "ending"];
    let rows: Vec<BTreeMap<&str, String>> = exported(&desk, &asked)
        .await?
        .iter()
        .map(|row| NAMES.into_iter().zip(fields(row)).collect())
        .collect();
    let text =
        serde_json::to_string_pretty(&rows).map_err(|error| procura_model::Error::fault("export", error))?;
    Ok(file(text, "application/json", "attachment; filename=\"activity.json\""))
}

fn fields(row: &Row) -> [String; 10] {
    [
        row.at.exact(),
        row.request.0.clone(),
        row.mark.word.to_lowercase(),
        row.code.to_owned(),
        row.action.clone(),
        row.resource.clone(),
        row.agent.as_ref().map(|(id, _)| id.0.clone()).unwrap_or_default(),
        row.user.as_ref().map(|user| user.0.clone()).unwrap_or_default(),
        row.reason.clone(),
        row.ending.map(|mark| mark.word.to_lowercase()).unwrap_or_default(),
    ]
}

/// One cell. A spreadsheet takes a cell that begins with one of `=+-@` for a formula, and an agent
/// chooses some of these texts; an apostrophe in front makes them text.
fn csv(cell: &str) -> String {
    let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}

fn file(content: String, kind: &'static str, disposition: &'static str) -> Response {
    let mut response = content.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(disposition));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula() {
        assert_eq!(csv("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(csv("plain, text"), "\"plain, text\"");
    }

    #[test]
    fn a_time_of_the_form_is_utc() {
        assert_eq!(time_of("2026-11-22T09:30"), "2026-11-22T09:30:00Z".parse().ok());
        assert_eq!(time_of("2026-11-22T09:30:00Z"), "2026-11-22T09:30:00Z".parse().ok());
        assert_eq!(time_of("yesterday"), None);
    }

    #[test]
    fn what_cannot_be_read_of_a_filter_is_said_and_not_ignored() {
        let asked = Asked { code: "NO_SUCH".to_owned(), since: "x".to_owned(), ..Asked::default() };
        let (_, wrong) = asked.filter();
        assert_eq!(wrong.iter().map(|(field, _)| *field).collect::<Vec<_>>(), ["code", "since"]);
    }
}
