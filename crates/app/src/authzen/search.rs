//! Which subjects may do something, with which resources somebody may do something, which actions somebody may do with
//! something (section 8). The candidates are the entities that the organization told us of; of actions, those that the
//! agent's permissions name without a wild character. Each candidate is judged as a question of its own would be, so
//! what is found here is permitted there.
//!
//! A search looks at so many candidates at the most, and says where the next one goes on.

use super::{
    judge::{Ruled, consider, known_of},
    question::{Act, Members, Party, Question, optional_object, wrong},
    subjects::Judges,
};
use crate::App;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use procura_model::{Ctx, Effect, EntityKind, EntityName, Json, PageAsk, Permission, Result, Scope};
use procura_store::{
    entities::{self, Pair},
    permissions,
};
use serde::Serialize;

/// How many results one answer holds when nobody says, and at the most.
const MAX_RESULTS: usize = 1_000;
/// How many candidates one search looks at.
const MAX_CANDIDATES: usize = 5_000;
/// How many candidates are read at once.
const CANDIDATES_PER_READ: i64 = 200;

/// What is searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sought {
    /// Subjects of a type.
    Subjects,
    /// Resources of a type.
    Resources,
    /// Actions.
    Actions,
}

/// A search.
#[derive(Clone, Debug)]
pub struct SearchAsk {
    sought: Sought,
    subject: Party,
    action: Option<Act>,
    resource: Party,
    context: Members,
    page: Option<PageAsked>,
}

#[derive(Clone, Debug)]
struct PageAsked {
    after: Option<String>,
    limit: usize,
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// The results, in the order of their ids; of actions, in the order of the permissions.
    pub results: Vec<Hit>,
    /// Where the next page begins, where one was asked for or there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<NextPage>,
}

/// One result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Hit {
    /// A subject or a resource.
    Entity {
        /// Its type.
        #[serde(rename = "type")]
        of_type: String,
        /// Its id.
        id: String,
    },
    /// An action.
    Action {
        /// Its name.
        name: String,
    },
}

/// Where the next page begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NextPage {
    /// To send as `page.token`; empty at the end.
    pub next_token: String,
    /// How many results this page holds.
    pub count: usize,
}

impl SearchAsk {
    /// Reads a search.
    ///
    /// # Errors
    /// `FIELD_INVALID` naming the member.
    pub fn read(sought: Sought, body: &Json) -> Result<Self> {
        let party = |field, is_sought: bool| match is_sought {
            true => Party::read_sought(field, body.member(field)),
            false => Party::read_named(field, body.member(field)),
        };
        Ok(Self {
            sought,
            subject: party("subject", sought == Sought::Subjects)?,
            action: match sought {
                Sought::Actions => None,
                Sought::Subjects | Sought::Resources => Some(Act::read(body.member("action"))?),
            },
            resource: party("resource", sought == Sought::Resources)?,
            context: optional_object("context", body.member("context"))?,
            page: body.member("page").map(PageAsked::read).transpose()?,
        })
    }

    /// The question whether one candidate would do.
    fn question(&self, candidate: &Candidate) -> Question {
        let mut question = Question {
            subject: self.subject.clone(),
            action: self.action.clone().unwrap_or(Act { name: String::new(), properties: Members::new() }),
            resource: self.resource.clone(),
            context: self.context.clone(),
        };
        match self.sought {
            Sought::Subjects => question.subject.name.id.clone_from(&candidate.id),
            Sought::Resources => question.resource.name.id.clone_from(&candidate.id),
            Sought::Actions => question.action.name.clone_from(&candidate.id),
        }
        question
    }

    /// What is known of the subject and the resource of that question; `fixed` is what is known of whoever is named.
    fn known(&self, fixed: &Pair, candidate: &Candidate) -> Pair {
        match self.sought {
            Sought::Subjects => Pair { subject: candidate.known.clone(), ..fixed.clone() },
            Sought::Resources => Pair { resource: candidate.known.clone(), ..fixed.clone() },
            Sought::Actions => fixed.clone(),
        }
    }

    fn hit(&self, candidate: Candidate) -> Hit {
        let entity = |of: &EntityName| Hit::Entity { of_type: of.of_type.clone(), id: candidate.id.clone() };
        match self.sought {
            Sought::Subjects => entity(&self.subject.name),
            Sought::Resources => entity(&self.resource.name),
            Sought::Actions => Hit::Action { name: candidate.id },
        }
    }
}

