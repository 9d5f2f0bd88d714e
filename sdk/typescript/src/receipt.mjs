// Receipts: what Procura signs of a decision. This file runs in Node and in browsers, and knows no secret.
//
// What is decided here: whether a receipt proves that this very action was decided on. The rules and their order are those
// of the server: form, header, key, signature, claims, issuer, start (RECEIPT_INVALID); end (RECEIPT_EXPIRED); audience,
// agent, action, nonce, verdict (RECEIPT_MISMATCH). The action is named by the digest of its canonical text, which is made
// here too, so that what was signed is compared with what will be done and never with what somebody says of it.
//
// `receipt.cjs` is made of this file by `cargo xtask sdk-types`.

/** The longest receipt, in bytes. */
const LONGEST_RECEIPT = 8192;
/** How far ahead the signer's clock may be, in seconds. */
const LEEWAY = 30;
/** How deep a document may nest. */
const DEEPEST = 64;
/** What stands in the header's `typ`. */
const TYPE = "procura-receipt+jwt";
/** Members of a key that hold its private half (RFC 7518 section 6.3.2, RFC 8037 section 2). */
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth"];
/** The largest amount, in ten-thousandths. */
const LARGEST_AMOUNT = 9223372036854775807n;
/** Who holds a key of small order can make signatures that hold for it without its private half (RFC 8032 section 5.1.3). */
const WEAK_POINTS = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

/** Everything that this package throws of its own accord. */
export class ProcuraError extends Error {
  constructor(message, code = null) {
    super(message);
    this.name = "ProcuraError";
    /** Why, for programs. */
    this.code = code;
  }
}

/** The receipt does not prove it. The message says nothing of what stands in the receipt. */
export class ReceiptError extends ProcuraError {
  constructor(message, code, isKeyUnknown = false) {
    super(message, code);
    this.name = "ReceiptError";
    /** Whether no key has the name that the receipt gives: a fresh key set could have it. */
    this.isKeyUnknown = isKeyUnknown;
  }
}

const invalid = (message) => new ReceiptError(message, "RECEIPT_INVALID");
const mismatch = (message) => new ReceiptError(message, "RECEIPT_MISMATCH");

/** The mathematics: that of browsers, unless Node's own is put in its place. */
const mathematics = {
  async sha256(bytes) {
    return new Uint8Array(await webCrypto().digest("SHA-256", bytes));
  },
  async ed25519(key, message, signature) {
    const subtle = webCrypto();
    const imported = await subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
    return subtle.verify({ name: "Ed25519" }, imported, signature, message);
  },
};

function webCrypto() {
  const subtle = globalThis.crypto?.subtle;
  if (subtle === undefined) throw new ProcuraError("there is no WebCrypto: browsers have it on https pages", "NO_CRYPTO");
  return subtle;
}

/** Puts other mathematics in place of WebCrypto's. */
export function useMathematics(other) {
  Object.assign(mathematics, other);
}

/** A text that is JSON already. */
export class RawJson {
  constructor(text) {
    this.text = text;
  }
}

/** What JSON would write, with the names in the order of their code points and without blanks. */
export function canonicalJson(value) {
  return write(value, 0);
}

function write(given, depth) {
  if (given instanceof RawJson) return given.text;
  const value = typeof given === "object" && typeof given?.toJSON === "function" ? given.toJSON() : given;
  if (value === null) return "null";
  switch (typeof value) {
    case "boolean":
    case "bigint":
      return String(value);
    case "number":
      if (!Number.isFinite(value)) throw new TypeError("a number that is not finite cannot be written as JSON");
      return JSON.stringify(value);
    case "string":
      return quote(value);
    case "object":
      break;
    default:
      throw new TypeError(`a ${typeof value} cannot be written as JSON`);
  }
  if (depth >= DEEPEST) throw new TypeError(`the value is more than ${DEEPEST} levels deep, or holds itself`);
  if (Array.isArray(value)) return `[${Array.from(value, (item) => write(item, depth + 1)).join(",")}]`;
  if (Object.prototype.toString.call(value) !== "[object Object]") {
    throw new TypeError("only plain objects, arrays, texts, numbers, booleans and null can be written as JSON");
  }
  const members = Object.keys(value).map((name) => [name, value[name]]);
  return `{${members
    .filter(([, member]) => member !== undefined)
    .sort(([one], [other]) => byCodePoints(one, other))
    .map(([name, member]) => `${quote(name)}:${write(member, depth + 1)}`)
    .join(",")}}`;
}

