// The pages on which people look after software (OAU-1, OAU-2, OAU-4), in a real browser: OAuth clients, guarded APIs,
// trusted issuers, My access, and the pages around a sign-in. By keyboard alone, without a script, at 375 px, by daylight
// and in the dark; every page with its exact policy, nothing inline and nothing from elsewhere. One JSON line per step.
//
// Environment: ORIGIN, EMAIL, PASSWORD, AUTHORIZE (the query of an authorization request, which is answered "allow"),
// SCREENSHOTS (a folder, optional), CHROMIUM.

import { launch } from "./browser.mjs";

const { ORIGIN, EMAIL, PASSWORD, AUTHORIZE, SCREENSHOTS } = process.env;
const POLICY =
  "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const LONG = "a-client-with-a-name-that-is-as-long-as-names-may-be-and-that-never-takes-a-breath";
let failures = 0;

async function step(name, work) {
  try {
    const found = await work();
    console.log(JSON.stringify({ step: name, ok: true, ...found }));
  } catch (error) {
    failures += 1;
    console.log(JSON.stringify({ step: name, ok: false, error: String(error?.message ?? error).slice(0, 2000) }));
  }
}

function expect(condition, text) {
  if (!condition) throw new Error(text);
}

const text = (view) => view.page.locator("main").innerText();

/** Presses a button and waits for the page behind it. */
async function press(view, name) {
  await Promise.all([view.page.waitForEvent("load"), view.page.getByRole("button", { name, exact: true }).first().click()]);
}

/** The same by keyboard. */
async function enter(view, name) {
  await view.tabTo((element) => element.tag === "button" && element.text === name, 120);
  await Promise.all([view.page.waitForEvent("load"), view.press("Enter")]);
}

async function signIn(view, next = "") {
  await view.page.goto(`${ORIGIN}/sign-in${next ? `?next=${encodeURIComponent(next)}` : ""}`);
  await view.page.fill("#email", EMAIL);
  await view.page.fill("#password", PASSWORD);
  await press(view, "Sign in");
}

async function fits(view) {
  const over = await view.overflow();
  expect(!over.page && over.wide.length === 0, `${view.page.url()} sticks out: ${JSON.stringify(over)}`);
  const tiny = await view.tinyTargets();
  expect(tiny.length === 0, `${view.page.url()}: too small for a finger: ${JSON.stringify(tiny)}`);
}

/** What every page promises: its policy to the letter, no frame, nothing inline. */
async function keeps(view, path) {
  const response = await view.page.goto(`${ORIGIN}${path}`);
  const headers = response.headers();
  expect(response.status() < 400, `${path}: ${response.status()}`);
  expect(headers["content-security-policy"] === POLICY, `${path}: ${headers["content-security-policy"]}`);
  expect(headers["x-frame-options"] === "DENY" && headers["cache-control"] === "no-store", `${path}: ${JSON.stringify(headers)}`);
  const inline = await view.page.evaluate(() =>
    [...document.querySelectorAll("*")].filter(
      (element) =>
        element.hasAttribute("style") ||
        [...element.attributes].some(({ name }) => name.startsWith("on")) ||
        (element.tagName === "STYLE" || (element.tagName === "SCRIPT" && !element.src)),
    ).length,
  );
  expect(inline === 0, `${path}: ${inline} inline scripts or styles`);
  return response;
}

const browser = await launch({ screenshots: SCREENSHOTS ?? null });
const phone = await browser.open({ origin: ORIGIN, narrow: true, javaScriptEnabled: false });
const wide = await browser.open({ origin: ORIGIN });
const made = {};

await step("a sign-in leads to pages of ours alone, without a script", async () => {
  for (const next of ["//evil.example/", "https://evil.example/", "/\\evil.example"]) {
    await phone.context.clearCookies();
    await signIn(phone, next);
    expect(new URL(phone.page.url()).origin === ORIGIN, `${next} led to ${phone.page.url()}`);
  }
  await phone.context.clearCookies();
  await phone.page.goto(`${ORIGIN}/sign-in`);
  await phone.page.fill("#email", EMAIL);
  await phone.page.fill("#password", "not the password");
  await press(phone, "Sign in");
  expect((await phone.page.inputValue("#email")) === EMAIL, "the address is lost");
  await phone.shot("software-sign-in-wrong");
  await fits(phone);
  await signIn(phone, "/settings/clients");
  expect(new URL(phone.page.url()).pathname === "/settings/clients", phone.page.url());
  await phone.shot("software-clients-empty");
  await fits(phone);
});

