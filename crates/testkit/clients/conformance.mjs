// Runs the server scenarios of the official conformance suite for one frozen requirement set, and prints one JSON
// summary: per scenario its passed, failed, warned and skipped checks, and every failure with its text.
//
// node conformance.mjs --url http://127.0.0.1:PORT/mcp --requirements 2026-07-28 [--key KEY] [--scenario NAME]... [--out DIR]
//
// With a key the suite talks through a proxy that adds it. The exit code is 0 if every scenario that must pass did:
// those of the set whose name holds none of the words below (docs/CONFORMANCE.md says why).

import { spawn } from "node:child_process";
import { mkdtempSync, mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

import { startKeyProxy } from "./key_proxy.mjs";

const MAY_FAIL = ["elicitation", "sampling", "input-required", "tasks", "list-roots"];
const SUITE = path.join(import.meta.dirname, "node_modules", "@modelcontextprotocol", "conformance");

const { values: options } = parseArgs({
  options: {
    url: { type: "string" },
    key: { type: "string", default: process.env.KEY },
    requirements: { type: "string" },
    scenario: { type: "string", multiple: true, default: [] },
    out: { type: "string" },
    timeout: { type: "string", default: "600" },
  },
});
if (!options.url || !options.requirements) {
  console.error("--url and --requirements are needed");
  process.exit(2);
}

/** The scenarios of the frozen file: scored ones by name, and the unscored ones of the server leg. */
function readRequirements(revision) {
  const lines = readFileSync(path.join(SUITE, "requirements", `${revision}.yaml`), "utf8").split("\n");
  const scored = [];
  const unscored = [];
  let section = "";
  let entry = null;
  for (const line of lines) {
    const heading = line.match(/^(\w+):/);
    if (heading) section = heading[1];
    const item = line.match(/^ {2}- (?:scenario: )?(\S+)\s*$/);
    if (item && section === "server") scored.push(item[1]);
    if (item && section === "not_scored") unscored.push((entry = { name: item[1] }));
    const leg = line.match(/^ {4}leg: (\w+)/);
    if (leg && entry) entry.leg = leg[1];
  }
  return { scored, unscored: unscored.filter((one) => one.leg === "server").map((one) => one.name) };
}

function run(args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [path.join(SUITE, "dist", "index.js"), ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stdout.on("data", (data) => (output += data));
    child.stderr.on("data", (data) => (output += data));
    const limit = setTimeout(() => child.kill("SIGKILL"), Number(options.timeout) * 1000);
    child.on("close", (code) => {
      clearTimeout(limit);
      resolve({ code, output });
    });
  });
}

/** Reads the `checks.json` that the suite left for each scenario. */
function readResults(folder) {
  const results = new Map();
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.name !== "checks.json") continue;
    const parent = entry.parentPath ?? entry.path;
    const name = path
      .relative(folder, parent)
      .split(path.sep)
      .join("/")
      .replace(/^server-/, "")
      .replace(/-\d{4}-\d{2}-\d{2}T[\dZ.-]+$/, "");
    results.set(name, JSON.parse(readFileSync(path.join(parent, "checks.json"), "utf8")));
  }
  return results;
}

function summarize(name, checks, isScored) {
  const count = (status) => checks.filter((check) => check.status === status).length;
  const failures = checks
    .filter((check) => check.status === "FAILURE")
    .map((check) => ({ id: check.id, error: String(check.errorMessage ?? check.description).slice(0, 600) }));
  const warnings = checks
    .filter((check) => check.status === "WARNING")
    .map((check) => ({ id: check.id, error: String(check.errorMessage ?? check.description).slice(0, 300) }));
  return {
    scenario: name,
    scored: isScored,
    mustPass: isScored && !MAY_FAIL.some((word) => name.includes(word)),
    passed: count("SUCCESS"),
    failed: failures.length,
    warned: warnings.length,
    skipped: count("SKIPPED"),
    ok: checks.length > 0 && failures.length === 0,
    failures,
    warnings,
  };
}

const proxy = options.key ? await startKeyProxy(new URL(options.url).origin, options.key) : null;
const folder = options.out ?? mkdtempSync(path.join(tmpdir(), "conformance-"));
mkdirSync(folder, { recursive: true });
const url = proxy ? proxy.url + new URL(options.url).pathname : options.url;
const { scored, unscored } = readRequirements(options.requirements);

const base = ["server", "--url", url, "-o", folder];
let output = "";
if (options.scenario.length === 0) {
  ({ output } = await run([...base, "--requirements", options.requirements]));
} else {
  for (const name of options.scenario) {
    output += (await run([...base, "--scenario", name, "--spec-version", options.requirements])).output;
  }
}
const results = readResults(folder);
const wanted = options.scenario.length > 0 ? options.scenario : [...scored, ...unscored];
const scenarios = wanted.map((name) => summarize(name, results.get(name) ?? [], scored.includes(name)));
const ofSet = scenarios.filter((one) => one.scored);
const mustPass = scenarios.filter((one) => one.mustPass);
const broken = mustPass.filter((one) => !one.ok);
console.log(
  JSON.stringify(
    {
      requirements: options.requirements,
      url: options.url,
      scored: { total: ofSet.length, passed: ofSet.filter((one) => one.ok).length },
      mustPass: { total: mustPass.length, passed: mustPass.length - broken.length },
      notRun: scenarios.filter((one) => !results.has(one.scenario)).map((one) => one.scenario),
      scenarios,
    },
    null,
    1,
  ),
);
if (results.size === 0) console.error(output.slice(-4000));
proxy?.close();
if (!options.out) rmSync(folder, { recursive: true, force: true });
process.exit(broken.length === 0 && results.size > 0 ? 0 : 1);
