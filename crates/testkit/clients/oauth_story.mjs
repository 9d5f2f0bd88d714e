// What the OAuth drivers of both TypeScript SDKs share: where a client keeps what it got, the person whom it sends to
// the server, and the story: connect by registration of its own or by its metadata document, list, call, refresh, ask
// for a scope that is missing, and stop when the session is revoked. One JSON line per step, as in plan.mjs.
//
// Environment as in plan.mjs (GATEWAY_URL, PLAN with `list` and `allowed`), PERSON as in consent.mjs, and OAUTH:
//   {"issuer", "redirect"?: "http://127.0.0.1:..", "document"?: "https://..": the client's own metadata document}

import { Person } from "./consent.mjs";
import { checkAllowed, expect, plan, step, url } from "./plan.mjs";

export const settings = JSON.parse(process.env.OAUTH ?? "{}");
export const issuer = settings.issuer ?? new URL(url).origin;
export const redirect = settings.redirect ?? "http://127.0.0.1:33418/callback";

export function person() {
  return new Person(JSON.parse(process.env.PERSON ?? "{}"));
}

/** What both SDKs want of a client: it keeps everything in memory, and its person allows what is asked. */
export class Memory {
  constructor(document) {
    this.clientMetadataUrl = document;
    this.sent = [];
    this.registrations = 0;
  }

  get redirectUrl() {
    return redirect;
  }

  get clientMetadata() {
    return {
      client_name: "Real client",
      redirect_uris: [redirect],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    };
  }

  state() {
    return (this.wantedState = crypto.randomUUID());
  }

  clientInformation() {
    return this.client;
  }

  saveClientInformation(client) {
    this.registrations += 1;
    this.client = client;
  }

  tokens() {
    return this.held;
  }

  saveTokens(tokens) {
    this.held = tokens;
  }

  saveCodeVerifier(verifier) {
    this.verifier = verifier;
  }

  codeVerifier() {
    return this.verifier;
  }

  invalidateCredentials(scope) {
    if (scope === "all" || scope === "tokens") this.held = undefined;
    if (scope === "all" || scope === "client") this.client = undefined;
  }

  async redirectToAuthorization(to) {
    this.sent.push(to.href);
    if (this.stays) return;
    this.answer = new URL(await person().allow(to.href)).searchParams;
    expect(this.answer.get("state") === this.wantedState, `state came back as ${this.answer.get("state")}`);
    expect(this.answer.get("iss") === issuer, `iss is ${this.answer.get("iss")}`);
    expect(this.answer.get("code"), `no code: ${this.answer}`);
  }
}

/** What a person is asked by the client's link: S256, our resource, the scope of the challenge. */
function checkAsked(link, scope) {
  const asked = new URL(link).searchParams;
  expect(asked.get("code_challenge_method") === "S256", "no S256");
  expect(asked.get("resource") === url, `resource is ${asked.get("resource")}, not ${url}`);
  if (scope) expect(asked.get("scope")?.split(" ").includes(scope), `scope is ${asked.get("scope")}`);
}

/** Revokes what a client holds (RFC 7009), as its public client. */
async function revoke(memory) {
  const metadata = await (await fetch(`${issuer}/.well-known/oauth-authorization-server`)).json();
  const fields = { token: memory.held.refresh_token ?? memory.held.access_token, client_id: memory.client.client_id };
  const answered = await fetch(metadata.revocation_endpoint, { method: "POST", body: new URLSearchParams(fields) });
  expect(answered.status === 200, `revocation answered ${answered.status} ${await answered.text()}`);
}

/**
 * The story. `way` names how the client gets its id. `kit` is the SDK:
 * `open(memory)` gives `{transport, connect, list, call, close}`; `finish(transport, answer)` redeems what came back;
 * `isSentAway(error)` knows the SDK's word for "the person must be asked"; `authorize(memory, scope)` asks for a scope.
 */
export async function story(client, way, kit) {
  const context = { client, way };
  const memory = new Memory(way === "document" ? settings.document : undefined);
  const { tool, arguments: args = {} } = plan.allowed;
  let session = null;
  const connected = async () => {
    session = await kit.open(memory);
    try {
      await session.connect();
    } catch (error) {
      if (!kit.isSentAway(error)) throw error;
      await kit.finish(session.transport, memory.answer);
      session = await kit.open(memory);
      await session.connect();
    }
  };
  await step(context, "connect", async () => {
    await connected();
    expect(memory.sent.length === 1, `the person was sent ${memory.sent.length} times`);
    checkAsked(memory.sent[0], "tools");
    if (way === "document") expect(memory.client.client_id === settings.document, memory.client.client_id);
    expect(memory.held.token_type.toLowerCase() === "bearer", memory.held.token_type);
    expect(memory.held.expires_in > 0, "expires_in is missing");
    return { scope: memory.held.scope, refreshable: Boolean(memory.held.refresh_token) };
  });
  if (!session || !memory.held) return;
  await step(context, "list", async () => {
    const names = (await session.list()).map((one) => one.name);
    for (const name of plan.list ?? []) expect(names.includes(name), `${name} is not listed: ${names.join(" ").slice(0, 500)}`);
    return { tools: names.length };
  });
  await step(context, "call", async () => checkAllowed(await session.call(tool, args), plan.allowed));
  await step(context, "refresh", async () => {
    const before = memory.held;
    expect(before.refresh_token, "there is no refresh token");
    // An access token that is not good: the server says 401, and the client refreshes.
    memory.held = { ...before, access_token: `${before.access_token.slice(0, -8)}AAAAAAAA` };
    checkAllowed(await session.call(tool, args), plan.allowed);
    expect(memory.held.access_token !== before.access_token, "the access token is the old one");
    expect(memory.held.refresh_token !== before.refresh_token, "the refresh token was not rotated");
    expect(memory.sent.length === 1, "the person was asked again");
    return {};
  });
  await step(context, "step up", async () => {
    const before = memory.sent.length;
    await kit.authorize(memory, "offline_access");
    if (kit.upgradesWithoutRefresh) delete memory.held.refresh_token;
    const held = memory.held.access_token;
    session = await kit.open(memory);
    await session.connect();
    await session.list();
    try {
      await session.call(tool, args);
      throw new Error("a call without the scope went through");
    } catch (error) {
      if (!kit.isSentAway(error)) throw error;
    }
    expect(memory.sent.length === before + 2, `the person was sent ${memory.sent.length - before} times`);
    checkAsked(memory.sent.at(-1), "tools");
    await kit.finish(session.transport, memory.answer);
    expect(memory.held.access_token !== held, "there is no new token");
    // A person was asked, so what follows is a session of its own: with the handshake it is begun anew.
    if (kit.beginsAnew) {
      session = await kit.open(memory);
      await session.connect();
    }
    checkAllowed(await session.call(tool, args), plan.allowed);
    return { scope: memory.held.scope };
  });
  await step(context, "revoked", async () => {
    await revoke(memory);
    const before = memory.sent.length;
    memory.stays = true;
    let wasSent = false;
    try {
      await session.call(tool, args);
    } catch (error) {
      wasSent = kit.isSentAway(error);
      if (!wasSent) throw error;
    }
    expect(wasSent, "a call with a revoked session went through");
    expect(memory.sent.length === before + 1, "the person was not asked");
    return {};
  });
  await step(context, "close", async () => {
    await session.close();
    return {};
  });
}

/** The ways that the settings allow. */
export function ways() {
  return settings.document ? ["registration", "document"] : ["registration"];
}
