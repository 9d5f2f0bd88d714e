// The MCP Inspector's command line, in both eras. Each call is a process and a connection of its own, so the
// alternating step is left out here.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { eras, expect, finish, headers, plan, tell, url } from "./plan.mjs";

const INSPECTOR = path.join(
  import.meta.dirname,
  "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js",
);
// It writes to the home folder: give it one that goes away.
const home = mkdtempSync(path.join(tmpdir(), "inspector-"));

function inspect(era, args) {
  const fixed = ["--cli", "--server-url", url, "--transport", "http", "--protocol-era", era, "--format", "json", "-q"];
  for (const [name, value] of Object.entries(headers)) fixed.push("--header", `${name}: ${value}`);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [INSPECTOR, ...fixed, ...args], {
      env: { ...process.env, HOME: home },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (data) => (stdout += data));
    child.stderr.on("data", (data) => (stderr += data));
    const limit = setTimeout(() => child.kill("SIGKILL"), 60_000);
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(limit);
      resolve({ code, stdout, stderr });
    });
  });
}

function resultOf({ code, stdout, stderr }, wantedCodes) {
  expect(wantedCodes.includes(code), `the inspector ended with ${code}: ${stderr.slice(-600)} ${stdout.slice(-300)}`);
  const { result } = JSON.parse(stdout.trim().split("\n").at(-1));
  return result;
}

/** 5 is the inspector's word for a tool result with `isError`. */
const CALLED = [0, 5];

async function open(era) {
  return {
    list: async () => resultOf(await inspect(era, ["--method", "tools/list"]), [0]).tools,
    call: async (name, args) => {
      const call = ["--method", "tools/call", "--tool-name", name, "--tool-args-json", JSON.stringify(args)];
      return resultOf(await inspect(era, call), CALLED);
    },
    close: async () => {},
  };
}

delete plan.alternating;
for (const era of eras(["legacy", "modern"], ["auto"])) await tell("inspector", era, open);
rmSync(home, { recursive: true, force: true });
finish();
