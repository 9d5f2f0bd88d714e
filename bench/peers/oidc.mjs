// oidc-provider as it is meant to be used, with its store in memory, for `procura-bench oauth`: one confidential client,
// tokens for two APIs (opaque and signed), rotation of refresh tokens. At /seed/N it makes N refresh tokens.
//
//   node oidc.mjs PORT MODULES   (MODULES: the folder node_modules that has oidc-provider)

import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [port, modules] = process.argv.slice(2);
const resolve = createRequire(join(modules, "anchor.js")).resolve;
const { default: Provider, errors } = await import(pathToFileURL(resolve("oidc-provider")).href);

const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "bench",
      client_secret: "a-secret-of-the-bench-that-is-long-enough",
      grant_types: ["client_credentials", "authorization_code", "refresh_token"],
      redirect_uris: ["https://client.bench.example/callback"],
    },
  ],
  scopes: ["openid", "offline_access", "read"],
  ttl: { ClientCredentials: 600, AccessToken: 600, RefreshToken: 86400, Grant: 86400 },
  rotateRefreshToken: true,
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo(_, indicator) {
        if (!indicator.startsWith("https://api.bench.example/")) throw new errors.InvalidTarget();
        const accessTokenFormat = indicator.endsWith("/jwt") ? "jwt" : "opaque";
        return { scope: "read", accessTokenTTL: 600, accessTokenFormat, jwt: { sign: { alg: "RS256" } } };
      },
    },
  },
});

async function refreshToken() {
  const client = await provider.Client.find("bench");
  const grant = new provider.Grant({ accountId: "ada", clientId: "bench" });
  grant.addOIDCScope("openid offline_access");
  grant.addResourceScope("https://api.bench.example/opaque", "read");
  const token = new provider.RefreshToken({
    accountId: "ada",
    client,
    grantId: await grant.save(),
    gty: "authorization_code",
    scope: "offline_access read",
    resource: "https://api.bench.example/opaque",
    rotations: 0,
  });
  return token.save();
}

const answer = provider.callback();
createServer(async (request, response) => {
  const wanted = /^\/seed\/(\d+)$/.exec(request.url);
  if (!wanted) return answer(request, response);
  const tokens = await Promise.all(Array.from({ length: Number(wanted[1]) }, refreshToken));
  const body = JSON.stringify({ tokens });
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) }).end(body);
}).listen(Number(port), "127.0.0.1");
