// A proxy that adds a credential to every request: method, path, body and answer pass as they are, events as they
// come. The conformance suite cannot send a credential by itself, and the scenario about DNS rebinding must be judged
// by the server behind, so Host and Origin stay the client's; only where they name this proxy's own port does the port
// become that of the server, as if the client had called it directly.
//
// Alone: TARGET=http://127.0.0.1:8080 KEY=... node key_proxy.mjs   prints its own address as the first line.

import http from "node:http";
import { fileURLToPath } from "node:url";

/** Starts a proxy on a free port of the loopback address. Resolves to `{url, close}`. */
export function startKeyProxy(target, key) {
  const upstream = new URL(target);
  const agent = new http.Agent({ keepAlive: true });
  const server = http.createServer((request, response) => forward(request, response, upstream, key, agent));
  server.on("connection", (socket) => socket.setNoDelay(true));
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => {
      const { port } = server.address();
      const close = () => {
        agent.destroy();
        server.closeAllConnections();
        server.close();
      };
      resolve({ url: `http://127.0.0.1:${port}`, close });
    });
  });
}

const LOOPBACK = /^(https?:\/\/)?(localhost|127\.0\.0\.1|\[::1\]):(\d+)$/;

/** The headers as they came, with this proxy's port replaced by the server's in Host and Origin. */
function renamed(request, upstream) {
  const own = String(request.socket.localPort);
  return request.rawHeaders.map((value, index) => {
    const name = index % 2 === 1 ? request.rawHeaders[index - 1].toLowerCase() : "";
    const match = ["host", "origin"].includes(name) ? value.match(LOOPBACK) : null;
    return match && match[3] === own ? `${match[1] ?? ""}${match[2]}:${upstream.port || 80}` : value;
  });
}

function forward(request, response, upstream, key, agent) {
  const headers = renamed(request, upstream);
  const hasOwn = request.headers.authorization !== undefined;
  if (!hasOwn) headers.push("Authorization", `Bearer ${key}`);
  const onward = http.request({
    host: upstream.hostname,
    port: upstream.port,
    method: request.method,
    path: request.url,
    headers,
    agent,
    setHost: false,
  });
  onward.on("response", (answer) => {
    response.writeHead(answer.statusCode, answer.statusMessage, answer.rawHeaders);
    response.flushHeaders();
    answer.pipe(response);
    answer.on("error", () => response.destroy());
  });
  onward.on("error", (error) => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502, { "content-type": "text/plain" }).end(`proxy: ${error.message}\n`);
  });
  // The client that hangs up cancels: the server behind must see it.
  response.on("close", () => onward.destroy());
  request.pipe(onward);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { TARGET, KEY } = process.env;
  if (!TARGET || !KEY) {
    console.error("TARGET and KEY are needed");
    process.exit(2);
  }
  const proxy = await startKeyProxy(TARGET, KEY);
  console.log(proxy.url);
}
