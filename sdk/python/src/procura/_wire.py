"""The types of what goes over the wire. Made by `cargo xtask sdk-types` from openapi.json."""

from __future__ import annotations

from typing import Any, Dict, List, Literal, Optional, TypedDict, Union


class Budget(TypedDict):
    """A budget."""

    # Patterns of actions that count.
    actions: List[str]
    # When it was made; it counts what was asked since.
    createdAt: str
    # The budget's id.
    id: str
    # What people call it.
    name: str
    # Whose spending it limits.
    of: "BudgetOf"
    # The limit.
    window: "Window"



class BudgetDraft(TypedDict):
    """A limit beside the permissions: whatever they allow must fit into it."""

    # Patterns of actions that count, as in a permission. A budget of money refuses what it covers and has no amount.
    actions: List[str]
    # What people call it; unique in the organization.
    name: str
    # Whose spending it limits.
    of: "BudgetOf"
    # The limit.
    window: "Window"


BudgetOf = Union[Literal["organization"], Dict[str, Any], Literal["eachAgent"], Dict[str, Any], Literal["eachUser"]]
"""Whose spending a budget limits: `"organization"`, `"eachAgent"`, `"eachUser"`, `{"agent": "agt_.."}` or
`{"user": "usr_.."}`.
"""


class BudgetStanding(TypedDict):
    """A budget with what stands of it now."""

    # The budget.
    budget: "Budget"
    # What is spent, held and left: one row, or one for each agent or user, those first on whom was counted last.
    standing: List["StandingPart"]



class CommitRequest(TypedDict, total=False):
    """What it came to."""

    # How much it came to, at most what was held; all of that when absent.
    amount: str



class Error(TypedDict):
    """The body of every error."""

    # The row of the table of refusals; its meaning never changes.
    code: str
    # One sentence for a person.
    error: str
    # What to do next.
    fix: str
    # The request's id; give it to the operator when you ask about it.
    requestId: str
    # Always false.
    success: bool



class _Explanation(TypedDict):
    # Whether the action would be allowed now.
    allowed: bool
    # Why, for programs.
    code: "ReasonCode"
    # The answer in a word.
    decision: Literal["allow", "deny", "needs_approval"]
    # The permissions that came near, the nearest first.
    near: List["NearPermission"]
    # Why, in one sentence with both values.
    reason: str
    # How much harm the action could do.
    risk: Literal["none", "low", "medium", "high", "critical"]


class Explanation(_Explanation, total=False):
    """What would be decided, and which permissions came near."""

    # The guardrail that would decide, above what the permissions said.
    guardrailId: Optional[str]
    # What is missing, in a word.
    missing: Optional[str]
    # The permission that would decide.
    permissionId: Optional[str]



class Hold(TypedDict, total=False):
    """How long an allowed amount waits for its outcome, and what it counts as afterwards."""

    # How long a commit or a release is awaited; `PT15M` when absent.
    lasts: str
    # What an unreported amount counts as: `spent` or `released`; `spent` when absent.
    then: Literal["spent", "released"]


JsonValue = Any
"""Any JSON value; numbers keep their digits."""


class _ListBudget(TypedDict):
    # The rows.
    items: List["Budget"]


class ListBudget(_ListBudget, total=False):
    """One page of a list."""

    # Send it as `cursor` to get the next page; null on the last one.
    nextCursor: Optional[str]



class _ListReservation(TypedDict):
    # The rows.
    items: List["Reservation"]


class ListReservation(_ListReservation, total=False):
    """One page of a list."""

    # Send it as `cursor` to get the next page; null on the last one.
    nextCursor: Optional[str]



class Money(TypedDict):
    """An amount of money."""

    # ISO 4217.
    currency: str
    # A decimal, as a string; at most four decimal places.
    value: str



class _NearPermission(TypedDict):
    # Why it did not decide.
    sentence: str


class NearPermission(_NearPermission, total=False):
    """A permission that came near and did not decide."""

    # Which.
    permissionId: Optional[str]


