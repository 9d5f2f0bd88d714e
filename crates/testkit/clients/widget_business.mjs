// A business that embeds the widget, as small as it can be: its pages, its token, its agent behind one endpoint. And a
// site that means harm. Both write down what reaches them. `widget.mjs` tells the story.

import { createHmac } from "node:crypto";
import { createServer } from "node:http";

/** Seed 003: two base64url segments, the second an HMAC of the first. */
export function sign(payload, secret) {
  const body = Buffer.from(JSON.stringify(payload)).toString("base64url");
  return `${body}.${createHmac("sha256", secret).update(body).digest("base64url")}`;
}

const HTML = { "content-type": "text/html; charset=utf-8" };
const JSON_TYPE = { "content-type": "application/json" };

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function listen(port, handle) {
  const server = createServer((request, response) => {
    handle(request, response, new URL(request.url, "http://here")).catch((error) => {
      console.error(error);
      response.destroy();
    });
  });
  await new Promise((ready) => server.listen(port, "127.0.0.1", ready));
  return { origin: `http://127.0.0.1:${port}`, close: () => server.close() };
}

async function body(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

/**
 * The page under a policy as strict as they come: the loader must live with it. What the page does with the widget it is
 * told by its address: `floats`, or else inside of #place; `hasty` has somebody answer the frame before the loader does.
 */
function page(response, procura, agent, more = "") {
  const policy = `default-src 'none'; script-src 'self' ${procura}; style-src 'self'; frame-src ${procura} http:; connect-src 'self'; img-src data:; base-uri 'none'`;
  response.writeHead(200, { ...HTML, "content-security-policy": policy }).end(
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Chairs</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<link rel="stylesheet" href="/page.css"><script src="${procura}/widget.js" crossorigin="anonymous"></script></head>
<body data-agent="${agent}"><main><h1>Chairs</h1><p>Two chairs, delivered. Ask the assistant about an order.</p>
<div id="place"></div></main>${more}<script src="/page.js"></script></body></html>`,
  );
}

const CSS = `:root { color-scheme: light dark } body { margin: 0; font: 16px/1.5 system-ui, sans-serif }
main { max-width: 720px; padding: 16px } #place { height: 560px; max-width: 460px } iframe { width: 300px; height: 100px }`;

/** What a page of the business does: every token that it gives and every channel that is opened is counted. */
const SCRIPT = `"use strict";
window.seen = { asks: [], states: [], hellos: [], channels: [] };
const isHasty = new URLSearchParams(location.search).has("hasty");
const Channel = window.MessageChannel;
window.addEventListener("message", ({ data, origin, source }) => {
  seen.hellos.push({ data, origin });
  // Before the loader answers, somebody answers who does not know the nonce.
  if (isHasty) source.postMessage({ procura: "port", nonce: "0".repeat(32) }, origin, [new Channel().port2]);
});
window.MessageChannel = function () { const made = new Channel(); seen.channels.push(made); return made; };
const token = async ({ again }) => {
  seen.asks.push(again);
  if (isHasty) seen.channels.at(-1).port1.postMessage({ procura: "token", id: "0".repeat(32), token: "unasked" });
  const answer = await fetch("/token?again=" + again, { method: "POST" });
  return answer.text();
};
const target = new URLSearchParams(location.search).has("floats") ? undefined : "#place";
const onState = (state, code) => seen.states.push(code ? state + " " + code : state);
window.handle = Procura.widget({ agent: document.body.dataset.agent, token, target, onState });`;

/** Reads the events of a stream until it ends. */
async function* events(answer) {
  let rest = "";
  for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + piece).replaceAll("\r\n", "\n").split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const field = (name) => block.split("\n").find((line) => line.startsWith(`${name}:`))?.slice(name.length + 1).trim();
      if (field("event")) yield { name: field("event"), data: field("data") };
    }
  }
}

