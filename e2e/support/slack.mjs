/** Slack as a server meets it: it signs what it tells, and takes what it is told. */
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

export const SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5";

/** Begins to listen; `api` is where a server reaches it, `hook` where it has people answered, and `told` all that it was told. */
export async function startSlack() {
  const told = [];
  const server = createServer(async (request, response) => {
    told.push(String(Buffer.concat(await request.toArray())));
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ ok: true, ts: `1.${told.length}` }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const base = `http://127.0.0.1:${server.address().port}`;
  return {
    api: `${base}/api`,
    hook: `${base}/hook`,
    told,
    stop: async () => {
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
