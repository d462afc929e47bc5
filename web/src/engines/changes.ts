/** What changed between two states of a record, and how two people's changes of one record come together. */
import type { components } from "../generated/api";

type Schemas = components["schemas"];

/** The parts of a record that a person edits. */
export interface Draft {
  name: string;
  description: string;
  body: string;
  metadata: Readonly<Record<string, unknown>>;
}

/** One edited part: a field of the draft, or `metadata.` and a key. */
export type Path = "name" | "description" | "body" | `metadata.${string}`;

const TEXTS = ["name", "description", "body"] as const;

/** The draft of a record as it stands. */
export function draftOf(record: Schemas["Record"]): Draft {
  return {
    name: record.name,
    description: record.description,
    body: record.body ?? "",
    metadata: record.metadata as Record<string, unknown>,
  };
}

/** The parts that differ, in a stable order. */
export function changed(from: Draft, to: Draft): Path[] {
  const paths: Path[] = TEXTS.filter((field) => from[field] !== to[field]);
  const keys = new Set([...Object.keys(from.metadata), ...Object.keys(to.metadata)]);
  for (const key of [...keys].sort()) {
    if (!same(from.metadata[key], to.metadata[key])) paths.push(`metadata.${key}`);
  }
  return paths;
}

/** The smallest request that turns `from` into `to`; null when there is nothing to do. */
export function patch(from: Draft, to: Draft, version: number): Schemas["UpdateRecord"] | null {
  const paths = changed(from, to);
  if (paths.length === 0) return null;
  const request: Schemas["UpdateRecord"] = { version };
  const metadata: Record<string, unknown> = {};
  for (const path of paths) {
    if (isText(path)) request[path] = to[path];
    else metadata[key(path)] = to.metadata[key(path)] ?? null;
  }
  if (Object.keys(metadata).length > 0) request.metadata = metadata;
  return request;
}

/** Two people's changes of the same state. */
export interface Merged {
  /** Mine where I changed something, theirs elsewhere. */
  draft: Draft;
  /** Parts that both changed, differently: a person must look at them. */
  conflicts: Path[];
}

/** Brings my changes of `base` onto the state that others have made of it. */
export function merge(base: Draft, mine: Draft, theirs: Draft): Merged {
  const ours = changed(base, mine);
  const others = new Set(changed(base, theirs));
  const draft: Draft = { ...theirs, metadata: { ...theirs.metadata } };
  for (const path of ours) put(draft, path, get(mine, path));
  const conflicts = ours.filter((path) => others.has(path) && !same(get(mine, path), get(theirs, path)));
  return { draft, conflicts };
}

/** What stands at a path. */
export function get(draft: Draft, path: Path): unknown {
  return isText(path) ? draft[path] : draft.metadata[key(path)];
}

function put(draft: Draft, path: Path, value: unknown): void {
  if (isText(path)) {
    draft[path] = String(value ?? "");
    return;
  }
  const { [key(path)]: _, ...rest } = draft.metadata;
  draft.metadata = value === undefined || value === null ? rest : { ...rest, [key(path)]: value };
}

function isText(path: Path): path is (typeof TEXTS)[number] {
  return !path.startsWith("metadata.");
}

function key(path: string): string {
  return path.slice("metadata.".length);
}

/** Whether two values of an attribute say the same; nothing, `null` and absence are one. */
function same(left: unknown, right: unknown): boolean {
  return canonical(left) === canonical(right);
}

function canonical(value: unknown): string {
  return JSON.stringify(value ?? null, (_, part: unknown) =>
    part !== null && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
