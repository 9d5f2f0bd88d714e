// Made by `cargo xtask sdk-types` from openapi.json.

/** A budget. */
export interface Budget {
  /** Patterns of actions that count. */
  actions: string[];
  /** When it was made; it counts what was asked since. */
  createdAt: string;
  /** The budget's id. */
  id: string;
  /** What people call it. */
  name: string;
  /** Whose spending it limits. */
  of: BudgetOf;
  /** The limit. */
  window: Window;
}

/** A limit beside the permissions: whatever they allow must fit into it. */
export interface BudgetDraft {
  /** Patterns of actions that count, as in a permission. A budget of money refuses what it covers and has no amount. */
  actions: string[];
  /** What people call it; unique in the organization. */
  name: string;
  /** Whose spending it limits. */
  of: BudgetOf;
  /** The limit. */
  window: Window;
}

/**
 * Whose spending a budget limits: `"organization"`, `"eachAgent"`, `"eachUser"`, `{"agent": "agt_.."}` or
 * `{"user": "usr_.."}`.
 */
export type BudgetOf = "organization" | {
  /** One agent. */
  agent: string;
} | "eachAgent" | {
  /** One verified user, by pseudonym, over all agents. */
  user: string;
} | "eachUser";

/** A budget with what stands of it now. */
export interface BudgetStanding {
  /** The budget. */
  budget: Budget;
  /** What is spent, held and left: one row, or one for each agent or user, those first on whom was counted last. */
  standing: StandingPart[];
}

/** What it came to. */
export interface CommitRequest {
  /** How much it came to, at most what was held; all of that when absent. */
  amount?: string;
}

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
  /** The guardrail that would decide, above what the permissions said. */
  guardrailId?: string | null;
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

/** How long an allowed amount waits for its outcome, and what it counts as afterwards. */
export interface Hold {
  /** How long a commit or a release is awaited; `PT15M` when absent. */
  lasts?: string;
  /** What an unreported amount counts as: `spent` or `released`; `spent` when absent. */
  then?: "spent" | "released";
}

/** Any JSON value; numbers keep their digits. */
export type JsonValue = unknown;

/** One page of a list. */
export interface ListBudget {
  /** The rows. */
  items: Budget[];
  /** Send it as `cursor` to get the next page; null on the last one. */
  nextCursor?: string | null;
}

/** One page of a list. */
export interface ListReservation {
  /** The rows. */
  items: Reservation[];
  /** Send it as `cursor` to get the next page; null on the last one. */
  nextCursor?: string | null;
}

/** An amount of money. */
export interface Money {
  /** ISO 4217. */
  currency: string;
  /** A decimal, as a string; at most four decimal places. */
  value: string;
}

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
  | "BUDGET_EXCEEDED"
  | "GUARDRAIL_DENIED"
  | "POLICY_ERROR"
  | "RESERVATION_CLOSED"
  | "AMOUNT_OVER_RESERVED"
  | "RECEIPT_INVALID"
  | "RECEIPT_EXPIRED"
  | "RECEIPT_MISMATCH"
  | "RECEIPT_STALE"
  | "RECEIPT_DENIED"
  | "RECEIPT_REDEEMED"
  | "PASSPORT_INVALID"
  | "APPROVAL_REQUIRED"
  | "APPROVAL_DENIED"
  | "APPROVAL_CLOSED"
  | "APPROVAL_ANSWERED"
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
  | "OAUTH_REQUEST_INVALID"
  | "OAUTH_CLIENT_INVALID"
  | "OAUTH_GRANT_INVALID"
  | "OAUTH_CLIENT_UNAUTHORIZED"
  | "OAUTH_GRANT_UNSUPPORTED"
  | "OAUTH_SCOPE_INVALID"
  | "OAUTH_TARGET_INVALID"
  | "OAUTH_RESPONSE_TYPE_UNSUPPORTED"
  | "OAUTH_ACCESS_DENIED"
  | "OAUTH_AUTHORIZATION_PENDING"
  | "OAUTH_SLOW_DOWN"
  | "OAUTH_EXPIRED_TOKEN"
  | "OAUTH_DPOP_PROOF_INVALID"
  | "OAUTH_DPOP_NONCE_WANTED"
  | "OAUTH_REDIRECT_URI_INVALID"
  | "OAUTH_CLIENT_METADATA_INVALID"
  | "OAUTH_CLIENT_DOCUMENT_INVALID"
  | "AGENT_REQUEST_INVALID"
  | "AGENT_ANONYMOUS_NOT_ENABLED"
  | "AGENT_ISSUER_NOT_ENABLED"
  | "AGENT_EMAIL_NOT_ENABLED"
  | "AGENT_CREDENTIAL_TYPE_UNSUPPORTED"
  | "AGENT_ISSUER_INVALID"
  | "AGENT_SIGNATURE_INVALID"
  | "AGENT_ASSERTION_EXPIRED"
  | "AGENT_ASSERTION_REPLAYED"
  | "AGENT_AUDIENCE_INVALID"
  | "AGENT_CLIENT_INVALID"
  | "AGENT_VERIFIED_EMAIL_MISSING"
  | "AGENT_LOGIN_TOO_OLD"
  | "AGENT_CLAIM_TOKEN_INVALID"
  | "AGENT_CLAIM_IN_FLIGHT"
  | "AGENT_CLAIM_EXPIRED"
  | "AGENT_CLAIM_PENDING"
  | "AGENT_CLAIM_SLOW_DOWN"
  | "AGENT_CLAIM_DENIED"
  | "AGENT_CODE_EXPIRED"
  | "AGENT_PREVIOUSLY_CLAIMED"
  | "AUTH_WORKSPACE_MISSING"
  | "INTERNAL"
  | "UNAVAILABLE"
  | "RECORD_UNAVAILABLE"
  | "REVOCATION_STATE_STALE"
  | (string & {});

