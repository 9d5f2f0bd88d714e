// The loader of the widget. A page of yours includes it from your Procura and calls `Procura.widget({agent, token})`.
// It makes a frame of Procura's own origin and hands it one end of a channel, and nothing of the page but what `token`
// gives. Messages go to and come from exactly that frame at exactly that origin.
(() => {
  "use strict";
  const script = document.currentScript;
  const home = script && script.src ? new URL(script.src).origin : "";
  const HELLO_DEADLINE_MS = 10_000;
  const TOKEN_DEADLINE_MS = 15_000;
  const STATES = ["ready", "answering", "ended", "failed"];
  const STYLE = `
    :host { all: initial; color-scheme: inherit; }
    [hidden] { display: none !important; }
    button { position: fixed; inset: auto 16px 16px auto; z-index: 2147483000; min-height: 44px; padding: 0 20px; border: 0;
      border-radius: 6px; background: light-dark(#0b6a69, #5cc7c1); color: light-dark(#fff, #062423);
      font: 600 15px/20px system-ui, sans-serif; cursor: pointer; box-shadow: 0 4px 16px #0004; }
    button:hover { background: light-dark(#075453, #7ad6d1); }
    button:focus-visible { outline: 2px solid light-dark(#0b6a69, #5cc7c1); outline-offset: 2px; }
    iframe { position: fixed; inset: auto 16px 76px auto; z-index: 2147483000; width: min(400px, calc(100vw - 32px));
      height: min(620px, calc(100vh - 92px)); border: 1px solid light-dark(#dde1e1, #2b3235); border-radius: 6px;
      box-shadow: 0 4px 16px #0004; }
    @media (max-width: 480px) {
      iframe { inset: 0; width: 100%; height: 100%; border: 0; border-radius: 0; }
      iframe:not([hidden]) + button { display: none; }
    }`;

  const complain = (what, next, ...more) => console.error(`Procura widget: ${what} ${next}`, ...more);

  /** What is wrong with the call and what to do about it, or nothing. */
  const mistake = ({ agent, token, target, onState }) => {
    if (!home) {
      return ["The script does not know where it came from.",
        'Include it as <script src="https://YOUR-PROCURA/widget.js" crossorigin="anonymous"></script>: not inline, not as a module, not bundled.'];
    }
    if (self.origin === "null") {
      return ["This page has no origin.", "Serve it over https (or http on localhost), not as a file and not in a sandbox."];
    }
    if (!/^agt_[0-9A-HJKMNP-TV-Z]{26}$/.test(agent)) {
      return ["`agent` is no agent's id.", 'Pass agent: "agt_...", as the console shows it on the agent\'s page.'];
    }
    if (typeof token !== "function") {
      return ["`token` is no function.", "Pass token: async () => the signed-in user's token, fetched from your own server."];
    }
    if (onState !== undefined && typeof onState !== "function") {
      return ["`onState` is no function.", "Pass onState: (state, code) => { ... }, or leave it out."];
    }
    if (target && !place(target)) {
      return ["`target` names no element of this page.", "Pass an element or a selector, after the element exists; without one the widget floats."];
    }
    return null;
  };

  const place = (target) => {
    try {
      const node = typeof target === "string" ? document.querySelector(target) : target;
      return node instanceof Element ? node : null;
    } catch {
      return null;
    }
  };

  const makeFrame = (agent) => {
    const frame = document.createElement("iframe");
    frame.title = "Assistant";
    // The frame learns in which of its allowed origins it stands, and nothing of the path.
    frame.referrerPolicy = "origin";
    // No cookie of Procura's own pages goes along, where the browser can do that.
    frame.credentialless = true;
    frame.setAttribute("sandbox", "allow-scripts allow-same-origin allow-forms");
    frame.src = `${home}/widget/${agent}`;
    return frame;
  };

  /** Puts the frame into the page's own element. */
  const inside = (target, frame) => {
    Object.assign(frame.style, { display: "block", boxSizing: "border-box", width: "100%", height: "100%", minHeight: "320px",
      border: "1px solid light-dark(#dde1e1, #2b3235)", borderRadius: "6px" });
    target.append(frame);
    return { scheme: () => getComputedStyle(target).colorScheme, show() {}, remove: () => frame.remove() };
  };

  /** Puts a button into the corner that opens and closes the frame. */
  const floating = (frame, opened) => {
    const host = document.createElement("div");
    const root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Chat";
    frame.hidden = true;
    const show = (open) => {
      frame.hidden = !open;
      button.setAttribute("aria-expanded", String(open));
      if (open) opened();
      else button.focus();
    };
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => show(frame.hidden));
    // The frame stands before the button in the order of the keyboard, as it does for the eye.
    root.append(frame, button);
    document.body.append(host);
    return { scheme: () => getComputedStyle(host).colorScheme, show, remove: () => host.remove() };
  };

  /** The page's token, or a complaint to the page's own console. It is kept nowhere. */
  const tokenOf = async (token, again) => {
    let timer;
    const late = new Promise((_, refuse) => {
      timer = setTimeout(() => refuse(new Error(`no answer within ${TOKEN_DEADLINE_MS / 1000} s`)), TOKEN_DEADLINE_MS);
    });
    try {
      const value = await Promise.race([Promise.resolve({ again }).then(token), late]);
      // What a header can carry, and no more.
      if (typeof value === "string" && /^[\x21-\x7e]{1,8192}$/.test(value)) return value;
      complain("`token` gave no token.", "It must give a string of 1 to 8192 visible characters: the token that your server made for the signed-in user.");
    } catch (error) {
      complain("`token` failed.", "See what it threw; it must give the signed-in user's token.", error);
    } finally {
      clearTimeout(timer);
    }
    return null;
  };

  function widget(options = {}) {
    const { agent, token, target, onState } = options;
    const tell = (state, code) => {
      if (typeof onState === "function") onState(state, code);
    };
    const wrong = mistake(options);
    if (wrong) {
      complain(...wrong);
      tell("failed", "MISCONFIGURED");
      return Object.freeze({ close() {}, renew() {} });
    }

    const frame = makeFrame(agent);
    const used = new Set();
    let port = null;
    let isClosed = false;

    const answer = async (ask, on) => {
      if (ask.procura === "token" && typeof ask.id === "string") {
        const value = await tokenOf(token, ask.again === true);
        // Only whoever asked, and only while it is still there.
        if (on === port) on.postMessage({ procura: "token", id: ask.id, token: value });
      } else if (ask.procura === "state" && STATES.includes(ask.state)) {
        tell(ask.state, typeof ask.code === "string" ? ask.code : undefined);
      } else if (ask.procura === "hide") {
        where.show(false);
      }
    };

    // INVARIANT: a channel is opened for a message of our own frame at our own origin with a nonce that was never seen.
    const hear = (event) => {
      const { data } = event;
      if (!frame.contentWindow || event.source !== frame.contentWindow || event.origin !== home) return;
      if (!data || data.procura !== "hello" || !/^[0-9a-f]{32}$/.test(data.nonce) || used.has(data.nonce)) return;
      used.add(data.nonce);
      clearTimeout(late);
      if (port) port.close();
      const channel = new MessageChannel();
      port = channel.port1;
      port.onmessage = ({ data: ask, target: on }) => answer(ask || {}, on);
      const hand = { procura: "port", nonce: data.nonce, scheme: where.scheme(), floats: !target };
      frame.contentWindow.postMessage(hand, home, [channel.port2]);
    };

    const late = setTimeout(() => {
      complain(`The frame of ${agent} did not answer.`,
        `Open ${home}/agents/${agent}/users: the allowed origins of its widget must name "${location.origin}", exactly. ` +
        `If this page has a Content-Security-Policy, it needs "frame-src ${home}".`);
      tell("failed", "FRAME_SILENT");
    }, HELLO_DEADLINE_MS);

    window.addEventListener("message", hear);
    const where = target ? inside(place(target), frame) : floating(frame, () => port && port.postMessage({ procura: "focus" }));
    tell("loading");

    return Object.freeze({
      /** Takes the widget off the page. Its conversation and everything it knew are gone. */
      close() {
        if (isClosed) return;
        isClosed = true;
        clearTimeout(late);
        window.removeEventListener("message", hear);
        if (port) port.close();
        port = null;
        where.remove();
        tell("closed");
      },
      /** Says that somebody else is signed in, or the same person anew: forgets the conversation and asks for a token. */
      renew() {
        if (port) port.postMessage({ procura: "renew" });
      },
    });
  }

  if (!window.Procura) Object.defineProperty(window, "Procura", { value: Object.freeze({ widget }), enumerable: true });
})();
