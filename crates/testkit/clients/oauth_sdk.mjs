// OAuth by @modelcontextprotocol/sdk, which most deployed clients use; the story is in oauth_story.mjs.

import {
  UnauthorizedError,
  discoverOAuthServerInfo,
  exchangeAuthorization,
  registerClient,
  startAuthorization,
} from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

import { finish, url } from "./plan.mjs";
import { redirect, story, ways } from "./oauth_story.mjs";

async function open(memory) {
  const client = new Client({ name: "procura-test-oauth-sdk", version: "1.0.0" });
  const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: memory });
  return {
    transport,
    connect: () => client.connect(transport),
    list: async () => (await client.listTools()).tools,
    call: (name, args) => client.callTool({ name, arguments: args }),
    close: () => client.close(),
  };
}

/** A token of this scope by the SDK's single functions, as a client does that steps through them itself. */
async function authorize(memory, scope) {
  const { authorizationServerUrl, authorizationServerMetadata: metadata } = await discoverOAuthServerInfo(url);
  memory.client ??= await registerClient(authorizationServerUrl, { metadata, clientMetadata: memory.clientMetadata });
  const { authorizationUrl, codeVerifier } = await startAuthorization(authorizationServerUrl, {
    metadata,
    clientInformation: memory.client,
    redirectUrl: redirect,
    scope,
    state: memory.state(),
    resource: url,
  });
  await memory.redirectToAuthorization(authorizationUrl);
  const tokens = await exchangeAuthorization(authorizationServerUrl, {
    metadata,
    clientInformation: memory.client,
    authorizationCode: memory.answer.get("code"),
    codeVerifier,
    redirectUri: redirect,
    resource: url,
  });
  memory.saveTokens({ ...tokens, issuer: String(authorizationServerUrl) });
}

const kit = {
  open,
  authorize,
  // This version answers a missing scope by a refresh, which cannot widen anything, wherever it has a refresh token.
  upgradesWithoutRefresh: true,
  beginsAnew: true,
  finish: (transport, answer) => transport.finishAuth(answer.get("code")),
  isSentAway: (error) => error instanceof UnauthorizedError,
};

for (const way of ways()) await story("oauth_sdk", way, kit);
finish();
