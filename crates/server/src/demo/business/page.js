"use strict";
const one = (id) => document.getElementById(id);
const ask = (path) => fetch(path, { method: "POST", cache: "no-store", headers: { "content-type": "application/json" }, body: JSON.stringify({ customer: one("customer").value }) });

const widget = Procura.widget({
  agent: document.body.dataset.agent,
  target: "#place",
  token: async () => (await ask("/user-token")).text(),
});

one("customer").addEventListener("change", () => widget.renew());
one("revoke").addEventListener("click", async () => {
  const { revoked } = await (await ask("/sign-out")).json();
  one("said").textContent = revoked === 1 ? "1 session ended." : `${revoked} sessions ended.`;
});
