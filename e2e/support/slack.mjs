/** Slack as a server meets it: it signs what it tells, and takes what it is told. */
import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

export const SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5";

/** What a socket's opening is answered with: RFC 6455, 4.2.2. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/**
 * Begins to listen; `api` is where a server reaches it, `hook` where it has people answered, and `told` all that it was told. A
 * server may have a socket by the token that `socketToken` says, and is told nothing over it.
 */
export async function startSlack({ socketToken = null } = {}) {
  const told = [];
  const sockets = new Set();
  const server = createServer(async (request, response) => {
    told.push(String(Buffer.concat(await request.toArray())));
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer(request)));
  });
  const answer = ({ url, headers }) => {
    if (!url.endsWith("/apps.connections.open")) return { ok: true, ts: `1.${told.length}` };
    if (headers.authorization !== `Bearer ${socketToken}`) return { ok: false, error: "invalid_auth" };
    return { ok: true, url: `ws://${headers.host}/socket` };
  };
  server.on("upgrade", ({ headers }, socket) => {
    const accept = createHash("sha1").update(headers["sec-websocket-key"] + GUID).digest("base64");
    const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${accept}`];
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const base = `http://127.0.0.1:${server.address().port}`;
  return {
    api: `${base}/api`,
    hook: `${base}/hook`,
    told,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Tells a server an event, or a command if it is of form fields; gives what it answers. */
export async function tell(base, what, secret = SIGNING_SECRET) {
  const form = what instanceof URLSearchParams;
  const body = form ? String(what) : JSON.stringify(what);
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac("sha256", secret).update(`v0:${timestamp}:${body}`).digest("hex");
  return fetch(`${base}/api/v1/slack`, {
    method: "POST",
    headers: {
      "content-type": form ? "application/x-www-form-urlencoded" : "application/json",
      "x-slack-request-timestamp": timestamp,
      "x-slack-signature": `v0=${signature}`,
    },
    body,
  });
}
