export { ProcuraError, ReceiptError, actionDigest, canonicalAsk, verifyReceipt } from "./receipt.cjs";
export type { Ask, JsonWebKey, JsonWebKeySet, ReceiptClaims, ReceiptOptions } from "./receipt.cjs";
export {
  NothingDone,
  Procura,
  ProcuraApprovalRequired,
  ProcuraDenied,
  ProcuraRefused,
  ProcuraUnavailable,
} from "./client.cjs";
export type { CallOptions, Grant, ProcuraOptions, Question, VerifyOptions } from "./client.cjs";
export { SessionTokenError, signSessionToken } from "./session-token.cjs";
export type { SessionTokenCode, SessionTokenPayload } from "./session-token.cjs";
export { WebhookSignatureError, verifyWebhookSignature } from "./webhook.cjs";
export type { WebhookHeaders } from "./webhook.cjs";
export type * from "./wire.cjs";
