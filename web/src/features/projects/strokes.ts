/** Puts together what a person did at one stroke: an import makes a hundred records and is one line of the activity. */
import type { Schemas } from "@/shared/wire";

type Activity = Schemas["Activity"];

/** One record that was touched. */
export interface Deed {
  /** `character`, `scene` … */
  type: string;
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
}

/** The events of one change bear nearly the same time; this far apart they are two, in milliseconds. */
const APART = 2000;

/** The events, newest first, as strokes, newest first. */
export function strokes(events: Activity[]): Stroke[] {
  const found: Stroke[] = [];
  for (const event of events) {
    const next = stroke(event);
    const last = found.at(-1);
    const together =
      last !== undefined &&
      last.deeds.length > 0 &&
      next.deeds.length > 0 &&
      last.person === next.person &&
      last.words === next.words &&
      Math.abs(Date.parse(last.at) - Date.parse(next.at)) < APART;
    if (together) last.deeds.push(...next.deeds);
    else found.push(next);
  }
  return found;
}

function stroke(event: Activity): Stroke {
  const { seq, at } = event;
  const person = event.personName ?? "Atelier";
  const payload = event.payload as Record<string, unknown>;
  const told = (words: string, deeds: Deed[] = []): Stroke => ({ seq, at, person, words, deeds });
  switch (event.kind) {
    case "entity:updated": {
      const changes = (payload["changes"] ?? {}) as Record<string, unknown>;
      const action = text(changes["action"]) || "changed";
      const type = text(payload["entityType"]);
      const name = text(changes["name"]) || `a ${type}`;
      return told(action, [{ type, id: text(payload["entityId"]), name, gone: action === "removed" }]);
    }
    case "member:updated":
      return told("changed who is in the project");
    case "project:updated":
      return told("changed the project");
    case "review:updated":
      return told(
        payload["state"] === "pending" ? "made a proposal" : `decided on a proposal: ${text(payload["state"])}`,
      );
    default:
      return told(text(payload["title"]));
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
