// The widget's frame. It stands on Procura's origin inside a page of the business, asks that page for the signed-in
// user's token over a channel that only the two hold, and sends it once, in a header, to the one endpoint that the
// server wrote into this page. It keeps no token, no cookie and nothing in storage: a reload forgets everything.
(() => {
  "use strict";
  const one = (id) => document.getElementById(id);
  const [log, empty, status, notice, box, send] = ["log", "empty", "status", "notice", "message", "send"].map(one);
  const { origins: allowed, endpoint } = document.body.dataset;
  const origins = allowed.split(" ");
  const HANDSHAKE_DEADLINE_MS = 10_000;
  const SILENCE_DEADLINE_MS = 60_000;
  const MAX_ANSWER = 262_144;

  let port = null;
  /** The nonce of the handshake under way; each is good for one answer. */
  let nonce = null;
  /** The token that the page was asked for: the ask's id and what waits for it. */
  let wanted = null;
  /** What the endpoint calls the conversation. Without one, the next message brings a token. */
  let conversation = null;
  /** The answer under way. */
  let running = null;
  let hasEnded = false;

  const random = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const complain = (what, next) => console.error(`Procura widget: ${what} ${next}`);
  const tell = (state, code) => port && port.postMessage({ procura: "state", state, code });

  class Problem extends Error {
    constructor(code, sentence) {
      super(sentence);
      this.code = code;
    }
  }

  // What is seen

  const add = (who, text) => {
    empty.hidden = true;
    const row = document.createElement("div");
    row.className = who;
    const name = document.createElement("span");
    name.className = "hide";
    name.textContent = who === "mine" ? "You: " : "Assistant: ";
    const words = document.createElement("p");
    words.dir = "auto";
    words.textContent = text;
    row.append(name, words);
    log.append(row);
    log.scrollTop = log.scrollHeight;
    return { row, words };
  };

  /** Adds to an answer that grows; the view stays where the reader has scrolled to. */
  const grow = (words, text) => {
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    words.append(text);
    if (isAtEnd) log.scrollTop = log.scrollHeight;
  };

  /** Says something that is no message, with a button where there is something to do. */
  const say = (text, word, act) => {
    notice.hidden = !text;
    notice.firstElementChild.textContent = text || "";
    const button = notice.lastElementChild;
    button.hidden = !word;
    button.textContent = word || "";
    button.onclick = act || null;
  };

  const busy = (turn) => {
    running = turn;
    send.textContent = turn ? "Stop" : "Send";
  };

  const forget = () => {
    if (running) running.abort();
    busy(null);
    conversation = null;
    wanted = null;
    log.replaceChildren(empty);
    empty.hidden = false;
    one("fresh").hidden = true;
    status.textContent = "";
    say("");
  };

  const open = (isOpen) => {
    box.disabled = !isOpen;
    send.disabled = !isOpen;
  };

  const begin = () => {
    hasEnded = false;
    forget();
    open(true);
    tell("ready");
  };

  /** The user may no longer be served: everything that was said goes from the screen and from memory. */
  const end = () => {
    hasEnded = true;
    forget();
    empty.hidden = true;
    open(false);
    say("You were signed out here, and this conversation is closed.", "Start again", () => {
      begin();
      box.focus();
    });
    if (document.hasFocus()) notice.lastElementChild.focus();
    tell("ended", "SESSION_REVOKED");
  };

  // The handshake

  const originOf = (url) => {
    try {
      return new URL(url).origin;
    } catch {
      return null;
    }
  };

  const hello = () => {
    if (window.parent === window) return say("This page is made to stand inside a website.");
    const hint = location.ancestorOrigins?.[0] ?? originOf(document.referrer);
    // A hint only chooses among the allowed ones; the browser delivers to none but the one that is named.
    const to = hint ? origins.filter((origin) => origin === hint) : origins;
    if (!to.length) return say("This website may not show this assistant.");
    nonce = random();
    for (const origin of to) window.parent.postMessage({ procura: "hello", nonce }, origin);
    setTimeout(() => port || say("This website did not answer. Load the page again."), HANDSHAKE_DEADLINE_MS);
  };

  /** As CSS has it: a page that does not say that it can be dark is light; one that can be both follows the system. */
  const themeOf = (scheme) => (/dark/.test(scheme) ? (/light/.test(scheme) ? "system" : "dark") : "light");

  window.addEventListener("message", (event) => {
    const { data, ports } = event;
    if (window.parent === window || event.source !== window.parent || !origins.includes(event.origin)) return;
    if (!nonce || !data || data.procura !== "port" || data.nonce !== nonce || ports.length !== 1) return;
    nonce = null;
    [port] = ports;
    port.onmessage = ({ data: word }) => hear(word || {});
    document.documentElement.dataset.theme = themeOf(String(data.scheme));
    one("hide").hidden = data.floats !== true;
    begin();
  });

  const hear = (word) => {
    if (word.procura === "token" && wanted && word.id === wanted.id) {
      const { give } = wanted;
      wanted = null;
      give(word.token);
    } else if (word.procura === "renew") {
      begin();
    } else if (word.procura === "focus") {
      box.focus();
    }
  };

  const askForToken = async (again, signal) => {
    const id = random();
    const token = await new Promise((give, refuse) => {
      wanted = { id, give };
      signal.addEventListener("abort", refuse, { once: true });
      port.postMessage({ procura: "token", id, again });
    });
    if (typeof token !== "string") throw new Problem("NO_TOKEN", "This website could not say who you are. Sign in and try again.");
    return token;
  };

  // The conversation

  /** Sends a message. A token opens exactly one conversation, so what has none yet brings one. */
  const post = async (message, signal, again) => {
    const headers = { "content-type": "application/json", accept: "text/event-stream, application/json" };
    if (!conversation) headers["x-user-auth-token"] = await askForToken(again, signal);
    signal.throwIfAborted();
    const body = JSON.stringify(conversation ? { message, conversation } : { message });
    try {
      // A redirect would carry the header on to somebody else.
      return await fetch(endpoint, {
        method: "POST", headers, body, signal,
        mode: "cors", credentials: "omit", redirect: "error", cache: "no-store", referrerPolicy: "no-referrer",
      });
    } catch (error) {
      if (signal.aborted) throw error;
      complain(`${endpoint} cannot be reached from ${location.origin}.`,
        `It must answer OPTIONS and POST with "Access-Control-Allow-Origin: ${location.origin}", allow the headers ` +
        "content-type and x-user-auth-token, and not redirect.");
      throw new Problem("UNREACHABLE", "The assistant cannot be reached now. Try again in a moment.");
    }
  };

  const codeOf = async (response) => {
    try {
      const { code } = await response.json();
      return typeof code === "string" && /^[A-Z0-9_]{1,64}$/.test(code) ? code : "";
    } catch {
      return "";
    }
  };

  /** Sends a message until somebody is known: a token that is refused is asked for anew, once. */
  const ask = async (message, signal) => {
    for (const again of [false, true]) {
      const response = await post(message, signal, again);
      if (response.ok) return response;
      const code = await codeOf(response);
      if (response.status !== 401) throw new Problem(code || `HTTP_${response.status}`, "The assistant cannot answer this now. Try again in a moment.");
      if (code === "SESSION_REVOKED") throw new Problem(code, "");
      conversation = null;
      if (again) {
        complain(`${endpoint} refused the token: ${code || "401 without a code"}.`,
          "Paste a token of this page into the token console of the agent: it shows which step fails and what to do.");
        throw new Problem(code || "HTTP_401", "This website could not confirm who you are. Sign in again.");
      }
    }
    return null;
  };

  const wrongAnswer = (what) => {
    complain(`${endpoint} answered with ${what}.`, 'Answer JSON {"conversation", "reply"} or text/event-stream; see docs/WIDGET.md.');
    return new Problem("BAD_ANSWER", "The answer could not be read.");
  };

  const keep = (name) => {
    if (typeof name !== "string" || !/^[\x21-\x7e]{1,256}$/.test(name)) throw wrongAnswer("no conversation");
    conversation = name;
  };

  /** Reads an answer in one piece, or piece by piece as it comes. */
  const read = async (response, words, signal) => {
    const kind = (response.headers.get("content-type") || "").split(";")[0].trim().toLowerCase();
    if (kind === "text/event-stream") return stream(response, words, signal);
    if (kind !== "application/json") throw wrongAnswer(kind || "no content type");
    const { conversation: name, reply } = await response.json().catch(() => ({}));
    signal.throwIfAborted();
    keep(name);
    if (typeof reply !== "string") throw wrongAnswer("no reply");
    return grow(words, reply.slice(0, MAX_ANSWER));
  };

  const stream = async (response, words, signal) => {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    let size = 0;
    for (;;) {
      const silence = setTimeout(() => reader.cancel(), SILENCE_DEADLINE_MS);
      const { done, value } = await reader.read().finally(() => clearTimeout(silence));
      signal.throwIfAborted();
      if (done) throw new Problem("BROKEN_OFF", "The answer broke off.");
      size += value.length;
      if (size > MAX_ANSWER * 4) throw wrongAnswer("too much");
      // A line end may be cut in two by the network.
      const blocks = (rest + value).replace(/\r\n|\r(?!$)/g, "\n").split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) if (event(block, words)) return reader.cancel();
    }
  };

  /** One event of a stream; true when it was the last. */
  const event = (block, words) => {
    const lines = block.split("\n");
    const field = (name) => lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).replace(/^ /, "")).join("\n");
    const [name, text] = [field("event"), field("data")];
    if (!name && !text) return false;
    let data;
    try {
      data = JSON.parse(text || "{}") || {};
    } catch {
      throw wrongAnswer("an event that is no JSON");
    }
    if (name === "conversation") keep(data.conversation);
    else if (name === "text" && typeof data.text === "string") grow(words, data.text);
    else if (name === "ended") throw new Problem(data.reason === "expired" ? "SESSION_EXPIRED" : "SESSION_REVOKED", "Your session has ended. Your next message opens a new one.");
    else if (name === "error") throw new Problem(typeof data.code === "string" ? data.code : "ERROR", "The assistant cannot answer this now. Try again in a moment.");
    return name === "done";
  };

  const turn = async (message) => {
    const mine = new AbortController();
    busy(mine);
    say("");
    const rows = [add("mine", message), add("theirs", "")];
    const { row, words } = rows[1];
    row.classList.add("waits");
    status.textContent = "The assistant is answering.";
    tell("answering");
    let problem = null;
    try {
      await read(await ask(message, mine.signal), words, mine.signal);
      if (!conversation) throw wrongAnswer("no conversation");
    } catch (error) {
      problem = error instanceof Problem ? error : new Problem(mine.signal.aborted ? "STOPPED" : "BROKEN_OFF", "The answer broke off.");
    }
    mine.abort();
    row.classList.remove("waits");
    // Somebody began anew meanwhile: what came of this turn belongs to nobody.
    if (running === mine) settle(message, rows, problem);
  };

  const settle = (message, [asked, { row, words }], problem) => {
    busy(null);
    if (problem?.code === "SESSION_REVOKED") return end();
    if (!words.textContent) row.remove();
    one("fresh").hidden = false;
    if (!problem || problem.code === "STOPPED") {
      // Said whole: whoever listens would stumble over the pieces.
      status.textContent = problem ? "Stopped." : `Assistant: ${words.textContent}`;
      return tell("ready");
    }
    if (problem.code === "SESSION_EXPIRED") conversation = null;
    status.textContent = "";
    say(problem.message, "Try again", () => {
      asked.row.remove();
      row.remove();
      turn(message);
    });
    tell("failed", problem.code);
  };

  one("ask").addEventListener("submit", (submit) => {
    submit.preventDefault();
    if (running) return running.abort();
    const message = box.value.trim();
    if (!message || !port || hasEnded) return;
    box.value = "";
    turn(message);
  });
  box.addEventListener("keydown", (key) => {
    if (key.key !== "Enter" || key.shiftKey || key.isComposing) return;
    key.preventDefault();
    if (!running) one("ask").requestSubmit();
  });
  document.addEventListener("keydown", (key) => {
    if (key.key === "Escape" && !one("hide").hidden) hide();
  });
  const hide = () => port && port.postMessage({ procura: "hide" });
  one("hide").addEventListener("click", hide);
  one("fresh").addEventListener("click", () => {
    begin();
    box.focus();
  });
  hello();
})();
