//! Guardrails: all of them, and one as text.

use super::{drawer::ApiCall, frame::Frame, words::Id};
use askama::Template;

/// One guardrail in the list.
#[derive(Clone, Debug)]
pub(crate) struct GuardrailRow {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) policy: String,
}

/// All guardrails, and the form of a new one as typed.
#[derive(Template)]
#[template(path = "guardrails.html")]
pub(crate) struct Guardrails {
    pub(crate) frame: Frame,
    pub(crate) rows: Vec<GuardrailRow>,
    pub(crate) called: String,
    pub(crate) text: String,
    pub(crate) calls: Vec<ApiCall>,
}

/// One guardrail.
#[derive(Template)]
#[template(path = "guardrail.html")]
pub(crate) struct GuardrailPage {
    pub(crate) frame: Frame,
    pub(crate) id: Id,
    pub(crate) called: String,
    pub(crate) text: String,
    pub(crate) calls: Vec<ApiCall>,
}
