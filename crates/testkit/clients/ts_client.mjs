// The client of @modelcontextprotocol/client, in both eras: pinned to 2026-07-28, and with the handshake, which is
// what it does by default.

import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";

import { eras, finish, headers, tell, url } from "./plan.mjs";

const MODES = { modern: { pin: "2026-07-28" }, legacy: "legacy", auto: "auto" };

async function open(era) {
  const info = { name: "procura-test-ts-client", version: "1.0.0" };
  const client = new Client(info, { versionNegotiation: { mode: MODES[era] } });
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
  await client.connect(transport);
  return {
    version: client.getNegotiatedProtocolVersion(),
    list: async () => (await client.listTools({}, { cacheMode: "refresh" })).tools,
    call: (name, args) => client.callTool({ name, arguments: args }),
    close: async () => {
      if (era === "legacy") await transport.terminateSession();
      await client.close();
    },
  };
}

for (const era of eras(["modern", "legacy"], ["auto"])) await tell("ts_client", era, open);
finish();
