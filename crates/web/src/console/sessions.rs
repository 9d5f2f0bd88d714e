//! Sessions in which agents act for verified users: looked at by pseudonym, revoked one by one or all of
//! a user. The user's own id comes in by a form alone, is compared, and is never shown again (USR-7).

use super::{
    activity::{self as decisions, agent_names, name_of},
    desk::{Answer, Desk, go, is_about_the_form, page, wrong},
    view::{
        drawer::ApiCall,
        frame::Section,
        sessions::{SessionFilters, SessionPage, SessionRow, Sessions},
        users::title,
        words::{Id, Mark, Problems},
    },
};
use crate::{
    extract::{Id as PathId, Query},
    form::Form,
    respond::Failure,
};
use procura_app::{
    activity::{self, DecisionFilter},
    sessions::{self, SessionFilter, Standing},
};
use procura_model::{AgentId, AgentSession, Json, PageAsk, Reason, Result, SessionId, SessionState, UserRef};
use serde::Deserialize;
use std::collections::BTreeMap;

/// How many decisions a session's page shows.
const MAX_SHOWN: i64 = 50;

/// The query as it stands in the URL; empty fields of the form count as absent.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    agent: String,
    state: String,
    user: String,
    after: String,
    #[serde(rename = "done")]
    _done: String,
}

impl Asked {
    /// The filter, and what could not be read of it. A user is named by pseudonym: who writes anything
    /// else here has put it into a URL already, and it is not repeated.
    fn filter(&self) -> (SessionFilter, Problems) {
        let mut problems = Problems::none();
        let agent: Option<AgentId> = self.agent.parse().ok();
        if agent.is_none() && !self.agent.is_empty() {
            problems.add("agent", "There is no such agent.");
        }
        let standing = match self.state.as_str() {
            "live" => Some(Standing::Live),
            "ended" => Some(Standing::Ended),
            _ => None,
        };
        let user = self.pseudonym();
        if user.is_none() && !self.user.is_empty() {
            problems.add("", "A list is filtered by a user's pseudonym, which starts with usr_.");
        }
        (SessionFilter { agent, user, standing }, problems)
    }

    fn pseudonym(&self) -> Option<UserRef> {
        let is_pseudonym = super::view::facts::page_of(&self.user).is_some() && self.user.starts_with("usr_");
        is_pseudonym.then(|| UserRef(self.user.clone()))
    }

    /// The filters as they stand in the URL, where they could be read.
    fn filters(&self) -> SessionFilters {
        let (filter, _) = self.filter();
        SessionFilters {
            agent: filter.agent.map(|id| id.to_string()).unwrap_or_default(),
            state: filter.standing.map_or("", |_| self.state.as_str()).to_owned(),
            user: filter.user.map(|user| user.0).unwrap_or_default(),
        }
    }
}

/// The list.
pub(super) async fn list(desk: Desk, Query(asked): Query<Asked>) -> Answer {
    page(&view(&desk, &asked, Problems::none()).await?)
}

async fn view(desk: &Desk, asked: &Asked, problems: Problems) -> Result<Sessions> {
    let (filter, unread) = asked.filter();
    let after = Some(asked.after.clone()).filter(|after| !after.is_empty());
    let names = agent_names(desk).await?;
    let found = sessions::list(desk.app(), desk.ctx(), &filter, &PageAsk::new(after.clone(), None)).await?;
    let mut frame = desk.frame("Sessions", Section::Connections).await?;
    frame.problems = if problems.any() { problems } else { unread };
    let filters = asked.filters();
    let query = query(&filters, "agent");
    let calls = list_calls(desk, &filters, names.keys().next());
    Ok(Sessions {
        frame,
        rows: found.items.iter().map(|session| row(desk, &names, session)).collect(),
        filters,
        agents: names.into_iter().map(|(id, name)| (id.to_string(), name)).collect(),
        newest: after.map(|_| format!("/sessions?{query}")),
        older: found.next_cursor.map(|cursor| format!("/sessions?{query}&after={cursor}")),
        calls,
    })
}

/// The filters as a query; the page and the API have another name for the agent.
fn query(filters: &SessionFilters, agent: &str) -> String {
    let mut out = form_urlencoded::Serializer::new(String::new());
    for (name, value) in [(agent, &filters.agent), ("state", &filters.state), ("user", &filters.user)] {
        if !value.is_empty() {
            out.append_pair(name, value);
        }
    }
    out.finish()
}

fn list_calls(desk: &Desk, filters: &SessionFilters, any_agent: Option<&AgentId>) -> Vec<ApiCall> {
    let url = desk.url("/v1/sessions");
    let query = query(filters, "agentId");
    let list = if query.is_empty() { url } else { format!("{url}?{query}") };
    let agent = match (filters.agent.as_str(), any_agent) {
        ("", Some(any)) => any.to_string(),
        ("", None) => "agt_...".to_owned(),
        (named, _) => named.to_owned(),
    };
    let who = Json::Map(vec![
        ("agentId".to_owned(), Json::Text(agent)),
        ("userId".to_owned(), Json::Text("YOUR_USER_ID".to_owned())),
    ]);
    let all_of_user = ("POST", desk.url("/v1/sessions/revoke"));
    vec![
        ApiCall::get("List these sessions", "read:sessions", list),
        ApiCall::send("Revoke every session of a user", "revoke:sessions", all_of_user, Some(&who)),
    ]
}

