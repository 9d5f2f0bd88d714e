// openid-client, the library that most Node software has: the same ways as oauth4webapi.mjs, by its high-level functions.
//
// Environment as in oauth4webapi.mjs.

import * as client from "openid-client";

import { expect, finish, step, url } from "./plan.mjs";
import { issuer, person, redirect, settings } from "./oauth_story.mjs";

const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token";
const context = { client: "openid-client" };
const insecure = { algorithm: "oauth2", execute: [client.allowInsecureRequests] };

let config;
let machine;
let held;

async function refused(code, ask) {
  try {
    await ask();
  } catch (error) {
    expect(error?.error === code, `the error is ${error?.error ?? error?.message}, not ${code}`);
    return;
  }
  expect(false, `this went through and should be ${code}`);
}

async function code(parameters, { pushed = false, bound } = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const all = {
    redirect_uri: redirect,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    ...parameters,
  };
  const link = pushed
    ? await client.buildAuthorizationUrlWithPAR(config, all, { DPoP: bound })
    : client.buildAuthorizationUrl(config, all);
  const answer = new URL(await person().allow(link.href));
  const checks = { pkceCodeVerifier: verifier, expectedState: state };
  return client.authorizationCodeGrant(config, answer, checks, { resource: parameters.resource }, { DPoP: bound });
}

await step(context, "registration", async () => {
  const wanted = {
    client_name: "openid-client",
    redirect_uris: [redirect],
    grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
    token_endpoint_auth_method: "none",
  };
  config = await client.dynamicClientRegistration(new URL(issuer), wanted, client.None(), insecure);
  expect(config.serverMetadata().issuer === issuer, config.serverMetadata().issuer);
  expect(config.serverMetadata().supportsPKCE(), "S256 is not advertised");
  return { client: config.clientMetadata().client_id };
});
await step(context, "discovery", async () => {
  const { client_id: id, client_secret: secret } = settings.machine;
  machine = await client.discovery(new URL(issuer), id, undefined, client.ClientSecretBasic(secret), insecure);
  return {};
});
if (!config || !machine) finish();

await step(context, "code", async () => {
  held = await code({ resource: settings.api.identifier, scope: `${settings.api.scope} offline_access` });
  expect(held.refresh_token, "no refresh token");
  return { scope: held.scope };
});
await step(context, "pushed code", async () => {
  const got = await code({ resource: settings.api.identifier, scope: settings.api.scope }, { pushed: true });
  expect(got.access_token, "no access token");
  return {};
});
await step(context, "refresh", async () => {
  const next = await client.refreshTokenGrant(config, held.refresh_token, { resource: settings.api.identifier });
  expect(next.refresh_token && next.refresh_token !== held.refresh_token, "not rotated");
  held = next;
  return {};
});
let machineToken;
await step(context, "client credentials", async () => {
  const got = await client.clientCredentialsGrant(machine, { resource: url, scope: "tools" });
  machineToken = got.access_token;
  const found = await client.tokenIntrospection(machine, machineToken);
  expect(found.active && found.scope === "tools", JSON.stringify(found));
  return {};
});
await step(context, "exchange", async () => {
  const got = await client.genericGrantRequest(machine, EXCHANGE, {
    subject_token: held.access_token,
    subject_token_type: TOKEN_TYPE,
    actor_token: machineToken,
    actor_token_type: TOKEN_TYPE,
    resource: settings.api.identifier,
  });
  expect(got.issued_token_type === TOKEN_TYPE, JSON.stringify(got.issued_token_type));
  return { scope: got.scope };
});
await step(context, "device", async () => {
  const asked = await client.initiateDeviceAuthorization(config, { scope: "tools", resource: url });
  const polled = client.pollDeviceAuthorizationGrant(config, asked);
  const page = await person().device(asked.verification_uri_complete ?? asked.verification_uri, asked.user_code);
  expect(page.status === 200, `${page.status}: ${page.text.slice(0, 300)}`);
  const got = await polled;
  expect(got.access_token, "no access token");
  return {};
});
await step(context, "device denied", async () => {
  const asked = await client.initiateDeviceAuthorization(config, { scope: "tools", resource: url });
  const polled = client.pollDeviceAuthorizationGrant(config, asked).then(
    () => "went through",
    (error) => error.error,
  );
  await person().device(asked.verification_uri, asked.user_code, /\b(deny|refuse|cancel|decline)\b/i);
  expect((await polled) === "access_denied", await polled);
  return {};
});
await step(context, "bound to a key", async () => {
  const bound = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
  const got = await code({ resource: url, scope: "tools offline_access" }, { pushed: true, bound });
  expect(got.token_type === "dpop", got.token_type);
  const message = { jsonrpc: "2.0", id: 1, method: "initialize", params: {
    protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "openid-client", version: "1" } } };
  const headers = new Headers({ "content-type": "application/json", accept: "application/json, text/event-stream" });
  const answered = await client.fetchProtectedResource(
    config, got.access_token, new URL(url), "POST", JSON.stringify(message), headers, { DPoP: bound });
  expect(answered.status === 200, `the gateway answered ${answered.status}`);
  await answered.body?.cancel();
  const next = await client.refreshTokenGrant(config, got.refresh_token, {}, { DPoP: bound });
  expect(next.token_type === "dpop", next.token_type);
  return {};
});
await step(context, "revocation", async () => {
  await client.tokenRevocation(config, held.refresh_token);
  await refused("invalid_grant", () => client.refreshTokenGrant(config, held.refresh_token));
  return {};
});
finish();
