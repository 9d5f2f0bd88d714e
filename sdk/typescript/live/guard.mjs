// Runs what it is told, against a real server, and says what became of it: one line of JSON for each step.
// `crates/testkit/tests/all/sdks.rs` tells it, in the environment, and knows what must have become.

import { createRequire } from "node:module";

import * as imported from "@procura/sdk";

const { entry, steps } = JSON.parse(process.env.PROCURA_STEPS);
const { NothingDone, Procura } = entry === "cjs" ? createRequire(import.meta.url)("@procura/sdk") : imported;
const clients = new Map();

for (const step of steps) {
  const said = { name: step.name, ran: 0, reservation: null, result: null, error: null, unsettled: 0 };
  if (!clients.has(step.client)) {
    const options = { ...step.options, onUnsettled: () => (clients.get(step.client).said.unsettled += 1) };
    clients.set(step.client, { procura: new Procura(options) });
  }
  const client = clients.get(step.client);
  client.said = said;
  try {
    said.result = await client.procura.guard(step.ask, (grant) => {
      said.ran += 1;
      said.reservation = grant.reservationId;
      if (step.spent) grant.spent(step.spent);
      if (step.act === "nothing") throw new NothingDone("sold out");
      if (step.act === "fail") throw new RangeError("it broke");
      return "done";
    });
  } catch (error) {
    said.error = { kind: error.name, code: error.code ?? null };
  }
  console.log(JSON.stringify(said));
}
