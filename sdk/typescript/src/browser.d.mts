export { ProcuraError, ReceiptError, actionDigest, canonicalAsk, verifyReceipt } from "./receipt.cjs";
export type { Ask, JsonWebKeySet, JsonWebKey, ReceiptClaims, ReceiptOptions } from "./receipt.cjs";
export type * from "./wire.cjs";
