// oauth4webapi, whose validators are the strictest we know, through every endpoint: discovery of server and resource,
// registration, pushed request, code, refresh, client credentials, token exchange, device, keys that tokens are bound
// to with the server's nonce, introspection, revocation, and the check of an access token at an API.
//
// Environment: GATEWAY_URL, PLAN (`allowed`), PERSON, and OAUTH:
//   {"issuer", "redirect"?, "api": {"identifier", "scope"}, "opaque": {"identifier", "scope"},
//    "machine": {"client_id", "client_secret"}}
// `machine` is a confidential client of the organization with an agent, for client credentials and token exchange.

import * as oauth from "oauth4webapi";

import { expect, finish, step, url } from "./plan.mjs";
import { issuer, person, redirect, settings } from "./oauth_story.mjs";

const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token";
const ANYHOW = { [oauth.allowInsecureRequests]: true };
const context = { client: "oauth4webapi" };
const machine = { client_id: settings.machine.client_id };
const machineAuth = oauth.ClientSecretBasic(settings.machine.client_secret);

let server;
let own;

/** Runs a request, and once more where the server demands a nonce in the proof (RFC 9449 section 8). */
async function twice(bound, ask) {
  try {
    return await ask();
  } catch (error) {
    if (!bound || !oauth.isDPoPNonceError(error)) throw error;
    bound.nonces = (bound.nonces ?? 0) + 1;
    return ask();
  }
}

/** A request that must fail with this error. */
async function refused(code, ask) {
  try {
    await ask();
  } catch (error) {
    expect(error?.error === code, `the error is ${error?.error ?? error?.message}, not ${code}`);
    return;
  }
  expect(false, `this went through and should be ${code}`);
}

/** The whole way of a code: pushed, allowed, checked, redeemed. */
async function code(client, auth, { resource, scope, bound }) {
  const options = { ...ANYHOW, ...(bound ? { DPoP: bound.handle } : {}) };
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const parameters = new URLSearchParams({
    response_type: "code",
    redirect_uri: redirect,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    resource,
    scope,
    state,
  });
  const pushed = await twice(bound, async () =>
    oauth.processPushedAuthorizationResponse(
      server,
      client,
      await oauth.pushedAuthorizationRequest(server, client, auth, parameters, options),
    ),
  );
  const link = new URL(server.authorization_endpoint);
  link.searchParams.set("client_id", client.client_id);
  link.searchParams.set("request_uri", pushed.request_uri);
  const answer = new URL(await person().allow(link.href));
  const callback = oauth.validateAuthResponse(server, client, answer, state);
  const redeem = async (spelled) =>
    oauth.processAuthorizationCodeResponse(
      server,
      client,
      await oauth.authorizationCodeGrantRequest(server, client, auth, callback, redirect, spelled, options),
    );
  const tokens = await twice(bound, () => redeem(verifier));
  return { tokens, redeem, verifier, pushed, link };
}

async function checked(token, audience, extra = {}) {
  const headers = { authorization: `${extra.scheme ?? "Bearer"} ${token}`, ...extra.headers };
  const request = new Request(extra.url ?? audience, { headers, method: extra.method ?? "GET" });
  return oauth.validateJwtAccessToken(server, request, audience, { ...ANYHOW, requireDPoP: extra.requireDPoP });
}

async function introspected(client, auth, token) {
  const answered = await oauth.introspectionRequest(server, client, auth, token, ANYHOW);
  return oauth.processIntrospectionResponse(server, client, answered);
}

await step(context, "discovery", async () => {
  const at = new URL(issuer);
  const answered = await oauth.discoveryRequest(at, { ...ANYHOW, algorithm: "oauth2" });
  server = await oauth.processDiscoveryResponse(at, answered);
  for (const name of ["authorization", "token", "registration", "revocation", "introspection", "device_authorization",
    "pushed_authorization_request"]) {
    expect(server[`${name}_endpoint`], `${name}_endpoint is missing`);
  }
  expect(server.authorization_response_iss_parameter_supported === true, "iss is not advertised");
  return {};
});
if (!server) finish();

await step(context, "resource", async () => {
  const at = new URL(url);
  const found = await oauth.processResourceDiscoveryResponse(at, await oauth.resourceDiscoveryRequest(at, ANYHOW));
  expect(found.authorization_servers?.includes(issuer), `authorization_servers: ${found.authorization_servers}`);
  return { scopes: found.scopes_supported };
});

