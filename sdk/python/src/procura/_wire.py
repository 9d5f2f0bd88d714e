"""The types of what goes over the wire. Made by `cargo xtask sdk-types` from openapi.json."""

from __future__ import annotations

from typing import Any, Dict, List, Literal, Optional, TypedDict, Union


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

    # What is missing, in a word.
    missing: Optional[str]
    # The permission that would decide.
    permissionId: Optional[str]


JsonValue = Any
"""Any JSON value; numbers keep their digits."""


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
    "POLICY_ERROR",
    "APPROVAL_REQUIRED",
    "APPROVAL_DENIED",
    "APPROVAL_CLOSED",
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
    "INTERNAL",
    "UNAVAILABLE",
    "RECORD_UNAVAILABLE",
    "REVOCATION_STATE_STALE",
]
"""Why, for programs. Codes are added, and never change their meaning; see docs/ERRORS.md."""


class Reservation(TypedDict):
    """What an allowed action holds."""

    # Whose.
    agentId: str
    amount: Optional[str]
    # y
    commitBy: str
    # x
    createdAt: str
    currency: Optional[str]
    # Its id.
    id: str
    # The decision.
    requestId: str
    # Where it stands.
    state: Literal["held", "committed", "released", "expired"]



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
    # c
    commitBy: str
    # Until when the approval can be answered and used.
    expiresAt: str
    # What to do next.
    fix: str
    # What is missing, in a word: `permission`, `approval`, `amount`, `argument`.
    missing: str
    # The permission that decided.
    permissionId: str
    # The receipt.
    receipt: str
    # r
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
    # On what, for example `shop/refund`.
    resource: str
    # In which session of the agent: the user for whom it acts. Not needed beside `X-Procura-Session`.
    sessionId: str
    # With whom: a host name.
    vendor: str


__all__ = [
    "Error",
    "Explanation",
    "JsonValue",
    "NearPermission",
    "ReasonCode",
    "Reservation",
    "VerifyAnswer",
    "VerifyRequest",
]
