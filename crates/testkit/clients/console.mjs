// The console in a real browser, by keyboard alone: from the set-up link to the first approved call, then how users
// are verified, tried and cut off, and a business API; then every page at 375 px and in the dark, what another role
// sees, and the same without a script. One JSON line per step.
//
// Environment: SETUP_URL (the one-time link as `serve` prints it; the deployment must have no owner yet),
// SCREENSHOTS (a folder for pictures, optional), CHROMIUM (default /usr/bin/chromium).

import { createHmac } from "node:crypto";

import { launch } from "./browser.mjs";

const { SETUP_URL, SCREENSHOTS } = process.env;
if (!SETUP_URL) throw new Error("SETUP_URL names the one-time set-up link");
const origin = new URL(SETUP_URL).origin;
const PASSWORD = ["correct", "horse", "battery"].join("-");
const POLICY =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

// The key stays out of what is printed.
const agentKey = { value: "" };

let failures = 0;
async function step(name, work, secrets = []) {
  const begun = performance.now();
  try {
    const found = await work();
    const told = Object.fromEntries(Object.entries(found ?? {}).filter(([key]) => !secrets.includes(key)));
    console.log(JSON.stringify({ step: name, ok: true, ms: Math.round(performance.now() - begun), ...told }));
    return found;
  } catch (error) {
    failures += 1;
    const text = String(error?.message ?? error).slice(0, 2000);
    console.log(JSON.stringify({ step: name, ok: false, ms: Math.round(performance.now() - begun), error: text }));
    return {};
  }
}

function expect(condition, text) {
  if (!condition) throw new Error(text);
}

