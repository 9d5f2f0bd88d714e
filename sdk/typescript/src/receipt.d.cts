/** A key as the server publishes it. */
export interface JsonWebKey {
  kty: string;
  kid?: string;
  [member: string]: unknown;
}

/** What `/.well-known/jwks.json` answers. */
export interface JsonWebKeySet {
  keys: readonly JsonWebKey[];
}

/** What an agent wants to do, as far as a decision looks at it. */
export interface Ask {
  /** What kind of thing, for example `purchase.ticket`. */
  action: string;
  /** On what, for example `festival/2027`. */
  resource?: string | null;
  /** With whom: a host name. */
  vendor?: string | null;
  /** For how much: a decimal, best as a text such as "742.00"; at most four decimal places. */
  amount?: string | number | bigint | null;
  /** In which currency (ISO 4217). */
  currency?: string | null;
  /** The arguments that conditions look at: anything that JSON can say. */
  args?: unknown;
}

/** What a receipt says. Claims may be added. */
export interface ReceiptClaims {
  /** Who decided: the server's public URL. */
  iss: string;
  /** For whom. */
  aud: string;
  /** The agent. */
  sub: string;
  /** When, in unix seconds. */
  iat: number;
  /** Until when, in unix seconds. */
  exp: number;
  /** The receipt's id. */
  jti: string;
  /** The decision's id. */
  req: string;
  /** The answer. */
  dec: "allow" | "deny" | "needs_approval";
  /** Why. */
  code: string;
  /** The digest of the action. */
  dig: string;
  /** The version of the agent's policy. */
  pol: number;
  /** The organization. */
  org: string;
  /** The caller's own nonce. */
  nonce?: string;
  /** The pseudonym of the user for whom the agent acts. */
  usr?: string;
  /** The session in which it does. */
  ses?: string;
  /** The key that asked. */
  key?: string;
  /** The permission that decided. */
  per?: string;
  /** The approval that was used. */
  apr?: string;
  /** What was reserved. */
  rsv?: string;
  [claim: string]: unknown;
}

/** What a receipt must prove. */
export interface ReceiptOptions {
  /** The server's key set. */
  keys: JsonWebKeySet | readonly JsonWebKey[];
  /** For whom it must be: your own name, mostly your host; null takes those for anybody. */
  audience: string | null;
  /** Who must have decided: the server's public URL. */
  issuer?: string;
  /** Which action it must be about. */
  ask?: Ask & { user?: string | null };
  /** The digest of the action, where you have it already. */
  digest?: string;
  /** Which agent it must be about. */
  agentId?: string;
  /** The nonce that was sent with the question. */
  nonce?: string;
  /** Which answer it must be; `allow` unless said otherwise. */
  decision?: "allow" | "deny" | "needs_approval" | "any";
  /** The time, as a Date or in unix seconds; now unless said otherwise. */
  now?: Date | number;
  /** How far the clocks may be apart. */
  leewaySeconds?: number;
}

/** Everything that this package throws of its own accord. */
export class ProcuraError extends Error {
  constructor(message: string, code?: string | null);
  /** Why, for programs. */
  readonly code: string | null;
}

/** The receipt does not prove it. The message says nothing of what stands in the receipt. */
export class ReceiptError extends ProcuraError {
  private constructor();
  readonly code: "RECEIPT_INVALID" | "RECEIPT_EXPIRED" | "RECEIPT_MISMATCH";
  /** Whether no key has the name that the receipt gives: a fresh key set could have it. */
  readonly isKeyUnknown: boolean;
}

/** The canonical text of an ask: everything that a decision looks at. `user` is the pseudonym in a receipt's `usr`. */
export function canonicalAsk(ask: Ask & { user?: string | null }): string;

/** By what an action is named: base64url of the SHA-256 of its canonical text. */
export function actionDigest(ask: Ask & { user?: string | null }): Promise<string>;

/**
 * The claims of a receipt that proves what the options want.
 *
 * @throws {ReceiptError} it does not
 */
export function verifyReceipt(receipt: string, options: ReceiptOptions): Promise<ReceiptClaims>;
