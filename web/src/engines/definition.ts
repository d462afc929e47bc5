/** Definitions of agents as texts: what is wrong at which line, and what a new one begins with. */

/** What the server says is wrong with a definition. */
export interface Fault {
  /** From 1; null where no line is to blame. */
  line: number | null;
  field: string | null;
  reason: string;
}

/** The fault in the details of a problem; null if they tell of none. */
export function faultOf(details: Readonly<Record<string, unknown>> | null): Fault | null {
  if (details === null || typeof details["reason"] !== "string") return null;
  const { line, field, reason } = details;
  return {
    line: typeof line === "number" ? line : null,
    field: typeof field === "string" ? field : null,
    reason: reason as string,
  };
}

/** The sentence for a fault. */
export function inWords({ line, field, reason }: Fault): string {
  return [line !== null && `Line ${line}`, field, reason].filter(Boolean).join(": ");
}

/** Where a line begins and ends within a text; the last one if there are fewer. */
export function span(text: string, line: number): [number, number] {
  const lines = text.split("\n");
  const at = Math.min(Math.max(line, 1), lines.length) - 1;
  const begin = lines.slice(0, at).reduce((sum, one) => sum + one.length + 1, 0);
  return [begin, begin + (lines[at]?.length ?? 0)];
}

/** A name as the server takes it, of what a person typed. */
export function named(typed: string): string {
  return typed
    .trim()
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 60);
}

/** What a person says of a new specialist. */
export type Beginning = Record<"department" | "name" | "title" | "engine" | "prompt", string>;

/** The definition of a new specialist. */
export function fresh({ department, name, title, engine, prompt }: Beginning): string {
  return `---
name: ${name}
title: ${JSON.stringify(title)}
department: ${department}
role: specialist
engine: ${engine}
tools: [recall, record.read]
cues: []
---
${prompt.trim()}
`;
}

/** The engine that a definition names; empty if none is seen. */
export function engineOf(definition: string): string {
  return /^engine:\s*([a-z0-9.-]+)\s*$/m.exec(definition)?.[1] ?? "";
}
