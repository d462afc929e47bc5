/** An unmodified socket.io-client: tells every event as a line `[name, payload]`, and emits what it reads as such lines. */

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const fromWeb = createRequire(new URL("../../web/package.json", import.meta.url));
const { io } = fromWeb("socket.io-client");

const [url, handshake] = process.argv.slice(2);
const tell = (name, payload = null) => process.stdout.write(`${JSON.stringify([name, payload])}\n`);

const socket = io(url, {
  transports: ["websocket"],
  auth: JSON.parse(handshake),
  reconnection: true,
  reconnectionDelay: 1000,
  reconnectionDelayMax: 5000,
});
socket.on("connect", () => tell("connect"));
socket.on("connect_error", (error) => tell("connect_error", { message: error.message, data: error.data ?? null }));
socket.on("disconnect", (reason) => tell("disconnect", reason));
socket.onAny((name, payload) => tell(name, payload));

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const [name, payload] = JSON.parse(line);
  socket.emit(name, payload);
});
lines.on("close", () => socket.close());