/** The business: pages, token and agent on one port. */
export async function business({ procura, agent, agentKey, platformKey, secret, port, hostile }) {
  const seen = { agent: [], open: 0, tokens: [] };
  // What the next tokens are like; one `null` is a good one.
  const plan = { tokens: [], user: "user_7f3a", sendOn: false };
  const conversations = new Map();
  const keys = { authorization: `Bearer ${agentKey}` };

  const mint = () => {
    const now = Math.floor(Date.now() / 1000);
    const bad = plan.tokens.shift();
    // Two tokens of one second would be the same token, and one whose session was revoked opens no other.
    const jti = crypto.randomUUID();
    const payload = { userId: plan.user, email: "ada@chairs.example", role: "customer", jti, iat: now, exp: now + 300 };
    const token = bad === "expired" ? sign({ ...payload, iat: now - 900, exp: now - 600 }, secret) : sign(payload, secret);
    seen.tokens.push(token);
    return token;
  };

  /** A token becomes a session of Procura's, and the session a conversation of ours. */
  const begin = async (token) => {
    const headers = { ...keys, "x-user-auth-token": token };
    const answer = await fetch(`${procura}/v1/sessions`, { method: "POST", headers });
    const session = await answer.json();
    if (!answer.ok) return { refused: { status: answer.status, code: session.code } };
    const name = `c${conversations.size + 1}-${crypto.randomUUID()}`;
    conversations.set(name, session);
    return { name, session };
  };

  /** A conversation that goes on is only as good as its session. */
  const goOn = async (name) => {
    const session = conversations.get(name);
    if (!session) return { refused: { status: 401, code: "SESSION_INVALID" } };
    const headers = { ...keys, "x-procura-session": session.sessionToken };
    const answer = await fetch(`${procura}/v1/sessions/${session.sessionId}/context`, { headers });
    if (!answer.ok) return { refused: { status: answer.status, code: (await answer.json()).code } };
    return { name, session };
  };

  /** Says when the session has ended; an open stream of the widget hangs on it. */
  const watch = async (session, signal, ended) => {
    const headers = { ...keys, "x-procura-session": session.sessionToken, accept: "text/event-stream" };
    const answer = await fetch(`${procura}/v1/sessions/${session.sessionId}/events`, { headers, signal });
    for await (const event of events(answer)) if (event.name === "ended") return ended(event.data);
    return null;
  };

  const stream = async (response, { name, session }, pieces, wait) => {
    const gone = new AbortController();
    seen.open += 1;
    response.on("close", () => {
      seen.open -= 1;
      gone.abort();
    });
    response.writeHead(200, { "content-type": "text/event-stream" });
    const say = (event, data) => response.write(`event: ${event}\r\ndata: ${data}\r\n\r\n`);
    say("conversation", JSON.stringify({ conversation: name }));
    watch(session, gone.signal, (data) => {
      say("ended", data);
      response.end();
    }).catch(() => {});
    for (const text of pieces) {
      if (gone.signal.aborted || response.writableEnded) return;
      say("text", JSON.stringify({ text }));
      await pause(wait);
    }
    if (!response.writableEnded) {
      say("done", "{}");
      response.end();
    }
  };

  const agentAnswers = async (request, response) => {
    const said = request.method === "OPTIONS" ? null : JSON.parse(await body(request));
    seen.agent.push({ method: request.method, url: request.url, headers: request.headers, said });
    response.setHeader("access-control-allow-origin", procura);
    response.setHeader("vary", "origin");
    if (request.method === "OPTIONS") {
      response.setHeader("access-control-allow-headers", "content-type, x-user-auth-token");
      return response.writeHead(204).end();
    }
    // What a careless proxy does.
    if (plan.sendOn) return response.writeHead(307, { location: `${hostile}/agent` }).end();
    const token = request.headers["x-user-auth-token"];
    const found = token ? await begin(token) : await goOn(said.conversation);
    if (found.refused) {
      return response.writeHead(found.refused.status, JSON_TYPE).end(JSON.stringify({ code: found.refused.code }));
    }
    if (said.message.startsWith("plain")) {
      return response.writeHead(200, JSON_TYPE).end(JSON.stringify({ conversation: found.name, reply: "In one piece." }));
    }
    const isLong = said.message.startsWith("tell me everything");
    const words = isLong ? Array.from({ length: 600 }, (_, at) => `word${at} `) : ["Your order ord-7", " has two chairs ", "and was delivered."];
    return stream(response, found, words, isLong ? 50 : 10);
  };

  const server = await listen(port, async (request, response, url) => {
    if (url.pathname === "/agent") return agentAnswers(request, response);
    if (url.pathname === "/token") return response.end(mint());
    if (url.pathname === "/page.css") return response.writeHead(200, { "content-type": "text/css" }).end(CSS);
    if (url.pathname === "/page.js") return response.writeHead(200, { "content-type": "text/javascript" }).end(SCRIPT);
    if (url.pathname === "/") return page(response, procura, agent);
    if (url.pathname === "/with-a-guest") return page(response, procura, agent, `<iframe id="guest" src="${hostile}/imposter"></iframe>`);
    return response.writeHead(404).end();
  });

  /** What the business's own server does when it signs somebody out everywhere. */
  const revoke = async () => {
    const answer = await fetch(`${procura}/api/public/sessions/revoke`, {
      method: "POST",
      headers: { authorization: `Bearer ${platformKey}`, ...JSON_TYPE },
      body: JSON.stringify({ agentId: agent, userId: plan.user }),
    });
    return { status: answer.status, ...(await answer.json()) };
  };

  return { ...server, seen, plan, revoke };
}

