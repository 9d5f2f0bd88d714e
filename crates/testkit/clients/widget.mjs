// The browser widget (USR-8) in a real browser: a conversation, then everything that must not happen to a user's token,
// then how it looks. The business and the attacker are in `widget_business.mjs`. One JSON line per step.
//
// Environment: PROCURA_URL, AGENT, AGENT_KEY, PLATFORM_KEY (scope revoke:sessions), USER_SECRET (the agent's method is
// `signedToken` with it), BUSINESS_PORT (the agent's widget allows http://127.0.0.1:PORT and its endpoint is /agent
// there), SCREENSHOTS (a folder for pictures, optional), CHROMIUM (default /usr/bin/chromium).

import { createServer } from "node:net";
import { gzipSync } from "node:zlib";

import { launch } from "./browser.mjs";
import { attacker, business } from "./widget_business.mjs";

const { PROCURA_URL, AGENT, AGENT_KEY, PLATFORM_KEY, USER_SECRET, BUSINESS_PORT, SCREENSHOTS } = process.env;
for (const [name, value] of Object.entries({ PROCURA_URL, AGENT, AGENT_KEY, PLATFORM_KEY, USER_SECRET, BUSINESS_PORT })) {
  if (!value) throw new Error(`${name} is missing; the head of this file explains it`);
}
const procura = new URL(PROCURA_URL).origin;
const MAX_SCRIPT_BYTES = 8 * 1024;
const COOKIES = ["__Host-procura", "procura", "procura_theme"];

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

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function until(what, judge, ms = 10_000) {
  for (const begun = performance.now(); performance.now() - begun < ms; await pause(20)) {
    if (await judge()) return performance.now() - begun;
  }
  throw new Error(`it never came to this: ${what}`);
}

function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

const hostilePort = await freePort();
const shop = await business({
  procura,
  agent: AGENT,
  agentKey: AGENT_KEY,
  platformKey: PLATFORM_KEY,
  secret: USER_SECRET,
  port: Number(BUSINESS_PORT),
  hostile: `http://localhost:${hostilePort}`,
});
const evil = await attacker({ procura, agent: AGENT, port: hostilePort, victim: shop.origin });
const browser = await launch({ screenshots: SCREENSHOTS ?? null });

/** The business's own pages; a request to anybody else is none that the widget may make. */
const OURS = [new RegExp(`^${shop.origin}/`)];

/** A window on a page of the business, once its widget is ready. */
async function visit(path = "/", options = {}) {
  const view = await browser.open({ origin: procura, ...options });
  const requests = [];
  view.context.on("request", (request) => requests.push(request));
  await view.page.goto(`${shop.origin}${path}`);
  const inner = view.page.frameLocator("iframe[title=Assistant]");
  await until("the widget is ready", () => view.page.evaluate(() => seen.states.includes("ready")));
  const frame = view.page.frames().find((each) => each.url().startsWith(`${procura}/widget/`));
  return {
    ...view,
    inner,
    frame,
    requests,
    box: inner.getByRole("textbox", { name: "Message" }),
    log: inner.getByRole("log", { name: "Conversation" }),
    seen: () => view.page.evaluate(() => ({ asks: seen.asks, states: seen.states, channels: seen.channels.length })),
    async say(text) {
      await inner.getByRole("textbox", { name: "Message" }).fill(text);
      await inner.getByRole("button", { name: "Send" }).click();
    },
    async answered(pattern, count = 1) {
      await until(`${count} answers like ${pattern}`, async () => {
        const answers = await inner.locator(".theirs:not(.waits) p").allInnerTexts();
        return answers.filter((text) => pattern.test(text)).length >= count;
      });
    },
  };
}

const sent = () => shop.seen.agent.filter(({ method }) => method === "POST");
const withToken = () => sent().filter(({ headers }) => headers["x-user-auth-token"]);