function quote(text) {
  // In Unicode mode this finds halves alone, never those of a pair.
  if (/\p{Surrogate}/u.test(text)) throw new TypeError("a text has half a surrogate pair");
  return JSON.stringify(text);
}

/** JavaScript compares by UTF-16 units, which puts U+FFFD after U+1F600. */
function byCodePoints(one, other) {
  const [a, b] = [Array.from(one), Array.from(other)];
  for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
    const distance = a[at].codePointAt(0) - b[at].codePointAt(0);
    if (distance !== 0) return distance;
  }
  return a.length - b.length;
}

/** An amount as the server writes it: "742" is "742.00", and "0.0001" stays. */
export function canonicalAmount(amount) {
  const text = typeof amount === "number" || typeof amount === "bigint" ? String(amount) : amount;
  const parts = typeof text === "string" ? /^([0-9]+)(?:\.([0-9]+))?$/.exec(text) : null;
  const fraction = parts?.[2]?.replace(/0+$/, "") ?? "";
  if (parts === null || fraction.length > 4) {
    throw new TypeError("an amount is a decimal such as \"742.00\", not negative, with at most four decimal places");
  }
  const units = BigInt(parts[1]) * 10000n + BigInt(fraction.padEnd(4, "0"));
  if (units > LARGEST_AMOUNT) throw new TypeError("the amount is too large");
  return `${units / 10000n}.${fraction.padEnd(2, "0")}`;
}

/** The canonical text of an ask: everything that a decision looks at. `user` is the pseudonym in a receipt's `usr`. */
export function canonicalAsk(ask) {
  const { action, amount = null, args = null, currency = null, resource = null, user = null, vendor = null } = plain(ask);
  if (typeof action !== "string" || action === "") throw new TypeError("an ask has an action: a text that is not empty");
  for (const [name, text] of Object.entries({ currency, resource, user, vendor })) {
    if (text !== null && typeof text !== "string") throw new TypeError(`${name} of an ask is a text`);
  }
  if (currency !== null && !/^[A-Z]{3}$/.test(currency)) {
    throw new TypeError("a currency is three capital letters such as USD (ISO 4217)");
  }
  const exact = amount === null ? null : canonicalAmount(amount);
  return canonicalJson({ action, amount: exact, args, currency, resource, user, vendor });
}

function plain(ask) {
  if (typeof ask !== "object" || ask === null || Array.isArray(ask)) throw new TypeError("an ask is an object");
  return ask;
}

/** By what an action is named: base64url of the SHA-256 of its canonical text. */
export async function actionDigest(ask) {
  return base64url(await mathematics.sha256(new TextEncoder().encode(canonicalAsk(ask))));
}

/** The claims of a receipt that proves what the options want. */
export async function verifyReceipt(receipt, options) {
  const rules = readRules(options);
  const { header, content, signed, signature } = readJws(receipt);
  const keys = keysNamed(rules.keys, header);
  const held = await Promise.all(keys.map((key) => mathematics.ed25519(key, signed, signature)));
  if (!held.includes(true)) throw invalid("the signature does not hold under the key");
  const claims = readClaims(content);
  checkTimes(claims, rules);
  if (typeof rules.audience === "string" && claims.aud !== rules.audience) throw mismatch("aud is not this audience");
  if (rules.agentId !== undefined && claims.sub !== rules.agentId) throw mismatch("sub is not this agent");
  if (rules.ask !== undefined) {
    const ask = rules.ask.user === undefined ? { ...rules.ask, user: claims.usr ?? null } : rules.ask;
    if (claims.dig !== (await actionDigest(ask))) throw mismatch("dig is not the digest of this action");
  }
  if (rules.digest !== undefined && claims.dig !== rules.digest) throw mismatch("dig is not this digest");
  if (rules.nonce !== undefined && claims.nonce !== rules.nonce) throw mismatch("nonce is not the one that was sent");
  if (rules.decision !== "any" && claims.dec !== rules.decision) throw mismatch(`dec is not ${rules.decision}`);
  return claims;
}