ReasonCode = Literal[
    "ALLOWED",
    "AUTH_CREDENTIAL_MISSING",
    "AUTH_CREDENTIAL_MALFORMED",
    "AUTH_CREDENTIAL_INVALID",
    "AUTH_CREDENTIAL_EXPIRED",
    "AUTH_SCOPE_MISSING",
    "AUTH_ROLE_MISSING",
    "AGENT_DISABLED",
    "AGENT_MISMATCH",
    "AGENT_ID_MISSING",
    "AUTH_SIGN_IN_REQUIRED",
    "AUTH_SIGN_IN_FAILED",
    "FORM_STALE",
    "LINK_INVALID",
    "SETUP_DONE",
    "PASSWORD_TOO_SHORT",
    "PASSWORD_TOO_LONG",
    "LAST_OWNER",
    "AUTH_NOT_CONFIGURED",
    "AUTH_JWT_INVALID",
    "AUTH_JWT_EXPIRED",
    "AUTH_JWT_NO_SUBJECT",
    "AUTH_JWKS_UNREACHABLE",
    "AUTH_TOKEN_MALFORMED",
    "AUTH_TOKEN_INVALID",
    "AUTH_TOKEN_EXPIRED",
    "AUTH_TOKEN_NO_SUBJECT",
    "AUTH_CALLBACK_TIMEOUT",
    "AUTH_CALLBACK_FAILED",
    "AUTH_CALLBACK_BAD_RESPONSE",
    "USER_TOKEN_MISSING",
    "USER_TOKEN_UNEXPECTED",
    "SESSION_INVALID",
    "SESSION_EXPIRED",
    "SESSION_REVOKED",
    "USER_REQUIRED",
    "BODY_MALFORMED",
    "FIELD_INVALID",
    "BODY_TOO_LARGE",
    "BODY_TOO_SLOW",
    "MEDIA_TYPE_UNSUPPORTED",
    "NOT_ACCEPTABLE",
    "NOT_FOUND",
    "PATH_UNKNOWN",
    "METHOD_NOT_ALLOWED",
    "NAME_TAKEN",
    "STATE_CHANGED",
    "IDEMPOTENCY_MISMATCH",
    "ORIGIN_REFUSED",
    "HOST_REFUSED",
    "RATE_LIMITED",
    "APPROVALS_TOO_MANY",
    "NO_PERMISSION",
    "ACTION_BLOCKED",
    "VENDOR_NOT_ALLOWED",
    "VENDOR_INVALID",
    "ARGUMENT_REFUSED",
    "AMOUNT_OVER_LIMIT",
    "AMOUNT_MISSING",
    "AMOUNT_INVALID",
    "CURRENCY_MISSING",
    "CURRENCY_MISMATCH",
    "OUTSIDE_SCHEDULE",
    "PERMISSION_EXPIRED",
    "PERMISSION_NOT_YET_VALID",
    "USER_MISMATCH",
    "BUDGET_EXCEEDED",
    "GUARDRAIL_DENIED",
    "POLICY_ERROR",
    "RESERVATION_CLOSED",
    "AMOUNT_OVER_RESERVED",
    "RECEIPT_INVALID",
    "RECEIPT_EXPIRED",
    "RECEIPT_MISMATCH",
    "RECEIPT_STALE",
    "RECEIPT_DENIED",
    "RECEIPT_REDEEMED",
    "PASSPORT_INVALID",
    "APPROVAL_REQUIRED",
    "APPROVAL_DENIED",
    "APPROVAL_CLOSED",
    "APPROVAL_ANSWERED",
    "APPROVAL_NOT_ELIGIBLE",
    "PROMPT_INJECTION",
    "COULD_NOT_SCAN",
    "TOOL_UNKNOWN",
    "ARGUMENTS_INVALID",
    "UPSTREAM_UNREACHABLE",
    "UPSTREAM_TIMEOUT",
    "UPSTREAM_BAD_RESPONSE",
    "UPSTREAM_TOO_LARGE",
    "EGRESS_REFUSED",
    "CALL_CANCELLED",
    "HEADER_MISMATCH",
    "OAUTH_REQUEST_INVALID",
    "OAUTH_CLIENT_INVALID",
    "OAUTH_GRANT_INVALID",
    "OAUTH_CLIENT_UNAUTHORIZED",
    "OAUTH_GRANT_UNSUPPORTED",
    "OAUTH_SCOPE_INVALID",
    "OAUTH_TARGET_INVALID",
    "OAUTH_RESPONSE_TYPE_UNSUPPORTED",
    "OAUTH_ACCESS_DENIED",
    "OAUTH_AUTHORIZATION_PENDING",
    "OAUTH_SLOW_DOWN",
    "OAUTH_EXPIRED_TOKEN",
    "OAUTH_DPOP_PROOF_INVALID",
    "OAUTH_DPOP_NONCE_WANTED",
    "OAUTH_REDIRECT_URI_INVALID",
    "OAUTH_CLIENT_METADATA_INVALID",
    "OAUTH_CLIENT_DOCUMENT_INVALID",
    "AGENT_REQUEST_INVALID",
    "AGENT_ANONYMOUS_NOT_ENABLED",
    "AGENT_ISSUER_NOT_ENABLED",
    "AGENT_EMAIL_NOT_ENABLED",
    "AGENT_CREDENTIAL_TYPE_UNSUPPORTED",
    "AGENT_ISSUER_INVALID",
    "AGENT_SIGNATURE_INVALID",
    "AGENT_ASSERTION_EXPIRED",
    "AGENT_ASSERTION_REPLAYED",
    "AGENT_AUDIENCE_INVALID",
    "AGENT_CLIENT_INVALID",
    "AGENT_VERIFIED_EMAIL_MISSING",
    "AGENT_LOGIN_TOO_OLD",
    "AGENT_CLAIM_TOKEN_INVALID",
    "AGENT_CLAIM_IN_FLIGHT",
    "AGENT_CLAIM_EXPIRED",
    "AGENT_CLAIM_PENDING",
    "AGENT_CLAIM_SLOW_DOWN",
    "AGENT_CLAIM_DENIED",
    "AGENT_CODE_EXPIRED",
    "AGENT_PREVIOUSLY_CLAIMED",
    "AUTH_WORKSPACE_MISSING",
    "INTERNAL",
    "UNAVAILABLE",
    "RECORD_UNAVAILABLE",
    "REVOCATION_STATE_STALE",
]
"""Why, for programs. Codes are added, and never change their meaning; see docs/ERRORS.md."""