await step(context, "registration", async () => {
  const wanted = {
    client_name: "oauth4webapi",
    redirect_uris: [redirect],
    grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
    application_type: "native",
  };
  const answered = await oauth.dynamicClientRegistrationRequest(server, wanted, ANYHOW);
  own = await oauth.processDynamicClientRegistrationResponse(answered);
  expect(own.token_endpoint_auth_method === "none", own.token_endpoint_auth_method);
  expect(JSON.stringify(own.redirect_uris) === JSON.stringify([redirect]), `redirect_uris: ${own.redirect_uris}`);
  expect(own.client_secret === undefined, "a public client got a secret");
  return { client: own.client_id };
});
if (!own) finish();

let held;
await step(context, "code", async () => {
  const { identifier, scope } = settings.api;
  const got = await code(own, oauth.None(), { resource: identifier, scope: `${scope} offline_access` });
  held = got.tokens;
  expect(held.token_type === "bearer", held.token_type);
  expect(held.expires_in > 0 && held.refresh_token, "expires_in or refresh_token is missing");
  await refused("invalid_grant", () => got.redeem(got.verifier));
  return { scope: held.scope };
});

await step(context, "pushed once", async () => {
  const { identifier, scope } = settings.api;
  const got = await code(own, oauth.None(), { resource: identifier, scope: `${scope} offline_access` });
  held = got.tokens;
  let again = "";
  try {
    again = await person().allow(got.link.href);
  } catch (error) {
    again = String(error.message);
  }
  expect(!/[?&]code=/.test(again), `a request_uri worked twice: ${again.slice(0, 200)}`);
  return {};
});

await step(context, "access token", async () => {
  const claims = await checked(held.access_token, settings.api.identifier);
  expect(claims.client_id === own.client_id, `client_id is ${claims.client_id}`);
  expect(claims.scope?.split(" ").includes(settings.api.scope.split(" ")[0]), `scope is ${claims.scope}`);
  expect(claims.act?.sub?.startsWith("agt_"), `act is ${JSON.stringify(claims.act)}`);
  let isRefused = false;
  await checked(held.access_token, `${settings.api.identifier}/other`).catch(() => (isRefused = true));
  expect(isRefused, "another audience accepts it");
  return { sub: claims.sub };
});

await step(context, "wrong verifier", async () => {
  const { identifier, scope } = settings.api;
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const link = new URL(server.authorization_endpoint);
  link.search = new URLSearchParams({
    client_id: own.client_id,
    response_type: "code",
    redirect_uri: redirect,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    resource: identifier,
    scope,
    state,
  }).toString();
  const answer = oauth.validateAuthResponse(server, own, new URL(await person().allow(link.href)), state);
  const wrong = oauth.generateRandomCodeVerifier();
  await refused("invalid_grant", async () =>
    oauth.processAuthorizationCodeResponse(
      server,
      own,
      await oauth.authorizationCodeGrantRequest(server, own, oauth.None(), answer, redirect, wrong, ANYHOW),
    ),
  );
  return {};
});

await step(context, "denied", async () => {
  const state = oauth.generateRandomState();
  const link = new URL(server.authorization_endpoint);
  link.search = new URLSearchParams({
    client_id: own.client_id,
    response_type: "code",
    redirect_uri: redirect,
    code_challenge: await oauth.calculatePKCECodeChallenge(oauth.generateRandomCodeVerifier()),
    code_challenge_method: "S256",
    resource: settings.api.identifier,
    scope: settings.api.scope,
    state,
  }).toString();
  const answer = new URL(await person().deny(link.href));
  let error;
  try {
    oauth.validateAuthResponse(server, own, answer, state);
  } catch (found) {
    error = found.error;
  }
  expect(error === "access_denied", `the answer to a denial is ${answer.search}`);
  expect(answer.searchParams.get("iss") === issuer, "iss is missing in an error");
  return {};
});

await step(context, "refresh", async () => {
  const ask = async (token) =>
    oauth.processRefreshTokenResponse(
      server,
      own,
      await oauth.refreshTokenGrantRequest(server, own, oauth.None(), token, ANYHOW),
    );
  const next = await ask(held.refresh_token);
  expect(next.refresh_token && next.refresh_token !== held.refresh_token, "the refresh token was not rotated");
  const claims = await checked(next.access_token, settings.api.identifier);
  held = next;
  return { scope: next.scope, sub: claims.sub };
});

await step(context, "wrong target", async () => {
  const ask = (additionalParameters) =>
    oauth.refreshTokenGrantRequest(server, own, oauth.None(), held.refresh_token, { ...ANYHOW, additionalParameters });
  await refused("invalid_target", async () =>
    oauth.processRefreshTokenResponse(server, own, await ask({ resource: "https://other.example/api" })),
  );
  await refused("invalid_scope", async () =>
    oauth.processRefreshTokenResponse(server, own, await ask({ scope: "everything:there:is" })),
  );
  return {};
});

