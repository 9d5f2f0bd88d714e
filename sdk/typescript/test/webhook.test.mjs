import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { WebhookSignatureError, verifyWebhookSignature } from "@procura/sdk";

const { vectors } = JSON.parse(readFileSync(new URL("../../../vectors/webhook.json", import.meta.url), "utf8"));
const good = vectors.find(({ name }) => name === "as it is sent");
const body = Buffer.from(good.body, "base64");
const judge = (rawBody, headers, secret = good.secrets, options = { now: good.now }) =>
  verifyWebhookSignature(rawBody, headers, secret, options);

test("every vector is taken or refused as it says", () => {
  assert(vectors.length > 50);
  for (const { name, secrets, headers, body: raw, now, accepted, id, timestamp } of vectors) {
    const verify = () => verifyWebhookSignature(Buffer.from(raw, "base64"), headers, secrets, { now });
    if (accepted) assert.deepEqual(verify(), { id, timestamp }, name);
    else assert.throws(verify, WebhookSignatureError, name);
  }
});

test("headers may be those of fetch, of Node, or plain, and are there once", () => {
  const expected = { id: good.id, timestamp: good.timestamp };
  assert.deepEqual(judge(body, new Headers(good.headers)), expected);
  assert.deepEqual(judge(body, new Map(Object.entries(good.headers))), expected);
  assert.deepEqual(judge(body, { ...good.headers, "webhook-id": [good.headers["webhook-id"]] }), expected);
  assert.throws(() => judge(body, { ...good.headers, "webhook-id": ["a", "b"] }), WebhookSignatureError);
  assert.throws(() => judge(body, { ...good.headers, "Webhook-Id": good.headers["webhook-id"] }), WebhookSignatureError);
  assert.throws(() => judge(body, undefined), WebhookSignatureError);
});

test("the body is taken as a text too, and never parsed", () => {
  assert.equal(judge(body.toString(), good.headers).id, good.id);
  assert.throws(() => judge(JSON.parse(body.toString()), good.headers), TypeError);
  assert.throws(() => judge(undefined, good.headers), TypeError);
});

test("the tolerance and the time are the caller's, and now where none is given", () => {
  assert.throws(() => judge(body, good.headers, good.secrets, {}), WebhookSignatureError);
  assert.equal(judge(body, good.headers, good.secrets, { now: new Date((good.now + 10) * 1000), toleranceSeconds: 10 }).id, good.id);
  assert.throws(() => judge(body, good.headers, good.secrets, { now: good.now + 11, toleranceSeconds: 10 }), WebhookSignatureError);
  for (const options of [{ toleranceSeconds: NaN }, { toleranceSeconds: -1 }, { now: NaN }]) {
    assert.throws(() => judge(body, good.headers, good.secrets, options), TypeError);
  }
});

test("a secret that is none is refused, whatever was sent", () => {
  for (const secret of [undefined, null, "", "whsec_", "whsec_AAAA", "whsec_not base64 at all, and long enough", [], [""]]) {
    assert.throws(() => judge(body, good.headers, secret === undefined ? null : secret), TypeError, String(secret));
  }
});