class ReceiptAudience(TypedDict):
    """For whom a receipt is."""

    # Who shall act on it: compared to the letter, so agree on one spelling.
    audience: str


ReceiptWish = Union[bool, "ReceiptAudience"]
"""Whether a receipt is wanted: `true`, or for whom."""


class _RedeemAnswer(TypedDict):
    # The agent that may do it.
    agentId: str
    # For whom it was.
    audience: str
    # Why.
    code: "ReasonCode"
    # The answer: always `allow`.
    decision: str
    # The digest of the action.
    digest: str
    # Until when the receipt could be redeemed.
    expiresAt: str
    # When it was decided.
    issuedAt: str
    # By which version of the agent's policy.
    policyVersion: int
    # The receipt.
    receiptId: str
    # Always true: this call redeemed it, and no other did or will.
    redeemed: bool
    # The decision that it tells of, and its trace.
    requestId: str
    # Always true.
    success: bool


class RedeemAnswer(_RedeemAnswer, total=False):
    """What was redeemed."""

    # The approval that was used.
    approvalId: str
    # The nonce that was sent with the question.
    nonce: str
    # The permission that decided.
    permissionId: str
    # What was reserved.
    reservationId: str
    # The pseudonym of the user for whom the agent acts.
    user: str



class _RedeemRequest(TypedDict):
    # The receipt, as it came.
    receipt: str


class RedeemRequest(_RedeemRequest, total=False):
    """A receipt to act on, and what it must be for."""

    # Which action it must be for, in full, as `verify` was asked; the user is the one whom the receipt names.
    ask: "VerifyRequest"
    # For whom it must be. Name yourself: otherwise a receipt for somebody else passes.
    audience: str
    # Which action it must be for, by digest. Send this or `ask`: otherwise a receipt for another action passes.
    digest: str



class _Reservation(TypedDict):
    # The action.
    action: str
    # The agent that was allowed.
    agentId: str
    # Until when its outcome is awaited.
    commitBy: str
    # When it was taken.
    createdAt: str
    # The reservation's id.
    id: str
    # Whether its commit came after it had expired.
    late: bool
    # Whether its late commit overran a limit.
    over: bool
    # The decision that took it.
    requestId: str
    # Where it stands.
    state: Literal["held", "committed", "released", "expired"]


class Reservation(_Reservation, total=False):
    """What one allowed ask has taken."""

    # What it came to, once committed.
    amount: Optional[str]
    # In which currency.
    currency: Optional[str]
    # What was held; null where only calls are counted.
    held: Optional[str]
    # The permission that allowed it.
    permissionId: Optional[str]
    # When it was committed, released or expired.
    settledAt: Optional[str]
    # On behalf of which user.
    user: Optional[str]