let machineToken;
await step(context, "client credentials", async () => {
  const parameters = { resource: url, scope: "tools" };
  const answered = await oauth.clientCredentialsGrantRequest(server, machine, machineAuth, parameters, ANYHOW);
  const got = await oauth.processClientCredentialsResponse(server, machine, answered);
  expect(got.refresh_token === undefined, "client credentials came with a refresh token");
  const claims = await checked(got.access_token, url);
  expect(claims.sub === machine.client_id, `sub is ${claims.sub}`);
  expect(claims.act?.sub?.startsWith("agt_"), `act is ${JSON.stringify(claims.act)}`);
  machineToken = got.access_token;
  const wrong = oauth.ClientSecretBasic("pcc_wrong");
  const denied = await oauth.clientCredentialsGrantRequest(server, machine, wrong, parameters, ANYHOW);
  expect(denied.status === 401 && denied.headers.has("www-authenticate"), `${denied.status} without a challenge`);
  expect(denied.headers.get("cache-control")?.includes("no-store"), "an error without no-store");
  expect((await denied.json()).error === "invalid_client", "the error is not invalid_client");
  return {};
});

await step(context, "opaque", async () => {
  const { identifier, scope } = settings.opaque;
  const parameters = { resource: identifier, scope };
  const answered = await oauth.clientCredentialsGrantRequest(server, machine, machineAuth, parameters, ANYHOW);
  const got = await oauth.processClientCredentialsResponse(server, machine, answered);
  expect(got.access_token.split(".").length === 1, "it is a JWT");
  const found = await introspected(machine, machineAuth, got.access_token);
  expect(found.active === true, JSON.stringify(found));
  expect(found.client_id === machine.client_id && [found.aud].flat().includes(identifier), JSON.stringify(found));
  const gone = await oauth.revocationRequest(server, machine, machineAuth, got.access_token, ANYHOW);
  await oauth.processRevocationResponse(gone);
  const after = await introspected(machine, machineAuth, got.access_token);
  expect(JSON.stringify(after) === '{"active":false}', JSON.stringify(after));
  return {};
});

await step(context, "exchange", async () => {
  const parameters = {
    subject_token: held.access_token,
    subject_token_type: TOKEN_TYPE,
    actor_token: machineToken,
    actor_token_type: TOKEN_TYPE,
    resource: settings.api.identifier,
    scope: settings.api.scope.split(" ")[0],
  };
  const ask = async (changed) =>
    oauth.processGenericTokenEndpointResponse(
      server,
      machine,
      await oauth.genericTokenEndpointRequest(server, machine, machineAuth, EXCHANGE, changed, ANYHOW),
    );
  const got = await ask(parameters);
  expect(got.issued_token_type === TOKEN_TYPE, `issued_token_type is ${got.issued_token_type}`);
  expect(got.refresh_token === undefined, "an exchange came with a refresh token");
  const before = await checked(held.access_token, settings.api.identifier);
  const claims = await checked(got.access_token, settings.api.identifier);
  expect(claims.sub === before.sub, `sub is ${claims.sub}, not ${before.sub}`);
  expect(claims.client_id === machine.client_id, `client_id is ${claims.client_id}`);
  expect(claims.act?.sub?.startsWith("agt_") && claims.act.act?.sub === before.act?.sub, JSON.stringify(claims.act));
  expect(claims.exp <= before.exp, "it lives longer than its subject");
  await refused("invalid_request", () => ask({ ...parameters, subject_token: `${held.access_token.slice(0, -8)}AAAAAAAA` }));
  const { actor_token_type: _, ...typeless } = parameters;
  await refused("invalid_request", () => ask(typeless));
  return { act: claims.act };
});

await step(context, "introspection", async () => {
  const found = await introspected(machine, machineAuth, machineToken);
  expect(found.active === true && found.sub === machine.client_id, JSON.stringify(found));
  const stranger = await introspected(machine, machineAuth, "no-token-of-anybody");
  expect(JSON.stringify(stranger) === '{"active":false}', JSON.stringify(stranger));
  const unknown = await fetch(server.introspection_endpoint, {
    method: "POST",
    body: new URLSearchParams({ token: machineToken }),
  });
  expect(unknown.status === 401, `introspection without a credential: ${unknown.status}`);
  return {};
});

