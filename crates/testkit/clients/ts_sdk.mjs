// The client of @modelcontextprotocol/sdk, which most deployed software uses. It speaks the era with a handshake.

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

import { eras, finish, headers, tell, url } from "./plan.mjs";

async function open() {
  const client = new Client({ name: "procura-test-ts-sdk", version: "1.0.0" });
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
  await client.connect(transport);
  return {
    version: transport.protocolVersion,
    list: async () => (await client.listTools()).tools,
    call: (name, args) => client.callTool({ name, arguments: args }),
    close: async () => {
      await transport.terminateSession();
      await client.close();
    },
  };
}

for (const era of eras(["legacy"])) await tell("ts_sdk", era, open);
finish();
