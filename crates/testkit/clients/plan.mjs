// The one story that every client tells: connect, list, an allowed call, a denied one, an approved one, a sanitized
// one, and many alternating calls in one connection. A driver gives `open`, the story judges. One JSON line per step.
//
// Environment: GATEWAY_URL, KEY (sent as `Authorization: Bearer KEY`), ERAS (comma list, default what the driver
// speaks), TIMEOUT_MS (per step, default 30000) and PLAN, a JSON object. A step that PLAN does not name is left out:
//   {"list": ["srv__tool", ..], "hidden": ["srv__other"],
//    "allowed":   {"tool", "arguments", "text"?},
//    "denied":    {"tool", "arguments", "code"?},
//    "approved":  {"tool", "arguments", "text"?},
//    "sanitized": {"tool", "arguments", "secrets": [..], "text"?},
//    "alternating": 100}
// The approved step prints `approvalId` and `approvalUrl`, waits for one line on stdin, and calls again.

import { createInterface } from "node:readline";

const { GATEWAY_URL, KEY, PLAN } = process.env;
const TIMEOUT_MS = Number(process.env.TIMEOUT_MS ?? 30_000);

export const url = GATEWAY_URL;
export const headers = KEY ? { authorization: `Bearer ${KEY}` } : {};
export const plan = PLAN ? JSON.parse(PLAN) : {};

let failures = 0;
let input = null;

export function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

class Unmet extends Error {}

export function expect(condition, text) {
  if (!condition) throw new Unmet(text);
}

