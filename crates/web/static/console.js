// The console's only script. Every page works without it but for copying, live refresh and shortcuts.
"use strict";
(() => {
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const say = (text) => {
    const toast = one("#toast");
    if (!toast) return;
    toast.textContent = text;
    clearTimeout(say.timer);
    say.timer = setTimeout(() => { toast.textContent = ""; }, 4000);
  };

  // What covers a part of the page until somebody clicks elsewhere or presses Escape.
  const OPEN = "details.menu[open], details.pop[open], details.drawer[open]";

  // Things that only work with a script are hidden until there is one.
  const reveal = (root) => all("[data-script]", root).forEach((node) => { node.hidden = false; });

  const theme = () => {
    const now = document.documentElement.dataset.theme
      || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    const next = now === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    document.cookie = `procura_theme=${next}; Path=/; Max-Age=31536000; SameSite=Lax`;
    say(next === "dark" ? "Dark theme" : "Light theme");
  };

  const copy = async (text, what) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    say(what || "Copied");
  };

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-copy], [data-copy-from], [data-theme-switch], [data-tail], [data-utc]");
    if (!target) {
      all(OPEN).forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
      return;
    }
    if (target.dataset.copy) copy(target.dataset.copy);
    else if (target.dataset.copyFrom) copy(one(target.dataset.copyFrom).textContent.trim());
    else if ("themeSwitch" in target.dataset) theme();
    else if ("tail" in target.dataset) toggleTail(target);
    else if (target.dataset.utc) {
      const swap = target.textContent;
      target.textContent = target.dataset.utc;
      target.dataset.utc = swap;
    }
  });

  // A section that asks the server again: <section data-poll="/start/steps" data-every="3000">.
  const refresh = async (node) => {
    if (document.hidden || node.contains(document.activeElement) || one("details.pop[open]", node)) return;
    const answer = await fetch(node.dataset.poll, { headers: { accept: "text/html" }, credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return;
    const html = await answer.text();
    if (node.dataset.seen === html) return;
    const first = node.dataset.seen === undefined;
    node.dataset.seen = html;
    const fresh = new DOMParser().parseFromString(html, "text/html").body;
    if (first && fresh.innerHTML.trim() === node.innerHTML.trim()) return;
    node.replaceChildren(...fresh.childNodes);
    reveal(node);
  };
  all("[data-poll]").forEach((node) => {
    setInterval(() => refresh(node).catch(() => {}), Number(node.dataset.every) || 3000);
  });

  // The live tail: rows newer than the newest one are put on top.
  let tail = 0;
  const pull = async (body) => {
    const url = new URL("/activity/tail", location.href);
    new URLSearchParams(location.search).forEach((value, name) => { if (name !== "after") url.searchParams.set(name, value); });
    const newest = one("tr[data-request]", body);
    if (newest) url.searchParams.set("newer", newest.dataset.request);
    const answer = await fetch(url, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return;
    const table = document.createElement("table");
    const fresh = new DOMParser().parseFromString(`<table><tbody>${await answer.text()}</tbody></table>`, "text/html");
    table.append(...fresh.querySelectorAll("tbody"));
    const known = new Set(all("tr[data-request]", body).map((row) => row.dataset.request));
    const rows = all("tr[data-request]", table).filter((row) => !known.has(row.dataset.request));
    rows.forEach((row) => row.classList.add("fresh"));
    body.prepend(...rows);
    all("tr[data-request]", body).slice(200).forEach((row) => row.remove());
    if (rows.length) one("#tail-said").textContent = `${rows.length} new`;
  };
  const toggleTail = (button) => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    clearInterval(tail);
    const body = one("tbody[data-live]");
    if (!on || !body) return;
    pull(body).catch(() => {});
    tail = setInterval(() => { if (!document.hidden) pull(body).catch(() => {}); }, 2000);
  };

  // A form that the server reads while it is typed: <form data-check="/policies/check">. What it says stands in [data-checked].
  const check = async (form) => {
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.dataset.check, { method: "POST", body, headers: { accept: "text/html" }, credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return;
    const html = await answer.text();
    if (String(new URLSearchParams(new FormData(form))) !== String(body)) return;
    const fresh = new DOMParser().parseFromString(html, "text/html").body;
    // The document beside the form says the same, so that saving either saves what is seen.
    const same = one("template[data-document]", fresh);
    if (same) {
      one("#document").value = same.content.textContent;
      same.remove();
    }
    one("[data-checked]", form).replaceChildren(...fresh.childNodes);
    // What was wrong when the page came is said anew above, or is mended.
    one("[data-focus]")?.remove();
    all("p.wrong", form).forEach((said) => said.remove());
    all("[aria-invalid]", form).forEach((field) => field.removeAttribute("aria-invalid"));
  };
  const waits = new WeakMap();
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-check]");
    if (!form) return;
    clearTimeout(waits.get(form));
    waits.set(form, setTimeout(() => check(form).catch(() => {}), 350));
  });

  // A file that is only read into a field: it is sent as text, like the rest of the form.
  document.addEventListener("change", async (event) => {
    const { files, dataset } = event.target;
    if (!dataset.into || !files || !files[0]) return;
    one(dataset.into).value = await files[0].text();
    say(`Read ${files[0].name}`);
  });

  // A form whose answer takes its time: <form data-lines="/where">. It is answered in lines of JSON: how far it came,
  // and at last the part of the page. Where that fails, the form is sent as it would be without a script.
  const follow = async (form) => {
    const said = one("[data-progress]", form);
    const answer = await fetch(form.dataset.lines, { method: "POST", body: new URLSearchParams(new FormData(form)), credentials: "same-origin" });
    if (!answer.ok || answer.redirected || !answer.body) throw new Error("no lines");
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (let done = false, value = ""; !done;) {
      ({ done, value = "" } = await reader.read());
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        const { progress, html, error } = JSON.parse(line);
        if (progress) said.textContent = `${progress.rows.toLocaleString("en")} looked at, ${progress.flips.toLocaleString("en")} would change`;
        if (error) said.textContent = error;
        if (html === undefined) continue;
        one("#found").replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
        said.textContent = "Done.";
        one("#found").scrollIntoView({ block: "start" });
      }
    }
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.lines) return;
    event.preventDefault();
    const button = one("button.main", form);
    button.disabled = true;
    one("[data-progress]", form).textContent = "Looking...";
    follow(form).catch(() => form.submit()).finally(() => { button.disabled = false; });
  });

  // Keys: / search, j and k through rows, a and d choose an answer that Enter then sends.
  const typing = (node) => node.closest("input, textarea, select, [contenteditable]");
  const walk = (step) => {
    const rows = all("[data-row]");
    if (!rows.length) return;
    const here = rows.findIndex((row) => row.classList.contains("at") || row.contains(document.activeElement));
    const next = rows[Math.min(rows.length - 1, Math.max(0, here + step))];
    rows.forEach((row) => row.classList.toggle("at", row === next));
    const link = one("a[href]", next);
    if (link) link.focus();
    next.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      all(OPEN).forEach((menu) => { menu.open = false; one("summary", menu).focus(); });
      if (typing(event.target)) event.target.blur();
      return;
    }
    if (typing(event.target)) return;
    if (event.key === "/") {
      const box = one("#find");
      if (box) { event.preventDefault(); box.focus(); box.select(); }
    } else if (event.key === "j") walk(1);
    else if (event.key === "k") walk(-1);
    else if (event.key === "a" || event.key === "d") {
      const scope = document.activeElement.closest("[data-row]") || document;
      const button = one(event.key === "a" ? "[data-key-a]" : "[data-key-d]", scope);
      if (button) { button.focus(); say(`Press Enter to ${button.textContent.trim().toLowerCase()}; Tab leaves it.`); }
    }
  });

  // Once a page that shows a secret was stored away, the way on opens.
  const stored = one("[data-stored]");
  if (stored) stored.addEventListener("change", () => { one("[data-stored-go]").classList.toggle("main", stored.checked); });

  // What was just done is said once: reloading does not say it again.
  if (new URLSearchParams(location.search).has("done")) {
    const url = new URL(location.href);
    url.searchParams.delete("done");
    history.replaceState(null, "", url);
  }
  const summary = one("[data-focus]");
  if (summary) summary.focus();
  reveal(document);
})();
