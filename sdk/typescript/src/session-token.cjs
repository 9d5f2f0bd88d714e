"use strict";

// The signed session token: base64url(JSON) + "." + base64url(HMAC-SHA256(first segment, secret)).
//
// What is decided here: which payloads are not worth signing. The rules are those of the server with no leeway, in the
// server's order, so that a mistake shows where it is made and not at the first user. They are applied to what the server
// will read, the serialized payload, and not to the object that was passed.

const { createHmac } = require("node:crypto");

/** The longest life of a token, in seconds. */
const LONGEST_LIFE = 3600;
/** The longest token, in bytes. */
const LONGEST_TOKEN = 8192;
/** How deep a payload may nest, itself included. */
const DEEPEST = 32;
/** The longest userId, in bytes. */
const LONGEST_USER_ID = 256;
/** The shortest secret, in bytes: as long as what HMAC-SHA256 gives (RFC 2104 section 3). */
const SHORTEST_SECRET = 32;

/** The payload or the secret cannot make a token that the server accepts. */
class SessionTokenError extends Error {
  constructor(message, code = null) {
    super(message);
    this.name = "SessionTokenError";
    /** What the server would answer; null where the secret is at fault, which the server never sees. */
    this.code = code;
  }
}

const malformed = (message) => new SessionTokenError(message, "AUTH_TOKEN_MALFORMED");
const expired = (message) => new SessionTokenError(message, "AUTH_TOKEN_EXPIRED");
const notYet = (message) => new SessionTokenError(message, "AUTH_TOKEN_INVALID");
const noSubject = (message) => new SessionTokenError(message, "AUTH_TOKEN_NO_SUBJECT");

function signSessionToken(payload, secret) {
  checkSecret(secret);
  const json = serialize(payload);
  const body = Buffer.from(json).toString("base64url");
  const token = body + "." + createHmac("sha256", secret).update(body).digest("base64url");
  if (token.length > LONGEST_TOKEN) {
    throw malformed(`the token has more than ${LONGEST_TOKEN} bytes: put less into the payload`);
  }
  checkPayload(JSON.parse(json), Date.now() / 1000);
  return token;
}

function checkSecret(secret) {
  if (typeof secret !== "string") {
    throw new SessionTokenError("the secret is not a string: is its environment variable set?");
  }
  if (Buffer.byteLength(secret) < SHORTEST_SECRET) {
    throw new SessionTokenError(`the secret has fewer than ${SHORTEST_SECRET} bytes`);
  }
}

function serialize(payload) {
  let json;
  try {
    json = JSON.stringify(payload);
  } catch {
    throw malformed("the payload cannot be written as JSON: it has a cycle or a BigInt");
  }
  if (json === undefined) throw malformed("the payload is not an object");
  return json;
}

/** Numbers of the payload and `now` are unix seconds. */
function checkPayload(payload, now) {
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) {
    throw malformed("the payload is not an object");
  }
  checkValue(payload, 1);
  checkTypes(payload);
  const { userId, exp, iat = now, nbf = now } = payload;
  if (exp <= now) throw expired("exp has passed: it is in unix seconds and lies in the future");
  if (exp - now > LONGEST_LIFE || exp - iat > LONGEST_LIFE) {
    throw expired(`exp is more than ${LONGEST_LIFE} seconds away: a token lives for an hour at most`);
  }
  if (nbf > now || iat > now) throw notYet("nbf or iat lies in the future: round the time down");
  if (typeof userId !== "string" || userId.trim() === "") {
    throw noSubject("userId is not a string that names somebody");
  }
  if (Buffer.byteLength(userId) > LONGEST_USER_ID) throw noSubject(`userId has more than ${LONGEST_USER_ID} bytes`);
}

function checkTypes(payload) {
  if (typeof payload.exp !== "number") throw malformed("exp is not a number of unix seconds");
  for (const name of ["iat", "nbf"]) {
    if (Object.hasOwn(payload, name) && typeof payload[name] !== "number") {
      throw malformed(`${name} is not a number of unix seconds`);
    }
  }
  for (const name of ["email", "role"]) {
    if (Object.hasOwn(payload, name) && typeof payload[name] !== "string") {
      throw malformed(`${name} is not a string: leave it out where there is none`);
    }
  }
}

/** Depth, and strings that UTF-8 can carry, keys among them. */
function checkValue(value, depth) {
  if (typeof value === "string" && Buffer.from(value).toString() !== value) {
    throw malformed("a text of the payload has half a surrogate pair");
  }
  if (typeof value !== "object" || value === null) return;
  if (depth > DEEPEST) throw malformed(`the payload is more than ${DEEPEST} levels deep`);
  for (const [name, member] of Object.entries(value)) {
    checkValue(name, depth);
    checkValue(member, depth + 1);
  }
}

module.exports = { SessionTokenError, signSessionToken };
