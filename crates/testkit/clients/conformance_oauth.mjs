// The official suite's scenarios for an authorization server, both in one run (the second reads what the first found).
// It prints a link and listens for the answer; the person of consent.mjs follows it. Prints one JSON summary.
//
// OAUTH: {"issuer", "client_id"?}; PERSON; GATEWAY_URL is the resource. Without a client id one is registered.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import { Person } from "./consent.mjs";
import { issuer, person, settings } from "./oauth_story.mjs";

const SUITE = path.join(import.meta.dirname, "node_modules", "@modelcontextprotocol", "conformance", "dist", "index.js");

const port = await new Promise((resolve) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const found = server.address().port;
    server.close(() => resolve(found));
  });
});

async function register() {
  const metadata = await (await fetch(`${issuer}/.well-known/oauth-authorization-server`)).json();
  const made = await fetch(metadata.registration_endpoint, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      client_name: "conformance suite",
      redirect_uris: [`http://127.0.0.1:${port}/callback`],
      token_endpoint_auth_method: "none",
    }),
  });
  const said = await made.json();
  if (!said.client_id) throw new Error(`no registration: ${made.status} ${JSON.stringify(said)}`);
  return said.client_id;
}

const clientId = settings.client_id ?? (await register());
const folder = mkdtempSync(path.join(tmpdir(), "conformance-"));
const args = ["authorization", "--url", issuer, "--client-id", clientId, "--resource", process.env.GATEWAY_URL,
  "-p", String(port), "-o", folder];
const child = spawn(process.execPath, [SUITE, ...args], { stdio: ["ignore", "pipe", "pipe"] });
let output = "";
let isAsked = false;
let problem = null;
const look = (data) => {
  output += data;
  const link = output.match(/^(https?:\/\/\S*[?&]client_id=\S+)\n/m);
  if (!link || isAsked) return;
  isAsked = true;
  person().allow(link[1]).then((to) => Person.deliver(to)).catch((error) => {
    problem = error.message;
    child.kill();
  });
};
child.stdout.on("data", look);
child.stderr.on("data", look);
const limit = setTimeout(() => child.kill("SIGKILL"), 120_000);
const code = await new Promise((resolve) => child.on("close", resolve));
clearTimeout(limit);

const checks = readdirSync(folder, { recursive: true })
  .filter((name) => path.basename(name) === "checks.json")
  .flatMap((name) => JSON.parse(readFileSync(path.join(folder, name), "utf8")))
  .map(({ id, status, errorMessage }) => ({ id, status, error: errorMessage }));
rmSync(folder, { recursive: true, force: true });
const isGood = code === 0 && problem === null && checks.some((one) => one.id === "authorization-code-grant");
console.log(JSON.stringify({ code, problem, checks, output: isGood ? undefined : output.slice(-3000) }));
process.exit(isGood && checks.every((one) => one.status === "SUCCESS") ? 0 : 1);