function readRules(options) {
  const { audience, decision = "allow", leewaySeconds = 0, now = Date.now() / 1000, ...rest } = options ?? {};
  const keys = Array.isArray(rest.keys) ? rest.keys : rest.keys?.keys;
  if (!Array.isArray(keys)) throw new TypeError("keys is the server's key set: what /.well-known/jwks.json answers");
  if (typeof audience !== "string" && audience !== null) {
    throw new TypeError("audience says for whom the receipt must be: a text, or null to take those for anybody");
  }
  if (!["allow", "deny", "needs_approval", "any"].includes(decision)) throw new TypeError("decision is no verdict");
  if (!Number.isFinite(leewaySeconds) || leewaySeconds < 0) throw new TypeError("leewaySeconds is not a number of seconds");
  const seconds = now instanceof Date ? now.getTime() / 1000 : now;
  if (!Number.isFinite(seconds)) throw new TypeError("now is a Date, or unix seconds");
  if (rest.ask !== undefined) canonicalAsk(rest.ask);
  return { ...rest, keys, audience, decision, leewaySeconds, now: Math.floor(seconds) };
}

/** RFC 7515 section 7.1, read as strictly as it can be. */
function readJws(receipt) {
  if (typeof receipt !== "string") throw invalid("the receipt is not a text");
  if (receipt.length > LONGEST_RECEIPT) throw invalid("the receipt is too long");
  const parts = receipt.split(".");
  if (parts.length !== 3 || parts.includes("")) throw invalid("the receipt is not three segments divided by dots");
  const [head, content, signature] = parts.map(decode);
  const header = readObject(head, DEEPEST);
  if (header.alg !== "EdDSA") throw invalid("the header's alg is not EdDSA");
  if (header.kid !== undefined && typeof header.kid !== "string") throw invalid("the header's kid is not a text");
  // An extension that is critical is never understood; zip and enc make it another thing than a JWS.
  if (["crit", "b64", "zip", "enc"].some((name) => Object.hasOwn(header, name))) {
    throw invalid("the header asks for an extension");
  }
  if (header.typ !== TYPE) throw invalid("the header's typ is that of another kind of token");
  return { header, content, signature, signed: new TextEncoder().encode(`${parts[0]}.${parts[1]}`) };
}

/** The keys that it may be verified with; what the header says of keys but their name is never read. */
function keysNamed(keys, { kid }) {
  const usable = (jwk) => publicKey(jwk) !== null;
  if (kid === undefined) {
    const all = keys.filter(usable);
    if (all.length !== 1) throw invalid("the header has no kid, and the set has not exactly one usable key");
    return all.map(publicKey);
  }
  const named = keys.filter((jwk) => jwk?.kid === kid);
  if (named.length === 0) throw new ReceiptError("no key of the set has the header's kid", "RECEIPT_INVALID", true);
  const fitting = named.filter(usable).map(publicKey);
  if (fitting.length === 0) throw invalid("the key that kid names cannot be used");
  return fitting;
}

/** The 32 bytes of a key that says that it is for this; null of any other. */
function publicKey(jwk) {
  if (jwk?.kty !== "OKP" || jwk.crv !== "Ed25519" || PRIVATE_MEMBERS.some((name) => Object.hasOwn(jwk, name))) return null;
  if (jwk.alg !== undefined && jwk.alg !== "EdDSA") return null;
  if (jwk.use !== undefined && jwk.use !== "sig") return null;
  if (jwk.key_ops !== undefined && !(Array.isArray(jwk.key_ops) && jwk.key_ops.includes("verify"))) return null;
  try {
    const key = decode(jwk.x);
    return key.length === 32 && !isWeak(key) ? key : null;
  } catch {
    return null;
  }
}

/** Points of small order, and those not in canonical form: y at or above the prime. */
function isWeak(key) {
  const y = [...key.slice(0, 31), key[31] & 0x7f];
  const isBeyond = y[0] >= 0xed && y[31] === 0x7f && y.slice(1, 31).every((byte) => byte === 0xff);
  return isBeyond || WEAK_POINTS.includes(y.map((byte) => byte.toString(16).padStart(2, "0")).join(""));
}

