// What a person meets when software asks for access, in a real browser and without a script: sign-in, consent, the way
// back to the client, a device's code, taking it back. The client is a server on this machine, so that what a browser
// really sends there is seen. One JSON line per step.
//
// Environment: ORIGIN, EMAIL, PASSWORD, AUTHORIZE (the query of an authorization request without redirect_uri, of a
// client that registered https://app.example/cb, http://127.0.0.1/cb and http://[::1]/cb), USER_CODE (of a device that
// waits), SCREENSHOTS (a folder, optional), CHROMIUM.

import { createServer } from "node:http";

import { launch } from "./browser.mjs";

const { ORIGIN, EMAIL, PASSWORD, AUTHORIZE, USER_CODE, SCREENSHOTS } = process.env;
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

/** A client that listens on this address: what reached it. */
async function client(host) {
  const seen = [];
  const server = createServer((request, response) => {
    seen.push({ url: request.url, referer: request.headers.referer ?? null, origin: request.headers.origin ?? null });
    response.setHeader("content-type", "text/html");
    response.end("<!doctype html><title>Client</title><h1>Connected</h1>");
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, host, resolve));
  const { port } = server.address();
  const name = host.includes(":") ? `[${host}]` : host;
  return { uri: `http://${name}:${port}/cb`, seen, close: () => server.close() };
}

const asks = (redirect, more = "") => `${ORIGIN}/oauth/authorize?${AUTHORIZE}&redirect_uri=${encodeURIComponent(redirect)}${more}`;
const radio = (view) => view.page.locator('input[name="acting"]:checked');

async function signIn(view) {
  await view.page.fill("#email", EMAIL);
  await view.page.fill("#password", PASSWORD);
  await Promise.all([view.page.waitForEvent("load"), view.page.click("button.main")]);
}

async function fits(view) {
  const over = await view.overflow();
  expect(!over.page && over.wide.length === 0, `sticks out: ${JSON.stringify(over)}`);
  const tiny = await view.tinyTargets();
  expect(tiny.length === 0, `too small for a finger: ${JSON.stringify(tiny)}`);
}

/** The client has the answer, and learnt nothing else. */
function arrived(local) {
  const answers = local.seen.filter((one) => one.url.startsWith("/cb"));
  expect(answers.length === 1, `the client saw ${JSON.stringify(local.seen)}`);
  const [{ url, referer }] = answers;
  const told = new URL(url, local.uri).searchParams;
  expect(told.get("code")?.startsWith("pac_"), `no code: ${url}`);
  expect(told.get("iss") === ORIGIN, `iss is ${told.get("iss")}`);
  expect(told.get("state") === "s&t=1", `state is ${told.get("state")}`);
  expect(referer === null, `the client was told ${referer}`);
}

const browser = await launch({ screenshots: SCREENSHOTS ?? null });
const phone = await browser.open({ origin: ORIGIN, narrow: true, javaScriptEnabled: false });

await step("sign in, read, allow: without a script, 375 px, back to 127.0.0.1", async () => {
  const local = await client("127.0.0.1");
  await phone.page.goto(asks(local.uri));
  expect(new URL(phone.page.url()).pathname === "/sign-in", phone.page.url());
  await phone.shot("people-1-sign-in");
  await signIn(phone);
  expect(new URL(phone.page.url()).pathname === "/oauth/authorize", phone.page.url());
  const text = await phone.page.locator("main").innerText();
  expect(/Nobody has checked it/.test(text) && /Did you start this program yourself/.test(text), text);
  expect((await radio(phone).count()) === 1, "nothing is chosen");
  await phone.shot("people-2-consent");
  await fits(phone);
  await Promise.all([phone.page.waitForURL(`${local.uri}?**`), phone.page.getByRole("button", { name: "Allow" }).click()]);
  arrived(local);
  local.close();
});

await step("back to [::1]", async () => {
  const local = await client("::1");
  await phone.page.goto(asks(local.uri));
  await Promise.all([phone.page.waitForURL(`${local.uri}?**`), phone.page.getByRole("button", { name: "Allow" }).click()]);
  arrived(local);
  local.close();
});

