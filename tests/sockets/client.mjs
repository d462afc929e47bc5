/**
 * An unmodified socket.io-client: tells every event as a line `[name, payload]`, and emits what it reads as such lines. If its
 * handshake says a `lastSeq`, it comes back with that of the last event that it heard.
 */

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const fromWeb = createRequire(new URL("../../web/package.json", import.meta.url));
const { io } = fromWeb("socket.io-client");

const [url, handshake, delay = "1000"] = process.argv.slice(2);
const said = JSON.parse(handshake);
const tell = (name, payload = null) => process.stdout.write(`${JSON.stringify([name, payload])}\n`);

const socket = io(url, {
  transports: ["websocket"],
  auth: (send) => send(said),
  reconnection: true,
  reconnectionDelay: Number(delay),
  reconnectionDelayMax: 5 * Number(delay),
});
socket.on("connect", () => tell("connect"));
socket.on("connect_error", (error) => tell("connect_error", { message: error.message, data: error.data ?? null }));
socket.on("disconnect", (reason) => tell("disconnect", reason));
socket.onAny((name, payload) => {
  if (said.lastSeq < payload?.seq) said.lastSeq = payload.seq;
  tell(name, payload);
});

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const [name, payload] = JSON.parse(line);
  socket.emit(name, payload);
});
lines.on("close", () => socket.close());
