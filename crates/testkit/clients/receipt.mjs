// Verifies receipts as anybody would who has jose and the published keys, and nothing of ours.
//
// Standard input: {"keys": JWKS, "issuer", "jobs": [{"name", "receipt", "audience", "now"}, ..]}; now in unix seconds
// Standard output: {name: {"claims": {..}} or {"refused": code}}

import { text } from "node:stream/consumers";
import { createLocalJWKSet, jwtVerify } from "jose";

const input = JSON.parse(await text(process.stdin));
const keys = createLocalJWKSet(input.keys);
const said = {};
for (const job of input.jobs) {
  try {
    const verified = await jwtVerify(job.receipt, keys, {
      issuer: input.issuer,
      audience: job.audience,
      typ: "procura-receipt+jwt",
      algorithms: ["EdDSA"],
      currentDate: new Date(job.now * 1000),
    });
    said[job.name] = { claims: verified.payload };
  } catch (error) {
    said[job.name] = { refused: error.code };
  }
}
process.stdout.write(JSON.stringify(said));
