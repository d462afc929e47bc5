// The peer: npm's socket.io, which tells all who follow an execution the same messages that Atelier does, when it is asked to.
// The messages are its argument, as JSON: `[[name, body as text], …]`, with `@@` where the number of the turn belongs.
import { createServer } from "node:http";
import { Server } from "socket.io";

const messages = JSON.parse(process.argv[2]);
let io;
const http = createServer((request, response) => {
  const turn = request.url.split("/").at(-1);
  for (const [name, body] of messages)
    io.to("followers").emit(name, JSON.parse(body.replaceAll("@@", `@${turn}@`)));
  response.writeHead(204).end();
});
io = new Server(http);
io.on("connection", (socket) => {
  socket.on("subscribe:execution", () => socket.join("followers"));
});
http.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${http.address().port}/`));