/** Claims to be the widget's frame, claims to be its page, and tells what it got. */
const IMPOSTER = `"use strict";
window.got = [];
const hex = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
window.addEventListener("message", (event) => {
  got.push({ origin: event.origin, data: event.data, ports: event.ports.length });
  for (const port of event.ports) {
    port.onmessage = ({ data }) => got.push({ overPort: data });
    port.postMessage({ procura: "token", id: "mine", again: false });
  }
});
window.attack = () => {
  parent.postMessage({ procura: "hello", nonce: hex() }, "*");
  for (let at = 0; at < parent.frames.length; at += 1) {
    if (parent.frames[at] === window) continue;
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => got.push({ overPort: data });
    parent.frames[at].postMessage({ procura: "port", nonce: hex(), scheme: "dark", floats: true }, "*", [port2]);
    parent.frames[at].postMessage({ procura: "renew" }, "*");
    try { parent.frames[at].location = location.href; } catch (error) { got.push({ refused: error.name }); }
  }
};
setInterval(attack, 200);`;

/** Another site: it embeds the widget as if it were allowed to, frames the business, and plays its parts. */
export async function attacker({ procura, agent, port, victim }) {
  const stolen = [];
  const html = (inner) => `<!doctype html><title>Elsewhere</title><link rel="icon" href="data:,">${inner}`;
  const pages = {
    "/": html(`<script src="${procura}/widget.js" crossorigin="anonymous"></script><div id="place"></div><script>
window.seen = { asks: 0, states: [] };
Procura.widget({ agent: "${agent}", target: "#place", token: () => { seen.asks += 1; return "stolen"; }, onState: (state, code) => seen.states.push(code ? state + " " + code : state) });
</script>`),
    "/around": html(`<iframe id="victim" src="${victim}/" width="600" height="600"></iframe>`),
    "/imposter": html(`<script>${IMPOSTER}</script>`),
  };
  const server = await listen(port, async (request, response, url) => {
    stolen.push({ url: request.url, headers: request.headers });
    const found = pages[url.pathname];
    response.setHeader("access-control-allow-origin", "*");
    response.setHeader("access-control-allow-headers", "*");
    return response.writeHead(found ? 200 : 404, HTML).end(found ?? "");
  });
  // Another name of the machine is another site, not only another origin.
  return { ...server, origin: `http://localhost:${port}`, stolen };
}
