// The passport page (PAS-1..3) in a real browser: the token leaves the address before anything else happens and is found
// nowhere afterwards; what must never be shown stands nowhere; names that are markup stay text; nobody whom the page is
// left for learns where the reader came from. One JSON line per step.
//
// Environment: PASSPORT_URL (the link), ROTATE_URL (POST rotates the passport) and PLATFORM_KEY (write:agents), CANARIES
// (a JSON list of {what, value} that may stand nowhere), SCREENSHOTS (a folder for pictures, optional), CHROMIUM. The
// agent's permissions allow canary.visible.pay (a vendor and amounts) and block canary.visible.blocked.

import { createServer } from "node:http";

import { launch } from "./browser.mjs";

const { PASSPORT_URL, ROTATE_URL, PLATFORM_KEY, CANARIES, SCREENSHOTS } = process.env;
for (const [name, value] of Object.entries({ PASSPORT_URL, ROTATE_URL, PLATFORM_KEY, CANARIES })) {
  if (!value) throw new Error(`${name} is missing; the head of this file explains it`);
}
const [PAGE, TOKEN] = PASSPORT_URL.split("#token=");
const origin = new URL(PAGE).origin;
const canaries = JSON.parse(CANARIES);
/** The agent's name with the character written out that would turn it. */
const NAME = "<img src=x onerror=alert(1)>\\u{202e}gnippohs";
const EXPECTED_401 = [/^401 /, /status of 401/];

let failures = 0;
async function step(name, work) {
  const begun = performance.now();
  try {
    const found = await work();
    console.log(JSON.stringify({ step: name, ok: true, ms: Math.round(performance.now() - begun), ...found }));
  } catch (error) {
    failures += 1;
    const text = String(error?.stack ?? error).slice(0, 2000);
    console.log(JSON.stringify({ step: name, ok: false, ms: Math.round(performance.now() - begun), error: text }));
  }
}

function expect(condition, text) {
  if (!condition) throw new Error(text);
}

/** Another site: it writes down who comes to it, and from where. */
const visits = [];
const outside = createServer((request, answer) => {
  if (request.url !== "/favicon.ico") visits.push({ url: request.url, headers: request.headers });
  answer.writeHead(200, { "content-type": "text/html" }).end("<title>Elsewhere</title><h1>Elsewhere</h1>");
});
await new Promise((done) => outside.listen(0, "127.0.0.1", done));
const elsewhere = `http://127.0.0.1:${outside.address().port}`;

const browser = await launch({ screenshots: SCREENSHOTS ?? null });

/** A window on the link; everything that goes over the wire is kept. */
async function visit(url = PASSPORT_URL, options = {}) {
  const view = await browser.open({ origin, ...options });
  const requests = [];
  const bodies = [];
  view.context.on("request", (request) => requests.push(request));
  view.context.on("response", async (response) => {
    const text = await response.text().catch(() => "");
    bodies.push(`${response.url()}\n${JSON.stringify(response.headers())}\n${text}`);
  });
  const dialogs = [];
  view.page.on("dialog", (dialog) => { dialogs.push(dialog.message()); dialog.dismiss(); });
  await view.page.goto(url);
  return { ...view, requests, bodies, dialogs };
}

const isShown = (view) => view.page.locator("#passport").waitFor({ state: "visible" });
const isRefused = (view) => view.page.locator("#problem").waitFor({ state: "visible" });

/**
 * Everything in the page's reach that outlives a function. One thing is left out: the browser's own note of how this very
 * document was opened, which nothing can change, which dies with the document, and which only its own script can read.
 */
const reach = (page) => page.evaluate(async () => ({
  href: location.href,
  url: document.URL,
  base: document.baseURI,
  history: JSON.stringify(history.state),
  cookie: document.cookie,
  local: JSON.stringify({ ...localStorage }),
  session: JSON.stringify({ ...sessionStorage }),
  databases: (await indexedDB.databases()).map(({ name }) => name),
  caches: await (globalThis.caches?.keys() ?? []),
  workers: ((await navigator.serviceWorker?.getRegistrations()) ?? []).length,
  name: window.name,
  entries: performance.getEntries().filter(({ entryType }) => entryType !== "navigation").map(({ name }) => name),
  navigation: globalThis.navigation?.entries().map(({ url }) => url) ?? [],
  globals: Object.getOwnPropertyNames(window).map((name) => { try { return String(window[name]); } catch { return ""; } }).filter((text) => text.length < 10_000),
  document: document.documentElement.outerHTML,
  text: document.body.innerText,
}));