impl PageAsked {
    fn read(page: &Json) -> Result<Self> {
        let Json::Map(_) = page else { return Err(wrong("page", "an object")) };
        let after = match page.member("token") {
            None => None,
            Some(Json::Text(token)) if token.is_empty() => None,
            Some(Json::Text(token)) => Some(place_of(token)?),
            Some(_) => return Err(wrong("page.token", "a string")),
        };
        let limit = match page.member("limit") {
            None => MAX_RESULTS,
            Some(Json::Number(digits)) => match digits.parse::<usize>() {
                Ok(limit) if limit >= 1 => limit.min(MAX_RESULTS),
                _ => return Err(wrong("page.limit", "a whole number of at least 1")),
            },
            Some(_) => return Err(wrong("page.limit", "a number")),
        };
        Ok(Self { after, limit })
    }
}

/// Tokens are places in the order of ids: they hold no rows and open no others.
fn token_of(place: &str) -> String {
    URL_SAFE_NO_PAD.encode(place)
}

fn place_of(token: &str) -> Result<String> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.filter(|text| !text.is_empty())
        .ok_or_else(|| wrong("page.token", "the next_token of the page before"))
}

/// What could be the answer.
#[derive(Default)]
struct Candidate {
    /// An id, or an action's name.
    id: String,
    /// What is known of it.
    known: Option<Json>,
}

/// Candidates, a few at a time.
struct Candidates<'c> {
    app: &'c App,
    ctx: &'c Ctx,
    ask: &'c SearchAsk,
    after: Option<String>,
}

impl Candidates<'_> {
    /// The next few; none when there are no more.
    async fn next(&mut self, judges: &mut Judges<'_>) -> Result<Vec<Candidate>> {
        let (kind, party) = match self.ask.sought {
            Sought::Subjects => (EntityKind::Subject, &self.ask.subject),
            Sought::Resources => (EntityKind::Resource, &self.ask.resource),
            Sought::Actions => return self.actions(judges).await,
        };
        let page = PageAsk { after: self.after.clone(), limit: CANDIDATES_PER_READ };
        let mut reader = self.app.store.read(self.ctx);
        let rows = entities::of_type(&mut reader, kind, &party.name.of_type, &page).await?;
        Ok(rows
            .into_iter()
            .map(|entity| Candidate { id: entity.name.id, known: Some(entity.properties) })
            .collect())
    }

    /// All of them at once: an agent has few.
    async fn actions(&self, judges: &mut Judges<'_>) -> Result<Vec<Candidate>> {
        let Ok(agent) = judges.of(&self.ask.subject.name).await? else { return Ok(Vec::new()) };
        let mut reader = self.app.store.read(self.ctx);
        let rules = permissions::list_of_agent(&mut reader, agent.agent.id).await?;
        let mut names = named_actions(&rules);
        if let Some(after) = &self.after {
            let seen = names.iter().position(|name| name == after).map_or(names.len(), |index| index + 1);
            names.drain(..seen);
        }
        Ok(names.into_iter().map(|id| Candidate { id, known: None }).collect())
    }
}

/// The actions that permissions allow by name, in the order in which they stand.
fn named_actions(rules: &[Permission]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for rule in rules.iter().filter(|rule| rule.effect == Effect::Allow && !rule.shadow) {
        for name in rule.actions.iter().filter(|name| !name.contains('*')) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
    }
    names
}

