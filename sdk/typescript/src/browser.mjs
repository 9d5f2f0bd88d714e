// What a browser may have: nothing here takes a key or a secret.
export { ProcuraError, ReceiptError, actionDigest, canonicalAsk, verifyReceipt } from "./receipt.mjs";