await step("a client is made by keyboard alone, and its secret shown once", async () => {
  await wide.context.addCookies(await phone.context.cookies());
  await wide.page.goto(`${ORIGIN}/settings/clients`);
  await wide.tabTo("Make a client");
  await Promise.all([wide.page.waitForEvent("load"), wide.press("Enter")]);
  await wide.tabTo((element) => element.name === "name");
  await wide.type(LONG);
  await wide.tabTo((element) => element.name === "redirects");
  await wide.type(`https://app.example/${LONG}/${LONG}/callback`);
  await wide.press("Enter");
  await wide.type("http://127.0.0.1/cb");
  await enter(wide, "Make the client");
  expect(/shown this once/.test(await text(wide)), await text(wide));
  await wide.shot("software-secret");
  await wide.tabTo((element) => element.type === "checkbox");
  await wide.press("Space");
  await enter(wide, "Continue");
  made.client = new URL(wide.page.url()).pathname;
  expect((await text(wide)).includes(LONG), "it is not there");
  wide.verdict();
});

await step("what is wrong is said beside its field, has the focus, and nothing is lost", async () => {
  await wide.page.goto(`${ORIGIN}/settings/clients/new`);
  await wide.page.fill("#name", "Signs by itself");
  await wide.page.fill("#redirects", "https://app.example/cb");
  await wide.page.selectOption("#method", "private_key_jwt");
  expect(await wide.page.locator("#jwks").isVisible(), "the keys have no field");
  await wide.page.fill("#jwks", '{"keys":');
  await press(wide, "Make the client");
  expect((await wide.page.locator("#jwks-wrong").count()) === 1, await text(wide));
  expect((await wide.page.inputValue("#jwks")) === '{"keys":', "the keys are lost");
  expect((await wide.page.inputValue("#name")) === "Signs by itself", "the name is lost");
  expect(await wide.page.evaluate(() => document.activeElement?.getAttribute("role") === "alert"), "the summary has no focus");
  await wide.shot("software-client-wrong");
  await wide.page.fill("#jwks", "");
  await wide.page.fill("#jwks_uri", "https://app.example/keys");
  await press(wide, "Make the client");
  expect(/The client is made/.test(await text(wide)), await text(wide));
  await phone.page.goto(`${ORIGIN}/settings/clients/new`);
  await phone.page.fill("#name", "By phone");
  await phone.page.fill("#redirects", "javascript:alert(1)");
  await press(phone, "Make the client");
  expect((await phone.page.inputValue("#redirects")) === "javascript:alert(1)", "what was typed is lost");
  await phone.shot("software-client-wrong");
  await fits(phone);
});

await step("secrets are rotated and revoked, a client is disabled: on a phone without a script", async () => {
  await phone.page.goto(`${ORIGIN}${made.client}`);
  await phone.page.getByText("Rotate the secret").click();
  await phone.page.selectOption("#overlap", "hour");
  await press(phone, "Make a secret");
  expect(/shown this once/.test(await text(phone)), await text(phone));
  await phone.page.check('input[type="checkbox"]');
  await press(phone, "Continue");
  await phone.shot("software-client");
  await fits(phone);
  await phone.page.getByText("Revoke", { exact: true }).first().click();
  await phone.shot("software-client-revoke");
  await press(phone, "Revoke the secret");
  expect(/The secret is revoked/.test(await text(phone)), await text(phone));
  await phone.page.getByText("Disable", { exact: true }).click();
  await press(phone, "Disable the client");
  expect(/The client is disabled/.test(await text(phone)), await text(phone));
  await press(phone, "Enable the client");
  await phone.page.getByText("Remove the client").first().click();
  await phone.page.fill("#confirm", "something else");
  await phone.page.locator("form", { has: phone.page.locator("#confirm") }).getByRole("button").click();
  expect((await phone.page.locator("#confirm-wrong").count()) === 1, "it went without its name");
});

