import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as node from "@procura/sdk";
import * as browser from "@procura/sdk/browser";

const { asks, issuer, jwks, receipts } = JSON.parse(
  readFileSync(new URL("../../../vectors/receipt.json", import.meta.url), "utf8"),
);

// Node 18 keeps what browsers have in a module.
globalThis.crypto ??= webcrypto;

/** With Node's own mathematics, and with those of browsers. */
const ENTRIES = Object.entries({ node, browser });

/** What a vector wants, as an option of verifyReceipt. */
const options = ({ now, wanted }) => ({
  keys: jwks,
  issuer,
  now,
  audience: wanted.audience ?? null,
  agentId: wanted.agent,
  digest: wanted.digest,
  nonce: wanted.nonce,
  decision: "any",
});

for (const [name, sdk] of ENTRIES) {
  test(`asks have the canonical text and the digest of the server (${name})`, async () => {
    const own = asks.filter(({ portable }) => portable);
    assert(own.length > 30);
    for (const { name: what, ask, user, canonical, digest } of own) {
      const made = { ...JSON.parse(ask), user };
      if (canonical === null) {
        assert.throws(() => sdk.canonicalAsk(made), TypeError, what);
      } else {
        assert.equal(sdk.canonicalAsk(made), canonical, what);
        assert.equal(await sdk.actionDigest(made), digest, what);
      }
    }
  });

  test(`receipts are judged as the server judges them (${name})`, async () => {
    assert(receipts.length > 50);
    for (const vector of receipts) {
      const judged = sdk.verifyReceipt(vector.receipt, options(vector));
      if (vector.code === null) assert.deepEqual(await judged, vector.claims, vector.name);
      else await assert.rejects(judged, { name: "ReceiptError", code: vector.code }, vector.name);
    }
  });
}

const good = receipts.find(({ name }) => name === "an allow that is what was asked");
const refused = (change) =>
  node.verifyReceipt(good.receipt, { ...options(good), decision: "allow", ...change }).then(
    () => assert.fail("it was taken"),
    (error) => error,
  );

test("the ask itself may be given, and every member of it counts", async () => {
  const ask = JSON.parse(asks.find(({ name }) => name === "members in another order").ask);
  const claims = await node.verifyReceipt(good.receipt, { ...options(good), digest: undefined, ask, decision: "allow" });
  assert.equal(claims.dec, "allow");
  const changes = { action: "x", resource: "x", vendor: "x", amount: "742.01", currency: "EUR", args: { seats: 3 }, user: "u" };
  for (const [member, value] of Object.entries(changes)) {
    const error = await refused({ digest: undefined, ask: { ...ask, [member]: value } });
    assert.equal(error.code, "RECEIPT_MISMATCH", member);
  }
});

test("only an allow is taken unless another answer is wanted", async () => {
  const denied = receipts.find(({ name }) => name === "a denial is signed too");
  const judge = (decision) => node.verifyReceipt(denied.receipt, { ...options(denied), decision });
  await assert.rejects(judge(undefined), { code: "RECEIPT_MISMATCH" });
  await assert.rejects(judge("needs_approval"), { code: "RECEIPT_MISMATCH" });
  assert.equal((await judge("deny")).code, "AMOUNT_OVER_LIMIT");
  assert.equal((await judge("any")).dec, "deny");
});

test("what is not said is not assumed: keys and an audience are demanded", async () => {
  for (const change of [{ keys: undefined }, { keys: {} }, { audience: undefined }, { now: NaN }, { decision: "yes" }]) {
    assert((await refused(change)) instanceof TypeError, JSON.stringify(change));
  }
});

test("keys that are not for this verify nothing", async () => {
  const key = jwks.keys.find(({ kid }) => kid === JSON.parse(Buffer.from(good.receipt.split(".")[0], "base64url")).kid);
  for (const change of [
    { use: "enc" },
    { alg: "ES256" },
    { alg: null },
    { d: "AAAA" },
    { key_ops: ["sign"] },
    { crv: "X25519" },
    { x: `${key.x}A` },
    // Points of small order, and one that is not in canonical form.
    { x: "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
    { x: "7P__________________________________________" },
    { x: "7v__________________________________________" },
  ]) {
    const error = await refused({ keys: [{ ...key, ...change }] });
    assert.equal(error.code, "RECEIPT_INVALID", JSON.stringify(change));
    assert.equal(error.isKeyUnknown, false);
  }
  assert.equal((await refused({ keys: [] })).isKeyUnknown, true);
});

test("clocks may be apart as far as is said", async () => {
  const judge = (now, leewaySeconds) => node.verifyReceipt(good.receipt, { ...options(good), now, leewaySeconds });
  const { iat, exp } = good.claims;
  await judge(exp + 29, 30);
  await judge(new Date(exp * 1000 - 1), 0);
  await assert.rejects(judge(exp + 30, 30), { code: "RECEIPT_EXPIRED" });
  await judge(iat - 60, 60);
  await assert.rejects(judge(iat - 61, 60), { code: "RECEIPT_INVALID" });
});

test("what JSON cannot say exactly is refused before anything is asked", () => {
  const circle = {};
  circle.self = circle;
  for (const args of [circle, { x: NaN }, { x: Infinity }, new Map(), { x: () => 1 }, { x: Symbol("x") }, { x: "\ud800" }]) {
    assert.throws(() => node.canonicalAsk({ action: "a", args }), TypeError);
  }
  for (const ask of [null, [], "a", {}, { action: "" }, { action: 1 }, { action: "a", currency: "usd" }, { action: "a", vendor: 1 }]) {
    assert.throws(() => node.canonicalAsk(ask), TypeError);
  }
  for (const amount of [-1, 1e21, 0.1 + 0.2, NaN, true, {}, "", "1.", "0x10", " 1"]) {
    assert.throws(() => node.canonicalAsk({ action: "a", amount }), TypeError, String(amount));
  }
  const when = { at: new Date(0), gone: undefined, big: 12345678901234567890n, zero: -0 };
  const written = '"args":{"at":"1970-01-01T00:00:00.000Z","big":12345678901234567890,"zero":0}';
  assert(node.canonicalAsk({ action: "a", args: when }).includes(written));
});

test("a page without WebCrypto verifies nothing, and says why", async () => {
  const { crypto } = globalThis;
  Object.defineProperty(globalThis, "crypto", { value: undefined, configurable: true, writable: true });
  try {
    await assert.rejects(browser.verifyReceipt(good.receipt, options(good)), { name: "ProcuraError", code: "NO_CRYPTO" });
  } finally {
    Object.defineProperty(globalThis, "crypto", { value: crypto, configurable: true, writable: true });
  }
});

test("the browser gets no more than it may have, and nothing of Node", () => {
  assert.deepEqual(Object.keys(browser).sort(), [
    "ProcuraError",
    "ReceiptError",
    "actionDigest",
    "canonicalAsk",
    "verifyReceipt",
  ]);
  for (const file of ["browser.mjs", "receipt.mjs"]) {
    const text = readFileSync(new URL(`../src/${file}`, import.meta.url), "utf8");
    assert.doesNotMatch(text, /node:|require\(|process\.|Buffer/, file);
  }
});
