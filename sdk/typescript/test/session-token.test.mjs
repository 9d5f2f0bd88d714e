import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { SessionTokenError, signSessionToken } from "@procura/sdk";

const { vectors } = JSON.parse(readFileSync(new URL("../../../vectors/session-token.json", import.meta.url), "utf8"));
const SECRET = "a secret of a test, which is not real";

/** What `act` gives at this time, in unix seconds. */
function at(now, act) {
  const clock = Date.now;
  Date.now = () => now * 1000;
  try {
    return act();
  } finally {
    Date.now = clock;
  }
}

/** The error of signing at second 1,000. */
function refused(payload, ...secret) {
  try {
    at(1_000, () => signSessionToken(payload, ...(secret.length > 0 ? secret : [SECRET])));
  } catch (error) {
    assert(error instanceof SessionTokenError, String(error));
    return error;
  }
  return assert.fail("it was signed");
}

test("every vector of this form is signed to the byte, or refused with the code of the server", () => {
  const own = vectors.filter(({ form }) => form === "node");
  assert(own.length > 40);
  for (const { name, payload, secret, now, token, code } of own) {
    const sign = () => at(now, () => signSessionToken(JSON.parse(payload), secret));
    if (code === null) assert.equal(sign(), token, name);
    else assert.throws(sign, { name: "SessionTokenError", code }, name);
  }
});

test("the bytes are those of the function in the description of the format", () => {
  // Seed 003, word for word.
  const described = (payload, secret) => {
    const body = Buffer.from(JSON.stringify(payload)).toString("base64url");
    const sig = createHmac("sha256", secret).update(body).digest("base64url");
    return body + "." + sig;
  };
  const now = Math.floor(Date.now() / 1000);
  for (const more of [{}, { plan: "pro", since: new Date(0), gone: undefined }, { city: "Zürich 🏔", 7: [1, , 2] }]) {
    const payload = { userId: "user_123", iat: now, exp: now + 300, ...more };
    assert.equal(signSessionToken(payload, SECRET), described(payload, SECRET));
  }
});

test("a secret that is missing or short is refused, and no error holds it", () => {
  const payload = { userId: "u", exp: 1_060 };
  for (const secret of [undefined, null, "", "x".repeat(31), Buffer.alloc(32)]) {
    assert.equal(refused(payload, secret).code, null);
  }
  assert(!refused(payload, "hunter2").message.includes("hunter2"));
  assert.equal(typeof at(1_000, () => signSessionToken(payload, "ü".repeat(16))), "string");
});

test("what JSON would drop or bend is judged as the server will read it", () => {
  const payload = { userId: "u", exp: 1_060 };
  assert.equal(refused({ ...payload, exp: NaN }).code, "AUTH_TOKEN_MALFORMED");
  assert.equal(refused({ ...payload, userId: undefined }).code, "AUTH_TOKEN_NO_SUBJECT");
  assert.equal(refused({ ...payload, toJSON: () => [] }).code, "AUTH_TOKEN_MALFORMED");
  assert.equal(refused({ ...payload, count: 1n }).code, "AUTH_TOKEN_MALFORMED");
  assert.equal(refused(undefined).code, "AUTH_TOKEN_MALFORMED");
  assert.equal(refused(() => payload).code, "AUTH_TOKEN_MALFORMED");
  assert.equal(refused({ ...payload, iat: 1_000.5 }).code, "AUTH_TOKEN_INVALID");
  const circle = { ...payload };
  circle.self = circle;
  assert.equal(refused(circle).code, "AUTH_TOKEN_MALFORMED");
});
