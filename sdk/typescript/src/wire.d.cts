// Made by `cargo xtask sdk-types` from openapi.json.

/** The body of every error. */
export interface Error {
  /** The row of the table of refusals; its meaning never changes. */
  code: string;
  /** One sentence for a person. */
  error: string;
  /** What to do next. */
  fix: string;
  /** The request's id; give it to the operator when you ask about it. */
  requestId: string;
  /** Always false. */
  success: boolean;
}

/** What would be decided, and which permissions came near. */
export interface Explanation {
  /** Whether the action would be allowed now. */
  allowed: boolean;
  /** Why, for programs. */
  code: ReasonCode;
  /** The answer in a word. */
  decision: "allow" | "deny" | "needs_approval";
  /** What is missing, in a word. */
  missing?: string | null;
  /** The permissions that came near, the nearest first. */
  near: NearPermission[];
  /** The permission that would decide. */
  permissionId?: string | null;
  /** Why, in one sentence with both values. */
  reason: string;
  /** How much harm the action could do. */
  risk: "none" | "low" | "medium" | "high" | "critical";
}

/** Any JSON value; numbers keep their digits. */
export type JsonValue = unknown;

/** A permission that came near and did not decide. */
export interface NearPermission {
  /** Which. */
  permissionId?: string | null;
  /** Why it did not decide. */
  sentence: string;
}

/** Why, for programs. Codes are added, and never change their meaning; see docs/ERRORS.md. */
export type ReasonCode =
  | "ALLOWED"
  | "AUTH_CREDENTIAL_MISSING"
  | "AUTH_CREDENTIAL_MALFORMED"
  | "AUTH_CREDENTIAL_INVALID"
  | "AUTH_CREDENTIAL_EXPIRED"
  | "AUTH_SCOPE_MISSING"
  | "AUTH_ROLE_MISSING"
  | "AGENT_DISABLED"
  | "AGENT_MISMATCH"
  | "AGENT_ID_MISSING"
  | "AUTH_SIGN_IN_REQUIRED"
  | "AUTH_SIGN_IN_FAILED"
  | "FORM_STALE"
  | "LINK_INVALID"
  | "SETUP_DONE"
  | "PASSWORD_TOO_SHORT"
  | "PASSWORD_TOO_LONG"
  | "LAST_OWNER"
  | "AUTH_NOT_CONFIGURED"
  | "AUTH_JWT_INVALID"
  | "AUTH_JWT_EXPIRED"
  | "AUTH_JWT_NO_SUBJECT"
  | "AUTH_JWKS_UNREACHABLE"
  | "AUTH_TOKEN_MALFORMED"
  | "AUTH_TOKEN_INVALID"
  | "AUTH_TOKEN_EXPIRED"
  | "AUTH_TOKEN_NO_SUBJECT"
  | "AUTH_CALLBACK_TIMEOUT"
  | "AUTH_CALLBACK_FAILED"
  | "AUTH_CALLBACK_BAD_RESPONSE"
  | "USER_TOKEN_MISSING"
  | "USER_TOKEN_UNEXPECTED"
  | "SESSION_INVALID"
  | "SESSION_EXPIRED"
  | "SESSION_REVOKED"
  | "USER_REQUIRED"
  | "BODY_MALFORMED"
  | "FIELD_INVALID"
  | "BODY_TOO_LARGE"
  | "BODY_TOO_SLOW"
  | "MEDIA_TYPE_UNSUPPORTED"
  | "NOT_ACCEPTABLE"
  | "NOT_FOUND"
  | "PATH_UNKNOWN"
  | "METHOD_NOT_ALLOWED"
  | "NAME_TAKEN"
  | "STATE_CHANGED"
  | "IDEMPOTENCY_MISMATCH"
  | "ORIGIN_REFUSED"
  | "HOST_REFUSED"
  | "RATE_LIMITED"
  | "APPROVALS_TOO_MANY"
  | "NO_PERMISSION"
  | "ACTION_BLOCKED"
  | "VENDOR_NOT_ALLOWED"
  | "VENDOR_INVALID"
  | "ARGUMENT_REFUSED"
  | "AMOUNT_OVER_LIMIT"
  | "AMOUNT_MISSING"
  | "AMOUNT_INVALID"
  | "CURRENCY_MISSING"
  | "CURRENCY_MISMATCH"
  | "OUTSIDE_SCHEDULE"
  | "PERMISSION_EXPIRED"
  | "PERMISSION_NOT_YET_VALID"
  | "USER_MISMATCH"
  | "POLICY_ERROR"
  | "APPROVAL_REQUIRED"
  | "APPROVAL_DENIED"
  | "APPROVAL_CLOSED"
  | "APPROVAL_NOT_ELIGIBLE"
  | "PROMPT_INJECTION"
  | "COULD_NOT_SCAN"
  | "TOOL_UNKNOWN"
  | "ARGUMENTS_INVALID"
  | "UPSTREAM_UNREACHABLE"
  | "UPSTREAM_TIMEOUT"
  | "UPSTREAM_BAD_RESPONSE"
  | "UPSTREAM_TOO_LARGE"
  | "EGRESS_REFUSED"
  | "CALL_CANCELLED"
  | "HEADER_MISMATCH"
  | "INTERNAL"
  | "UNAVAILABLE"
  | "RECORD_UNAVAILABLE"
  | "REVOCATION_STATE_STALE";

