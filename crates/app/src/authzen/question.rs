//! What was sent, read strictly where the standard says what it must be, and not at all where it says nothing: a
//! member that it does not know means nothing (section 5), a known one of another type is an error.

use procura_model::{EntityName, Error, Json, Reason, Result};
use std::collections::BTreeMap;

/// The members of an object.
pub type Members = BTreeMap<String, Json>;

/// How many questions one request may hold.
pub const MAX_EVALUATIONS: usize = 100;

/// A subject or a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Type and id.
    pub name: EntityName,
    /// What the caller says of it.
    pub properties: Members,
}

/// An action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Its name.
    pub name: String,
    /// What the caller says of it.
    pub properties: Members,
}

/// Whether somebody may do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Who.
    pub subject: Party,
    /// What.
    pub action: Act,
    /// With what.
    pub resource: Party,
    /// What else is known.
    pub context: Members,
}

/// Several questions in one request.
#[derive(Debug)]
pub struct Batch {
    /// The questions; one that cannot be read is an answer of its own.
    pub items: Vec<Result<Question>>,
    /// When to stop.
    pub until: Until,
}

/// When a batch is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Until {
    /// When every question is answered.
    #[default]
    All,
    /// At the first no.
    FirstDeny,
    /// At the first yes.
    FirstPermit,
}

impl Question {
    /// Reads one question.
    ///
    /// # Errors
    /// `FIELD_INVALID` naming the member.
    pub fn read(body: &Json) -> Result<Self> {
        Self::of([
            body.member("subject"),
            body.member("action"),
            body.member("resource"),
            body.member("context"),
        ])
    }

    fn of([subject, action, resource, context]: [Option<&Json>; 4]) -> Result<Self> {
        Ok(Self {
            subject: Party::read("subject", subject)?,
            action: Act::read(action)?,
            resource: Party::read("resource", resource)?,
            context: optional_object("context", context)?,
        })
    }
}

impl Party {
    fn read(field: &'static str, value: Option<&Json>) -> Result<Self> {
        let value = object(field, value)?;
        let name = EntityName {
            of_type: text(field, "type", value.member("type"))?,
            id: text(field, "id", value.member("id"))?,
        };
        Ok(Self { name, properties: properties(field, value)? })
    }

    /// Reads one whose id is not looked at, because it is what is searched for.
    ///
    /// # Errors
    /// `FIELD_INVALID` naming the member.
    pub fn read_sought(field: &'static str, value: Option<&Json>) -> Result<Self> {
        let value = object(field, value)?;
        let name = EntityName { of_type: text(field, "type", value.member("type"))?, id: String::new() };
        Ok(Self { name, properties: properties(field, value)? })
    }

    /// Reads one that is named.
    ///
    /// # Errors
    /// `FIELD_INVALID` naming the member.
    pub fn read_named(field: &'static str, value: Option<&Json>) -> Result<Self> {
        Self::read(field, value)
    }
}

impl Act {
    /// Reads an action.
    ///
    /// # Errors
    /// `FIELD_INVALID` naming the member.
    pub fn read(value: Option<&Json>) -> Result<Self> {
        let value = object("action", value)?;
        Ok(Self {
            name: text("action", "name", value.member("name"))?,
            properties: properties("action", value)?,
        })
    }
}

impl Batch {
    /// Reads the questions of a request to the evaluations endpoint; none where it holds none, and so is one question.
    ///
    /// # Errors
    /// `FIELD_INVALID` where the batch itself is not what it must be.
    pub fn read(body: &Json) -> Result<Option<Self>> {
        let until = until(body.member("options"))?;
        let items = match body.member("evaluations") {
            None => return Ok(None),
            Some(Json::List(items)) if items.is_empty() => return Ok(None),
            Some(Json::List(items)) if items.len() > MAX_EVALUATIONS => {
                return Err(Reason::FieldInvalid
                    .because(format!("evaluations must hold at most {MAX_EVALUATIONS} questions.")));
            }
            Some(Json::List(items)) => items,
            Some(_) => return Err(wrong("evaluations", "an array")),
        };
        let whole = |item: &Json| {
            let Json::Map(_) = item else { return Err(wrong("evaluations", "an array of objects")) };
            // What an item says stands for itself: it is not mixed with what stands above.
            let member = |name: &str| item.member(name).or_else(|| body.member(name));
            Question::of([member("subject"), member("action"), member("resource"), member("context")])
        };
        Ok(Some(Self { items: items.iter().map(whole).collect(), until }))
    }
}

fn until(options: Option<&Json>) -> Result<Until> {
    let Some(options) = options else { return Ok(Until::All) };
    let options = object("options", Some(options))?;
    match options.member("evaluations_semantic") {
        None => Ok(Until::All),
        Some(Json::Text(word)) => match word.as_str() {
            "execute_all" => Ok(Until::All),
            "deny_on_first_deny" => Ok(Until::FirstDeny),
            "permit_on_first_permit" => Ok(Until::FirstPermit),
            _ => Err(wrong(
                "options.evaluations_semantic",
                "execute_all, deny_on_first_deny or permit_on_first_permit",
            )),
        },
        Some(_) => Err(wrong("options.evaluations_semantic", "a string")),
    }
}

fn object<'j>(field: &str, value: Option<&'j Json>) -> Result<&'j Json> {
    match value {
        Some(value @ Json::Map(_)) => Ok(value),
        Some(_) => Err(wrong(field, "an object")),
        None => Err(Reason::FieldInvalid.because(format!("{field} is missing."))),
    }
}

/// The members of an object that may be left out.
///
/// # Errors
/// `FIELD_INVALID` when it is something else.
pub fn optional_object(field: &str, value: Option<&Json>) -> Result<Members> {
    match value {
        None => Ok(Members::new()),
        Some(Json::Map(members)) => Ok(members.iter().cloned().collect()),
        Some(_) => Err(wrong(field, "an object")),
    }
}

fn properties(field: &str, of: &Json) -> Result<Members> {
    optional_object(&format!("{field}.properties"), of.member("properties"))
}

fn text(field: &str, member: &str, value: Option<&Json>) -> Result<String> {
    match value {
        Some(Json::Text(text)) if !text.is_empty() => Ok(text.clone()),
        Some(_) => Err(wrong(&format!("{field}.{member}"), "a string that is not empty")),
        None => Err(Reason::FieldInvalid.because(format!("{field}.{member} is missing."))),
    }
}

/// What a member must be; its value is not repeated.
pub(crate) fn wrong(field: &str, wanted: &str) -> Error {
    Reason::FieldInvalid.because(format!("{field} must be {wanted}."))
}

/// An object of these members.
pub(crate) fn map(members: Members) -> Json {
    // A `BTreeMap` is in the order that `Json::Map` must have.
    Json::Map(members.into_iter().collect())
}

#[cfg(test)]
#[path = "question_tests.rs"]
mod tests;
