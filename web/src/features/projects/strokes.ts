/** Puts together what a person did at one stroke: an import makes a hundred records and is one line of the activity. */
import type { Schemas } from "@/shared/wire";

type Activity = Schemas["Activity"];

/** One record that was touched. */
export interface Deed {
  /** `characters`, `scenes` … */
  collection: string;
  id: string;
  name: string;
  /** Whether there is nothing left to open. */
  gone: boolean;
}

export interface Stroke {
  /** Of its newest event. */
  seq: number;
  at: string;
  person: string;
  /** What was done, before the names of the records. */
  words: string;
  deeds: Deed[];
  /** What the records were changed by; null for what touched none. */
  change: string | null;
  /** Proposals that were made, one after the other: a run makes a dozen. */
  proposals: number;
  /** The run that it tells of. */
  run: { id: string; title: string } | null;
}

/** The events, newest first, as strokes, newest first. What a studio keeps for itself in other collections is not told. */
export function strokes(events: Activity[], collections: readonly string[]): Stroke[] {
  const found: Stroke[] = [];
  for (const event of events) {
    const next = stroke(event);
    const last = found.at(-1);
    if (toldElsewhere(event)) continue;
    if (next.deeds.some(({ collection }) => !collections.includes(collection))) continue;
    if (last && last.change !== null && last.change === next.change && last.words === next.words)
      last.deeds.push(...next.deeds);
    else if (last && last.proposals > 0 && next.proposals > 0 && last.person === next.person) {
      last.proposals += next.proposals;
      last.words = prepared(last.proposals);
    } else found.push(next);
  }
  return found;
}

/** What people are told stands among their notifications, and what was saved is told by the records' own events. */
function toldElsewhere({ kind, payload, personName }: Activity): boolean {
  // Somebody ordered it; what becomes of it from then on comes by itself.
  if (kind === "run:updated") return payload["state"] !== "queued" || !personName;
  return kind === "notification" || (kind === "review:updated" && payload["state"] === "ingested");
}

function stroke(event: Activity): Stroke {
  const { seq, at } = event;
  const person = event.personName ?? "Atelier";
  const payload = event.payload as Record<string, unknown>;
  const told = (words: string): Stroke => ({
    seq,
    at,
    person,
    words,
    deeds: [],
    change: null,
    proposals: 0,
    run: null,
  });
  switch (event.kind) {
    case "entity:updated": {
      const changes = (payload["changes"] ?? {}) as Record<string, unknown>;
      const action = text(changes["action"]) || "changed";
      const deed = {
        collection: text(payload["collection"]),
        id: text(payload["entityId"]),
        name: text(changes["name"]),
        gone: action === "removed",
      };
      return { ...told(action), deeds: [deed], change: text(changes["changeId"]) || null };
    }
    case "member:updated":
      return told("changed who is in the project");
    case "project:updated":
      return told("changed the project");
    case "run:updated":
      return { ...told("ordered"), run: { id: text(payload["runId"]), title: text(payload["title"]) } };
    case "review:updated":
      return payload["state"] === "pending" ? { ...told(prepared(1)), proposals: 1 } : told("discarded a preview");
    default:
      return told("changed something");
  }
}

function prepared(proposals: number): string {
  return proposals === 1 ? "prepared something to look over" : `prepared ${proposals} things to look over`;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