fn row(desk: &Desk, names: &BTreeMap<AgentId, String>, session: &AgentSession) -> SessionRow {
    let state = session.state(desk.ctx().now);
    SessionRow {
        id: Id::of(session.id),
        mark: match state {
            SessionState::Live => Mark::allowed("Live"),
            SessionState::Expired => Mark::neutral("Expired"),
            SessionState::Revoked => Mark::denied("Revoked"),
        },
        is_live: state == SessionState::Live,
        user: Id(session.user.0.clone()),
        agent: (Id::of(session.agent), name_of(names, session.agent)),
        method: title(session.method),
        opened: desk.past(session.created_at),
        expires: desk.when(session.expires_at),
        last_used: session.last_used_at.map(|at| desk.past(at)),
        revoked: session.revoked_at.map(|at| desk.past(at)),
    }
}

/// One session with what was done in it.
pub(super) async fn one(desk: Desk, PathId(id): PathId<SessionId>) -> Answer {
    let session = sessions::get(desk.app(), desk.ctx(), id).await?;
    let names = agent_names(&desk).await?;
    let (found, has_more) = done_in(&desk, &session).await?;
    let row = row(&desk, &names, &session);
    page(&SessionPage {
        frame: desk.frame("Session", Section::Connections).await?,
        calls: calls(&desk, id, row.is_live),
        session: row,
        rows: decisions::rows(&desk, &names, found),
        has_more,
    })
}

fn calls(desk: &Desk, id: SessionId, is_live: bool) -> Vec<ApiCall> {
    let url = desk.url(&format!("/v1/sessions/{id}"));
    let revoke = ("DELETE", url.clone());
    let mut calls = vec![ApiCall::get("Read this session", "read:sessions", url.clone())];
    if is_live {
        let context = format!("{url}/context");
        calls.push(ApiCall::get("Read what a model is told of the user", "read:sessions", context));
        calls.push(ApiCall::send("Revoke it", "revoke:sessions", revoke, None));
    }
    calls
}

/// What was decided for the user between the session's beginning and its end. What another session of
/// the same user asked meanwhile is told apart by the session that the record names.
async fn done_in(desk: &Desk, session: &AgentSession) -> Result<(Vec<activity::Decided>, bool)> {
    let end = session.revoked_at.unwrap_or(session.expires_at).min(session.expires_at);
    let filter = DecisionFilter {
        agent: Some(session.agent),
        user: Some(session.user.clone()),
        since: Some(session.created_at),
        until: Some(end.plus_ms(1)),
        ..DecisionFilter::default()
    };
    let ask = PageAsk::new(None, Some(MAX_SHOWN));
    let found = activity::list(desk.app(), desk.ctx(), filter, &ask).await?;
    let own = session.id.to_string();
    let is_own = |decided: &activity::Decided| {
        session_of(&decided.recorded.event.facts).is_none_or(|named| named == own)
    };
    Ok((found.items.into_iter().filter(is_own).collect(), found.next_cursor.is_some()))
}

/// The session that a record names.
pub(super) fn session_of(facts: &str) -> Option<String> {
    Json::parse(facts).ok()?.member("session")?.as_text().map(str::to_owned)
}

/// Revokes a session.
pub(super) async fn revoke(desk: Desk, PathId(id): PathId<SessionId>, _sent: Form) -> Answer {
    sessions::revoke(desk.app(), desk.ctx(), id).await?;
    go(&format!("/sessions/{id}"), "session-revoked")
}

/// Revokes every session of a user with an agent.
pub(super) async fn revoke_user(desk: Desk, sent: Form) -> Answer {
    let agent: AgentId = sent.fields.text("agent").parse().map_err(|_| Reason::NotFound)?;
    let user_id = sent.fields.all("user_id").next().unwrap_or_default();
    match sessions::revoke_user(desk.app(), desk.ctx(), agent, user_id).await {
        Ok(revoked) => {
            let done = if revoked == 0 { "user-revoked-none" } else { "user-revoked" };
            go(&format!("/sessions?agent={agent}"), done)
        }
        Err(error) if is_about_the_form(&error) => {
            let asked = Asked { agent: agent.to_string(), ..Asked::default() };
            let mut problems = Problems::none();
            problems.add("user_id", "Type the user's id: 1 to 256 bytes, and not blank.");
            wrong(error.reason().http(), &view(&desk, &asked, problems).await?)
        }
        Err(error) => Err(Failure(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_pseudonym_is_taken_from_a_url_and_nothing_else_is_repeated() {
        let user = "usr_0123456789abcdef0123456789abcdef".to_owned();
        let asked = Asked { user: user.clone(), state: "live".to_owned(), ..Asked::default() };
        let (filter, problems) = asked.filter();
        assert_eq!((filter.user.map(|user| user.0), problems.any()), (Some(user.clone()), false));
        assert_eq!(query(&asked.filters(), "agent"), format!("state=live&user={user}"));
        let foreign = || "ada@example.com".to_owned();
        let asked = Asked { user: foreign(), agent: foreign(), state: foreign(), ..Asked::default() };
        let (filter, problems) = asked.filter();
        assert!(filter.user.is_none() && problems.any() && query(&asked.filters(), "agent").is_empty());
    }
}
