/** An unmodified client of the Model Context Protocol: calls tools as it reads `[name, arguments]`, and tells each result as a line. */

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const fromWeb = createRequire(new URL("../../web/package.json", import.meta.url));
const { Client, StreamableHTTPClientTransport } = fromWeb("@modelcontextprotocol/client");
const { StdioClientTransport } = fromWeb("@modelcontextprotocol/client/stdio");

// With a program, it is started and spoken to on its standard input and output.
const [url, key, program] = process.argv.slice(2);
const transport = program
  ? new StdioClientTransport({ command: program, args: ["mcp", "--server", url], env: { ATELIER_KEY: key } })
  : new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers: { authorization: `Bearer ${key}` } } });
const tell = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

const client = new Client({ name: "a-stranger's-agent", version: "1.0.0" });
try {
  await client.connect(transport);
  tell({ connected: client.getServerVersion(), tools: (await client.listTools()).tools });
} catch (error) {
  tell({ refused: String(error.message ?? error) });
  process.exit(0);
}
for await (const line of createInterface({ input: process.stdin })) {
  const [name, args] = JSON.parse(line);
  tell(await client.callTool({ name, arguments: args }).catch((error) => ({ refused: String(error.message ?? error) })));
}
await client.close();