/** Calls the API as an agent does, outside of the browser. */
async function call(path, key, body, headers = {}) {
  const answer = await fetch(`${origin}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  return { status: answer.status, ...(await answer.json()) };
}

const verify = (key, amount, headers) =>
  call("/v1/verify", key, { action: "purchase", resource: "ticket", amount, currency: "USD" }, headers);

/** A user whom no page may ever name. */
const USER = { userId: "canary-user-7731", email: "canary.7731@example.com", role: "canary-role-7731", plan: "canary-plan-7731" };

/** The seed's own code: a signed session token. */
function sign(payload, secret) {
  const body = Buffer.from(JSON.stringify(payload)).toString("base64url");
  return `${body}.${createHmac("sha256", secret).update(body).digest("base64url")}`;
}

/** Every token is another: one whose session was revoked opens no new one. */
let minted = 0;
function token(secret) {
  const now = Math.floor(Date.now() / 1000);
  minted += 1;
  return sign({ ...USER, minted, iat: now, exp: now + 300 }, secret);
}

const openSession = (key, secret) => call("/v1/sessions", key, {}, { "x-user-auth-token": token(secret) });

/** Nothing of the user, of a token or of a secret stands on the page or in its address. */
async function namesNobody(view, ...more) {
  const seen = `${view.page.url()}\n${await view.page.content()}`;
  const never = [...Object.values(USER), ...more].filter((value) => seen.includes(value));
  expect(never.length === 0, `${here(view)} shows ${never.join(", ")}`);
}

const heading = (view) => view.page.locator("h1").innerText();
const here = (view) => new URL(view.page.url()).pathname;

/** Presses Enter and waits for the page that follows. */
async function enter(view) {
  await Promise.all([view.page.waitForEvent("load"), view.press("Enter")]);
}

async function stored(view) {
  const secret = (await view.page.locator("#secret").innerText()).trim();
  await view.tabTo(/I have (stored|copied) it/);
  await view.press("Space");
  await view.tabTo("Continue");
  await enter(view);
  return secret;
}

const browser = await launch({ screenshots: SCREENSHOTS ?? null });
const owner = await browser.open({ origin });

const set = await step("set up", async () => {
  const answer = await owner.page.goto(SETUP_URL);
  expect(answer.headers()["content-security-policy"] === POLICY, "the set-up page has another policy");
  await owner.shot("01-set-up");
  await owner.tabTo("organization");
  await owner.type("Analytical Engines");
  await owner.tabTo("email");
  await owner.type("ada@example.com");
  await owner.tabTo("password");
  await owner.type(PASSWORD);
  await enter(owner);
  const shown = await heading(owner);
  expect(/platform key/.test(shown), `expected the first key, saw ${shown}`);
  const key = await stored(owner);
  expect(key.startsWith("pcp_"), "the first key is no platform key");
  expect(here(owner) === "/", `expected the start, saw ${here(owner)}`);
  await owner.shot("02-start");
  return { organization: "made" };
});
if (!set.organization) process.exit(1);

const agent = await step("register an agent", async () => {
  await owner.tabTo("/agents/new");
  await enter(owner);
  await owner.tabTo("name");
  await owner.type("ticket-buyer");
  await enter(owner);
  const key = await stored(owner);
  expect(key.startsWith("pca_"), "the agent's key is none");
  const path = here(owner);
  expect(/^\/agents\/agt_/.test(path), `expected the agent, saw ${path}`);
  await owner.shot("03-agent");
  agentKey.value = key;
  return { path };
});

await step("everything is denied at first", async () => {
  const answer = await verify(agentKey.value, "100.00");
  expect(answer.decision === "deny" && answer.code === "NO_PERMISSION", JSON.stringify(answer));
});

await step("the start page saw the call", async () => {
  await owner.page.goto(`${origin}/`);
  await owner.page.getByText("It arrived").waitFor({ timeout: 15_000 });
});

await step("add a permission", async () => {
  await owner.page.goto(`${origin}${agent.path}`);
  await owner.tabTo(/\/policies\/new/);
  await enter(owner);
  await owner.tabTo("actions");
  await owner.press("Control+A");
  await owner.type("purchase");
  await owner.tabTo("max_amount");
  await owner.type("5oo");
  await owner.tabTo("currency");
  await owner.type("USD");
  await enter(owner);
  const focused = await owner.focused();
  expect(/The amount must be a decimal/.test(focused?.text ?? ""), `the summary has no focus: ${JSON.stringify(focused)}`);
  await owner.shot("04-permission-wrong");
  await owner.tabTo("max_amount");
  await owner.press("Control+A");
  await owner.type("500.00");
  await owner.tabTo("approval");
  await owner.press("ArrowDown");
  await owner.tabTo("above");
  await owner.type("200.00");
  await enter(owner);
  const text = await owner.page.locator("main").innerText();
  expect(/up to 500\.00 USD per call/.test(text), `the sentence is missing: ${text.slice(0, 600)}`);
});

const asked = await step("allowed, denied, waiting", async () => {
  const [allowed, denied, waiting] = [
    await verify(agentKey.value, "100.00"),
    await verify(agentKey.value, "742.00"),
    await verify(agentKey.value, "320.00"),
  ];
  expect(allowed.allowed === true, JSON.stringify(allowed));
  expect(denied.code === "AMOUNT_OVER_LIMIT", JSON.stringify(denied));
  expect(waiting.decision === "needs_approval", JSON.stringify(waiting));
  return { denied: denied.requestId, approval: waiting.approvalId, url: waiting.approvalUrl };
});

await step("approve by keyboard", async () => {
  await owner.page.goto(`${origin}/approvals`);
  await owner.shot("05-approvals");
  await owner.press("j");
  await owner.press("a");
  await enter(owner);
  expect(here(owner) === new URL(asked.url).pathname, `expected the approval, saw ${here(owner)}`);
  await owner.press("a");
  const button = await owner.focused();
  expect(/Grant/.test(button?.text ?? "") && button.hasRing, `a does not choose the button: ${JSON.stringify(button)}`);
  await owner.shot("06-approval");
  await enter(owner);
  expect(/Granted/.test(await owner.page.locator("main").innerText()), "the page does not say that it is granted");
});

await step("the approved call passes, once", async () => {
  const first = await verify(agentKey.value, "320.00");
  expect(first.allowed === true && first.approvalId === asked.approval, JSON.stringify(first));
  const second = await verify(agentKey.value, "320.00");
  expect(second.decision === "needs_approval", JSON.stringify(second));
});

await step("the trace says why", async () => {
  await owner.page.goto(`${origin}/activity?verdict=deny`);
  await owner.shot("07-activity");
  await owner.press("/");
  await owner.type(asked.denied);
  await enter(owner);
  expect(here(owner) === `/activity/${asked.denied}`, `expected the trace, saw ${here(owner)}`);
  const open = await owner.page.locator(".chain details[open]").count();
  expect(open === 1, `${open} gates are open`);
  const text = await owner.page.locator(".chain details[open]").innerText();
  expect(/742\.00 USD/.test(text) && /500\.00 USD/.test(text) && /AMOUNT_OVER_LIMIT/.test(text), text);
  await owner.shot("08-trace");
});

await step("the live tail shows a new call", async () => {
  await owner.page.goto(`${origin}/activity`);
  await owner.tabTo("Live tail");
  await owner.press("Enter");
  const made = await verify(agentKey.value, "12.00");
  await owner.page.locator(`tr[data-request="${made.requestId}"]`).waitFor({ timeout: 15_000 });
});

const users = await step("choose how users are verified", async () => {
  await owner.page.goto(`${origin}${agent.path}`);
  await owner.tabTo(`${agent.path}/users`);
  await enter(owner);
  await owner.tabTo(/method=signedToken/);
  await enter(owner);
  await owner.shot("09-user-authentication");
  await owner.tabTo("Use this method");
  await enter(owner);
  expect(/secret/.test(await heading(owner)), `expected the secret, saw ${await heading(owner)}`);
  const secret = await stored(owner);
  expect(here(owner) === `${agent.path}/users`, `expected the method, saw ${here(owner)}`);
  await namesNobody(owner, secret);
  const text = await owner.page.locator("main").innerText();
  expect(/Configured/.test(text) && /set on \d{4}-\d\d-\d\d/.test(text), text.slice(0, 400));
  return { secret };
}, ["secret"]);

/** Pastes a token into the token console and gives what it says. */
async function tried(pasted) {
  await owner.page.goto(`${origin}${agent.path}/users`);
  await owner.tabTo("token");
  await owner.page.keyboard.insertText(pasted);
  await owner.tabTo("Check the token");
  await enter(owner);
  const focused = await owner.focused();
  await namesNobody(owner, pasted, pasted.split(".")[0], users.secret);
  return { focused: focused?.text ?? "", text: await owner.page.locator("main").innerText() };
}

await step("try a bad token and a good one", async () => {
  const bad = await tried(token("another-secret-that-nobody-has-set"));
  expect(/Refused/.test(bad.focused) && /AUTH_TOKEN_INVALID/.test(bad.focused), `the verdict has no focus: ${bad.focused}`);
  for (const word of ["Passed", "Failed", "Not reached"]) expect(bad.text.includes(word), `no step says ${word}`);
  await owner.shot("10-token-refused");
  const good = await tried(token(users.secret));
  expect(/Accepted/.test(good.focused), `expected the token to be accepted: ${good.focused}`);
  expect(!good.text.includes("Not reached") && /\bplan\b/.test(good.text), good.text.slice(0, 800));
  await owner.shot("11-token-accepted");
});

const session = await step("a session is seen by pseudonym", async () => {
  const opened = await openSession(agentKey.value, users.secret);
  expect(opened.status === 201, JSON.stringify({ ...opened, sessionToken: "" }));
  const asked = await verify(agentKey.value, "17.00", { "x-procura-session": opened.sessionToken });
  expect(asked.allowed === true, JSON.stringify(asked));
  await owner.page.goto(`${origin}/connections`);
  await owner.shot("12-connections");
  await owner.tabTo("/sessions");
  await enter(owner);
  await namesNobody(owner, opened.sessionToken);
  await owner.shot("13-sessions");
  await owner.tabTo(`/sessions/${opened.sessionId}`);
  await enter(owner);
  await namesNobody(owner, opened.sessionToken);
  const text = await owner.page.locator("main").innerText();
  expect(/Live/.test(text) && /purchase/.test(text), text.slice(0, 600));
  await owner.shot("14-session");
  await owner.page.goto(`${origin}/activity/${asked.requestId}`);
  await namesNobody(owner);
  expect((await owner.page.locator(`dl a[href="/sessions/${opened.sessionId}"]`).count()) > 0, "the trace does not lead to the session");
  await owner.press("/");
  await owner.type(opened.user.reference);
  await enter(owner);
  expect(here(owner) === "/sessions", `the pseudonym led to ${here(owner)}`);
  return { id: opened.sessionId, sessionToken: opened.sessionToken };
}, ["sessionToken"]);

await step("revoke the session", async () => {
  await owner.page.goto(`${origin}/sessions/${session.id}`);
  await owner.tabTo("Revoke");
  await owner.press("Enter");
  await owner.tabTo("Revoke the session");
  await enter(owner);
  expect(/Revoked/.test(await owner.page.locator("h1").innerText()), "the page does not say that it is revoked");
  const after = await verify(agentKey.value, "17.00", { "x-procura-session": session.sessionToken });
  expect(after.status === 401 && after.code === "SESSION_REVOKED", JSON.stringify(after));
});

await step("revoke every session of a user by id", async () => {
  const opened = [await openSession(agentKey.value, users.secret), await openSession(agentKey.value, users.secret)];
  await owner.page.goto(`${origin}/sessions`);
  await owner.tabTo("user_id");
  await owner.type(USER.userId);
  await enter(owner);
  await namesNobody(owner);
  expect(/Revoked/.test(await owner.page.locator("[role=status]").first().innerText()), "the page does not say that they are revoked");
  for (const { sessionToken } of opened) {
    const after = await verify(agentKey.value, "17.00", { "x-procura-session": sessionToken });
    expect(after.code === "SESSION_REVOKED", JSON.stringify(after));
  }
});

const api = await step("declare a business API", async () => {
  await owner.page.goto(`${origin}/tools/api/new`);
  const fields = { name: "shop", base_url: "https://api.example.com/v2", credential: "canary-credential-7731", audience: "https://api.example.com" };
  for (const [name, value] of Object.entries(fields)) {
    await owner.tabTo(name);
    await owner.type(value);
  }
  await owner.tabTo("tool_name");
  await owner.type("find_orders");
  await owner.tabTo("path");
  await owner.type("/customers/{customerId}/orders");
  await owner.tabTo("p_name");
  await owner.type("customerId");
  await owner.tabTo("Add the API");
  await enter(owner);
  const wrong = await owner.focused();
  expect(/The path names \{customerId\}/.test(wrong?.text ?? ""), `an argument of the path may stand in the query: ${JSON.stringify(wrong)}`);
  await owner.tabTo("credential");
  await owner.type(fields.credential);
  await owner.tabTo("p_in");
  await owner.type("path");
  await owner.tabTo("Add the API");
  await enter(owner);
  const path = here(owner);
  expect(/^\/tools\/srv_/.test(path), `expected the API, saw ${path}: ${await owner.page.locator("main").innerText()}`);
  await namesNobody(owner, fields.credential);
  await owner.tabTo("API call for this");
  await owner.press("Enter");
  await owner.page.getByText("PROCURA_KEY").first().waitFor();
  await owner.press("Escape");
  await owner.shot("15-business-api");
  return { path };
});

await step("import an OpenAPI document", async () => {
  await owner.page.goto(`${origin}${api.path}/import`);
  const operation = { operationId: "getOrder", parameters: [{ name: "id", in: "path", required: true, schema: { type: "string" } }] };
  const document = { openapi: "3.1.0", info: { title: "Shop", version: "1" }, servers: [{ url: "https://api.example.com/v2" }], paths: { "/orders/{id}": { get: operation } } };
  await owner.tabTo("document");
  await owner.page.keyboard.insertText(JSON.stringify(document));
  await owner.tabTo("Show what it would make");
  await enter(owner);
  await owner.shot("16-import");
  await owner.tabTo("Add the ticked tools");
  await enter(owner);
  expect(here(owner) === api.path, `expected the API, saw ${here(owner)}`);
  expect((await owner.page.locator(`a[href="${api.path}/tools/find_orders"]`).count()) === 1, "the first tool is gone");
  expect((await owner.page.locator("tbody tr").count()) === 2, "the imported tool is missing");
});

await step("simulate a draft and follow it", async () => {
  await owner.page.goto(`${origin}/policies/simulation?agent=${agent.path.split("/").pop()}`);
  await owner.page.locator("#permissions").fill("[]");
  await owner.tabTo("Simulate");
  await owner.press("Enter");
  await owner.page.locator("#found h2").first().waitFor();
  expect(here(owner) === "/policies/simulation", `the page was left for ${here(owner)}`);
  const found = await owner.page.locator("#found").innerText();
  expect(/would change/.test(found) && /decision/.test(found), `expected what would change, saw ${found}`);
  expect((await owner.page.locator("[data-progress]").innerText()) === "Done.", "the progress does not end");
  await owner.shot("17-simulation");
});

const PATHS = () => [
  "/",
  "/activity",
  `/activity/${asked.denied}`,
  "/approvals",
  `/approvals/${asked.approval}`,
  "/agents",
  "/agents/new",
  agent.path,
  "/connections",
  `${agent.path}/users`,
  `${agent.path}/users?method=jwt`,
  `${agent.path}/users?method=callback`,
  "/sessions",
  `/sessions/${session.id}`,
  "/policies",
  `/policies/new?agent=${agent.path.split("/").pop()}`,
  `/policies/simulation?agent=${agent.path.split("/").pop()}`,
  "/tools",
  "/tools/new",
  "/tools/api/new",
  "/tools/import",
  api.path,
  `${api.path}/declare`,
  `${api.path}/tools/find_orders`,
  `${api.path}/import`,
  "/settings",
];

for (const look of [{ narrow: true }, { dark: true }, { narrow: true, dark: true }]) {
  await step(`every page ${look.narrow ? "at 375 px " : ""}${look.dark ? "in the dark" : ""}`.trim(), async () => {
    const view = await browser.open({ origin, ...look, storageState: await owner.context.storageState() });
    for (const path of PATHS()) {
      const answer = await view.page.goto(`${origin}${path}`);
      expect(answer.status() === 200, `${path}: ${answer.status()}`);
      expect(answer.headers()["content-security-policy"] === POLICY, `${path} has another policy`);
      const stuck = await view.overflow();
      expect(!stuck.page && stuck.wide.length === 0, `${path} sticks out: ${JSON.stringify(stuck)}`);
      const tiny = await view.tinyTargets();
      expect(tiny.length === 0, `${path}: too small for a finger: ${tiny.join(", ")}`);
      await view.shot(`page${path.replace(/\?method=/, "-").replace(/\?.*/, "").replace(/[a-z]+_[0-9A-Z]{26}/g, "one").replace(/\//g, "-")}`);
    }
    view.verdict();
    await view.close();
  });
}

