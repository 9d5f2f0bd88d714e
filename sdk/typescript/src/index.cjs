"use strict";

const { createHash, createPublicKey, verify } = require("node:crypto");
const { Procura } = require("./client.cjs");
const {
  NothingDone,
  ProcuraApprovalRequired,
  ProcuraDenied,
  ProcuraError,
  ProcuraRefused,
  ProcuraUnavailable,
} = require("./errors.cjs");
const { ReceiptError, actionDigest, canonicalAsk, useMathematics, verifyReceipt } = require("./receipt.cjs");
const { SessionTokenError, signSessionToken } = require("./session-token.cjs");
const { WebhookSignatureError, verifyWebhookSignature } = require("./webhook.cjs");

// Node's own, which are the same in every version since 18; there WebCrypto has no Ed25519 without a warning.
useMathematics({
  sha256: (bytes) => createHash("sha256").update(bytes).digest(),
  ed25519: (key, message, signature) => {
    const x = Buffer.from(key).toString("base64url");
    return verify(null, message, createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" }), signature);
  },
});

module.exports = {
  NothingDone,
  Procura,
  ProcuraApprovalRequired,
  ProcuraDenied,
  ProcuraError,
  ProcuraRefused,
  ProcuraUnavailable,
  ReceiptError,
  SessionTokenError,
  WebhookSignatureError,
  actionDigest,
  canonicalAsk,
  signSessionToken,
  verifyReceipt,
  verifyWebhookSignature,
};