class _StandingPart(TypedDict):
    # Calls that are settled.
    calls: int
    # Calls that wait for their outcome.
    callsHeld: int
    # Allowed, and waiting for its outcome.
    held: str
    # Committed within the window, or counted as spent because nobody settled it in time.
    spent: str


class StandingPart(_StandingPart, total=False):
    """What is spent, held and left."""

    # How many calls are left; null where only amounts are counted.
    callsLeft: Optional[int]
    # What is left; null where only calls are counted.
    left: Optional[str]
    # The agent or user, where each is counted for itself.
    of: Optional[str]



class _VerifyAnswer(TypedDict):
    # Whose policy was asked.
    agentId: str
    # Whether the action may be done now. Do nothing unless it is true.
    allowed: bool
    # Why, for programs.
    code: "ReasonCode"
    # The answer in a word: `allow`, `deny` or `needs_approval`.
    decision: Literal["allow", "deny", "needs_approval"]
    # Which version of it.
    policyVersion: int
    # Why, in one sentence with both values.
    reason: str
    # Names the decision and its trace.
    requestId: str
    # How much harm the action could do.
    risk: Literal["none", "low", "medium", "high", "critical"]
    # Always true: the question was answered.
    success: bool


class VerifyAnswer(_VerifyAnswer, total=False):
    """The decision."""

    # The approval that this call waits for, or that it used.
    approvalId: str
    # Where a person decides.
    approvalUrl: str
    # Until when its outcome is awaited.
    commitBy: str
    # Until when the approval can be answered and used.
    expiresAt: str
    # What to do next.
    fix: str
    # The guardrail that decided, above what the permissions said.
    guardrailId: str
    # What is missing, in a word: `permission`, `approval`, `amount`, `argument`.
    missing: str
    # The permission that decided.
    permissionId: str
    # The decision, signed for whoever carries the action out: a compact JWS, good for a minute. Only where it was asked for.
    receipt: str
    # What was taken from windows and budgets: commit it when the action happened, release it when it did not.
    reservationId: str



class _VerifyRequest(TypedDict):
    # What kind of thing, for example `purchase.ticket` or `tool.call`.
    action: str


class VerifyRequest(_VerifyRequest, total=False):
    """What the agent wants to do."""

    # Which agent; an agent key may leave it out, a platform key must name one.
    agentId: str
    # For how much: a decimal, better sent as a string; at most four decimal places.
    amount: str
    # The arguments that conditions look at.
    args: "JsonValue"
    # In which currency (ISO 4217); the permission's or the organization's when absent.
    currency: str
    # Anything that should stand in the record with the decision; secrets in it are redacted.
    metadata: "JsonValue"
    # Your own random text, which comes back in the receipt: by it you know that this is the answer to your question.
    nonce: str
    # Whether a signed receipt of the decision is wanted: `true`, or for whom.
    receipt: "ReceiptWish"
    # On what, for example `shop/refund`.
    resource: str
    # In which session of the agent: the user for whom it acts. Not needed beside `X-Procura-Session`.
    sessionId: str
    # Your own name for the task in which this is asked: an approval that is granted for a task holds there alone.
    taskId: str
    # With whom: a host name.
    vendor: str



class _Window(TypedDict):
    # How long the window is: an ISO 8601 duration of weeks, days, hours, minutes and seconds.
    per: str


class Window(_Window, total=False):
    """A limit within a rolling window: an amount, a count of calls, or both."""

    # The most that may be committed and held within the window.
    amount: "Money"
    # How many calls may be allowed within the window.
    count: int
    # What becomes of an amount whose outcome nobody reports; 15 minutes and then spent when absent.
    hold: "Hold"


__all__ = [
    "Budget",
    "BudgetDraft",
    "BudgetOf",
    "BudgetStanding",
    "CommitRequest",
    "Error",
    "Explanation",
    "Hold",
    "JsonValue",
    "ListBudget",
    "ListReservation",
    "Money",
    "NearPermission",
    "ReasonCode",
    "ReceiptAudience",
    "ReceiptWish",
    "RedeemAnswer",
    "RedeemRequest",
    "Reservation",
    "StandingPart",
    "VerifyAnswer",
    "VerifyRequest",
    "Window",
]
