//! Subjects and resources that AuthZEN looks through: all of them, one as its properties, and who judges which type.

use super::{drawer::ApiCall, frame::Frame, words::When};
use askama::Template;

/// An entity's name, as a form has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct EntityForm {
    /// `subject` or `resource`.
    pub(crate) kind: String,
    /// Its type.
    pub(crate) of_type: String,
    /// Its id.
    pub(crate) id: String,
    /// What is known of it, as JSON.
    pub(crate) properties: String,
}

/// One entity in the list.
#[derive(Clone, Debug)]
pub(crate) struct EntityRow {
    /// Its page.
    pub(crate) href: String,
    pub(crate) kind: &'static str,
    pub(crate) of_type: String,
    pub(crate) id: String,
    /// What is known of it, cut where it is long.
    pub(crate) properties: String,
    pub(crate) updated: When,
}

/// The entities, who judges which type of subject, and the forms of both.
#[derive(Template)]
#[template(path = "entities.html")]
pub(crate) struct Entities {
    pub(crate) frame: Frame,
    pub(crate) rows: Vec<EntityRow>,
    /// The filters as they stand in the URL: kind and type.
    pub(crate) filter: (String, String),
    pub(crate) newest: Option<String>,
    pub(crate) older: Option<String>,
    /// The form of a new entity, as typed.
    pub(crate) form: EntityForm,
    /// By type of subject: the agent's id and name.
    pub(crate) judges: Vec<(String, String, String)>,
    /// The agents to choose from: id and name.
    pub(crate) agents: Vec<(String, String)>,
    pub(crate) calls: Vec<ApiCall>,
}

/// One entity.
#[derive(Template)]
#[template(path = "entity.html")]
pub(crate) struct EntityPage {
    pub(crate) frame: Frame,
    pub(crate) form: EntityForm,
    pub(crate) created: When,
    pub(crate) updated: When,
    pub(crate) calls: Vec<ApiCall>,
}
