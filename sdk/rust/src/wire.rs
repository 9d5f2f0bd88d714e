//! The types of what goes over the wire. Made by `cargo xtask sdk-types` from `openapi.json`.

use crate::words::words;
use serde::{Deserialize, Serialize};

/// The body of every error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Error {
    /// The row of the table of refusals; its meaning never changes.
    pub code: String,
    /// One sentence for a person.
    pub error: String,
    /// What to do next.
    pub fix: String,
    /// The request's id; give it to the operator when you ask about it.
    pub request_id: String,
    /// Always false.
    pub success: bool,
}

/// What would be decided, and which permissions came near.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Explanation {
    /// Whether the action would be allowed now.
    pub allowed: bool,
    /// Why, for programs.
    pub code: ReasonCode,
    /// The answer in a word.
    pub decision: ExplanationDecision,
    /// What is missing, in a word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// The permissions that came near, the nearest first.
    pub near: Vec<NearPermission>,
    /// The permission that would decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission_id: Option<String>,
    /// Why, in one sentence with both values.
    pub reason: String,
    /// How much harm the action could do.
    pub risk: ExplanationRisk,
}

words! {
    /// The answer in a word.
    ExplanationDecision {
        Allow = "allow",
        Deny = "deny",
        NeedsApproval = "needs_approval",
    }
}

words! {
    /// How much harm the action could do.
    ExplanationRisk {
        None = "none",
        Low = "low",
        Medium = "medium",
        High = "high",
        Critical = "critical",
    }
}

/// Any JSON value; numbers keep their digits.
pub type JsonValue = serde_json::Value;

/// A permission that came near and did not decide.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NearPermission {
    /// Which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission_id: Option<String>,
    /// Why it did not decide.
    pub sentence: String,
}

words! {
    /// Why, for programs. Codes are added, and never change their meaning; see docs/ERRORS.md.
    ReasonCode {
        Allowed = "ALLOWED",
        AuthCredentialMissing = "AUTH_CREDENTIAL_MISSING",
        AuthCredentialMalformed = "AUTH_CREDENTIAL_MALFORMED",
        AuthCredentialInvalid = "AUTH_CREDENTIAL_INVALID",
        AuthCredentialExpired = "AUTH_CREDENTIAL_EXPIRED",
        AuthScopeMissing = "AUTH_SCOPE_MISSING",
        AuthRoleMissing = "AUTH_ROLE_MISSING",
        AgentDisabled = "AGENT_DISABLED",
        AgentMismatch = "AGENT_MISMATCH",
        AgentIdMissing = "AGENT_ID_MISSING",
        AuthSignInRequired = "AUTH_SIGN_IN_REQUIRED",
        AuthSignInFailed = "AUTH_SIGN_IN_FAILED",
        FormStale = "FORM_STALE",
        LinkInvalid = "LINK_INVALID",
        SetupDone = "SETUP_DONE",
        PasswordTooShort = "PASSWORD_TOO_SHORT",
        PasswordTooLong = "PASSWORD_TOO_LONG",
        LastOwner = "LAST_OWNER",
        AuthNotConfigured = "AUTH_NOT_CONFIGURED",
        AuthJwtInvalid = "AUTH_JWT_INVALID",
        AuthJwtExpired = "AUTH_JWT_EXPIRED",
        AuthJwtNoSubject = "AUTH_JWT_NO_SUBJECT",
        AuthJwksUnreachable = "AUTH_JWKS_UNREACHABLE",
        AuthTokenMalformed = "AUTH_TOKEN_MALFORMED",
        AuthTokenInvalid = "AUTH_TOKEN_INVALID",
        AuthTokenExpired = "AUTH_TOKEN_EXPIRED",
        AuthTokenNoSubject = "AUTH_TOKEN_NO_SUBJECT",
        AuthCallbackTimeout = "AUTH_CALLBACK_TIMEOUT",
        AuthCallbackFailed = "AUTH_CALLBACK_FAILED",
        AuthCallbackBadResponse = "AUTH_CALLBACK_BAD_RESPONSE",
        UserTokenMissing = "USER_TOKEN_MISSING",
        UserTokenUnexpected = "USER_TOKEN_UNEXPECTED",
        SessionInvalid = "SESSION_INVALID",
        SessionExpired = "SESSION_EXPIRED",
        SessionRevoked = "SESSION_REVOKED",
        UserRequired = "USER_REQUIRED",
        BodyMalformed = "BODY_MALFORMED",
        FieldInvalid = "FIELD_INVALID",
        BodyTooLarge = "BODY_TOO_LARGE",
        BodyTooSlow = "BODY_TOO_SLOW",
        MediaTypeUnsupported = "MEDIA_TYPE_UNSUPPORTED",
        NotAcceptable = "NOT_ACCEPTABLE",
        NotFound = "NOT_FOUND",
        PathUnknown = "PATH_UNKNOWN",
        MethodNotAllowed = "METHOD_NOT_ALLOWED",
        NameTaken = "NAME_TAKEN",
        StateChanged = "STATE_CHANGED",
        IdempotencyMismatch = "IDEMPOTENCY_MISMATCH",
        OriginRefused = "ORIGIN_REFUSED",
        HostRefused = "HOST_REFUSED",
        RateLimited = "RATE_LIMITED",
        ApprovalsTooMany = "APPROVALS_TOO_MANY",
        NoPermission = "NO_PERMISSION",
        ActionBlocked = "ACTION_BLOCKED",
        VendorNotAllowed = "VENDOR_NOT_ALLOWED",
        VendorInvalid = "VENDOR_INVALID",
        ArgumentRefused = "ARGUMENT_REFUSED",
        AmountOverLimit = "AMOUNT_OVER_LIMIT",
        AmountMissing = "AMOUNT_MISSING",
        AmountInvalid = "AMOUNT_INVALID",
        CurrencyMissing = "CURRENCY_MISSING",
        CurrencyMismatch = "CURRENCY_MISMATCH",
        OutsideSchedule = "OUTSIDE_SCHEDULE",
        PermissionExpired = "PERMISSION_EXPIRED",
        PermissionNotYetValid = "PERMISSION_NOT_YET_VALID",
        UserMismatch = "USER_MISMATCH",
        PolicyError = "POLICY_ERROR",
        ApprovalRequired = "APPROVAL_REQUIRED",
        ApprovalDenied = "APPROVAL_DENIED",
        ApprovalClosed = "APPROVAL_CLOSED",
        ApprovalNotEligible = "APPROVAL_NOT_ELIGIBLE",
        PromptInjection = "PROMPT_INJECTION",
        CouldNotScan = "COULD_NOT_SCAN",
        ToolUnknown = "TOOL_UNKNOWN",
        ArgumentsInvalid = "ARGUMENTS_INVALID",
        UpstreamUnreachable = "UPSTREAM_UNREACHABLE",
        UpstreamTimeout = "UPSTREAM_TIMEOUT",
        UpstreamBadResponse = "UPSTREAM_BAD_RESPONSE",
        UpstreamTooLarge = "UPSTREAM_TOO_LARGE",
        EgressRefused = "EGRESS_REFUSED",
        CallCancelled = "CALL_CANCELLED",
        HeaderMismatch = "HEADER_MISMATCH",
        Internal = "INTERNAL",
        Unavailable = "UNAVAILABLE",
        RecordUnavailable = "RECORD_UNAVAILABLE",
        RevocationStateStale = "REVOCATION_STATE_STALE",
    }
}

