/** A language model of our own: it speaks the protocol of OpenAI's chat completions, and says what a test wants. */
import { once } from "node:events";
import { createServer } from "node:http";

/** What each call is counted as, in tokens. */
export const TOOK = { input: 1_200, output: 80 };

/**
 * Begins to listen. `answer` gives, for the records that the model was told of, what it says about an agent's work.
 * `asked` are the bodies of all that it was asked.
 */
export async function startModel(answer) {
  const asked = [];
  const server = createServer((request, response) => {
    const pieces = [];
    request.on("data", (piece) => pieces.push(piece));
    request.on("end", () => {
      const body = JSON.parse(Buffer.concat(pieces).toString("utf8"));
      asked.push(body);
      const said = JSON.stringify(answer(recordsOf(body)));
      response.writeHead(200, { "content-type": "text/event-stream" });
      const tell = (frame) => response.write(`data: ${JSON.stringify(frame)}\n\n`);
      for (const content of [said.slice(0, 20), said.slice(20)]) tell({ choices: [{ index: 0, delta: { content } }] });
      tell({ choices: [], usage: { prompt_tokens: TOOK.input, completion_tokens: TOOK.output } });
      tell({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
      response.end("data: [DONE]\n\n");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    asked,
    settings: { provider: "openai", model: "understudy", baseUrl: `http://127.0.0.1:${server.address().port}/v1` },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** The records that an agent's model is told of, as the material has them. */
function recordsOf({ messages }) {
  const text = messages.findLast(({ role }) => role === "user").content;
  return JSON.parse(text.slice(text.indexOf("{"))).records;
}
