"use strict";

// Asking before acting (VER-4).
//
// What is decided here: whether an action may be done now. It may after one thing only: an answer that came within the
// deadline, with a receipt that the server signed for this very question (nonce), this very action (digest), this agent,
// with the verdict allow. Everything else throws before the guarded function is called. What the function then stands on
// (the reservation) is what was signed, not what stood beside it.

const { randomBytes, randomUUID } = require("node:crypto");
const { NothingDone, ProcuraApprovalRequired, ProcuraDenied, ProcuraUnavailable } = require("./errors.cjs");
const { Deadline, malformed, send } = require("./http.cjs");
const { RawJson, ReceiptError, canonicalAmount, canonicalAsk, canonicalJson, verifyReceipt } = require("./receipt.cjs");

/** How long an answer is waited for unless the caller says otherwise, in milliseconds. */
const USUAL_TIMEOUT_MS = 5000;
/** How far the two clocks may be apart: what proves that an answer is new is the nonce, not the time. */
const USUAL_SKEW_SECONDS = 30;
/** The longest time that can be waited for. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;
/** What the client adds to an ask itself. */
const OWN_MEMBERS = ["nonce", "receipt", "user"];
const RESERVATION = /^rsv_[0-9A-Z]{26}$/;
const VERDICTS = ["allow", "deny", "needs_approval"];

/** What an allowed action stands on. */
class Grant {
  #spent = null;

  constructor(answer, claims) {
    /** The whole answer. */
    this.decision = answer;
    /** What was signed. */
    this.claims = claims;
    /** The receipt, for whoever wants to see that it was allowed. */
    this.receipt = answer.receipt;
    this.requestId = claims.req;
    /** What was reserved; null where nothing was. */
    this.reservationId = claims.rsv ?? null;
    Object.freeze(this);
  }

  /** Says how much it came to in the end, where that is less than was asked for. */
  spent(amount) {
    this.#spent = canonicalAmount(amount);
  }

  /** What was said to have been spent. */
  static amountOf(grant) {
    return grant.#spent;
  }
}

/** A client of one Procura server. */
class Procura {
  #url;
  #key;
  #issuer;
  #agentId;
  #timeoutMs;
  #skew;
  #pinned;
  #fetched = null;
  #onUnsettled;

  constructor(options) {
    const { url, key, keys, issuer, agentId, timeoutMs, allowHttp = false, clockSkewSeconds, onUnsettled } = options ?? {};
    this.#url = readUrl(url, allowHttp);
    if (typeof key !== "string" || key === "") {
      throw new TypeError("key is an agent or platform key: is its environment variable set?");
    }
    this.#key = key;
    this.#issuer = issuer ?? this.#url;
    this.#agentId = agentId;
    this.#timeoutMs = positive("timeoutMs", timeoutMs ?? USUAL_TIMEOUT_MS);
    this.#skew = clockSkewSeconds ?? USUAL_SKEW_SECONDS;
    this.#pinned = keys ?? null;
    this.#onUnsettled = onUnsettled ?? warnUnsettled;
  }

  /** Asks whether the action may be done; resolves only if it may. */
  async verify(ask, options = {}) {
    const deadline = this.#deadline(options);
    const question = this.#question(ask);
    // Otherwise any agent's receipt would do, and the answer itself would say whose it must be.
    if (typeof question.agentId !== "string" || question.agentId === "") {
      throw new TypeError("agentId says which agent the answer must be about: name it in the client's options or in the ask");
    }
    const nonce = randomBytes(32).toString("base64url");
    const audience = options.audience ?? question.vendor ?? this.#issuer;
    const receipt = options.audience === undefined ? true : { audience };
    const answer = await this.#ask({ ...question, nonce, receipt }, deadline);
    if (answer.decision === "deny") throw new ProcuraDenied(answer);
    if (answer.decision === "needs_approval") throw new ProcuraApprovalRequired(answer);
    const rules = { issuer: this.#issuer, audience, agentId: question.agentId, ask: question, nonce };
    try {
      const claims = await this.#claims(answer, rules, deadline);
      deadline.demand();
      return new Grant(answer, claims);
    } catch (error) {
      await this.#letGo(answer, deadline);
      throw error;
    }
  }

  /** Gives back what was reserved for an answer that nobody acts on. What is not given back in time lapses by itself. */
  async #letGo(answer, deadline) {
    if (typeof answer.reservationId !== "string" || !RESERVATION.test(answer.reservationId)) return;
    try {
      await this.#post(`/v1/reservations/${answer.reservationId}/release`, "{}", deadline);
    } catch {
      // Why the answer is not acted on is what its caller hears.
    }
  }

  /** The answer, whatever it is; rejects only where there is none. It is not signed: show it, and act on `verify` or `guard`. */
  async check(ask, options = {}) {
    return this.#ask(this.#question(ask), this.#deadline(options));
  }

  /** Calls `act` once if, and only if, the action may be done; then settles what was reserved for it. */
  async guard(ask, act, options = {}) {
    if (typeof act !== "function") throw new TypeError("guard takes the function that it guards");
    const grant = await this.verify(typeof ask === "function" ? await ask() : ask, options);
    let result;
    try {
      result = await act(grant);
    } catch (error) {
      // Whether it happened nobody knows, unless it says so: then what was reserved stays held.
      if (error instanceof NothingDone) await this.#settle(grant, "release");
      throw error;
    }
    await this.#settle(grant, "commit");
    return result;
  }

