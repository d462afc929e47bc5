/** The rules of orders to the fleet. */
import { expect, test } from "vitest";
import { argumentsOf, particulars } from "./order";

test("of an order is told who does it, and what is not as it is by itself", () => {
  const command = { kind: "command" as const, argv: ["make"] };
  expect(particulars({ order: { engine: command, deliver: "diff" } })).toEqual(["A command on a machine"]);
  const agent = { kind: "agent", name: "scribe", prompt: "Write" } as const;
  expect(particulars({ order: { engine: agent, folder: "docs", readOnly: true }, decompose: true })).toEqual([
    "The coding agent scribe",
    "in docs",
    "planned first",
    "looks only",
  ]);
  const tool = { kind: "mcp", server: "weather", tool: "now", arguments: {} } as const;
  expect(particulars({ order: { engine: tool, deliver: "branch", collect: ["a", "b"] } })).toEqual([
    "A tool of weather",
    "committed to a branch",
    "2 files brought back",
  ]);
});

test("a tool is given one object of JSON or nothing, and nothing else is taken for one", () => {
  expect(argumentsOf(" ")).toEqual({});
  expect(argumentsOf('{"city": "Bergen"}')).toEqual({ city: "Bergen" });
  for (const text of ["[]", "null", "3", "{", '"a"']) expect(argumentsOf(text), text).toBeNull();
});