/// Searches. Nothing of what is found is recorded as a decision; that somebody searched is.
///
/// # Errors
/// The scope is missing; a fault.
pub async fn search(app: &App, ctx: &Ctx, ask: &SearchAsk) -> Result<Found> {
    ctx.actor.require(Scope::Verify)?;
    let limit = ask.page.as_ref().map_or(MAX_RESULTS, |page| page.limit);
    let after = ask.page.as_ref().and_then(|page| page.after.clone());
    let mut judges = Judges::new(app, ctx);
    let mut candidates = Candidates { app, ctx, ask, after };
    let fixed = known_of(app, ctx, &ask.question(&Candidate::default())).await?;
    let (mut results, mut looked_at, mut is_over) = (Vec::new(), 0, false);
    'search: while looked_at < MAX_CANDIDATES && results.len() < limit {
        let next = candidates.next(&mut judges).await?;
        if next.is_empty() {
            is_over = true;
            break;
        }
        for candidate in next {
            if results.len() >= limit {
                break 'search;
            }
            candidates.after = Some(candidate.id.clone());
            looked_at += 1;
            let known = ask.known(&fixed, &candidate);
            let ruled = consider(app, ctx, &mut judges, &ask.question(&candidate), Some(known)).await?;
            if matches!(&ruled, Ruled::Judged(case) if case.judged.decision.is_allowed()) {
                results.push(ask.hit(candidate));
            }
        }
    }
    if !is_over {
        // A full page may be the last one: only a look behind it tells.
        is_over = candidates.next(&mut judges).await?.is_empty();
    }
    let next_token = match &candidates.after {
        Some(place) if !is_over => token_of(place),
        Some(_) | None => String::new(),
    };
    let is_told = ask.page.is_some() || !next_token.is_empty();
    let page = is_told.then_some(NextPage { next_token, count: results.len() });
    Ok(Found { results, page })
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_model::Reason;

    fn read(sought: Sought, text: &str) -> Result<SearchAsk> {
        SearchAsk::read(sought, &Json::parse(text).unwrap())
    }

    #[test]
    fn what_is_searched_for_needs_no_id_and_everything_else_does() {
        let text =
            r#"{"subject":{"type":"user","id":7},"action":{"name":"read"},"resource":{"type":"r","id":"1"}}"#;
        let ask = read(Sought::Subjects, text).unwrap();
        assert_eq!(ask.subject.name.id, "", "an id that is sent is not looked at");
        assert_eq!(ask.question(&Candidate { id: "ada".to_owned(), known: None }).subject.name.id, "ada");
        assert_eq!(read(Sought::Resources, text).unwrap_err().reason(), Reason::FieldInvalid);
        let actions = r#"{"subject":{"type":"user","id":"ada"},"resource":{"type":"r","id":"1"},"action":7}"#;
        let ask = read(Sought::Actions, actions).unwrap();
        assert_eq!(
            ask.hit(Candidate { id: "read".to_owned(), known: None }),
            Hit::Action { name: "read".to_owned() }
        );
        assert!(
            read(Sought::Actions, r#"{"subject":{"type":"user"},"resource":{"type":"r","id":"1"}}"#).is_err()
        );
        let missing = r#"{"subject":{"type":"user"},"resource":{"type":"r","id":"1"}}"#;
        assert!(read(Sought::Subjects, missing).is_err(), "an action must be named");
    }

    #[test]
    fn pages_are_read_strictly() {
        let with = |page: &str| {
            let text = format!(
                r#"{{"subject":{{"type":"u","id":"1"}},"resource":{{"type":"r","id":"1"}},"page":{page}}}"#
            );
            read(Sought::Actions, &text)
        };
        let place = token_of("a/b");
        let asked =
            with(&format!(r#"{{"token":"{place}","limit":3,"properties":{{}}}}"#)).unwrap().page.unwrap();
        assert_eq!((asked.after.as_deref(), asked.limit), (Some("a/b"), 3));
        assert_eq!(with(r#"{"limit":100000}"#).unwrap().page.unwrap().limit, MAX_RESULTS);
        assert_eq!(with(r#"{"token":""}"#).unwrap().page.unwrap().after, None);
        for bad in [
            "[]",
            r#"{"limit":0}"#,
            r#"{"limit":"3"}"#,
            r#"{"limit":1.5}"#,
            r#"{"token":1}"#,
            r#"{"token":"%"}"#,
        ] {
            assert!(with(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn actions_are_those_that_permissions_name() {
        let rules: Vec<Permission> = [
            r#"{"effect":"allow","actions":["view","edit","purchase.*"]}"#,
            r#"{"effect":"allow","actions":["edit","delete"]}"#,
            r#"{"effect":"block","actions":["burn"]}"#,
            r#"{"effect":"allow","actions":["try"],"shadow":true}"#,
        ]
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect();
        assert_eq!(named_actions(&rules), ["view", "edit", "delete"]);
    }
}