/** Throws if any of these texts stands anywhere that outlives a script: storage, cookies, addresses, the document. */
async function isNowhere(view, tokens) {
  const left = (where) =>
    where.evaluate(async () => ({
      cookie: document.cookie,
      local: { ...localStorage },
      session: { ...sessionStorage },
      databases: (await indexedDB.databases()).map(({ name }) => name),
      caches: await caches.keys(),
      workers: (await navigator.serviceWorker.getRegistrations()).length,
      history: JSON.stringify(history.state),
      name: window.name,
      addresses: performance.getEntries().map(({ name }) => name),
      globals: Object.getOwnPropertyNames(window).map((name) => { try { return String(window[name]); } catch { return ""; } }).filter((text) => text.length < 10_000),
      document: document.documentElement.outerHTML,
    }));
  const found = [await left(view.frame), await left(view.page)];
  for (const token of tokens) {
    expect(!JSON.stringify(found).includes(token), "the token stands in the page, in storage or in an address");
    const urls = view.requests.map((request) => request.url());
    expect(!urls.some((url) => url.includes(token) || url.includes(encodeURIComponent(token))), "the token stands in a URL");
    const held = JSON.stringify(await view.context.cookies());
    expect(!held.includes(token), "the token stands in a cookie");
  }
  const [inner, outer] = found;
  expect(inner.cookie === "", `the frame can read cookies: ${inner.cookie}`);
  for (const place of [inner, outer]) {
    const kept = { ...place.local, ...place.session };
    expect(Object.keys(kept).length === 0, `something is stored: ${Object.keys(kept)}`);
    expect(place.databases.length + place.caches.length + place.workers === 0, `something is stored: ${JSON.stringify([place.databases, place.caches])}`);
  }
}

