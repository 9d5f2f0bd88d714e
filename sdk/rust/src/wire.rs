//! The types of what goes over the wire. Made by `cargo xtask sdk-types` from `openapi.json`.

use crate::words::words;
use serde::{Deserialize, Serialize};

/// A budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Budget {
    /// Patterns of actions that count.
    pub actions: Vec<String>,
    /// When it was made; it counts what was asked since.
    pub created_at: String,
    /// The budget's id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whose spending it limits.
    pub of: BudgetOf,
    /// The limit.
    pub window: Window,
}

/// A limit beside the permissions: whatever they allow must fit into it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BudgetDraft {
    /// Patterns of actions that count, as in a permission. A budget of money refuses what it covers and has no amount.
    pub actions: Vec<String>,
    /// What people call it; unique in the organization.
    pub name: String,
    /// Whose spending it limits.
    pub of: BudgetOf,
    /// The limit.
    pub window: Window,
}

/// Whose spending a budget limits: `"organization"`, `"eachAgent"`, `"eachUser"`, `{"agent": "agt_.."}` or
/// `{"user": "usr_.."}`.
pub type BudgetOf = serde_json::Value;

/// A budget with what stands of it now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BudgetStanding {
    /// The budget.
    pub budget: Budget,
    /// What is spent, held and left: one row, or one for each agent or user, those first on whom was counted last.
    pub standing: Vec<StandingPart>,
}

/// What it came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CommitRequest {
    /// How much it came to, at most what was held; all of that when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
}

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
    /// The guardrail that would decide, above what the permissions said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guardrail_id: Option<String>,
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

/// How long an allowed amount waits for its outcome, and what it counts as afterwards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Hold {
    /// How long a commit or a release is awaited; `PT15M` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<String>,
    /// What an unreported amount counts as: `spent` or `released`; `spent` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<HoldThen>,
}

words! {
    /// What an unreported amount counts as: `spent` or `released`; `spent` when absent.
    HoldThen {
        Spent = "spent",
        Released = "released",
    }
}

/// Any JSON value; numbers keep their digits.
pub type JsonValue = serde_json::Value;

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ListBudget {
    /// The rows.
    pub items: Vec<Budget>,
    /// Send it as `cursor` to get the next page; null on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ListReservation {
    /// The rows.
    pub items: Vec<Reservation>,
    /// Send it as `cursor` to get the next page; null on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Money {
    /// ISO 4217.
    pub currency: String,
    /// A decimal, as a string; at most four decimal places.
    pub value: String,
}

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
        BudgetExceeded = "BUDGET_EXCEEDED",
        GuardrailDenied = "GUARDRAIL_DENIED",
        PolicyError = "POLICY_ERROR",
        ReservationClosed = "RESERVATION_CLOSED",
        AmountOverReserved = "AMOUNT_OVER_RESERVED",
        ReceiptInvalid = "RECEIPT_INVALID",
        ReceiptExpired = "RECEIPT_EXPIRED",
        ReceiptMismatch = "RECEIPT_MISMATCH",
        ReceiptStale = "RECEIPT_STALE",
        ReceiptDenied = "RECEIPT_DENIED",
        ReceiptRedeemed = "RECEIPT_REDEEMED",
        PassportInvalid = "PASSPORT_INVALID",
        ApprovalRequired = "APPROVAL_REQUIRED",
        ApprovalDenied = "APPROVAL_DENIED",
        ApprovalClosed = "APPROVAL_CLOSED",
        ApprovalAnswered = "APPROVAL_ANSWERED",
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
        OauthRequestInvalid = "OAUTH_REQUEST_INVALID",
        OauthClientInvalid = "OAUTH_CLIENT_INVALID",
        OauthGrantInvalid = "OAUTH_GRANT_INVALID",
        OauthClientUnauthorized = "OAUTH_CLIENT_UNAUTHORIZED",
        OauthGrantUnsupported = "OAUTH_GRANT_UNSUPPORTED",
        OauthScopeInvalid = "OAUTH_SCOPE_INVALID",
        OauthTargetInvalid = "OAUTH_TARGET_INVALID",
        OauthResponseTypeUnsupported = "OAUTH_RESPONSE_TYPE_UNSUPPORTED",
        OauthAccessDenied = "OAUTH_ACCESS_DENIED",
        OauthAuthorizationPending = "OAUTH_AUTHORIZATION_PENDING",
        OauthSlowDown = "OAUTH_SLOW_DOWN",
        OauthExpiredToken = "OAUTH_EXPIRED_TOKEN",
        OauthDpopProofInvalid = "OAUTH_DPOP_PROOF_INVALID",
        OauthDpopNonceWanted = "OAUTH_DPOP_NONCE_WANTED",
        OauthRedirectUriInvalid = "OAUTH_REDIRECT_URI_INVALID",
        OauthClientMetadataInvalid = "OAUTH_CLIENT_METADATA_INVALID",
        OauthClientDocumentInvalid = "OAUTH_CLIENT_DOCUMENT_INVALID",
        AgentRequestInvalid = "AGENT_REQUEST_INVALID",
        AgentAnonymousNotEnabled = "AGENT_ANONYMOUS_NOT_ENABLED",
        AgentIssuerNotEnabled = "AGENT_ISSUER_NOT_ENABLED",
        AgentEmailNotEnabled = "AGENT_EMAIL_NOT_ENABLED",
        AgentCredentialTypeUnsupported = "AGENT_CREDENTIAL_TYPE_UNSUPPORTED",
        AgentIssuerInvalid = "AGENT_ISSUER_INVALID",
        AgentSignatureInvalid = "AGENT_SIGNATURE_INVALID",
        AgentAssertionExpired = "AGENT_ASSERTION_EXPIRED",
        AgentAssertionReplayed = "AGENT_ASSERTION_REPLAYED",
        AgentAudienceInvalid = "AGENT_AUDIENCE_INVALID",
        AgentClientInvalid = "AGENT_CLIENT_INVALID",
        AgentVerifiedEmailMissing = "AGENT_VERIFIED_EMAIL_MISSING",
        AgentLoginTooOld = "AGENT_LOGIN_TOO_OLD",
        AgentClaimTokenInvalid = "AGENT_CLAIM_TOKEN_INVALID",
        AgentClaimInFlight = "AGENT_CLAIM_IN_FLIGHT",
        AgentClaimExpired = "AGENT_CLAIM_EXPIRED",
        AgentClaimPending = "AGENT_CLAIM_PENDING",
        AgentClaimSlowDown = "AGENT_CLAIM_SLOW_DOWN",
        AgentClaimDenied = "AGENT_CLAIM_DENIED",
        AgentCodeExpired = "AGENT_CODE_EXPIRED",
        AgentPreviouslyClaimed = "AGENT_PREVIOUSLY_CLAIMED",
        AuthWorkspaceMissing = "AUTH_WORKSPACE_MISSING",
        Internal = "INTERNAL",
        Unavailable = "UNAVAILABLE",
        RecordUnavailable = "RECORD_UNAVAILABLE",
        RevocationStateStale = "REVOCATION_STATE_STALE",
    }
}

