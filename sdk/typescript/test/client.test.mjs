// What needs no server. What a guarded function may stand on is proven against a real one, by `live/guard.mjs`.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { inspect } from "node:util";

import { NothingDone, Procura, ProcuraError, ProcuraUnavailable } from "@procura/sdk";

const AGENT = "agt_01KB4T5XW0000000000000000A";
const made = (options) => new Procura({ url: "https://procura.example.com", key: "pca_secret", agentId: AGENT, ...options });

test("the url is an origin, and the key is not sent in the clear", () => {
  for (const url of ["https://procura.example.com/", "https://x:8443", "http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1"]) {
    assert(made({ url }), url);
  }
  for (const url of [
    undefined,
    "",
    "procura.example.com",
    "ftp://procura.example.com",
    "http://procura.example.com",
    "http://127.0.0.1.example.com",
    "https://user@procura.example.com",
    "https://procura.example.com/path",
    "https://procura.example.com?q",
    "https://procura.example.com#f",
  ]) {
    assert.throws(() => made({ url }), TypeError, String(url));
  }
  assert(made({ url: "http://procura.example.com", allowHttp: true }));
});

test("a key that is none is refused, and none is ever shown", () => {
  for (const key of [undefined, null, "", 1]) assert.throws(() => made({ key }), TypeError);
  assert.throws(() => new Procura(), TypeError);
  assert(!inspect(made(), { depth: 9, showHidden: true }).includes("pca_secret"));
  assert(!JSON.stringify(made()).includes("pca_secret"));
});

test("what cannot be asked is refused before anything is sent, and the function never runs", async () => {
  const client = made();
  const act = () => assert.fail("it ran");
  for (const ask of [undefined, {}, { action: "a", amount: "1 USD" }, { action: "a", nonce: "n" }, { action: "a", user: "u" }, { action: "a", receipt: true }]) {
    await assert.rejects(client.guard(ask, act), TypeError);
    await assert.rejects(client.verify(ask), TypeError);
  }
  await assert.rejects(client.guard(() => Promise.reject(new RangeError("no ask")), act), RangeError);
  await assert.rejects(client.guard({ action: "a" }, "act"), TypeError);
  for (const timeoutMs of [0, -1, NaN, Infinity, "1"]) {
    await assert.rejects(client.guard({ action: "a" }, act, { timeoutMs }), TypeError);
    assert.throws(() => made({ timeoutMs }), TypeError);
  }
});

test("without an agent nothing is guarded: the answer would say itself whose it must be", async () => {
  const act = () => assert.fail("it ran");
  for (const agentId of [undefined, null, "", 1]) {
    const client = made({ agentId });
    await assert.rejects(client.guard({ action: "a" }, act), { name: "TypeError", message: /agentId/ });
    await assert.rejects(client.verify({ action: "a" }), { name: "TypeError", message: /agentId/ });
  }
  const told = made({ agentId: undefined, url: "http://127.0.0.1:1", timeoutMs: 2_000 });
  await assert.rejects(told.verify({ action: "a", agentId: AGENT }), ProcuraUnavailable);
});

test("a reservation is named by its id alone", async () => {
  for (const id of [undefined, "", "rsv_", "rsv_../../../v1/agents/01234567", "apr_01KB4T5XW0000000000000000H"]) {
    await assert.rejects(made().commit(id), TypeError);
    await assert.rejects(made().release(id), TypeError);
  }
  await assert.rejects(made().commit("rsv_01KB4T5XW0000000000000000H", "-1"), TypeError);
});

/** A server that answers each request with the next of these. */
async function answering(answers, act) {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const { status, headers = {}, body } = answers[Math.min(asked.length, answers.length) - 1];
    request.resume();
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await act(`http://127.0.0.1:${server.address().port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
  return asked;
}

const early = (seconds) => ({
  status: 429,
  headers: { "retry-after": String(seconds) },
  body: { success: false, code: "RATE_LIMITED", error: "Too many requests.", fix: "Wait.", requestId: "req_1" },
});

test("who was refused for being early asks again as soon as it may, within the deadline", async () => {
  const settled = { status: 200, body: { id: "rsv_01KB4T5XW0000000000000000H" } };
  const asked = await answering([early(1), early(1), settled], async (url) => {
    const began = performance.now();
    await made({ url }).commit("rsv_01KB4T5XW0000000000000000H");
    assert(performance.now() - began >= 1_900);
  });
  assert.equal(asked.length, 3);
  const once = await answering([early(60)], async (url) => {
    await assert.rejects(made({ url }).commit("rsv_01KB4T5XW0000000000000000H"), { code: "RATE_LIMITED", retryAfter: 60 });
  });
  assert.equal(once.length, 1);
});

test("what was reserved for an answer that is not taken is given back", async () => {
  const answer = {
    success: true, allowed: true, decision: "allow", reason: "It may.", code: "ALLOWED", risk: "none",
    requestId: "req_1", agentId: AGENT, reservationId: "rsv_01KB4T5XW0000000000000000H", receipt: "none",
  };
  const keys = { status: 200, body: { keys: [] } };
  const asked = await answering([{ status: 200, body: answer }, keys], async (url) => {
    await assert.rejects(made({ url }).guard({ action: "a" }, () => assert.fail("it ran")), { code: "UNSIGNED" });
  });
  assert.equal(asked.at(-1), "POST /v1/reservations/rsv_01KB4T5XW0000000000000000H/release");
});

test("nobody there is an error of one kind, within the deadline", async () => {
  const client = made({ url: "http://127.0.0.1:1", timeoutMs: 2_000 });
  const began = performance.now();
  await assert.rejects(client.guard({ action: "a" }, () => assert.fail("it ran")), (error) => {
    assert(error instanceof ProcuraUnavailable && error instanceof ProcuraError);
    assert.equal(error.code, "UNREACHABLE");
    return true;
  });
  assert(performance.now() - began < 4_000);
  assert.equal(new NothingDone("x", { cause: 1 }).cause, 1);
});
