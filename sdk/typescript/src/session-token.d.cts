/** Who the user is. Every member that is not named here becomes a custom attribute, which agents treat as untrusted text. */
export interface SessionTokenPayload {
  /** Your own id of the user: not blank, at most 256 bytes. */
  userId: string;
  /** When the token ends, in unix seconds: in the future, and at most an hour away from now and from `iat`. */
  exp: number;
  /** The user's e-mail address. */
  email?: string;
  /** The user's role in your product. */
  role?: string;
  /** When the token was made, in unix seconds. */
  iat?: number;
  /** From when on the token holds, in unix seconds. */
  nbf?: number;
  /** Custom attributes. */
  [attribute: string]: unknown;
}

/** What the server would answer to the token. */
export type SessionTokenCode =
  | "AUTH_TOKEN_MALFORMED"
  | "AUTH_TOKEN_INVALID"
  | "AUTH_TOKEN_EXPIRED"
  | "AUTH_TOKEN_NO_SUBJECT";

/** The payload or the secret cannot make a token that the server accepts. The message holds nothing of either. */
export class SessionTokenError extends Error {
  readonly name: "SessionTokenError";
  /** What the server would answer; null where the secret is at fault, which the server never sees. */
  readonly code: SessionTokenCode | null;
}

/**
 * Signs the token that your page hands to your agent and your agent sends once, as `X-User-Auth-Token`.
 *
 * @param payload who the user is, and until when
 * @param secret the agent's shared secret, at least 32 bytes; it stays on your server
 * @throws {SessionTokenError} the server would refuse the token
 */
export function signSessionToken(payload: SessionTokenPayload, secret: string): string;