/** What an allowed action holds. */
export interface Reservation {
  /** Whose. */
  agentId: string;
  amount: string | null;
  /** y */
  commitBy: string;
  /** x */
  createdAt: string;
  currency: string | null;
  /** Its id. */
  id: string;
  /** The decision. */
  requestId: string;
  /** Where it stands. */
  state: "held" | "committed" | "released" | "expired";
}

/** The decision. */
export interface VerifyAnswer {
  /** Whose policy was asked. */
  agentId: string;
  /** Whether the action may be done now. Do nothing unless it is true. */
  allowed: boolean;
  /** The approval that this call waits for, or that it used. */
  approvalId?: string;
  /** Where a person decides. */
  approvalUrl?: string;
  /** Why, for programs. */
  code: ReasonCode;
  /** c */
  commitBy?: string;
  /** The answer in a word: `allow`, `deny` or `needs_approval`. */
  decision: "allow" | "deny" | "needs_approval";
  /** Until when the approval can be answered and used. */
  expiresAt?: string;
  /** What to do next. */
  fix?: string;
  /** What is missing, in a word: `permission`, `approval`, `amount`, `argument`. */
  missing?: string;
  /** The permission that decided. */
  permissionId?: string;
  /** Which version of it. */
  policyVersion: number;
  /** Why, in one sentence with both values. */
  reason: string;
  /** The receipt. */
  receipt?: string;
  /** Names the decision and its trace. */
  requestId: string;
  /** r */
  reservationId?: string;
  /** How much harm the action could do. */
  risk: "none" | "low" | "medium" | "high" | "critical";
  /** Always true: the question was answered. */
  success: boolean;
}

/** What the agent wants to do. */
export interface VerifyRequest {
  /** What kind of thing, for example `purchase.ticket` or `tool.call`. */
  action: string;
  /** Which agent; an agent key may leave it out, a platform key must name one. */
  agentId?: string;
  /** For how much: a decimal, better sent as a string; at most four decimal places. */
  amount?: string;
  /** The arguments that conditions look at. */
  args?: JsonValue;
  /** In which currency (ISO 4217); the permission's or the organization's when absent. */
  currency?: string;
  /** Anything that should stand in the record with the decision; secrets in it are redacted. */
  metadata?: JsonValue;
  /** On what, for example `shop/refund`. */
  resource?: string;
  /** In which session of the agent: the user for whom it acts. Not needed beside `X-Procura-Session`. */
  sessionId?: string;
  /** With whom: a host name. */
  vendor?: string;
}
