//! Answers in the standard's words. A yes that needs nothing else is `{"decision":true}` and no more; a no says why.

use procura_model::{ApprovalId, PermissionId, Reason, Time};
use serde::Serialize;

/// One answer.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluated {
    /// Whether it may be done.
    pub decision: bool,
    /// Why, and what comes with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
}

/// What comes with an answer; what is absent is left out.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Context {
    /// Names the decision: the request's id, with the place in a batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluation_id: Option<String>,
    /// When it was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evaluated_at: Option<Time>,
    /// Why not, in a word of the access request profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// Why not, as a code of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Reason>,
    /// Why not, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The permission that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permission_id: Option<PermissionId>,
    /// What the caller could do next: `request`, `retry` or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_action: Option<&'static str>,
    /// How a person is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_request: Option<AccessRequest>,
    /// What a person granted, where that is why it may be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<ShownApproval>,
    /// What the caller must do, or must not go ahead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub obligations: Vec<Obligation>,
    /// Why this one question of several could not be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ItemError>,
}

/// How a person is asked.
#[derive(Clone, Debug, Serialize)]
pub struct AccessRequest {
    /// Where to.
    pub endpoint: String,
    /// Until when the refusal can be taken there.
    pub expires_at: Time,
    /// Binds what is asked there to what was refused here.
    pub binding_token: String,
    /// What to show to people.
    pub display: Display,
}

/// What to show to people.
#[derive(Clone, Debug, Serialize)]
pub struct Display {
    /// Why a person is needed.
    pub message: String,
}

/// What a person granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownApproval {
    /// Which approval.
    pub id: ApprovalId,
    /// When it was granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved_at: Option<Time>,
    /// Until when it is good.
    pub approved_until: Time,
    /// Binds it to the question; send it back with the next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// What the caller must do, or must not go ahead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Obligation {
    /// Its name.
    pub id: &'static str,
    /// What kind it is.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What is needed to do it.
    pub properties: ObligationProperties,
}

/// What is needed to do it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ObligationProperties {
    /// Where the amount or the call is reserved.
    pub endpoint: String,
    /// For which agent.
    pub agent_id: procura_model::AgentId,
}

/// Why one question could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ItemError {
    /// What the status of a request of its own would have been.
    pub status: u16,
    /// A sentence.
    pub message: String,
}

impl Evaluated {
    /// A question that could not be read.
    #[must_use]
    pub fn unread(message: String) -> Self {
        let error = Some(ItemError { status: 400, message });
        Self { decision: false, context: Some(Context { error, ..Context::default() }) }
    }
}
