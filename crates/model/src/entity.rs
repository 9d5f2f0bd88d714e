//! Subjects and resources that an organization tells us of, so that AuthZEN can search among them and knows their
//! properties without every caller sending them.

use crate::{json::Json, time::Time};
use serde::{Deserialize, Serialize};

/// Whether an entity acts or is acted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntityKind {
    /// It acts.
    Subject,
    /// It is acted on.
    Resource,
}

impl EntityKind {
    /// The word in the store, in paths and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Resource => "resource",
        }
    }
}

impl std::str::FromStr for EntityKind {
    type Err = UnknownEntityKind;

    fn from_str(text: &str) -> Result<Self, UnknownEntityKind> {
        match text {
            "subject" => Ok(Self::Subject),
            "resource" => Ok(Self::Resource),
            _ => Err(UnknownEntityKind),
        }
    }
}

/// A word that names no kind of entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected subject or resource")]
pub struct UnknownEntityKind;

/// By what an entity is known within its organization.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityName {
    /// Its type, for example `user` or `record`.
    pub of_type: String,
    /// Its id, unique within kind and type.
    pub id: String,
}

/// A subject or a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// Whether it acts or is acted on.
    pub kind: EntityKind,
    /// By what it is known.
    pub name: EntityName,
    /// What is known of it: always an object.
    pub properties: Json,
    /// When it was first told.
    pub created_at: Time,
    /// When it was last told.
    pub updated_at: Time,
}

/// How many bytes a type may have.
pub const MAX_TYPE_BYTES: usize = 128;
/// How many bytes an id may have.
pub const MAX_ID_BYTES: usize = 512;
/// How many bytes the properties may have, as canonical JSON.
pub const MAX_PROPERTIES_BYTES: usize = 16 * 1024;
