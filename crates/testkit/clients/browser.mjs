// Debian's Chromium, driven by playwright-core: what every console scenario needs around its own story. Console
// errors, failed requests and requests to anywhere but the tested origin are collected, and `verdict` fails on them.
//
//   const browser = await launch({ screenshots: "target/screenshots" });
//   const view = await browser.open({ origin, dark: true, narrow: true });
//   await view.page.goto(`${origin}/setup`);
//   await view.press("Tab", 3); await view.type("Acme"); await view.shot("setup");
//   view.verdict();            // throws if anything was collected
//   await browser.close();

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { chromium } from "playwright-core";

/** As root Chromium needs --no-sandbox; the rest keeps it from calling home. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
  "--disable-features=OptimizationHints,MediaRouter,Translate",
];

const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 375, height: 812 };

export async function launch({ screenshots = null, executable = process.env.CHROMIUM ?? "/usr/bin/chromium" } = {}) {
  const profile = mkdtempSync(path.join(tmpdir(), "chromium-"));
  const browser = await chromium.launch({
    executablePath: executable,
    headless: true,
    args: FLAGS,
    env: { ...process.env, HOME: profile },
  });
  if (screenshots) mkdirSync(screenshots, { recursive: true });
  return {
    open: (options) => openView(browser, screenshots, options),
    close: async () => {
      await browser.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** A window of its own: no cookie of another one. */
async function openView(browser, screenshots, { origin, dark = false, narrow = false, reducedMotion = true, ...rest }) {
  const context = await browser.newContext({
    viewport: narrow ? NARROW : WIDE,
    colorScheme: dark ? "dark" : "light",
    reducedMotion: reducedMotion ? "reduce" : "no-preference",
    deviceScaleFactor: narrow ? 2 : 1,
    ...rest,
  });
  const page = await context.newPage();
  const found = collect(context, page, origin);
  const suffix = `${narrow ? "-375" : ""}${dark ? "-dark" : ""}`;
  return {
    context,
    page,
    found,
    press: (key, times = 1) => press(page, key, times),
    type: (text) => page.keyboard.type(text),
    focused: () => focused(page),
    tabTo: (wanted, most = 60) => tabTo(page, wanted, most),
    overflow: () => overflow(page),
    tinyTargets: () => tinyTargets(page),
    shot: (name) => shot(page, screenshots, `${name}${suffix}`),
    verdict: (allowed = []) => verdict(found, allowed),
    close: () => context.close(),
  };
}

function collect(context, page, origin) {
  const found = { consoleErrors: [], pageErrors: [], outsideRequests: [], failedRequests: [], badAnswers: [] };
  const { host } = new URL(origin);
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) {
      found.consoleErrors.push(`${message.type()}: ${message.text()} (${message.location().url})`);
    }
  });
  page.on("pageerror", (error) => found.pageErrors.push(String(error)));
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (!["data:", "blob:", "about:"].includes(url.protocol) && url.host !== host) found.outsideRequests.push(request.url());
  });
  context.on("requestfailed", (request) => {
    // A page that is left while it streams aborts its stream: that is no failure.
    if (request.failure()?.errorText !== "net::ERR_ABORTED") {
      found.failedRequests.push(`${request.method()} ${request.url()}: ${request.failure()?.errorText}`);
    }
  });
  context.on("response", (response) => {
    if (response.status() >= 400) found.badAnswers.push(`${response.status()} ${response.request().method()} ${response.url()}`);
  });
  return found;
}

async function press(page, key, times) {
  for (let turn = 0; turn < times; turn += 1) await page.keyboard.press(key);
}

/** What has the keyboard: its tag, role, name, text, and whether a focus ring can be seen. */
function focused(page) {
  return page.evaluate(() => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    if (!element || element === document.body) return null;
    const style = getComputedStyle(element);
    const label = element.labels?.[0]?.innerText ?? "";
    return {
      tag: element.tagName.toLowerCase(),
      type: element.getAttribute("type") ?? "",
      name: element.getAttribute("name") ?? "",
      href: element.getAttribute("href") ?? "",
      text: (element.getAttribute("aria-label") ?? label ?? "").trim() || (element.innerText ?? element.value ?? "").trim(),
      hasRing: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 ? true : style.boxShadow !== "none",
    };
  });
}

/** Presses Tab until what has the keyboard fits: a text, a pattern, or a function of `focused`. */
async function tabTo(page, wanted, most) {
  const fits = (element) => {
    if (!element) return false;
    if (typeof wanted === "function") return wanted(element);
    const words = [element.text, element.name, element.href];
    return words.some((word) => (wanted instanceof RegExp ? wanted.test(word) : word === wanted));
  };
  const passed = [];
  for (let turn = 0; turn < most; turn += 1) {
    await page.keyboard.press("Tab");
    const element = await focused(page);
    if (fits(element)) {
      if (!element.hasRing) throw new Error(`no focus ring on ${JSON.stringify(element)}`);
      return element;
    }
    passed.push(element ? element.text || element.name || element.tag : "body");
  }
  throw new Error(`Tab never reached ${wanted}; it passed ${passed.join(" | ")}`);
}

/** What sticks out to the right: at 375 px nothing may. */
function overflow(page) {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const inScroller = (element) => {
      for (let parent = element.parentElement; parent; parent = parent.parentElement) {
        if (["auto", "scroll", "hidden"].includes(getComputedStyle(parent).overflowX)) return true;
      }
      return false;
    };
    const wide = [...document.body.querySelectorAll("*")]
      .filter((element) => element.getBoundingClientRect().right > width + 1 && !inScroller(element))
      .map((element) => `${element.tagName.toLowerCase()}.${element.className}`)
      .slice(0, 10);
    return { page: document.documentElement.scrollWidth > width, wide };
  });
}

/** Buttons and links outside of text that are too small for a finger (WCAG 2.2, 24 px). */
function tinyTargets(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll("button, select, input:not([type=hidden]), nav a, a.button")]
      .filter((element) => element.offsetParent !== null)
      .map((element) => ({ element, box: element.getBoundingClientRect() }))
      .filter(({ box }) => box.width < 24 || box.height < 24)
      .map(({ element, box }) => `${element.tagName.toLowerCase()} ${Math.round(box.width)}x${Math.round(box.height)} ${element.innerText ?? ""}`),
  );
}

/** A picture of the whole page. Nothing is taken if no folder was named. */
async function shot(page, folder, name) {
  if (!folder) return null;
  const file = path.join(folder, `${name}.png`);
  await page.screenshot({ path: file, fullPage: true });
  return file;
}

/** Throws if anything was collected that no pattern of `allowed` covers. */
function verdict(found, allowed) {
  const left = Object.entries(found).flatMap(([kind, entries]) =>
    entries.filter((entry) => !allowed.some((pattern) => pattern.test(entry))).map((entry) => `${kind}: ${entry}`),
  );
  if (left.length > 0) throw new Error(`the page was not clean:\n${left.join("\n")}`);
}