function readClaims(content) {
  const claims = readObject(content, 1);
  const texts = ["iss", "aud", "sub", "jti", "req", "dec", "code", "dig", "org"];
  const wholes = ["iat", "exp", "pol"];
  const optional = ["nonce", "usr", "ses", "key", "per", "apr", "rsv"];
  const isWrong = (name) =>
    texts.includes(name) ? typeof claims[name] !== "string"
    : wholes.includes(name) ? !Number.isSafeInteger(claims[name])
    : claims[name] !== undefined && typeof claims[name] !== "string";
  for (const name of [...texts, ...wholes, ...optional]) {
    if (isWrong(name)) throw invalid(`the claim ${name} is missing, or is not what it must be`);
  }
  if (!["allow", "deny", "needs_approval"].includes(claims.dec)) throw invalid("the claim dec is no verdict");
  for (const [name, prefix] of Object.entries({ sub: "agt", jti: "rcp", req: "req", org: "org", rsv: "rsv" })) {
    const isId = claims[name] === undefined || new RegExp(`^${prefix}_[0-9A-Z]{26}$`).test(claims[name]);
    if (!isId) throw invalid(`the claim ${name} is not what it must be`);
  }
  return claims;
}

function checkTimes(claims, { issuer, leewaySeconds, now }) {
  if (issuer !== undefined && claims.iss !== issuer) {
    throw invalid(`iss is ${JSON.stringify(claims.iss)} and not ${JSON.stringify(issuer)}: name the server's public_url as issuer`);
  }
  if (claims.iat > now + Math.max(LEEWAY, leewaySeconds)) throw invalid("iat lies in the future");
  if (claims.exp <= now - leewaySeconds) throw new ReceiptError("exp has passed", "RECEIPT_EXPIRED");
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** Base64url without padding, in the one spelling that the bytes have. */
function decode(segment) {
  if (typeof segment !== "string" || !/^[A-Za-z0-9_-]*$/.test(segment)) throw invalid("a segment is not base64url");
  let binary;
  try {
    binary = atob(segment.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    throw invalid("a segment is not base64url");
  }
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  if (base64url(bytes) !== segment) throw invalid("a segment is not base64url in its one spelling");
  return bytes;
}

/** One JSON object in UTF-8, in which nothing stands twice. */
function readObject(bytes, deepest) {
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    JSON.parse(text);
  } catch {
    throw invalid("a segment is not JSON in UTF-8");
  }
  const value = new Reader(text, deepest).value(0);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid("a segment is not a JSON object");
  return value;
}

/** Reads JSON that was found to be JSON; finds what JSON.parse does not tell: names that stand twice, numbers not whole. */
class Reader {
  constructor(text, deepest) {
    this.tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g);
    this.at = 0;
    this.deepest = deepest;
  }

  next() {
    const token = this.tokens[this.at];
    this.at += 1;
    return token;
  }

  value(depth) {
    const token = this.next();
    if (token === "{" || token === "[") {
      if (depth >= this.deepest) throw invalid("a segment is nested too deep");
      return token === "{" ? this.object(depth) : this.array(depth);
    }
    const scalar = JSON.parse(token);
    if (typeof scalar === "string" && /\p{Surrogate}/u.test(scalar)) throw invalid("a text has half a surrogate pair");
    // 60.0 and 6e1 are other texts than 60, and are not whole numbers here.
    return typeof scalar === "number" && !/^-?[0-9]+$/.test(token) ? { number: token } : scalar;
  }

  array(depth) {
    const items = [];
    while (this.tokens[this.at] !== "]") {
      items.push(this.value(depth + 1));
      if (this.tokens[this.at] === ",") this.at += 1;
    }
    this.at += 1;
    return items;
  }

  object(depth) {
    const members = new Map();
    while (this.tokens[this.at] !== "}") {
      const name = JSON.parse(this.next());
      this.at += 1;
      if (members.has(name)) throw invalid("a segment has a member twice");
      members.set(name, this.value(depth + 1));
      if (this.tokens[this.at] === ",") this.at += 1;
    }
    this.at += 1;
    return Object.fromEntries(members);
  }
}