await step("back to a host of the web, and to no other", async () => {
  // There is no such host here: what counts is whether the browser sets out for it.
  const came = [];
  phone.page.on("request", (request) => {
    if (request.url().startsWith("https://app.example/")) came.push({ url: request.url(), referer: request.headers().referer ?? null });
  });
  const url = asks("https://app.example/cb");
  const deny = async () => {
    await phone.page.getByRole("button", { name: "Deny" }).click({ noWaitAfter: true });
    await phone.page.waitForTimeout(1000);
  };
  await phone.page.goto(url);
  await phone.shot("people-3-consent-host");
  await deny();
  expect(came.length === 1 && /error=access_denied/.test(came[0].url) && came[0].referer === null, JSON.stringify(came));
  // The control: a policy that does not name the host keeps the browser from setting out.
  await phone.context.route(`${ORIGIN}/oauth/authorize?**`, async (route) => {
    const response = await route.fetch();
    const headers = response.headers();
    headers["content-security-policy"] = headers["content-security-policy"].replace(" https://app.example", "");
    return route.fulfill({ response, headers });
  });
  await phone.page.goto(url);
  await deny();
  expect(came.length === 1, `the browser went to ${JSON.stringify(came)}`);
  await phone.context.unroute(`${ORIGIN}/oauth/authorize?**`);
});

await step("no page frames it", async () => {
  const framing = await client("127.0.0.1");
  const wide = await browser.open({ origin: ORIGIN });
  await wide.context.addCookies(await phone.context.cookies());
  await wide.page.goto(new URL("/", framing.uri).href);
  await wide.page.evaluate((src) => {
    const frame = document.createElement("iframe");
    frame.src = src;
    document.body.append(frame);
  }, asks("https://app.example/cb"));
  await wide.page.waitForTimeout(1000);
  const inside = await Promise.all(wide.page.frames().slice(1).map((frame) => frame.content().catch(() => "")));
  expect(inside.every((html) => !html.includes("act as an agent")), "the page is framed");
  framing.close();
  await wide.close();
});

await step("what is wrong goes to nobody", async () => {
  await phone.page.goto(asks("https://evil.example/cb"));
  const text = await phone.page.locator("main").innerText();
  expect(/cannot be answered/.test(text) && new URL(phone.page.url()).origin === ORIGIN, text);
  await phone.shot("people-4-refused");
  await fits(phone);
});

await step("a device's code", async () => {
  await phone.page.goto(`${ORIGIN}/device`);
  await phone.shot("people-5-device");
  await fits(phone);
  await phone.page.fill("#user_code", "BCDF-GHJK");
  await Promise.all([phone.page.waitForEvent("load"), phone.page.getByRole("button", { name: "Continue" }).click()]);
  expect(/No device waits/.test(await phone.page.locator("main").innerText()), "a wrong code is taken");
  await phone.shot("people-6-device-wrong");
  await phone.page.fill("#user_code", USER_CODE.toLowerCase().replace("-", " "));
  await Promise.all([phone.page.waitForEvent("load"), phone.page.getByRole("button", { name: "Continue" }).click()]);
  expect((await phone.page.locator("main").innerText()).includes(USER_CODE), "the code is not shown");
  await phone.shot("people-7-device-consent");
  await fits(phone);
  await Promise.all([phone.page.waitForEvent("load"), phone.page.getByRole("button", { name: "Allow" }).click()]);
  expect(/Go back to your device/.test(await phone.page.locator("main").innerText()), "it is not said");
  await phone.shot("people-8-device-done");
});

await step("looked at by daylight, in the dark, and by keyboard", async () => {
  for (const dark of [false, true]) {
    const wide = await browser.open({ origin: ORIGIN, dark });
    await wide.context.addCookies(await phone.context.cookies());
    await wide.page.goto(asks("https://app.example/cb"));
    await wide.shot("people-2-consent");
    await wide.page.goto(`${ORIGIN}/access`);
    await wide.shot("people-9-access");
    if (!dark) {
      await wide.page.goto(asks("https://app.example/cb"));
      await wide.tabTo((element) => element.name === "acting");
      await wide.tabTo("Deny");
      await wide.tabTo("Allow");
    }
    expect(wide.found.consoleErrors.length === 0, JSON.stringify(wide.found.consoleErrors));
    await wide.close();
  }
});

await step("take it back", async () => {
  await phone.page.goto(`${ORIGIN}/access`);
  await phone.shot("people-9-access");
  await fits(phone);
  const before = await phone.page.getByRole("button", { name: "Take back" }).count();
  expect(before >= 1, "nothing stands there");
  await Promise.all([phone.page.waitForEvent("load"), phone.page.getByRole("button", { name: "Take back" }).first().click()]);
  expect(/Taken back/.test(await phone.page.locator("main").innerText()), "it is not said");
  expect((await phone.page.getByRole("button", { name: "Take back" }).count()) === before - 1, "it still stands there");
});

await browser.close();
process.exit(failures === 0 ? 0 : 1);
