// The page behind a one-time link to an approval, on a phone: at 375 px, in the dark, by keyboard, and without a script.
// One JSON line per step.
//
// Environment: LINKS (three links, divided by blanks, to three waiting approvals), SCREENSHOTS (a folder for pictures,
// optional), CHROMIUM (default /usr/bin/chromium).

import { launch } from "./browser.mjs";

const { LINKS, SCREENSHOTS } = process.env;
if (!LINKS) throw new Error("LINKS names three one-time links");
const [first, second, third] = LINKS.split(" ");
const { origin } = new URL(first);

let failures = 0;
async function step(name, work) {
  const begun = performance.now();
  try {
    await work();
    console.log(JSON.stringify({ step: name, ok: true, ms: Math.round(performance.now() - begun) }));
  } catch (error) {
    failures += 1;
    const text = String(error?.message ?? error).slice(0, 2000);
    console.log(JSON.stringify({ step: name, ok: false, ms: Math.round(performance.now() - begun), error: text }));
  }
}

function expect(condition, text) {
  if (!condition) throw new Error(text);
}

/** Nothing sticks out, and nothing is too small for a finger. */
async function fits(view) {
  const { page, wide } = await view.overflow();
  expect(!page && wide.length === 0, `it sticks out at 375 px: ${wide.join(", ")}`);
  const tiny = await view.tinyTargets();
  expect(tiny.length === 0, `too small for a finger: ${tiny.join(", ")}`);
}

const said = (view) => view.page.locator("main").innerText();

const browser = await launch({ screenshots: SCREENSHOTS ?? null });

await step("the page fits a phone and says everything", async () => {
  const view = await browser.open({ origin, narrow: true });
  const answer = await view.page.goto(first);
  expect(answer.headers()["referrer-policy"] === "no-referrer", "it tells other pages where it stands");
  await fits(view);
  const text = await said(view);
  for (const wanted of ["purchase.ticket", "festival/2027", "shop.example", "742.00 USD", "summer-trip", "⟨U+202E⟩", "⟨U+200B⟩", "Deny", "Grant this call"]) {
    expect(text.includes(wanted), `${wanted} is missing: ${text}`);
  }
  for (const summary of await view.page.locator("details > summary").all()) await summary.click();
  await fits(view);
  await view.shot("approve-open");
  await view.page.reload();
  await view.shot("approve");
  view.verdict();
  await view.close();
});

await step("the page fits in the dark", async () => {
  const view = await browser.open({ origin, narrow: true, dark: true });
  await view.page.goto(first);
  await fits(view);
  await view.shot("approve");
  view.verdict();
  await view.close();
});

await step("a pattern is shown with what it would have let pass", async () => {
  const view = await browser.open({ origin, narrow: true });
  await view.page.goto(first);
  await view.page.locator("details.more > summary").click();
  await Promise.all([view.page.waitForEvent("load"), view.page.getByRole("button", { name: "Show what it would have let pass" }).click()]);
  const text = await said(view);
  expect(/It covers this call\. Of the last \d+ calls of this agent it would have let [1-9]/.test(text), text);
  await fits(view);
  await view.shot("approve-pattern");
  view.verdict();
  await view.close();
});

await step("three times, by a finger", async () => {
  const view = await browser.open({ origin, narrow: true });
  await view.page.goto(first);
  await view.page.getByLabel("How many times").fill("3");
  await view.page.locator("input[name=scope][value=times]").check();
  await Promise.all([view.page.waitForEvent("load"), view.page.locator("#grant").click()]);
  expect(/Granted\. The agent may now/.test(await said(view)), await said(view));
  await fits(view);
  await view.shot("approve-done");
  view.verdict();
  const again = await view.page.goto(first);
  expect(again.status() === 410, `the link was used up, and answers ${again.status()}`);
  await view.close();
});

await step("d chooses the no, Enter confirms it", async () => {
  const view = await browser.open({ origin, narrow: true });
  await view.page.goto(second);
  await view.press("d");
  const button = await view.focused();
  expect(button?.text === "Deny" && button.hasRing, `d does not choose the button: ${JSON.stringify(button)}`);
  expect(!/Denied\./.test(await said(view)), "one key alone answered");
  await Promise.all([view.page.waitForEvent("load"), view.press("Enter")]);
  expect(/Denied\. The agent is told so/.test(await said(view)), await said(view));
  view.verdict();
  await view.close();
});

await step("without a script, and Enter in a field answers nothing", async () => {
  const view = await browser.open({ origin, narrow: true, javaScriptEnabled: false });
  await view.page.goto(third);
  await fits(view);
  const field = view.page.getByLabel("How many times");
  await field.focus();
  await Promise.all([view.page.waitForEvent("load"), view.press("Enter")]);
  expect(await view.page.locator("#grant").isVisible(), "Enter in a field has answered");
  await Promise.all([view.page.waitForEvent("load"), view.page.locator("#grant").click()]);
  expect(/Granted\. The agent may now/.test(await said(view)), await said(view));
  view.verdict();
  await view.close();
});

await browser.close();
process.exit(failures === 0 ? 0 : 1);
