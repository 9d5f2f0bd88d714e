// OAuth by @modelcontextprotocol/client: the story of oauth_story.mjs, the same with tokens that are bound to a key
// (RFC 9449), and the two ways of a program without a person: its secret, and an assertion that it signs.
//
// OAUTH beside what oauth_story.mjs reads: {"machine"?: {"client_id", "client_secret"},
//   "signer"?: {"client_id", "privateKey": PKCS#8 PEM, "algorithm"}}

import {
  Client,
  ClientCredentialsProvider,
  DpopSession,
  PrivateKeyJwtProvider,
  StreamableHTTPClientTransport,
  UnauthorizedError,
  auth,
} from "@modelcontextprotocol/client";

import { checkAllowed, expect, finish, plan, step, url } from "./plan.mjs";
import { Memory, settings, story, ways } from "./oauth_story.mjs";

const INFO = { name: "procura-test-oauth-client", version: "1.0.0" };

async function open(memory, mode = { pin: "2026-07-28" }) {
  const client = new Client(INFO, { versionNegotiation: { mode } });
  const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: memory });
  return {
    transport,
    connect: () => client.connect(transport),
    list: async () => (await client.listTools({}, { cacheMode: "refresh" })).tools,
    call: (name, args) => client.callTool({ name, arguments: args }),
    close: () => client.close(),
  };
}

/** A token of this scope and no other. */
async function authorize(memory, scope) {
  memory.held = undefined;
  const asked = await auth(memory, { serverUrl: url, scope });
  expect(asked === "REDIRECT", `asked for ${scope}: ${asked}`);
  const answered = await auth(memory, {
    serverUrl: url,
    scope,
    authorizationCode: memory.answer.get("code"),
    iss: memory.answer.get("iss"),
  });
  expect(answered === "AUTHORIZED", `redeemed: ${answered}`);
}

const kit = {
  open,
  authorize,
  finish: (transport, answer) => transport.finishAuth(answer),
  isSentAway: (error) => UnauthorizedError.isInstance(error) || UnauthorizedError.isInstance(error?.cause),
};

for (const way of ways()) await story("oauth_client", way, kit);

/** The same, with every token bound to a key: both eras. */
for (const [era, mode] of [["modern", { pin: "2026-07-28" }], ["legacy", "legacy"]]) {
  await step({ client: "oauth_client", way: "dpop", era }, "whole", async () => {
    const memory = new Memory();
    const bound = await DpopSession.create();
    memory.dpop = () => bound;
    let session = await open(memory, mode);
    try {
      await session.connect();
    } catch (error) {
      if (!kit.isSentAway(error)) throw error;
      await session.transport.finishAuth(memory.answer);
      session = await open(memory, mode);
      await session.connect();
    }
    expect(memory.held.token_type === "DPoP", `token_type is ${memory.held.token_type}`);
    checkAllowed(await session.call(plan.allowed.tool, plan.allowed.arguments ?? {}), plan.allowed);
    const before = memory.held;
    memory.held = { ...before, access_token: `${before.access_token.slice(0, -8)}AAAAAAAA` };
    checkAllowed(await session.call(plan.allowed.tool, plan.allowed.arguments ?? {}), plan.allowed);
    expect(memory.held.access_token !== before.access_token, "not refreshed");
    expect(memory.held.token_type === "DPoP", "the refreshed token is not bound");
    const stolen = await fetch(url, { method: "POST", headers: { authorization: `Bearer ${memory.held.access_token}` } });
    expect(stolen.status === 401, `a bound token without its proof: ${stolen.status}`);
    await session.close();
    return {};
  });
}

const programs = [];
if (settings.machine) {
  const { client_id: clientId, client_secret: clientSecret } = settings.machine;
  programs.push(["secret", new ClientCredentialsProvider({ clientId, clientSecret, scope: "tools" })]);
}
if (settings.signer) {
  const { client_id: clientId, privateKey, algorithm } = settings.signer;
  programs.push(["assertion", new PrivateKeyJwtProvider({ clientId, privateKey, algorithm, scope: "tools" })]);
}
for (const [way, provider] of programs) {
  await step({ client: "oauth_client", way }, "whole", async () => {
    const session = await open(provider);
    await session.connect();
    const names = (await session.list()).map((one) => one.name);
    for (const name of plan.list ?? []) expect(names.includes(name), `${name} is not listed`);
    checkAllowed(await session.call(plan.allowed.tool, plan.allowed.arguments ?? {}), plan.allowed);
    await session.close();
    return { tools: names.length };
  });
}
finish();
