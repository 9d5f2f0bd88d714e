// A person without a browser: opens the page that a client sends them to, signs in, reads the page that asks, presses
// the button that allows, and gives back where the answer goes. Forms are read as a browser reads them, by what the page
// says: hidden fields, what is checked and selected, the button that is pressed. No script runs, because none is needed.
//
// As a module: `new Person({email, password, agent?}).allow(url)`, `.deny(url)`, `.device(url, code)`.
// Alone: PERSON='{"email":..,"password":..}' node consent.mjs allow|deny|device URL [CODE]   prints one line of JSON;
// with `--deliver` the answer is also carried to the client, as a browser would.

import { fileURLToPath } from "node:url";

const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };
const TAG = /<(\/?)([a-z][\w-]*)((?:"[^"]*"|'[^']*'|[^'">])*)>/gi;
const ATTRIBUTE = /([^\s=/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g;
const ALLOWS = /\b(allow|approve|connect|authori[sz]e|grant|agree|continue|confirm|yes)\b/i;
const DENIES = /\b(deny|refuse|cancel|decline|no)\b/i;
/** Sign-in, a choice, the question, the way back: nothing takes more pages. */
const LONGEST = 12;

function decode(text) {
  return text.replace(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (whole, name) => {
    if (name[0] !== "#") return ENTITIES[name.toLowerCase()] ?? whole;
    const code = name[1].toLowerCase() === "x" ? parseInt(name.slice(2), 16) : Number(name.slice(1));
    return String.fromCodePoint(code);
  });
}

function attributes(text) {
  const found = {};
  for (const [, name, double, single, bare] of text.matchAll(ATTRIBUTE)) {
    found[name.toLowerCase()] = decode(double ?? single ?? bare ?? "");
  }
  return found;
}

/** What a reader sees, without markup. */
export function words(html) {
  const bare = html.replace(/<(script|style|svg)\b[\s\S]*?<\/\1>/gi, " ").replace(TAG, " ");
  return decode(bare).replace(/\s+/g, " ").trim();
}

/** The forms of a page: where they go, their fields, their buttons. */
export function forms(html) {
  const found = [];
  const byId = new Map();
  const late = [];
  let form = null;
  let select = null;
  const add = (kind, own, extra) => {
    const item = { kind, ...own, ...extra };
    if (own.form !== undefined) late.push(item);
    else form?.items.push(item);
    return item;
  };
  for (const match of html.matchAll(TAG)) {
    const [whole, close, rawName, rest] = match;
    const name = rawName.toLowerCase();
    const after = match.index + whole.length;
    if (name === "form") {
      form = close ? null : { method: "get", action: "", ...attributes(rest), items: [] };
      if (form) {
        found.push(form);
        if (form.id) byId.set(form.id, form);
      }
    } else if (close) {
      if (name === "select") select = null;
    } else if (name === "input") {
      add("input", { type: "text", value: "", ...attributes(rest) });
    } else if (name === "button") {
      const text = words(html.slice(after, html.indexOf("</button", after)));
      add("button", { type: "submit", value: "", ...attributes(rest) }, { text });
    } else if (name === "textarea") {
      const text = decode(html.slice(after, html.indexOf("</textarea", after)));
      add("textarea", attributes(rest), { value: text.replace(/^\r?\n/, "") });
    } else if (name === "select") {
      select = add("select", attributes(rest), { options: [] });
    } else if (name === "option") {
      const own = attributes(rest);
      const text = words(html.slice(after).split("<", 1)[0]);
      select?.options.push({ value: text, ...own, text });
    }
  }
  for (const item of late) byId.get(item.form)?.items.push(item);
  return found;
}

const isButton = (item) => item.kind === "button" || (item.kind === "input" && ["submit", "image"].includes(item.type));
const isTick = (item) => item.kind === "input" && ["radio", "checkbox"].includes(item.type);

/** What a browser sends when this button is pressed; `wish(item)` may choose a value or a tick. */
export function filled(form, button, wish = () => undefined) {
  const fields = [];
  for (const item of form.items) {
    if (!item.name || "disabled" in item) continue;
    if (isButton(item)) {
      if (item === button) fields.push([item.name, item.value]);
      continue;
    }
    const wanted = wish(item, form);
    if (isTick(item)) {
      if (wanted ?? "checked" in item) fields.push([item.name, item.value || "on"]);
    } else if (item.kind === "select") {
      const chosen = item.options.find((option) => option.value === wanted) ??
        item.options.find((option) => "selected" in option) ?? item.options[0];
      if (chosen) fields.push([item.name, chosen.value]);
    } else {
      fields.push([item.name, wanted ?? item.value]);
    }
  }
  return fields;
}

export class Person {
  /** `choose` maps a field's name to the value that is wanted; `agent` is wanted wherever it can be chosen. */
  constructor({ email, password, agent, choose = {} }) {
    Object.assign(this, { email, password, agent, choose });
    this.cookies = new Map();
    /** Every page that was seen: its address, status, headers and words. */
    this.pages = [];
  }

  async open(url, { method = "GET", fields } = {}) {
    const headers = { accept: "text/html,application/xhtml+xml", "sec-fetch-site": fields ? "same-origin" : "cross-site",
      "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-user": "?1" };
    if (this.cookies.size) headers.cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    if (fields) {
      headers["content-type"] = "application/x-www-form-urlencoded";
      headers.origin = new URL(url).origin;
    }
    const body = fields && new URLSearchParams(fields).toString();
    const response = await fetch(url, { method, headers, body, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = line.split(";", 1)[0].split(/=(.*)/s);
      if (value === "" || /max-age=0\b/i.test(line)) this.cookies.delete(name.trim());
      else this.cookies.set(name.trim(), value);
    }
    return response;
  }

  wish(item) {
    if (item.name in this.choose) return isTick(item) ? item.value === this.choose[item.name] : this.choose[item.name];
    if (item.type === "email") return this.email;
    if (item.type === "password") return this.password;
    if (item.name === "user_code" && this.code) return this.code;
    const isAgents = this.agent && /^agt_/.test(this.agent);
    if (isAgents && item.type === "radio" && item.items === undefined) return this.pick(item);
    if (isAgents && item.kind === "select") {
      return item.options.find((option) => option.value.includes(this.agent))?.value;
    }
    return undefined;
  }

  /** A radio of a group in which our agent is offered: ours and no other. */
  pick(item) {
    const group = this.form.items.filter((other) => other.type === "radio" && other.name === item.name);
    if (!group.some((other) => other.value.includes(this.agent))) return undefined;
    return item.value.includes(this.agent);
  }

  /** The form and the button of it that carry the person on; none where the page is the last one. */
  next(html, pattern) {
    const all = forms(html).filter((form) => form.method.toLowerCase() === "post");
    const enters = all.find((form) => form.items.some((item) => item.type === "password"));
    if (enters) return { form: enters, button: enters.items.find(isButton) };
    // A device's code is typed before there is anything to allow or deny.
    const asks = all.find((form) => form.items.some((item) => item.name === "user_code" && item.type !== "hidden"));
    if (asks && !asks.items.some((item) => item.name === "answer")) return { form: asks, button: asks.items.find(isButton) };
    const others = pattern === ALLOWS ? DENIES : ALLOWS;
    for (const form of all) {
      const said = (item) => `${item.value} ${item.text ?? ""} ${item["aria-label"] ?? ""}`;
      const buttons = form.items.filter((item) => isButton(item) && item.type !== "button");
      const button = buttons.find((item) => pattern.test(said(item)) && !others.test(item.value));
      if (button && !/sign-?out/.test(form.action)) return { form, button };
    }
    return null;
  }

  /** Walks until the answer leaves the server, or no page asks anything more. */
  async walk(start, pattern) {
    const home = new URL(start).origin;
    let url = start;
    let request = {};
    let pressed = "";
    for (let turn = 0; turn < LONGEST; turn += 1) {
      const response = await this.open(url, request);
      const location = response.headers.get("location");
      if (response.status >= 300 && response.status < 400 && location) {
        // RFC 9700 section 4.12: after a form nothing but 303 may follow, or the browser sends the form on.
        if (request.fields && response.status !== 303) throw new Error(`a form was answered with ${response.status}`);
        const to = new URL(location, url);
        this.last = { status: response.status, headers: response.headers };
        if (to.origin !== home) return { redirect: to.href, pages: this.pages };
        [url, request] = [to.href, {}];
        continue;
      }
      const html = await response.text();
      const page = { url, status: response.status, headers: Object.fromEntries(response.headers), text: words(html) };
      this.pages.push(page);
      const step = this.next(html, pattern);
      if (!step || response.status >= 500) return { page, pages: this.pages };
      this.form = step.form;
      const fields = filled(step.form, step.button, (item) => this.wish(item));
      const action = new URL(step.form.action || url, url).href;
      const said = JSON.stringify([action, fields]);
      if (said === pressed) throw new Error(`the same form came again: ${page.status} ${page.text.slice(0, 600)}`);
      [pressed, url, request] = [said, action, { method: "POST", fields }];
    }
    throw new Error(`no end after ${LONGEST} pages: ${this.pages.map((page) => page.url).join(" ")}`);
  }

  async answer(url, pattern) {
    const found = await this.walk(url, pattern);
    if (!found.redirect) {
      const { status, text } = found.page;
      throw new Error(`the page leads nowhere (${status}): ${text.slice(0, 800)}`);
    }
    return found.redirect;
  }

  /** Where the client hears that it is allowed. */
  async allow(url) {
    return this.answer(String(url), ALLOWS);
  }

  /** Where the client hears that it is denied. */
  async deny(url) {
    return this.answer(String(url), DENIES);
  }

  /** Types a device's code and allows it; gives the last page. */
  async device(url, code, pattern = ALLOWS) {
    this.code = code;
    const { page, redirect } = await this.walk(String(url), pattern);
    if (redirect) throw new Error(`a device's page led away to ${redirect}`);
    return page;
  }

  /** Carries an answer to a client that listens on this machine. */
  static async deliver(redirect) {
    const response = await fetch(redirect, { redirect: "manual" });
    return { status: response.status, text: await response.text() };
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const delivers = process.argv.includes("--deliver");
  const [verb, url, code] = process.argv.slice(2).filter((word) => word !== "--deliver");
  const person = new Person(JSON.parse(process.env.PERSON ?? "{}"));
  try {
    const found = verb === "device" ? await person.device(url, code) : await person[verb](url);
    if (delivers) await Person.deliver(found);
    const told = verb === "device" ? { page: { status: found.status, text: found.text } } : { redirect: found };
    console.log(JSON.stringify(told));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error?.message ?? error).slice(0, 2000) }));
    process.exit(1);
  }
}