/** For whom a receipt is. */
export interface ReceiptAudience {
  /** Who shall act on it: compared to the letter, so agree on one spelling. */
  audience: string;
}

/** Whether a receipt is wanted: `true`, or for whom. */
export type ReceiptWish = boolean | ReceiptAudience;

/** What was redeemed. */
export interface RedeemAnswer {
  /** The agent that may do it. */
  agentId: string;
  /** The approval that was used. */
  approvalId?: string;
  /** For whom it was. */
  audience: string;
  /** Why. */
  code: ReasonCode;
  /** The answer: always `allow`. */
  decision: string;
  /** The digest of the action. */
  digest: string;
  /** Until when the receipt could be redeemed. */
  expiresAt: string;
  /** When it was decided. */
  issuedAt: string;
  /** The nonce that was sent with the question. */
  nonce?: string;
  /** The permission that decided. */
  permissionId?: string;
  /** By which version of the agent's policy. */
  policyVersion: number;
  /** The receipt. */
  receiptId: string;
  /** Always true: this call redeemed it, and no other did or will. */
  redeemed: boolean;
  /** The decision that it tells of, and its trace. */
  requestId: string;
  /** What was reserved. */
  reservationId?: string;
  /** Always true. */
  success: boolean;
  /** The pseudonym of the user for whom the agent acts. */
  user?: string;
}

/** A receipt to act on, and what it must be for. */
export interface RedeemRequest {
  /** Which action it must be for, in full, as `verify` was asked; the user is the one whom the receipt names. */
  ask?: VerifyRequest;
  /** For whom it must be. Name yourself: otherwise a receipt for somebody else passes. */
  audience?: string;
  /** Which action it must be for, by digest. Send this or `ask`: otherwise a receipt for another action passes. */
  digest?: string;
  /** The receipt, as it came. */
  receipt: string;
}

/** What one allowed ask has taken. */
export interface Reservation {
  /** The action. */
  action: string;
  /** The agent that was allowed. */
  agentId: string;
  /** What it came to, once committed. */
  amount?: string | null;
  /** Until when its outcome is awaited. */
  commitBy: string;
  /** When it was taken. */
  createdAt: string;
  /** In which currency. */
  currency?: string | null;
  /** What was held; null where only calls are counted. */
  held?: string | null;
  /** The reservation's id. */
  id: string;
  /** Whether its commit came after it had expired. */
  late: boolean;
  /** Whether its late commit overran a limit. */
  over: boolean;
  /** The permission that allowed it. */
  permissionId?: string | null;
  /** The decision that took it. */
  requestId: string;
  /** When it was committed, released or expired. */
  settledAt?: string | null;
  /** Where it stands. */
  state: "held" | "committed" | "released" | "expired";
  /** On behalf of which user. */
  user?: string | null;
}

/** What is spent, held and left. */
export interface StandingPart {
  /** Calls that are settled. */
  calls: number;
  /** Calls that wait for their outcome. */
  callsHeld: number;
  /** How many calls are left; null where only amounts are counted. */
  callsLeft?: number | null;
  /** Allowed, and waiting for its outcome. */
  held: string;
  /** What is left; null where only calls are counted. */
  left?: string | null;
  /** The agent or user, where each is counted for itself. */
  of?: string | null;
  /** Committed within the window, or counted as spent because nobody settled it in time. */
  spent: string;
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
  /** Until when its outcome is awaited. */
  commitBy?: string;
  /** The answer in a word: `allow`, `deny` or `needs_approval`. */
  decision: "allow" | "deny" | "needs_approval";
  /** Until when the approval can be answered and used. */
  expiresAt?: string;
  /** What to do next. */
  fix?: string;
  /** The guardrail that decided, above what the permissions said. */
  guardrailId?: string;
  /** What is missing, in a word: `permission`, `approval`, `amount`, `argument`. */
  missing?: string;
  /** The permission that decided. */
  permissionId?: string;
  /** Which version of it. */
  policyVersion: number;
  /** Why, in one sentence with both values. */
  reason: string;
  /** The decision, signed for whoever carries the action out: a compact JWS, good for a minute. Only where it was asked for. */
  receipt?: string;
  /** Names the decision and its trace. */
  requestId: string;
  /** What was taken from windows and budgets: commit it when the action happened, release it when it did not. */
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
  /** Your own random text, which comes back in the receipt: by it you know that this is the answer to your question. */
  nonce?: string;
  /** Whether a signed receipt of the decision is wanted: `true`, or for whom. */
  receipt?: ReceiptWish;
  /** On what, for example `shop/refund`. */
  resource?: string;
  /** In which session of the agent: the user for whom it acts. Not needed beside `X-Procura-Session`. */
  sessionId?: string;
  /** Your own name for the task in which this is asked: an approval that is granted for a task holds there alone. */
  taskId?: string;
  /** With whom: a host name. */
  vendor?: string;
}

/** A limit within a rolling window: an amount, a count of calls, or both. */
export interface Window {
  /** The most that may be committed and held within the window. */
  amount?: Money;
  /** How many calls may be allowed within the window. */
  count?: number;
  /** What becomes of an amount whose outcome nobody reports; 15 minutes and then spent when absent. */
  hold?: Hold;
  /** How long the window is: an ISO 8601 duration of weeks, days, hours, minutes and seconds. */
  per: string;
}