async function isClean(view) {
  const found = await reach(view.page);
  const whole = JSON.stringify(found);
  expect(!whole.includes(TOKEN) && !whole.includes(TOKEN.slice(4)), "the token stands in the page's reach");
  expect(found.href === PAGE && found.url === PAGE, `the address is ${found.href}`);
  expect(found.cookie === "" && found.local === "{}" && found.session === "{}", "something is stored");
  expect(found.databases.length + found.caches.length + found.workers === 0, "something is stored");
  expect((await view.context.cookies()).length === 0, "a cookie was set");
  for (const { what, value } of canaries) expect(!whole.includes(value), `${what} stands in the page`);
  return found;
}

async function wireIsClean(view) {
  for (const request of view.requests) {
    const url = request.url();
    expect(!url.includes(TOKEN.slice(4)) && !url.includes("#"), `the token stands in the address ${url}`);
    const headers = await request.allHeaders();
    expect(!("referer" in headers), `${url} was told where it comes from: ${headers.referer}`);
    expect(!("cookie" in headers), `${url} was sent a cookie`);
    for (const [name, value] of Object.entries(headers)) {
      const isItsPlace = name === "authorization" && value === `Bearer ${TOKEN}` && url.startsWith(`${origin}/v1/passports/`);
      expect(isItsPlace || !value.includes(TOKEN.slice(4)), `the token stands in ${name} of ${url}`);
    }
    expect(!(request.postData() ?? "").includes(TOKEN.slice(4)), `the token stands in the body of ${url}`);
  }
  for (const body of view.bodies) {
    expect(!body.includes(TOKEN.slice(4)), "the token stands in an answer");
    for (const { what, value } of canaries) expect(!body.includes(value), `${what} stands in an answer: ${body.slice(0, 300)}`);
  }
}

const preview = async (view, fields) => {
  for (const name of ["action", "resource", "vendor", "amount", "currency"]) {
    await view.page.fill(`#${name}`, fields[name] ?? "");
  }
  const asked = view.page.waitForResponse((response) => response.url().endsWith("/preview"));
  await view.page.click("#ask");
  await asked;
  await view.page.locator("#ask:not([disabled])").waitFor();
  return view.page.locator("#answer").innerText();
};

await step("the token leaves the address and is found nowhere", async () => {
  const view = await visit();
  await isShown(view);
  await isClean(view);
  await wireIsClean(view);
  const asked = view.requests.filter((request) => request.url().startsWith(`${origin}/v1/passports/`));
  expect(asked.length === 1, `${asked.length} questions were asked`);
  view.verdict();
  await view.close();
});

await step("what it shows is what the passport says, and a name that is markup stays text", async () => {
  const view = await visit();
  await isShown(view);
  const { text } = await isClean(view);
  expect(await view.page.locator("h1").textContent() === NAME, "the name is another");
  expect(await view.page.locator("main img, main script, main b").count() === 0, "a name became markup");
  expect(view.dialogs.length === 0, `a dialog was opened: ${view.dialogs}`);
  const listed = (id) => view.page.locator(`#${id} li`).allInnerTexts();
  const [allowed, blocked] = [await listed("allowed"), await listed("blocked")];
  expect(allowed.length === 1 && allowed[0].includes("canary.visible.pay") && allowed[0].includes("x<script>alert(2)</script>"), `${allowed}`);
  expect(allowed[0].includes("A person must approve first"), `${allowed}`);
  expect(blocked.length === 1 && blocked[0].includes("canary.visible.blocked"), `${blocked}`);
  expect(text.includes("passport version 1") && text.includes("Manual mode: nothing is enforced by this page."), "the label is missing");
  for (const words of ["<b>assistant</b>", "provider.example"]) expect(text.includes(words), `${words} is missing`);
  view.verdict();
  await view.close();
});