/** Runs one step and prints how it ended. */
export async function step(context, name, work) {
  const begun = performance.now();
  let timer;
  try {
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Unmet(`not done within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
    });
    const found = await (name === "approved" ? work() : Promise.race([work(), late]));
    say({ ...context, step: name, ok: true, ms: Math.round(performance.now() - begun), ...found });
  } catch (error) {
    failures += 1;
    const text = error instanceof Unmet ? error.message : `${error?.name}: ${[error?.message, error?.error, error?.error_description].filter(Boolean).join(" ")}`;
    say({ ...context, step: name, ok: false, ms: Math.round(performance.now() - begun), error: text.slice(0, 2000) });
  } finally {
    clearTimeout(timer);
  }
}

/** Every text of a result, whatever block it is in. */
export function textOf(result) {
  const blocks = (result?.content ?? []).map((block) => block.text ?? block.resource?.text ?? "");
  return blocks.join("\n");
}

export function checkAllowed(result, wanted) {
  expect(result?.isError !== true, `refused: ${JSON.stringify(result).slice(0, 500)}`);
  expect(Array.isArray(result?.content), "no content");
  if (wanted.text) expect(textOf(result).includes(wanted.text), `text lacks ${wanted.text}: ${textOf(result).slice(0, 300)}`);
  return {};
}

/** The reason as data: where a tool declares the structure of its results, it stands beside them in `_meta`. */
function reasonOf(result) {
  return result?.structuredContent ?? result?._meta?.["io.procura/denial"];
}

/** A refusal is a tool result with the reason as data and as a sentence. */
export function checkRefused(result, decision, code) {
  expect(result?.isError === true, `not refused: ${JSON.stringify(result).slice(0, 500)}`);
  const reason = reasonOf(result);
  expect(reason && typeof reason === "object", `no reason as data: ${JSON.stringify(result).slice(0, 500)}`);
  expect(reason.success === false, "success is not false");
  for (const member of ["code", "error", "fix", "requestId"]) {
    expect(typeof reason[member] === "string" && reason[member] !== "", `${member} is missing`);
  }
  expect(reason.decision === decision, `decision is ${reason.decision}, not ${decision}`);
  if (code) expect(reason.code === code, `code is ${reason.code}, not ${code}`);
  const text = textOf(result);
  expect(text.includes(reason.code) || text.includes(reason.error), `the text does not say the reason: ${text.slice(0, 300)}`);
  return { code: reason.code, requestId: reason.requestId };
}

export function checkSanitized(result, wanted) {
  const whole = JSON.stringify(result);
  for (const secret of wanted.secrets ?? []) {
    const escaped = JSON.stringify(secret).slice(1, -1);
    expect(!whole.includes(secret) && !whole.includes(escaped), `a secret came through (length ${secret.length})`);
  }
  return checkAllowed(result, wanted);
}

export function checkWaiting(result) {
  const found = checkRefused(result, "needs_approval");
  const { approvalId, approvalUrl } = reasonOf(result);
  expect(/^apr_/.test(approvalId ?? ""), `approvalId is ${approvalId}`);
  expect(/^https?:\/\//.test(approvalUrl ?? ""), `approvalUrl is ${approvalUrl}`);
  return { ...found, approvalId, approvalUrl };
}

/** Resolves with the next line of stdin. */
export function nextLine() {
  input ??= createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  return input.next().then(({ value, done }) => {
    expect(!done, "stdin ended before the approval");
    return value;
  });
}

/** Asks, reports the approval, waits for the word on stdin, asks again. */
export async function approve(context, call, wanted) {
  const waiting = checkWaiting(await call(wanted.tool, wanted.arguments ?? {}));
  say({ ...context, step: "approval", waiting: true, ...waiting });
  await nextLine();
  checkAllowed(await call(wanted.tool, wanted.arguments ?? {}), wanted);
  return { approvalId: waiting.approvalId };
}

async function alternate(session, count) {
  let allowed = 0;
  let denied = 0;
  for (let turn = 0; turn < count; turn += 1) {
    if (turn % 2 === 0) {
      checkAllowed(await session.call(plan.allowed.tool, plan.allowed.arguments ?? {}), plan.allowed);
      allowed += 1;
    } else {
      checkRefused(await session.call(plan.denied.tool, plan.denied.arguments ?? {}), "deny", plan.denied.code);
      denied += 1;
    }
  }
  return { allowed, denied };
}

/** The story in one connection. `open(era)` gives `{list, call, close, version?}`. */
export async function tell(client, era, open) {
  const context = { client, era };
  let session = null;
  await step(context, "connect", async () => {
    session = await open(era);
    return { version: session.version };
  });
  if (!session) return;
  const list = async () => {
    const names = (await session.list()).map((tool) => tool.name);
    for (const name of plan.list ?? []) expect(names.includes(name), `${name} is not listed: ${names.join(" ").slice(0, 1000)}`);
    for (const name of plan.hidden ?? []) expect(!names.includes(name), `${name} is listed`);
    return { tools: names.length };
  };
  const { allowed, denied, approved, sanitized, alternating } = plan;
  await step(context, "list", list);
  if (allowed) {
    await step(context, "allowed", async () => checkAllowed(await session.call(allowed.tool, allowed.arguments ?? {}), allowed));
  }
  if (denied) {
    await step(context, "denied", async () =>
      checkRefused(await session.call(denied.tool, denied.arguments ?? {}), "deny", denied.code),
    );
    await step(context, "list after the denial", list);
  }
  if (approved) await step(context, "approved", () => approve(context, session.call, approved));
  if (sanitized) {
    await step(context, "sanitized", async () =>
      checkSanitized(await session.call(sanitized.tool, sanitized.arguments ?? {}), sanitized),
    );
  }
  if (alternating && allowed && denied) await step(context, "alternating", () => alternate(session, alternating));
  await step(context, "close", async () => {
    await session.close();
    return {};
  });
}

/** Ends the driver: 0 only if every expectation held. */
export function finish() {
  process.exit(failures === 0 ? 0 : 1);
}

/** The eras to run: those that ERAS names and the driver speaks, or the driver's usual ones. */
export function eras(usual, others = []) {
  const wanted = process.env.ERAS?.split(",").filter(Boolean) ?? usual;
  return [...usual, ...others].filter((era) => wanted.includes(era));
}

if (!GATEWAY_URL) {
  console.error("GATEWAY_URL is needed");
  process.exit(2);
}
