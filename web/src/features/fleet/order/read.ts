/** What stands in the form of an order, as the server takes it; what is empty or does not concern who does it is left out. */
import { count, micro } from "@/engines/money";
import type { CreateRemote, Deliver, RemoteEngine } from "@/shared/wire";
import type { Tool } from "./engine";

export function read(
  data: FormData,
  kind: RemoteEngine["kind"],
  argv: string[],
  given: Record<string, unknown>,
): CreateRemote {
  const text = (name: string) => String(data.get(name) ?? "").trim();
  const [folder, runner, title, deliver] = [text("folder"), text("runner"), text("title"), text("deliver")];
  const [memoryMib, tokens, costMicros] = [count(text("memoryMib")), count(text("tokens")), micro(text("costMicros"))];
  const collect = text("collect")
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  const engines = {
    command: () => ({ kind: "command", argv }) as const,
    agent: () => ({ kind: "agent", name: text("agent"), prompt: text("prompt") }) as const,
    mcp: () =>
      ({ kind: "mcp", server: text("server"), tool: text("tool"), arguments: given as Tool["arguments"] }) as const,
  };
  return {
    order: {
      engine: engines[kind](),
      ...(folder && { folder }),
      ...(collect.length > 0 && { collect }),
      ...(deliver && { deliver: deliver as Deliver }),
      bounds: {
        minutes: Number(text("minutes")),
        outputMib: Number(text("outputMib")),
        ...(memoryMib !== null && { memoryMib }),
        ...(tokens !== null && { tokens }),
        ...(costMicros !== null && { costMicros }),
      },
      ...(data.has("readOnly") && { readOnly: true }),
    },
    ...(title && { title }),
    ...(runner && { runner }),
    priority: text("priority") as CreateRemote["priority"],
    ...(data.has("decompose") && { decompose: true }),
  };
}