  /** Says that it happened, and how much it came to where that is not what was reserved. Doing so twice is once. */
  async commit(reservationId, amount, options = {}) {
    const body = amount === undefined || amount === null ? {} : { amount: canonicalAmount(amount) };
    return this.#reservation(reservationId, "commit", body, options);
  }

  /** Says that it did not happen. Doing so twice is once. */
  async release(reservationId, options = {}) {
    return this.#reservation(reservationId, "release", {}, options);
  }

  /** The settling of a grant never throws: the action is done, and an error would look as if it were not. */
  async #settle(grant, verb) {
    if (grant.reservationId === null) return;
    try {
      if (verb === "commit") await this.commit(grant.reservationId, Grant.amountOf(grant));
      else await this.release(grant.reservationId);
    } catch (error) {
      try {
        this.#onUnsettled(error, { reservationId: grant.reservationId, verb, amount: Grant.amountOf(grant) });
      } catch {
        // Whoever listens may fail; the action is done all the same.
      }
    }
  }

  async #reservation(id, verb, body, options) {
    if (!RESERVATION.test(id)) throw new TypeError("a reservation is named by an id that begins with rsv_");
    return this.#post(`/v1/reservations/${id}/${verb}`, canonicalJson(body), this.#deadline(options));
  }

  #deadline({ timeoutMs }) {
    return new Deadline(positive("timeoutMs", timeoutMs ?? this.#timeoutMs));
  }

  /** The ask as it is sent: its arguments are made text once, so that what is signed is what is sent. */
  #question(ask) {
    canonicalAsk(ask);
    for (const name of OWN_MEMBERS) {
      if (ask[name] !== undefined) throw new TypeError(`${name} is not a member of an ask`);
    }
    const question = Object.fromEntries(Object.entries(ask).filter(([, value]) => value !== undefined && value !== null));
    if (question.args !== undefined) question.args = new RawJson(canonicalJson(question.args));
    if (question.amount !== undefined) question.amount = canonicalAmount(question.amount);
    if (question.agentId === undefined && this.#agentId !== undefined) question.agentId = this.#agentId;
    return question;
  }

  async #ask(question, deadline) {
    const answer = await this.#post("/v1/verify", canonicalJson(question), deadline);
    const texts = ["decision", "reason", "code", "risk", "requestId", "agentId"];
    const isWhole =
      answer.success === true &&
      texts.every((name) => typeof answer[name] === "string") &&
      VERDICTS.includes(answer.decision) &&
      answer.allowed === (answer.decision === "allow");
    if (!isWhole) throw malformed(200, "is no decision");
    return answer;
  }

  #post(path, body, deadline) {
    const headers = {
      authorization: `Bearer ${this.#key}`,
      "content-type": "application/json",
      // A try whose answer was lost is known again by it.
      "idempotency-key": randomUUID(),
    };
    return send({ url: this.#url + path, method: "POST", headers, body }, deadline);
  }

  async #claims(answer, rules, deadline) {
    try {
      const claims = await this.#verified(answer.receipt, rules, deadline);
      const said = { req: answer.requestId, sub: answer.agentId, code: answer.code, rsv: answer.reservationId };
      for (const [name, value] of Object.entries(said)) {
        if (claims[name] !== value) throw new ReceiptError(`${name} is not what the answer says`, "RECEIPT_MISMATCH");
      }
      return claims;
    } catch (error) {
      if (!(error instanceof ReceiptError)) throw error;
      throw new ProcuraUnavailable(`the answer is not signed as it must be: ${error.message}`, "UNSIGNED", {
        requestId: answer.requestId,
        status: 200,
        cause: error,
      });
    }
  }

  async #verified(receipt, rules, deadline) {
    const options = { ...rules, decision: "allow", leewaySeconds: this.#skew };
    const known = this.#pinned ?? this.#fetched;
    try {
      return await verifyReceipt(receipt, { ...options, keys: known ?? (await this.#fetchKeys(deadline)) });
    } catch (error) {
      // A key that is not among those fetched for an earlier answer may have been published since.
      const isWorthLooking = error instanceof ReceiptError && error.isKeyUnknown;
      if (!isWorthLooking || this.#pinned !== null || known === null) throw error;
      return verifyReceipt(receipt, { ...options, keys: await this.#fetchKeys(deadline) });
    }
  }

  /** Fetched from where the answers come from, and kept. */
  async #fetchKeys(deadline) {
    const keys = await send({ url: `${this.#url}/.well-known/jwks.json` }, deadline);
    if (!Array.isArray(keys.keys)) throw malformed(200, "is no key set");
    this.#fetched = keys;
    return keys;
  }
}

function readUrl(text, allowHttp) {
  let url;
  try {
    url = new URL(text);
  } catch {
    throw new TypeError("url is the server's public URL, such as https://procura.example.com");
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "" || url.pathname !== "/") {
    throw new TypeError("url has no user name, path, query or fragment");
  }
  const isLocal = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && (isLocal || allowHttp))) {
    throw new TypeError("url begins with https://; http:// sends the key in the clear, and only allowHttp allows it");
  }
  return url.origin;
}

function positive(name, milliseconds) {
  if (typeof milliseconds === "number" && milliseconds > 0 && milliseconds <= LONGEST_TIMEOUT_MS) return milliseconds;
  throw new TypeError(`${name} is a number of milliseconds`);
}

function warnUnsettled(error, { reservationId, verb }) {
  process.emitWarning(`${reservationId} stays held, because ${verb} failed: ${error.message}`, "ProcuraWarning");
}

module.exports = { Grant, Procura };