await step("an API is guarded, and its page says how", async () => {
  await phone.page.goto(`${ORIGIN}/settings/apis`);
  await phone.shot("software-apis-empty");
  await wide.page.goto(`${ORIGIN}/settings/apis/new`);
  await wide.page.fill("#name", "Orders");
  await wide.page.fill("#identifier", `https://api.shop.example/${LONG}/orders`);
  await wide.page.getByLabel("Scope 1", { exact: true }).fill("orders:read");
  await wide.page.getByLabel("What scope 1 allows").fill("Read your orders.");
  await enter(wide, "Guard the API");
  made.api = new URL(wide.page.url()).pathname;
  const told = await text(wide);
  for (const part of ["oauth-protected-resource", `${ORIGIN}/oauth/jwks`, `${ORIGIN}/oauth/introspect`, "WWW-Authenticate"]) {
    expect(told.includes(part), `${part} is missing: ${told}`);
  }
  expect((await wide.page.locator(".copybox .button:visible").count()) >= 6, "nothing can be copied");
  wide.verdict([/422/]);
});

await step("an issuer is trusted", async () => {
  await phone.page.goto(`${ORIGIN}/settings/issuers`);
  await phone.shot("software-issuers-empty");
  await phone.page.goto(`${ORIGIN}/settings/issuers/new`);
  await phone.page.fill("#issuer", "http://login.example");
  await phone.page.fill("#jwks_uri", "https://login.example/keys");
  await press(phone, "Trust the issuer");
  expect((await phone.page.locator("#issuer-wrong").count()) === 1, await text(phone));
  await phone.page.fill("#issuer", `https://login.example/${LONG}`);
  await press(phone, "Trust the issuer");
  expect(/The issuer is trusted/.test(await text(phone)), await text(phone));
  made.issuer = new URL(phone.page.url()).pathname;
});

await step("who came by itself is seen, and sent away", async () => {
  await phone.page.goto(`${ORIGIN}/oauth/authorize?${AUTHORIZE}`);
  await phone.page.getByRole("button", { name: "Allow" }).click({ noWaitAfter: true });
  // The client's host is not there: the browser stays where it was, and the code is given.
  await phone.page.waitForTimeout(1000);
  await phone.page.goto(`${ORIGIN}/settings/clients?kind=registered`);
  await Promise.all([phone.page.waitForEvent("load"), phone.page.locator("th a").first().click()]);
  made.met = new URL(phone.page.url()).pathname + new URL(phone.page.url()).search;
  expect((await text(phone)).includes(EMAIL), await text(phone));
});

await step("every page holds at 375 px and wide, by daylight and in the dark, and keeps its promises", async () => {
  const pages = {
    clients: "/settings/clients",
    "client-new": "/settings/clients/new",
    client: made.client,
    "client-met": made.met,
    apis: "/settings/apis",
    "api-new": "/settings/apis/new",
    api: made.api,
    issuers: "/settings/issuers",
    "issuer-new": "/settings/issuers/new",
    issuer: made.issuer,
    access: "/access",
    device: "/device",
    settings: "/settings",
  };
  for (const [narrow, dark] of [[true, false], [true, true], [false, false], [false, true]]) {
    const view = await browser.open({ origin: ORIGIN, narrow, dark });
    await view.context.addCookies(await phone.context.cookies());
    for (const [name, path] of Object.entries(pages)) {
      if (name === "device") {
        const response = await view.page.goto(`${ORIGIN}${path}`);
        expect(response.headers()["content-security-policy"].includes("frame-ancestors 'none'"), path);
      } else {
        await keeps(view, path);
      }
      await view.shot(`software-${name}`);
      await fits(view);
    }
    view.verdict();
    await view.close();
  }
  return { pages: Object.keys(pages).length };
});

await step("everything of a client's page is reached by keyboard, with a ring", async () => {
  await wide.page.goto(`${ORIGIN}${made.client}`);
  for (const wanted of ["Disable", "Revoke", "Rotate the secret"]) {
    await wide.tabTo((element) => element.text === wanted, 120);
  }
  await wide.tabTo((element) => element.name === "redirects", 120);
  await wide.tabTo((element) => element.text === "Save the client", 120);
});

await step("what is not there says so", async () => {
  await phone.page.goto(`${ORIGIN}/settings/clients/cli_01JD9Z3V5M8Q6T2W4X7Y9A1B3C`);
  expect(/NOT_FOUND/.test(await text(phone)), await text(phone));
  await phone.shot("software-not-found");
  await fits(phone);
});

await step("everything is taken back at once", async () => {
  await phone.page.goto(`${ORIGIN}${made.met}`);
  await phone.page.getByText("Take everything back").first().click();
  await phone.shot("software-client-met-end");
  await phone.page.getByRole("button", { name: "Take everything back" }).click();
  await phone.page.waitForLoadState();
  expect(/Nobody of this organization has let it in/.test(await text(phone)), await text(phone));
});

await browser.close();
process.exit(failures === 0 ? 0 : 1);
