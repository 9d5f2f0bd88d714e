import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";

import * as imported from "@procura/sdk";

const EXPORTS = [
  "NothingDone",
  "Procura",
  "ProcuraApprovalRequired",
  "ProcuraDenied",
  "ProcuraError",
  "ProcuraRefused",
  "ProcuraUnavailable",
  "ReceiptError",
  "SessionTokenError",
  "WebhookSignatureError",
  "actionDigest",
  "canonicalAsk",
  "signSessionToken",
  "verifyReceipt",
  "verifyWebhookSignature",
];

test("require and import give the same things", () => {
  const required = createRequire(import.meta.url)("@procura/sdk");
  assert.deepEqual(Object.keys(required).sort(), EXPORTS);
  assert.deepEqual(Object.keys(imported).sort(), EXPORTS);
  for (const [name, value] of Object.entries(required)) assert.equal(imported[name], value);
});