await step("the two texts are copied by their buttons, also by keyboard", async () => {
  const view = await visit(PASSPORT_URL, { permissions: ["clipboard-read", "clipboard-write"] });
  await isShown(view);
  const clipboard = () => view.page.evaluate(() => navigator.clipboard.readText());
  await view.page.getByRole("button", { name: "Copy the prompt" }).click();
  await view.page.getByText("Copied", { exact: true }).waitFor();
  const prompt = await clipboard();
  expect(prompt.includes("BLOCKED ACTIONS:\n- canary.visible.blocked") && /\n1\. .*\n2\. .*\n3\. /.test(prompt), prompt);
  expect(prompt.includes("\\u{202e}") && !prompt.includes("\u202e"), "a hidden character was copied");
  await view.tabTo("Copy the block");
  await view.press("Enter");
  await view.page.waitForFunction((before) => navigator.clipboard.readText().then((text) => text !== before), prompt);
  const memory = await clipboard();
  expect(memory.includes("I MAY:\n- canary.visible.pay") && memory.includes("I MUST NEVER:\n- canary.visible.blocked"), memory);
  for (const { what, value } of canaries) expect(!`${prompt}${memory}`.includes(value), `${what} was copied`);
  view.verdict();
  await view.close();
});

await step("a preview answers, without a value and without markup", async () => {
  const view = await visit();
  await isShown(view);
  for (const [fields, words] of [
    [{ action: "canary.visible.blocked" }, ["Denied", "ACTION_BLOCKED"]],
    [{ action: "canary.visible.pay", amount: "5", currency: "usd" }, ["Denied", "VENDOR_NOT_ALLOWED"]],
    [{ action: "<img src=x onerror=alert(3)>" }, ["Denied", "NO_PERMISSION"]],
    [{ action: "canary.visible.pay", vendor: "<script>alert(4)</script>" }, ["Denied", "VENDOR_INVALID"]],
    [{ action: "canary.visible.pay", amount: "five" }, ["This cannot be asked", "AMOUNT_INVALID"]],
  ]) {
    const said = await preview(view, fields);
    for (const word of words) expect(said.includes(word), `${JSON.stringify(fields)}: ${said}`);
  }
  expect(view.dialogs.length === 0, `a dialog was opened: ${view.dialogs}`);
  await wireIsClean(view);
  await isClean(view);
  view.verdict([/^422 /, /status of 422/]);
  await view.close();
});

await step("a reload needs the link again, and going back brings no token", async () => {
  const view = await visit();
  await isShown(view);
  await view.page.reload();
  await isRefused(view);
  expect((await view.page.locator("#problem").innerText()).includes("The key is not in the address."), "it says something else");
  await view.page.goto(PASSPORT_URL);
  await isShown(view);
  await view.page.goto(`${elsewhere}/away`);
  await view.page.goBack();
  await view.page.locator("#passport, #problem").first().waitFor({ state: "attached" });
  await isClean(view);
  await view.close();
});

await step("whoever it is left for learns nothing", async () => {
  const view = await visit();
  await isShown(view);
  visits.length = 0;
  await view.page.evaluate((url) => {
    const link = document.createElement("a");
    link.href = url;
    link.textContent = "away";
    document.body.append(link);
  }, `${elsewhere}/linked`);
  await view.page.getByText("away", { exact: true }).click();
  await view.page.waitForURL(`${elsewhere}/linked`);
  expect(await view.page.evaluate(() => document.referrer) === "", "the page says where it came from");
  await view.page.goBack();
  await view.page.evaluate((url) => { location.href = url; }, `${elsewhere}/scripted`);
  await view.page.waitForURL(`${elsewhere}/scripted`);
  expect(await view.page.evaluate(() => document.referrer) === "", "the page says where it came from");
  expect(visits.length === 2, `${visits.length} visits`);
  for (const { url, headers } of visits) {
    expect(!("referer" in headers), `${url} was told ${headers.referer}`);
    expect(!JSON.stringify(headers).includes(TOKEN.slice(4)), `${url} was told the token`);
  }
  await view.close();
});

