// The MCP Inspector's command line with OAuth: it prints a link, listens for the answer, and keeps what it got in its
// home folder, which here goes away. By dynamic registration, and by its metadata document where OAUTH names one.
//
// Environment as in oauth_story.mjs; the document must list http://127.0.0.1/oauth/callback: it listens there, on some port.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import { Person } from "./consent.mjs";
import { checkAllowed, eras, expect, finish, plan, step, url } from "./plan.mjs";
import { person, settings } from "./oauth_story.mjs";

const INSPECTOR = path.join(
  import.meta.dirname,
  "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js",
);

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Runs it; whenever it asks for a sign-in, the person allows it, and the answer goes to where it listens. */
function inspect(home, era, args) {
  const fixed = ["--cli", "--server-url", url, "--transport", "http", "--protocol-era", era, "--format", "json"];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [INSPECTOR, ...fixed, ...args], {
      // Without a terminal it signs in only where it may open a browser: here that is `true`, which opens nothing.
      env: { ...process.env, HOME: home, BROWSER: "true", MCP_AUTO_OPEN_ENABLED: "true", MCP_INSPECTOR_SECRET_STORE: "file" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    let asked = 0;
    let seen = "";
    const look = (data) => {
      seen += data;
      const link = seen.match(/https?:\/\/\S+[?&](?:client_id|request_uri)=\S+/);
      if (!link || !/\s/.test(seen.slice(link.index + link[0].length, link.index + link[0].length + 1))) return;
      seen = seen.slice(link.index + link[0].length);
      asked += 1;
      if (asked > 1) return;
      person().allow(link[0]).then((to) => Person.deliver(to)).catch((error) => {
        stderr += `\nperson: ${error.message}`;
        child.kill();
      });
    };
    child.stdout.on("data", (data) => {
      stdout += data;
      look(data);
    });
    child.stderr.on("data", (data) => {
      stderr += data;
      look(data);
    });
    const limit = setTimeout(() => child.kill("SIGKILL"), 90_000);
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(limit);
      resolve({ code, stdout, stderr, asked });
    });
  });
}

function resultOf({ code, stdout, stderr }) {
  expect(code === 0, `the inspector ended with ${code}: ${stderr.slice(-1200)} ${stdout.slice(-300)}`);
  const line = stdout.trim().split("\n").findLast((one) => one.startsWith("{"));
  return JSON.parse(line).result;
}

const ways = [["registration", []]];
if (settings.document) ways.push(["document", ["--client-metadata-url", settings.document]]);
for (const era of eras(["legacy", "modern"])) {
  for (const [way, extra] of ways) {
    const context = { client: "oauth_inspector", way, era };
    const home = mkdtempSync(path.join(tmpdir(), "inspector-"));
    // RFC 8252 section 7.3: of a loopback address any port is the registered one.
    const all = [...extra, "--callback-url", `http://127.0.0.1:${await freePort()}/oauth/callback`];
    await step(context, "sign in", async () => {
      const ran = await inspect(home, era, [...all, "--method", "tools/list"]);
      const names = resultOf(ran).tools.map((one) => one.name);
      expect(ran.asked === 1, `a person was asked ${ran.asked} times`);
      for (const name of plan.list ?? []) expect(names.includes(name), `${name} is not listed: ${names}`);
      return { tools: names.length };
    });
    await step(context, "call by what it kept", async () => {
      const { tool, arguments: args = {} } = plan.allowed;
      const call = ["--method", "tools/call", "--tool-name", tool, "--tool-args-json", JSON.stringify(args)];
      const ran = await inspect(home, era, [...all, "--stored-auth-only", ...call]);
      expect(ran.asked === 0, "a person was asked again");
      return checkAllowed(resultOf(ran), plan.allowed);
    });
    await step(context, "sign in again", async () => {
      // It revokes what it held (RFC 7009) and begins anew.
      const ran = await inspect(home, era, [...all, "--relogin", "--method", "tools/list"]);
      expect(ran.asked === 1, `a person was asked ${ran.asked} times: ${ran.stderr.slice(-800)}`);
      resultOf(ran);
      return {};
    });
    rmSync(home, { recursive: true, force: true });
  }
}
finish();