await step("the files are small, fixed in content and allowed only where they belong", async () => {
  const loader = await fetch(`${procura}/widget.js`);
  expect(loader.headers.get("access-control-allow-origin") === "*", "the loader cannot be fetched without cookies");
  const again = await fetch(`${procura}/widget.js`, { headers: { "if-none-match": loader.headers.get("etag") } });
  expect(again.status === 304, `an unchanged loader was sent again: ${again.status}`);
  const answer = await fetch(`${procura}/widget/${AGENT}`);
  const html = await answer.text();
  const script = await fetch(new URL(/src="([^"]+)"/.exec(html)[1], procura));
  expect(/immutable/.test(script.headers.get("cache-control")), "the frame's script is not kept by its digest");
  const texts = [await loader.text(), await script.text()];
  const bytes = texts.map((text) => gzipSync(text).length);
  expect(bytes[0] + bytes[1] < MAX_SCRIPT_BYTES, `${bytes[0]} + ${bytes[1]} bytes gzipped`);
  for (const text of texts) {
    expect(!/["'`]\*["'`]/.test(text), "a message is sent to whoever listens");
    expect(!/localStorage|sessionStorage|indexedDB|document\.cookie|innerHTML|eval\(|new Function/.test(text), "something is kept, or text becomes code");
  }
  const policy = answer.headers.get("content-security-policy");
  const wanted =
    `default-src 'none'; script-src 'self'; style-src 'self'; connect-src ${shop.origin}/agent; base-uri 'none'; ` +
    `form-action 'none'; require-trusted-types-for 'script'; frame-ancestors ${shop.origin}`;
  expect(policy === wanted, `the frame's policy is ${policy}`);
  expect(answer.headers.get("x-frame-options") === null, "the frame is refused to everybody");
  expect(answer.headers.get("cache-control") === "no-store", "the frame is kept");
  for (const each of [loader, answer, script]) expect(each.headers.get("set-cookie") === null, "a cookie is set");
  const types = await (await fetch(`${procura}/widget.d.ts`)).text();
  expect(/interface WidgetOptions/.test(types), "the types are not served");
  const unknown = await fetch(`${procura}/widget/agt_01JD9Z3V5M8Q6T2W4X7Y9A1B3D`);
  expect(unknown.status === 404 && /frame-ancestors 'none'/.test(unknown.headers.get("content-security-policy")), "another agent has a frame");
  return { loaderBytes: bytes[0], frameBytes: bytes[1] };
});

await step("a conversation: the token goes once, in a header, to the endpoint alone", async () => {
  const view = await visit("/");
  // Somebody is signed in to the console: cookies of this host would go to any port of it.
  await view.context.addCookies(COOKIES.slice(1).map((name) => ({ name, value: "planted", domain: "127.0.0.1", path: "/" })));
  await view.page.reload();
  await until("the widget is ready", async () => (await view.seen()).states.includes("ready"));
  expect((await view.seen()).asks.length === 0, "a token was asked for before there was a message");
  await view.say("where is my order?");
  await view.answered(/^Your order ord-7 has two chairs and was delivered\.$/);
  await view.say("plain please");
  await view.answered(/^In one piece\.$/);
  const [first, second, ...more] = sent();
  expect(more.length === 0 && second.said.conversation && !first.said.conversation, "the conversation does not go on");
  expect(first.headers["x-user-auth-token"] === shop.seen.tokens[0], "another token arrived");
  expect(withToken().length === 1 && shop.seen.tokens.length === 1, `the token was sent ${withToken().length} times`);
  expect(JSON.stringify((await view.seen()).asks) === "[false]", "the page was asked more than once");
  for (const each of [first, second]) {
    expect(each.url === "/agent", `the endpoint was called as ${each.url}`);
    expect(each.headers.cookie === undefined && each.headers.referer === undefined, "a cookie or an address went along");
    expect(each.headers.origin === procura, `the endpoint was called from ${each.headers.origin}`);
  }
  for (const request of view.requests.filter((each) => each.url().startsWith(procura))) {
    const headers = await request.allHeaders();
    expect(headers.cookie === undefined, `a cookie went along to ${request.url()}`);
    expect(headers["x-user-auth-token"] === undefined, "the token went to Procura from the browser");
  }
  await isNowhere({ ...view, frame: view.page.frames().find((each) => each.url().startsWith(`${procura}/widget/`)) }, shop.seen.tokens);
  const after = await view.context.cookies();
  expect(after.length === 2 && after.every(({ value }) => value === "planted"), "a cookie was set");
  await view.close();
});

await step("a reload forgets everything, and a new conversation brings a new token", async () => {
  const view = await visit("/");
  await view.say("hello");
  await view.answered(/ord-7/);
  const before = withToken().length;
  await view.page.reload();
  await until("the widget is ready", async () => (await view.seen()).states.includes("ready"));
  expect((await view.inner.locator(".mine, .theirs").count()) === 0, "the conversation is still there");
  expect((await view.box.inputValue()) === "" && (await view.seen()).asks.length === 0, "something was kept");
  await view.say("hello again");
  await view.answered(/ord-7/);
  expect(withToken().length === before + 1 && sent().at(-1).said.conversation === undefined, "the old conversation went on");
  await view.inner.getByRole("button", { name: "New conversation" }).click();
  await view.say("and again");
  await view.answered(/ord-7/);
  expect(withToken().length === before + 2, "a new conversation went on with the old one's token");
  view.verdict(OURS);
  await view.close();
});

await step("an expired token is asked for anew, once", async () => {
  const view = await visit("/");
  shop.plan.tokens.push("expired");
  await view.say("hello");
  await view.answered(/ord-7/);
  expect(JSON.stringify((await view.seen()).asks) === "[false,true]", JSON.stringify(await view.seen()));
  await view.inner.getByRole("button", { name: "New conversation" }).click();
  shop.plan.tokens.push("expired", "expired");
  const before = shop.seen.tokens.length;
  await view.say("hello");
  await view.inner.getByText("could not confirm who you are").waitFor();
  expect(shop.seen.tokens.length === before + 2, "a third token was asked for");
  expect((await view.seen()).states.at(-1) === "failed AUTH_TOKEN_EXPIRED", JSON.stringify(await view.seen()));
  expect(view.found.consoleErrors.some((text) => /AUTH_TOKEN_EXPIRED.*token console/.test(text)), "the console does not say what to do");
  await view.inner.getByRole("button", { name: "Try again" }).click();
  await view.answered(/ord-7/);
  expect((await view.inner.locator(".mine").count()) === 1, "the message stands there twice");
  await view.page.evaluate(() => handle.renew());
  await until("everything is forgotten", async () => (await view.inner.locator(".mine, .theirs").count()) === 0);
  const tokens = withToken().length;
  await view.say("somebody else");
  await view.answered(/ord-7/);
  expect(withToken().length === tokens + 1, "renew() did not bring a new token");
  await view.close();
});

await step("a revocation stops an open stream within a second and clears the screen", async () => {
  const view = await visit("/");
  await view.say("tell me everything");
  await view.inner.getByText("word5 ").waitFor();
  expect(shop.seen.open === 1, `${shop.seen.open} streams are open`);
  const answer = await shop.revoke();
  const begun = performance.now();
  expect(answer.status === 200 && answer.revoked >= 1, JSON.stringify(answer));
  const screen = await until("the screen is cleared", async () => (await view.inner.locator(".mine, .theirs").count()) === 0, 3_000);
  const stopped = performance.now() - begun;
  await until("the stream is closed", () => shop.seen.open === 0, 1_000);
  expect(screen < 1_000 && stopped < 1_000, `it took ${Math.round(stopped)} ms`);
  await view.inner.getByText("You were signed out here").waitFor();
  expect(await view.box.isDisabled(), "a message can still be written");
  expect((await view.seen()).states.at(-1) === "ended SESSION_REVOKED", JSON.stringify(await view.seen()));
  await pause(300);
  expect(!/word\d/.test(await view.frame.evaluate(() => document.body.innerText)), "more of the answer came");
  await view.shot("ended");
  const before = withToken().length;
  await view.inner.getByRole("button", { name: "Start again" }).click();
  await view.say("hello");
  await view.answered(/ord-7/);
  expect(withToken().length === before + 1, "the old conversation went on");
  // Without an open stream the next message hears of it.
  await shop.revoke();
  await view.say("still there?");
  await view.inner.getByText("You were signed out here").waitFor();
  expect((await view.inner.locator(".mine, .theirs").count()) === 0, "the conversation is still there");
  await view.close();
  return { stoppedMs: Math.round(stopped) };
});

await step("a hostile page gets no frame and no token", async () => {
  const before = [sent().length, shop.seen.tokens.length];
  const view = await browser.open({ origin: procura });
  await view.page.goto(evil.origin);
  await until("the loader gives up", () => view.page.evaluate(() => seen.states.includes("failed FRAME_SILENT")), 15_000);
  expect((await view.page.evaluate(() => seen.asks)) === 0, "the hostile page was asked for a token");
  const bodies = await Promise.all(view.page.frames().slice(1).map((frame) => frame.evaluate(() => document.body.innerText)));
  expect(!bodies.some((text) => /Ask a question/.test(text)), "the frame is shown");
  expect(view.found.consoleErrors.some((text) => /frame-ancestors/.test(text)), "it was not the policy that refused");
  expect(view.found.consoleErrors.some((text) => text.includes("allowed origins") && text.includes(evil.origin)), "the loader does not say what to do");
  // A hostile page around the business's own page is an ancestor too.
  await view.page.goto(`${evil.origin}/around`);
  await until("the business is framed", () => view.page.frames().some((frame) => frame.url() === `${shop.origin}/`));
  await pause(1_000);
  const inside = view.page.frames().find((frame) => frame.url() === `${shop.origin}/`);
  expect(!(await inside.evaluate(() => seen.states)).includes("ready"), "the widget works inside of a hostile page");
  expect(JSON.stringify([sent().length, shop.seen.tokens.length]) === JSON.stringify(before), "something was sent");
  await view.close();
});

await step("a hostile frame beside the widget gets nothing", async () => {
  const view = await visit("/with-a-guest");
  const guest = view.page.frames().find((frame) => frame.url().startsWith(evil.origin));
  await until("it has attacked", () => guest.evaluate(() => got.some(({ refused }) => refused)));
  await view.say("hello");
  await view.answered(/ord-7/);
  await pause(500);
  const got = await guest.evaluate(() => window.got);
  expect(got.every(({ refused }) => refused === "SecurityError"), `it got ${JSON.stringify(got)}`);
  const seen = await view.seen();
  expect(seen.channels === 1 && seen.asks.length === 1, `it was taken for the widget: ${JSON.stringify(seen)}`);
  expect(await view.inner.getByRole("button", { name: "Close" }).isHidden(), "it was taken for the page");
  await view.page.evaluate(() => document.getElementById("guest").remove());
  // The page itself sends the frame elsewhere: what stands there now is no longer ours.
  await view.page.evaluate((url) => { document.querySelector("iframe[title=Assistant]").src = url; }, `${evil.origin}/imposter`);
  const imposter = () => view.page.frames().find((frame) => frame.url().endsWith("/imposter"));
  await until("the imposter stands in the frame", () => imposter()?.evaluate(() => window.got !== undefined).catch(() => false));
  await pause(800);
  const after = await view.seen();
  expect(after.channels === 1 && after.asks.length === 1, "the imposter was taken for the widget");
  const heard = await imposter().evaluate(() => window.got);
  expect(heard.length === 0, `the imposter heard ${JSON.stringify(heard)}`);
  const stolen = JSON.stringify(evil.stolen);
  expect(!shop.seen.tokens.some((token) => stolen.includes(token)), "a token reached the hostile site");
  await view.close();
});

await step("an endpoint that sends the browser on gets no further than itself", async () => {
  const view = await visit("/");
  shop.plan.sendOn = true;
  await view.say("hello");
  await view.inner.getByText("cannot be reached").waitFor();
  shop.plan.sendOn = false;
  expect(!evil.stolen.some(({ url }) => url === "/agent"), "the message went to the hostile site");
  expect(view.found.consoleErrors.some((text) => text.includes(`${shop.origin}/agent cannot be reached from ${procura}`)), "the console does not say what to do");
  await view.inner.getByRole("button", { name: "Try again" }).click();
  await view.answered(/ord-7/);
  await view.close();
});

await step("messages of the handshake are good for one use", async () => {
  const view = await visit("/");
  const hello = await view.page.evaluate((home) => seen.hellos.find(({ origin }) => origin === home).data, procura);
  expect(/^[0-9a-f]{32}$/.test(hello.nonce), JSON.stringify(hello));
  // The frame's hello once more, from the frame itself.
  await view.frame.evaluate(([again, origin]) => parent.postMessage(again, origin), [hello, shop.origin]);
  // The page's answer once more: the frame must not take this channel.
  await view.page.evaluate(([nonce, home]) => {
    const { contentWindow } = document.querySelector("iframe[title=Assistant]");
    window.replayed = [];
    for (const each of [nonce, "0".repeat(32), null, undefined]) {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = ({ data }) => replayed.push(data);
      contentWindow.postMessage({ procura: "port", nonce: each, scheme: "dark", floats: true }, home, [port2]);
    }
  }, [hello.nonce, procura]);
  await pause(300);
  expect((await view.seen()).channels === 5, "the loader answered a hello twice");
  expect(await view.inner.getByRole("button", { name: "Close" }).isHidden(), "the frame took a second channel");
  // A token that nobody asked for, or asked for earlier.
  await view.page.evaluate(() => seen.channels[0].port1.postMessage({ procura: "token", id: "0".repeat(32), token: "unasked" }));
  await view.say("hello");
  await view.answered(/ord-7/);
  expect((await view.page.evaluate(() => replayed.length)) === 0, "a replayed channel was used");
  expect(withToken().at(-1).headers["x-user-auth-token"] === shop.seen.tokens.at(-1), "a token that nobody asked for was sent");
  const hasty = await visit("/?hasty");
  await hasty.say("hello");
  await hasty.answered(/ord-7/);
  expect(withToken().at(-1).headers["x-user-auth-token"] === shop.seen.tokens.at(-1), "a token that was no answer to the ask was sent");
  await hasty.close();
  // What never was there opens a channel: the test can fail.
  await view.frame.evaluate((origin) => parent.postMessage({ procura: "hello", nonce: "f".repeat(32) }, origin), shop.origin);
  await until("a fresh hello is answered", async () => (await view.seen()).channels === 6);
  await view.close();
});

await step("two widgets on one page do not hear each other", async () => {
  const view = await visit("/");
  await view.page.evaluate(() => {
    seen.second = [];
    window.second = Procura.widget({ agent: document.body.dataset.agent, token: () => "", onState: (state) => seen.second.push(state) });
  });
  await until("the second is ready", () => view.page.evaluate(() => seen.second.includes("ready")));
  await pause(300);
  expect((await view.seen()).channels === 2, `${(await view.seen()).channels} channels for two widgets`);
  await view.page.evaluate(() => second.close());
  await view.say("hello");
  await view.answered(/ord-7/);
  await view.close();
});

await step("a browser that does not name a frame's ancestors gets a widget all the same", async () => {
  for (const hint of ["document.referrer", '""']) {
    const view = await browser.open({ origin: procura });
    // Firefox has no ancestorOrigins; a browser may keep the referrer to itself as well.
    await view.page.route(/\/widget\/frame\.[0-9a-f]+\.js$/, async (route) => {
      const answer = await route.fetch();
      const text = (await answer.text()).replace("location.ancestorOrigins?.[0] ?? originOf(document.referrer)", `originOf(${hint})`);
      expect(text.includes(`originOf(${hint})`) && !text.includes("ancestorOrigins"), "the script was not changed");
      await route.fulfill({ response: answer, body: text });
    });
    await view.page.goto(`${shop.origin}/`);
    await until("the widget is ready", () => view.page.evaluate(() => seen.states.includes("ready")));
    view.verdict(OURS);
    await view.close();
  }
});

await step("misuse is answered in the console with the next step", async () => {
  const view = await visit("/");
  const devtools = await view.context.newCDPSession(view.page);
  const wrong = [
    ["agent: \"agt_...\"", "{ agent: 'agent-1', token: () => 'x' }"],
    ["token: async ()", `{ agent: '${AGENT}', token: 'secret' }`],
    ["an element or a selector", `{ agent: '${AGENT}', token: () => 'x', target: '#nowhere' }`],
    ["onState: (state, code)", `{ agent: '${AGENT}', token: () => 'x', onState: 1 }`],
  ];
  for (const [words, options] of wrong) {
    const before = view.found.consoleErrors.length;
    await devtools.send("Runtime.evaluate", { expression: `Procura.widget(${options}).renew()` });
    await until(`a complaint with ${words}`, () => view.found.consoleErrors.slice(before).some((text) => text.includes(words)), 2_000);
  }
  expect(!view.found.consoleErrors.some((text) => text.includes("secret")), "what was passed stands in the console");
  expect((await view.page.locator("iframe[title=Assistant]").count()) === 1, "a wrong call made a frame");
  await view.page.evaluate(() => handle.close());
  expect((await view.page.locator("iframe").count()) === 0 && (await view.seen()).states.at(-1) === "closed", "close() left something");
  await view.close();
});

await step("by keyboard alone, floating, with what a screen reader hears", async () => {
  const view = await visit("/?floats");
  await view.tabTo("Chat");
  await view.press("Enter");
  await until("the frame has the keyboard", () => view.frame.evaluate(() => document.activeElement.id === "message"));
  await view.type("where is it?");
  await view.press("Enter");
  await view.answered(/ord-7/);
  const heard = await view.inner.getByRole("status").innerText();
  expect(heard === "Assistant: Your order ord-7 has two chairs and was delivered.", heard);
  const nameless = await view.frame.evaluate(() =>
    [...document.querySelectorAll("button, textarea")].filter((each) => !(each.labels?.[0]?.innerText || each.innerText.trim() || each.hidden)).length);
  expect(nameless === 0, `${nameless} controls have no name`);
  const order = [];
  for (let turn = 0; turn < 8; turn += 1) {
    await view.press("Shift+Tab");
    const at = await view.frame.evaluate(() => document.hasFocus() && { id: document.activeElement.id, ring: getComputedStyle(document.activeElement).outlineStyle });
    if (!at || !at.id) break;
    expect(at.ring !== "none", `no focus ring on ${at.id}`);
    order.push(at.id);
  }
  expect(order.join() === "log,hide,fresh", `the order of the keyboard is ${order}`);
  await view.inner.getByRole("textbox").focus();
  await view.press("Escape");
  await until("the frame is closed", () => view.page.locator("iframe[title=Assistant]").isHidden());
  expect((await view.focused())?.text === "Chat", "the keyboard is lost");
  await view.press("Enter");
  await until("the frame is open again", () => view.page.locator("iframe[title=Assistant]").isVisible());
  expect((await view.inner.locator(".mine").count()) === 1, "closing it lost the conversation");
  await view.close();
});

for (const look of [{}, { dark: true }, { narrow: true }, { narrow: true, dark: true }]) {
  const name = `${look.narrow ? "at 375 px" : "wide"}${look.dark ? " in the dark" : ""}`;
  await step(`it looks right ${name}`, async () => {
    for (const [path, shot] of [["/", "inside"], ["/?floats", "floating"]]) {
      const view = await visit(path, look);
      if (path === "/?floats") await view.page.getByRole("button", { name: "Chat" }).click();
      await view.shot(`widget-${shot}-empty`);
      await view.say("Where is my order? It should have come on Tuesday, and nobody has written to me since.");
      await view.answered(/ord-7/);
      await view.say("متى يصل طلبي؟ plain");
      await view.answered(/ord-7/, 2);
      await view.say(`tell me everything about ${"averylongword".repeat(12)}`);
      await view.inner.getByText("word40 ").waitFor();
      await view.shot(`widget-${shot}`);
      const stuck = await view.frame.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
      expect(!stuck && !(await view.overflow()).page, "something sticks out");
      const tiny = await view.frame.evaluate(() =>
        [...document.querySelectorAll("button:not([hidden]), textarea")].map((each) => each.getBoundingClientRect()).filter(({ width, height }) => width > 0 && (width < 24 || height < 24)).length);
      expect(tiny === 0, `${tiny} targets are too small for a finger`);
      const moving = await view.frame.evaluate(() => document.getAnimations().length);
      expect(moving === 0, "something moves though nothing should");
      await view.inner.getByRole("button", { name: "Stop" }).click();
      await until("the stream is closed", () => shop.seen.open === 0, 2_000);
      view.verdict(OURS);
      await view.close();
    }
  });
}

await browser.close();
shop.close();
evil.close();
process.exit(failures === 0 ? 0 : 1);
