import type { Ask, JsonWebKey, JsonWebKeySet, ProcuraError, ReceiptClaims } from "./receipt.cjs";
import type { ReasonCode, Reservation, VerifyAnswer } from "./wire.cjs";

/** What is asked. */
export interface Question extends Ask {
  /** Which agent, where it is not the client's: `verify` and `guard` need one of the two, whose receipt they then demand. */
  agentId?: string;
  /** In which session of the agent: the user for whom it acts. */
  sessionId?: string;
  /** The task at hand, to which an approval can be bound. */
  taskId?: string;
  /** Anything that should stand in the record with the decision. */
  metadata?: unknown;
}

/** How a client is set up. */
export interface ProcuraOptions {
  /** The server's public URL, such as `https://procura.example.com`. */
  url: string;
  /** An agent key (`pca_`) or a platform key (`pcp_`). It stays on your server. */
  key: string;
  /** How long an answer is waited for, in milliseconds; 5,000 unless said otherwise. */
  timeoutMs?: number;
  /** The server's keys, where they are pinned; fetched from `/.well-known/jwks.json` otherwise. */
  keys?: JsonWebKeySet | readonly JsonWebKey[];
  /** What receipts must name as their issuer, where that is not `url`. */
  issuer?: string;
  /** The agent that this client speaks for, unless an ask names another. Receipts must be about it. */
  agentId?: string;
  /** How far the clocks may be apart; 30 seconds unless said otherwise. */
  clockSkewSeconds?: number;
  /** Sends the key in the clear to a host that is not this machine. */
  allowHttp?: boolean;
  /** Told when an action is done and its reservation could not be settled; a warning of the process otherwise. */
  onUnsettled?: (error: Error, about: { reservationId: string; verb: "commit" | "release"; amount: string | null }) => void;
}

/** How one question is asked. */
export interface CallOptions {
  /** How long the whole answer is waited for, in milliseconds. */
  timeoutMs?: number;
}

/** How one question is asked whose answer is signed. */
export interface VerifyOptions extends CallOptions {
  /** For whom the receipt is; the vendor unless said otherwise. */
  audience?: string;
}

/** What an allowed action stands on. */
export interface Grant {
  /** The whole answer. */
  readonly decision: VerifyAnswer;
  /** What was signed. */
  readonly claims: ReceiptClaims;
  /** The receipt, for whoever wants to see that it was allowed. */
  readonly receipt: string;
  /** The decision's id. */
  readonly requestId: string;
  /** What was reserved; null where nothing was. */
  readonly reservationId: string | null;
  /** Says how much it came to in the end, where that is less than was asked for. */
  spent(amount: string | number | bigint): void;
}

/** A client of one Procura server. */
export class Procura {
  constructor(options: ProcuraOptions);

  /**
   * Asks whether the action may be done; resolves only if it may.
   *
   * @throws {ProcuraDenied} it may not
   * @throws {ProcuraApprovalRequired} a person must agree first
   * @throws {ProcuraUnavailable} there is no answer that can be relied on
   */
  verify(ask: Question, options?: VerifyOptions): Promise<Grant>;

  /**
   * The answer, whatever it is. It is not signed: show it, and act on `verify` or `guard`.
   *
   * @throws {ProcuraUnavailable} there is none
   */
  check(ask: Question, options?: CallOptions): Promise<VerifyAnswer>;

  /**
   * Calls `act` once if, and only if, the action may be done; then commits what was reserved for it, with the amount that
   * `grant.spent` was told or all of it. Where `act` throws {@link NothingDone} it is released, and on any other error it
   * stays held.
   */
  guard<T>(
    ask: Question | (() => Question | Promise<Question>),
    act: (grant: Grant) => T | Promise<T>,
    options?: VerifyOptions,
  ): Promise<T>;

  /** Says that it happened, and how much it came to where that is not what was reserved. Doing so twice is once. */
  commit(reservationId: string, amount?: string | number | bigint | null, options?: CallOptions): Promise<Reservation>;

  /** Says that it did not happen. Doing so twice is once. */
  release(reservationId: string, options?: CallOptions): Promise<Reservation>;
}

/** The answer is no. */
export class ProcuraDenied extends ProcuraError {
  private constructor();
  readonly code: ReasonCode;
  /** Why, in one sentence with both values. */
  readonly reason: string;
  readonly requestId: string;
  /** The whole answer. */
  readonly decision: VerifyAnswer;
}

/** A person must approve this exact action first; ask the same again afterwards. */
export class ProcuraApprovalRequired extends ProcuraError {
  private constructor();
  readonly code: ReasonCode;
  /** Why a person is asked. */
  readonly reason: string;
  readonly requestId: string;
  readonly approvalId: string | null;
  /** Where the person decides. */
  readonly approvalUrl: string | null;
  /** Until when, as an RFC 3339 time. */
  readonly expiresAt: string | null;
  /** The whole answer. */
  readonly decision: VerifyAnswer;
}

/** There is no answer that can be relied on. */
export class ProcuraUnavailable extends ProcuraError {
  protected constructor();
  readonly code: ReasonCode | "TIMEOUT" | "UNREACHABLE" | "MALFORMED" | "UNSIGNED";
  readonly requestId: string | null;
  /** The HTTP status, where there was one. */
  readonly status: number | null;
}

/** The server refused the request itself: the key, a field, a state. */
export class ProcuraRefused extends ProcuraUnavailable {
  private constructor();
  readonly code: ReasonCode;
  readonly status: number;
  /** What to do next. */
  readonly fix: string;
  /** After how many seconds the server may be asked again, where it says so; 0 where it does not. */
  readonly retryAfter: number;
}

/** Thrown by a guarded function that did nothing: what was reserved for it is released. */
export class NothingDone extends ProcuraError {
  constructor(message?: string, options?: { cause?: unknown });
  readonly code: "NOTHING_DONE";
}