/// What an allowed action holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Reservation {
    /// Whose.
    pub agent_id: String,
    /// Undescribed.
    pub amount: Option<String>,
    /// y
    pub commit_by: String,
    /// x
    pub created_at: String,
    /// Undescribed.
    pub currency: Option<String>,
    /// Its id.
    pub id: String,
    /// The decision.
    pub request_id: String,
    /// Where it stands.
    pub state: ReservationState,
}

words! {
    /// Where it stands.
    ReservationState {
        Held = "held",
        Committed = "committed",
        Released = "released",
        Expired = "expired",
    }
}

/// The decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VerifyAnswer {
    /// Whose policy was asked.
    pub agent_id: String,
    /// Whether the action may be done now. Do nothing unless it is true.
    pub allowed: bool,
    /// The approval that this call waits for, or that it used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_id: Option<String>,
    /// Where a person decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_url: Option<String>,
    /// Why, for programs.
    pub code: ReasonCode,
    /// c
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit_by: Option<String>,
    /// The answer in a word: `allow`, `deny` or `needs_approval`.
    pub decision: VerifyAnswerDecision,
    /// Until when the approval can be answered and used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// What is missing, in a word: `permission`, `approval`, `amount`, `argument`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// The permission that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission_id: Option<String>,
    /// Which version of it.
    pub policy_version: i64,
    /// Why, in one sentence with both values.
    pub reason: String,
    /// The receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// Names the decision and its trace.
    pub request_id: String,
    /// r
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation_id: Option<String>,
    /// How much harm the action could do.
    pub risk: VerifyAnswerRisk,
    /// Always true: the question was answered.
    pub success: bool,
}

words! {
    /// The answer in a word: `allow`, `deny` or `needs_approval`.
    VerifyAnswerDecision {
        Allow = "allow",
        Deny = "deny",
        NeedsApproval = "needs_approval",
    }
}

words! {
    /// How much harm the action could do.
    VerifyAnswerRisk {
        None = "none",
        Low = "low",
        Medium = "medium",
        High = "high",
        Critical = "critical",
    }
}

/// What the agent wants to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VerifyRequest {
    /// What kind of thing, for example `purchase.ticket` or `tool.call`.
    pub action: String,
    /// Which agent; an agent key may leave it out, a platform key must name one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// For how much: a decimal, better sent as a string; at most four decimal places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
    /// The arguments that conditions look at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub args: Option<JsonValue>,
    /// In which currency (ISO 4217); the permission's or the organization's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Anything that should stand in the record with the decision; secrets in it are redacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<JsonValue>,
    /// On what, for example `shop/refund`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// In which session of the agent: the user for whom it acts. Not needed beside `X-Procura-Session`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// With whom: a host name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
}