await step(context, "revocation", async () => {
  const answered = await oauth.revocationRequest(server, own, oauth.None(), held.refresh_token, {
    ...ANYHOW,
    additionalParameters: { token_type_hint: "access_token" },
  });
  await oauth.processRevocationResponse(answered);
  await refused("invalid_grant", async () =>
    oauth.processRefreshTokenResponse(
      server,
      own,
      await oauth.refreshTokenGrantRequest(server, own, oauth.None(), held.refresh_token, ANYHOW),
    ),
  );
  const unknown = await oauth.revocationRequest(server, own, oauth.None(), "never-issued", ANYHOW);
  await oauth.processRevocationResponse(unknown);
  return {};
});

await step(context, "device", async () => {
  const parameters = { scope: "tools", resource: url };
  const asked = await oauth.deviceAuthorizationRequest(server, own, oauth.None(), parameters, ANYHOW);
  const device = await oauth.processDeviceAuthorizationResponse(server, own, asked);
  const poll = async () =>
    oauth.processDeviceCodeResponse(
      server,
      own,
      await oauth.deviceCodeGrantRequest(server, own, oauth.None(), device.device_code, ANYHOW),
    );
  await refused("authorization_pending", poll);
  await refused("slow_down", poll);
  const page = await person().device(device.verification_uri, device.user_code);
  expect(page.status === 200, `${page.status}: ${page.text.slice(0, 300)}`);
  // RFC 8628 section 3.5: after slow_down the interval is five seconds longer, for good.
  const pause = ((device.interval ?? 5) + 5) * 1000 + 250;
  await new Promise((resolve) => setTimeout(resolve, pause));
  const got = await poll();
  const claims = await checked(got.access_token, url);
  expect(claims.client_id === own.client_id, `client_id is ${claims.client_id}`);
  await refused("invalid_grant", poll);
  return { complete: Boolean(device.verification_uri_complete) };
});

await step(context, "bound to a key", async () => {
  const keys = await oauth.generateKeyPair("ES256");
  // The first proof carries a nonce that never was the server's: it must be refused, and the right one told.
  const stale = { [oauth.modifyAssertion]: (_header, payload) => (payload.nonce ??= "never-was-one") };
  const bound = { handle: oauth.DPoP(own, keys, stale) };
  const options = { ...ANYHOW, DPoP: bound.handle };
  const got = await code(own, oauth.None(), { resource: url, scope: "tools offline_access", bound });
  expect(got.tokens.token_type === "dpop", got.tokens.token_type);
  const list = { jsonrpc: "2.0", id: 1, method: "initialize", params: {
    protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "oauth4webapi", version: "1" } } };
  const headers = new Headers({ "content-type": "application/json", accept: "application/json, text/event-stream" });
  const call = () =>
    oauth.protectedResourceRequest(got.tokens.access_token, "POST", new URL(url), headers, JSON.stringify(list), options);
  const answered = await twice(bound, call);
  expect(answered.status === 200, `the gateway answered ${answered.status}`);
  await answered.body?.cancel();
  const ask = async (withKey) =>
    oauth.processRefreshTokenResponse(
      server,
      own,
      await oauth.refreshTokenGrantRequest(server, own, oauth.None(), got.tokens.refresh_token, withKey),
    );
  const other = oauth.DPoP(own, await oauth.generateKeyPair("ES256"));
  let stolen = "";
  for (let turn = 0; turn < 2; turn += 1) {
    await ask({ ...ANYHOW, DPoP: other }).then(() => (stolen = "went through"), (error) => (stolen = error.error));
    if (stolen !== "use_dpop_nonce") break;
  }
  expect(["invalid_grant", "invalid_dpop_proof"].includes(stolen), `a refresh with another key: ${stolen}`);
  const next = await twice(bound, () => ask(options));
  expect(next.token_type === "dpop", next.token_type);
  expect(bound.nonces === 1, `the server's nonce was asked for ${bound.nonces ?? 0} times`);
  return {};
});

await step(context, "confidential by post", async () => {
  const wanted = {
    client_name: "oauth4webapi with a secret",
    redirect_uris: [redirect],
    grant_types: ["authorization_code", "refresh_token"],
    token_endpoint_auth_method: "client_secret_post",
  };
  const made = await oauth.processDynamicClientRegistrationResponse(
    await oauth.dynamicClientRegistrationRequest(server, wanted, ANYHOW),
  );
  expect(made.client_secret, "no secret");
  expect(made.client_secret_expires_at !== undefined, "client_secret_expires_at is missing");
  const auth = oauth.ClientSecretPost(made.client_secret);
  const got = await code(made, auth, { resource: url, scope: "tools offline_access" });
  await checked(got.tokens.access_token, url);
  return {};
});

finish();