await step("another role sees no button and is refused", async () => {
  await owner.page.goto(`${origin}/settings`);
  await owner.page.locator("summary", { hasText: "Invite somebody" }).focus();
  await owner.press("Enter");
  await owner.tabTo("email");
  await owner.type("grace@example.com");
  await owner.tabTo("role");
  await owner.type("auditor");
  await owner.tabTo("Make the invitation link");
  await enter(owner);
  const link = await stored(owner);
  const auditor = await browser.open({ origin, narrow: true });
  await auditor.page.goto(link);
  await auditor.tabTo("password");
  await auditor.type(PASSWORD);
  await enter(auditor);
  await auditor.page.goto(`${origin}/agents`);
  expect((await auditor.page.locator("a[href='/agents/new']").count()) === 0, "an auditor is offered a new agent");
  auditor.verdict();
  const token = await auditor.page.locator("input[name=form_token]").first().inputValue();
  const answer = await auditor.page.request.post(`${origin}/agents/new`, {
    form: { form_token: token, name: "sneaky", kind: "assistant", provider: "" },
    headers: { accept: "text/html" },
  });
  expect(answer.status() === 403, `an auditor's new agent got ${answer.status()}`);
  const stale = await owner.page.request.post(`${origin}/agents/new`, {
    form: { form_token: token, name: "forged", kind: "assistant", provider: "" },
    headers: { accept: "text/html" },
  });
  expect(stale.status() === 403, `another session's form token got ${stale.status()}`);
  await auditor.close();
});

