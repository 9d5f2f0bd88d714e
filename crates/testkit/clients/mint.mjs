// Mints users' tokens as a business on Node would: with the seed's own function, with our SDK, and with jose.
//
// Standard input: {"sdk": "file URL of the TypeScript SDK", "jobs": [
//   {"name", "by": "seed" | "sdk", "payload", "secret"}, {"name", "by": "jose", "kid", "alg", "claims"}, ..]}
// Standard output: {"tokens": {name: token}, "keys": {kid: public JWK}}. Jobs of one kid share its key.

import crypto from "node:crypto";
import { text } from "node:stream/consumers";
import { SignJWT, exportJWK, generateKeyPair } from "jose";

// Seed 003, word for word.
function signSessionToken(payload, secret) {
  const body = Buffer.from(JSON.stringify(payload)).toString("base64url");
  const sig = crypto.createHmac("sha256", secret).update(body).digest("base64url");
  return body + "." + sig;
}

const input = JSON.parse(await text(process.stdin));
const sdk = await import(input.sdk);
const pairs = {};
const tokens = {};
const keys = {};

async function jose({ kid, alg, claims }) {
  pairs[kid] ??= await generateKeyPair(alg, { extractable: true });
  keys[kid] ??= { ...(await exportJWK(pairs[kid].publicKey)), kid, alg, use: "sig" };
  return new SignJWT(claims).setProtectedHeader({ alg, kid, typ: "JWT" }).sign(pairs[kid].privateKey);
}

for (const job of input.jobs) {
  tokens[job.name] = await {
    seed: ({ payload, secret }) => signSessionToken(payload, secret),
    sdk: ({ payload, secret }) => sdk.signSessionToken(payload, secret),
    jose,
  }[job.by](job);
}
process.stdout.write(JSON.stringify({ tokens, keys }));
