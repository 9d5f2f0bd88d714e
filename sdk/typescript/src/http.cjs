"use strict";

// One request and its answer, within one deadline.
//
// What is decided here: what counts as an answer. A redirect, another content type, a body that is too long, broken off or
// no JSON is none. What may be sent again is sent again, on a broken connection or a 503, and after a 429 as long as its
// Retry-After says (who was refused for being early has changed nothing), and never after the deadline.

const { ProcuraRefused, ProcuraUnavailable } = require("./errors.cjs");

/** The longest answer, in bytes. */
const LONGEST_ANSWER = 1024 * 1024;
/** How often a request is sent at most. */
const TRIES = 3;
/** How long is waited before the second try, in milliseconds; twice as long before the third. */
const PAUSE_MS = 100;

/** A point in time after which nothing is waited for. */
class Deadline {
  constructor(milliseconds) {
    this.at = performance.now() + milliseconds;
    this.milliseconds = milliseconds;
  }

  get left() {
    return this.at - performance.now();
  }

  /** The error of an answer that came too late, or never. */
  passed() {
    return new ProcuraUnavailable(`no answer within ${this.milliseconds} ms`, "TIMEOUT");
  }

  /** Throws where it has passed. */
  demand() {
    if (this.left <= 0) throw this.passed();
  }
}

/** The JSON of an answer with status 200. */
async function send(request, deadline) {
  let tries = 0;
  for (;;) {
    deadline.demand();
    let outcome;
    try {
      outcome = await once(request, deadline);
    } catch (error) {
      if (!(error instanceof ProcuraUnavailable)) throw error;
      const early = waitOf(error);
      if (early === null) tries += 1;
      if (early === null && (!isWorthAgain(error) || tries === TRIES)) throw error;
      const pause = early ?? PAUSE_MS * tries * (1 + Math.random());
      if (pause >= deadline.left) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
      continue;
    }
    deadline.demand();
    return outcome;
  }
}

/** How long the server asks to wait, in milliseconds; null where it does not. */
function waitOf(error) {
  return error.status === 429 && error.retryAfter > 0 ? error.retryAfter * 1000 : null;
}

function isWorthAgain(error) {
  return error.code === "UNREACHABLE" || error.status === 503;
}

async function once({ url, method = "GET", headers = {}, body }, deadline) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), Math.max(0, deadline.left));
  try {
    const response = await fetch(url, {
      method,
      headers: { accept: "application/json, application/jwk-set+json", ...headers },
      body,
      redirect: "manual",
      cache: "no-store",
      signal: abort.signal,
    });
    return readAnswer(response.status, response.headers, await readBody(response));
  } catch (error) {
    if (error instanceof ProcuraUnavailable) throw error;
    if (abort.signal.aborted || deadline.left <= 0) throw deadline.passed();
    throw new ProcuraUnavailable("the server cannot be reached, or broke off", "UNREACHABLE", { cause: error });
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
}

async function readBody(response) {
  const chunks = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > LONGEST_ANSWER) throw malformed(response.status, "is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function readAnswer(status, headers, bytes) {
  const type = headers.get("content-type");
  let json = null;
  // A key set is application/jwk-set+json.
  if (/^application\/(jwk-set\+)?json\s*(;|$)/i.test(type ?? "")) {
    try {
      json = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    } catch {
      json = null;
    }
  }
  const isObject = typeof json === "object" && json !== null && !Array.isArray(json);
  if (status === 200 && isObject) return json;
  if (status === 200) throw malformed(status, "is not a JSON object");
  if (isObject && [json.code, json.error, json.fix].every((text) => typeof text === "string")) {
    throw new ProcuraRefused(status, json, Number(headers.get("retry-after") ?? 0));
  }
  throw malformed(status, "is none that Procura gives");
}

function malformed(status, what) {
  return new ProcuraUnavailable(`the answer (status ${status}) ${what}`, "MALFORMED", { status });
}

module.exports = { Deadline, malformed, send };