await step("sign in, deny and revoke without a script", async () => {
  const waiting = await verify(agentKey.value, "333.00");
  const plain = await browser.open({ origin, narrow: true, javaScriptEnabled: false });
  await plain.page.goto(new URL(waiting.approvalUrl).pathname.replace(/^/, origin));
  expect(here(plain) === "/sign-in", `expected the sign-in, saw ${here(plain)}`);
  await plain.page.locator("#email").fill("ada@example.com");
  await plain.page.locator("#password").fill(PASSWORD);
  await plain.page.locator("main button").click();
  expect(here(plain) === new URL(waiting.approvalUrl).pathname, `the sign-in led to ${here(plain)}`);
  await plain.page.locator("#deny").click();
  expect(/Denied/.test(await plain.page.locator("main").innerText()), "the page does not say that it is denied");
  const opened = await openSession(agentKey.value, users.secret);
  await plain.page.goto(`${origin}${agent.path}/users`);
  await plain.page.locator("#token").fill(token(users.secret));
  await plain.page.getByRole("button", { name: "Check the token" }).click();
  expect(/Accepted/.test(await plain.page.locator("#tried").innerText()), "the token console needs a script");
  await plain.page.goto(`${origin}/sessions/${opened.sessionId}`);
  await plain.page.locator("summary", { hasText: "API call for this" }).click();
  expect(/PROCURA_KEY/.test(await plain.page.locator("#call-1-1").innerText()), "the drawer needs a script");
  await plain.page.locator("summary", { hasText: "Close" }).click();
  await plain.page.locator("summary", { hasText: "Revoke" }).click();
  await plain.page.getByRole("button", { name: "Revoke the session" }).click();
  expect(/Revoked/.test(await plain.page.locator("h1").innerText()), "the session is not revoked without a script");
  await plain.page.goto(`${origin}${agent.path}`);
  await plain.page.locator("summary", { hasText: "Revoke" }).click();
  await plain.page.getByRole("button", { name: "Revoke the key" }).click();
  const answer = await verify(agentKey.value, "1.00");
  expect(answer.status === 401, `the revoked key got ${answer.status}`);
  await plain.close();
});

await step("nothing was collected", async () => owner.verdict([/403 POST .*\/agents\/new/, /422 POST .*\/(policies|tools\/api)\/new/, /status of 422/]));
await browser.close();
process.exit(failures === 0 ? 0 : 1);