await step("the page may ask nobody else and run nothing of its own", async () => {
  const view = await visit();
  await isShown(view);
  visits.length = 0;
  const refused = await view.page.evaluate(async (url) => {
    const tried = [];
    await fetch(`${url}/fetched`).catch(() => tried.push("fetch"));
    const script = document.createElement("script");
    try { script.textContent = "globalThis.injected = true"; document.head.append(script); } catch { tried.push("script"); }
    try { document.body.innerHTML = "<b>x</b>"; } catch { tried.push("innerHTML"); }
    return { tried, injected: globalThis.injected === true };
  }, elsewhere);
  expect(refused.tried.includes("fetch") && refused.tried.includes("innerHTML") && !refused.injected, JSON.stringify(refused));
  expect(visits.length === 0, "somebody else was asked");
  await view.close();
});

await step("a wrong token is told apart from nothing", async () => {
  const view = await visit(`${PAGE}#token=${TOKEN.slice(0, -1)}${TOKEN.endsWith("0") ? "1" : "0"}`);
  await isRefused(view);
  expect((await view.page.locator("#problem").innerText()).includes("This link does not work."), "it says something else");
  expect(await view.page.locator("#passport").isHidden(), "something is shown");
  view.verdict(EXPECTED_401);
  await view.close();
  const bare = await visit(PAGE);
  await isRefused(bare);
  expect(!bare.requests.some((request) => request.url().includes("/v1/")), "it asked without a token");
  bare.verdict();
  await bare.close();
});

await step("without a script it says so", async () => {
  const view = await visit(PASSPORT_URL, { javaScriptEnabled: false });
  const text = await view.page.locator("noscript").innerText();
  expect(text.includes("This page needs JavaScript."), text);
  expect(await view.page.locator("#passport").isHidden(), "an empty passport is shown");
  await view.shot("passport-no-script");
  await wireIsClean(view);
  await view.close();
});

for (const dark of [false, true]) {
  await step(`it fits on a phone${dark ? " in the dark" : ""}`, async () => {
    const view = await visit(PASSPORT_URL, { narrow: true, dark });
    await isShown(view);
    await preview(view, { action: "canary.visible.blocked" });
    const { page, wide } = await view.overflow();
    expect(!page && wide.length === 0, `it sticks out: ${wide}`);
    const tiny = await view.tinyTargets();
    expect(tiny.length === 0, `too small: ${tiny}`);
    await view.shot("passport");
    view.verdict();
    await view.close();
  });
}

await step("it fits on a desk", async () => {
  const view = await visit();
  await isShown(view);
  await view.shot("passport");
  view.verdict();
  await view.close();
});

await step("a rotation ends the page that is open and the link that is out", async () => {
  const view = await visit();
  await isShown(view);
  const answer = await fetch(ROTATE_URL, { method: "POST", headers: { authorization: `Bearer ${PLATFORM_KEY}` } });
  expect(answer.status === 201, `rotating answered ${answer.status}`);
  const fresh = (await answer.json()).url;
  await view.page.fill("#action", "canary.visible.pay");
  await view.page.click("#ask");
  await isRefused(view);
  expect((await view.page.locator("#problem").innerText()).includes("This link no longer works."), "it says something else");
  expect(await view.page.locator("#passport").isHidden(), "the scopes are still shown");
  await view.page.goto("about:blank");
  await view.page.goto(PASSPORT_URL);
  await isRefused(view);
  // The new link in the same tab: only the fragment is another.
  await view.page.goto(fresh);
  await isShown(view);
  expect((await view.page.locator("#about").innerText()).includes("passport version 2"), "it is another version");
  expect(!view.page.url().includes("#"), `the address is ${view.page.url()}`);
  view.verdict(EXPECTED_401);
  await view.close();
});

await browser.close();
outside.close();
process.exit(failures === 0 ? 0 : 1);