/// For whom a receipt is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ReceiptAudience {
    /// Who shall act on it: compared to the letter, so agree on one spelling.
    pub audience: String,
}

/// Whether a receipt is wanted: `true`, or for whom.
pub type ReceiptWish = serde_json::Value;

/// What was redeemed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RedeemAnswer {
    /// The agent that may do it.
    pub agent_id: String,
    /// The approval that was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_id: Option<String>,
    /// For whom it was.
    pub audience: String,
    /// Why.
    pub code: ReasonCode,
    /// The answer: always `allow`.
    pub decision: String,
    /// The digest of the action.
    pub digest: String,
    /// Until when the receipt could be redeemed.
    pub expires_at: String,
    /// When it was decided.
    pub issued_at: String,
    /// The nonce that was sent with the question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The permission that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission_id: Option<String>,
    /// By which version of the agent's policy.
    pub policy_version: i64,
    /// The receipt.
    pub receipt_id: String,
    /// Always true: this call redeemed it, and no other did or will.
    pub redeemed: bool,
    /// The decision that it tells of, and its trace.
    pub request_id: String,
    /// What was reserved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation_id: Option<String>,
    /// Always true.
    pub success: bool,
    /// The pseudonym of the user for whom the agent acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// A receipt to act on, and what it must be for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RedeemRequest {
    /// Which action it must be for, in full, as `verify` was asked; the user is the one whom the receipt names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<VerifyRequest>,
    /// For whom it must be. Name yourself: otherwise a receipt for somebody else passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Which action it must be for, by digest. Send this or `ask`: otherwise a receipt for another action passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The receipt, as it came.
    pub receipt: String,
}

/// What one allowed ask has taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Reservation {
    /// The action.
    pub action: String,
    /// The agent that was allowed.
    pub agent_id: String,
    /// What it came to, once committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
    /// Until when its outcome is awaited.
    pub commit_by: String,
    /// When it was taken.
    pub created_at: String,
    /// In which currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// What was held; null where only calls are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    /// The reservation's id.
    pub id: String,
    /// Whether its commit came after it had expired.
    pub late: bool,
    /// Whether its late commit overran a limit.
    pub over: bool,
    /// The permission that allowed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission_id: Option<String>,
    /// The decision that took it.
    pub request_id: String,
    /// When it was committed, released or expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<String>,
    /// Where it stands.
    pub state: ReservationState,
    /// On behalf of which user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
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

/// What is spent, held and left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct StandingPart {
    /// Calls that are settled.
    pub calls: i64,
    /// Calls that wait for their outcome.
    pub calls_held: i64,
    /// How many calls are left; null where only amounts are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_left: Option<i64>,
    /// Allowed, and waiting for its outcome.
    pub held: String,
    /// What is left; null where only calls are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<String>,
    /// The agent or user, where each is counted for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Committed within the window, or counted as spent because nobody settled it in time.
    pub spent: String,
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
    /// Until when its outcome is awaited.
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
    /// The guardrail that decided, above what the permissions said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guardrail_id: Option<String>,
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
    /// The decision, signed for whoever carries the action out: a compact JWS, good for a minute. Only where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// Names the decision and its trace.
    pub request_id: String,
    /// What was taken from windows and budgets: commit it when the action happened, release it when it did not.
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
    /// Your own random text, which comes back in the receipt: by it you know that this is the answer to your question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// Whether a signed receipt of the decision is wanted: `true`, or for whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptWish>,
    /// On what, for example `shop/refund`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// In which session of the agent: the user for whom it acts. Not needed beside `X-Procura-Session`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// Your own name for the task in which this is asked: an approval that is granted for a task holds there alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// With whom: a host name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
}

/// A limit within a rolling window: an amount, a count of calls, or both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Window {
    /// The most that may be committed and held within the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// How many calls may be allowed within the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<i64>,
    /// What becomes of an amount whose outcome nobody reports; 15 minutes and then spent when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// How long the window is: an ISO 8601 duration of weeks, days, hours, minutes and seconds.
    pub per: String,
}
