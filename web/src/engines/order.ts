/** An order to the fleet: what is told of one beside its title, and the arguments of a tool as people write them. */
import type { components } from "../generated/api";

type Order = components["schemas"]["CreateRemote"];
type Deliver = components["schemas"]["RemoteDeliver"];
type Engine = components["schemas"]["RemoteEngine"];

const DELIVERS: Record<Deliver, string | null> = {
  diff: null,
  branch: "committed to a branch",
  push: "pushed to origin",
};

/** Who does it, where, and what else is not as it is by itself; each a few words. */
export function particulars({ order, decompose }: Pick<Order, "order" | "decompose">): string[] {
  const { engine, folder, deliver, readOnly, collect = [] } = order;
  const files = collect.length === 1 ? "1 file" : `${collect.length} files`;
  return [
    who(engine),
    folder && `in ${folder}`,
    decompose && "planned first",
    readOnly && "looks only",
    deliver && DELIVERS[deliver],
    collect.length > 0 && `${files} brought back`,
  ].filter((part) => typeof part === "string" && part !== "") as string[];
}

function who(engine: Engine): string {
  if (engine.kind === "command") return "A command on a machine";
  return engine.kind === "agent" ? `The coding agent ${engine.name}` : `A tool of ${engine.server}`;
}

/** What a tool is given, as it is typed: one object of JSON, or nothing. Null if it is neither. */
export function argumentsOf(text: string): Record<string, unknown> | null {
  if (text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
