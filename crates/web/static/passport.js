// The passport page. The token comes in the fragment, which no browser sends to any server. It is taken out of the
// address before anything else happens, lives in this closure alone, and goes to this server in a header. Everything
// that is shown is set as text.
(() => {
  "use strict";
  const one = (id) => document.getElementById(id);
  const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
  history.replaceState(null, "", location.pathname);
  const api = `/v1/passports/${location.pathname.split("/").pop()}`;

  const make = (name, text, kind = "") => {
    const node = document.createElement(name);
    node.textContent = text;
    if (kind) node.className = kind;
    return node;
  };

  const ask = async (path, body) => {
    const answer = await fetch(path, {
      method: body ? "POST" : "GET",
      headers: { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) },
      body: body && JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
      referrerPolicy: "no-referrer",
      redirect: "error",
    });
    return answer.json();
  };

  const complain = (what, next) => {
    one("wait").hidden = true;
    one("passport").hidden = true;
    one("problem-what").textContent = what;
    one("problem-next").textContent = next;
    one("problem").hidden = false;
    one("problem").focus();
  };

  // What hides or turns the text around it is written out, so that a name cannot look like another.
  const plain = (text) => text.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]/gu, (hidden) => `\\u{${hidden.codePointAt(0).toString(16)}}`);

  // Names may be in any script: each is set apart from the words around it.
  const words = (patterns) => patterns.map((pattern) => {
    const code = make("code", plain(pattern));
    code.dir = "auto";
    return code;
  });
  const joined = (nodes) => nodes.flatMap((node, index) => (index ? [", ", node] : [node]));

  const row = (scope, actions) => {
    const item = document.createElement("li");
    const line = document.createElement("p");
    line.append(...joined(words(actions)));
    if (!scope.resources.includes("*")) line.append(" on ", ...joined(words(scope.resources)));
    item.append(line);
    const notes = [];
    if (scope.requiresApproval) notes.push(make("span", "A person must approve first", "mark"));
    if (scope.expiresAt) {
      const until = make("time", `Until ${scope.expiresAt.slice(0, 16).replace("T", " ")} UTC`, "quiet");
      until.dateTime = scope.expiresAt;
      notes.push(until);
    }
    if (notes.length) {
      const below = make("p", "", "small notes");
      below.append(...notes);
      item.append(below);
    }
    return item;
  };

  const fill = (id, rows, otherwise) => one(id).replaceChildren(...(rows.length ? rows : [make("li", otherwise, "quiet")]));

  const show = ({ passport, agent, scopes, memoryBlock, taskPrompt }) => {
    one("name").textContent = plain(agent.name);
    one("name").dir = "auto";
    const about = [agent.type, agent.provider, `passport version ${passport.version}`, `mode ${passport.mode}`];
    one("about").textContent = about.filter(Boolean).map(plain).join(" · ");
    one("mode").textContent = passport.modeLabel;
    const of = (member) => scopes.filter((scope) => scope[member].length).map((scope) => row(scope, scope[member]));
    fill("allowed", of("allowedActions"), "Nothing at all.");
    fill("blocked", of("blockedActions"), "Nothing is named.");
    one("memory").textContent = memoryBlock;
    one("prompt").textContent = taskPrompt;
    one("wait").hidden = true;
    one("passport").hidden = false;
  };

  const say = (text) => {
    one("said").textContent = text;
    clearTimeout(say.timer);
    say.timer = setTimeout(() => { one("said").textContent = ""; }, 4000);
  };

  const copy = async (id) => {
    try {
      await navigator.clipboard.writeText(one(id).textContent);
      say("Copied");
    } catch {
      getSelection().selectAllChildren(one(id));
      say(document.execCommand("copy") ? "Copied" : "It is selected; copy it with your keyboard.");
    }
  };

  const MARKS = { allow: ["Allowed", "allowed"], deny: ["Denied", "denied"], needs_approval: ["A person must approve first", "waiting"] };

  const tell = (answer) => {
    const [word, kind] = answer.success ? MARKS[answer.decision] : ["This cannot be asked", "denied"];
    const note = make("div", "", `note ${kind}`);
    const head = make("p", "");
    head.append(make("strong", word), " ", make("code", answer.code));
    note.append(head, make("p", answer.success ? answer.reason : `${answer.error} ${answer.fix}`));
    one("answer").replaceChildren(note);
  };

  const preview = async () => {
    const body = {};
    for (const name of ["action", "resource", "vendor", "amount", "currency"]) {
      const text = one(name).value.trim();
      if (text) body[name] = name === "currency" ? text.toUpperCase() : text;
    }
    one("ask").disabled = true;
    try {
      const answer = await ask(`${api}/preview`, body);
      if (answer.code === "PASSPORT_INVALID") complain("This link no longer works.", answer.fix);
      else tell(answer);
    } catch {
      tell({ success: false, code: "UNREACHABLE", error: "The server did not answer.", fix: "Try again." });
    } finally {
      one("ask").disabled = false;
    }
  };

  document.addEventListener("click", (event) => {
    const { copy: id } = event.target.closest("[data-copy]")?.dataset ?? {};
    if (id) copy(id);
  });
  one("preview").addEventListener("submit", (event) => {
    event.preventDefault();
    preview();
  });
  // A link that is opened in a tab that shows the page already changes the fragment alone.
  addEventListener("hashchange", () => location.reload());

  const begin = async () => {
    if (!token) {
      complain("The key is not in the address.", "Open the whole link again as you got it. After the page is loaded the key is taken out of the address, so a reload needs the link again.");
      return;
    }
    one("wait").hidden = false;
    try {
      const answer = await ask(api);
      if (answer.success) show(answer);
      else if (answer.code === "PASSPORT_INVALID") complain("This link does not work.", answer.fix);
      else complain(answer.error, answer.fix);
    } catch {
      complain("The server did not answer.", "Open the link again in a moment.");
    }
  };
  begin();
})();
