"use strict";

// Whether a webhook was sent by Procura: an HMAC over when it was sent and what, by a secret that only both sides have.
//
// What is decided here: which deliveries may be read at all. Two forms are known: Standard Webhooks (webhook-id,
// webhook-timestamp, webhook-signature), which signs the id too, and x-procura-signature. Where a header of the first form
// is there, the first form decides alone: nobody gets past it by adding the second.

const { createHmac, timingSafeEqual } = require("node:crypto");
const { ProcuraError } = require("./receipt.cjs");

/** How old a delivery may be, or how far ahead its sender's clock, in seconds. */
const USUAL_TOLERANCE = 300;
/** The shortest key, in bytes (Standard Webhooks). */
const SHORTEST_KEY = 24;
const STANDARD = ["webhook-id", "webhook-timestamp", "webhook-signature"];
const OWN = "x-procura-signature";

/** The delivery was not sent by whoever has the secret, not now, or not with this body. Do not read it. */
class WebhookSignatureError extends ProcuraError {
  constructor(message) {
    super(message, "WEBHOOK_SIGNATURE_INVALID");
    this.name = "WebhookSignatureError";
  }
}

function verifyWebhookSignature(rawBody, headers, secret, options = {}) {
  const { toleranceSeconds = USUAL_TOLERANCE, now = Date.now() / 1000 } = options;
  const seconds = now instanceof Date ? now.getTime() / 1000 : now;
  if (!Number.isFinite(toleranceSeconds) || toleranceSeconds < 0) throw new TypeError("toleranceSeconds is no number");
  if (!Number.isFinite(seconds)) throw new TypeError("now is a Date, or unix seconds");
  const body = bytesOf(rawBody);
  const keys = (Array.isArray(secret) ? secret : [secret]).map(keyOf);
  if (keys.length === 0) throw new TypeError("there is no secret");
  const isStandard = STANDARD.some((name) => header(headers, name) !== null);
  const { id, timestamp, signatures } = isStandard ? readStandard(headers) : readOwn(headers);
  if (Math.abs(Math.floor(seconds) - Number(timestamp)) > toleranceSeconds) {
    throw new WebhookSignatureError("the delivery is too old, or from the future");
  }
  const signed = Buffer.concat([Buffer.from(isStandard ? `${id}.${timestamp}.` : `${timestamp}.`), body]);
  const isSigned = keys.some((key) => {
    const expected = createHmac("sha256", key).update(signed).digest();
    return signatures.some((signature) => signature.length === expected.length && timingSafeEqual(signature, expected));
  });
  if (!isSigned) throw new WebhookSignatureError("no signature holds");
  return { id, timestamp: Number(timestamp) };
}

function bytesOf(rawBody) {
  if (typeof rawBody === "string") return Buffer.from(rawBody);
  if (rawBody instanceof Uint8Array) return rawBody;
  throw new TypeError("rawBody is the body as it came, a text or bytes: a parsed one cannot be verified");
}

function keyOf(secret) {
  const text = typeof secret === "string" && secret.startsWith("whsec_") ? secret.slice("whsec_".length) : secret;
  const key = typeof text === "string" ? Buffer.from(text, "base64") : null;
  if (key === null || key.toString("base64") !== text || key.length < SHORTEST_KEY) {
    throw new TypeError("the secret is not whsec_ and base64: is its environment variable set?");
  }
  return key;
}

/** A header by its name in small letters; null where it is not there. */
function header(headers, name) {
  const given = typeof headers?.get === "function" ? headers.get(name) : plainHeader(headers, name);
  if (given === undefined || given === null) return null;
  const one = Array.isArray(given) && given.length === 1 ? given[0] : given;
  if (typeof one !== "string") throw new WebhookSignatureError(`the header ${name} is not there once`);
  return one;
}

function plainHeader(headers, name) {
  const found = Object.keys(headers ?? {}).filter((key) => key.toLowerCase() === name);
  if (found.length > 1) throw new WebhookSignatureError(`the header ${name} is not there once`);
  return found.length === 1 ? headers[found[0]] : undefined;
}

function readStandard(headers) {
  const [id, timestamp, list] = STANDARD.map((name) => header(headers, name) ?? "");
  if (id === "" || id.includes(".")) throw new WebhookSignatureError("the header webhook-id is missing, or no id");
  const signatures = list
    .split(" ")
    .filter((entry) => entry.startsWith("v1,"))
    .map((entry) => decoded(entry.slice("v1,".length), "base64"));
  return { id, timestamp: secondsOf(timestamp), signatures };
}

function readOwn(headers) {
  const text = header(headers, OWN);
  if (text === null) throw new WebhookSignatureError("the delivery has no signature");
  const pairs = text.split(",").map((part) => part.split("="));
  const named = (name) => pairs.filter((pair) => pair.length === 2 && pair[0] === name).map((pair) => pair[1]);
  const [timestamp, ...more] = named("t");
  if (more.length > 0) throw new WebhookSignatureError(`the header ${OWN} has more than one time`);
  return { id: null, timestamp: secondsOf(timestamp), signatures: named("v1").map((text) => decoded(text, "hex")) };
}

function secondsOf(text) {
  if (/^[0-9]{1,12}$/.test(text ?? "")) return text;
  throw new WebhookSignatureError("the time of the delivery is missing, or no unix seconds");
}

/** Bytes in the one spelling that they have; none for anything else. */
function decoded(text, encoding) {
  const bytes = Buffer.from(text, encoding);
  return bytes.toString(encoding) === text ? bytes : Buffer.alloc(0);
}

module.exports = { WebhookSignatureError, verifyWebhookSignature };
