/** The words and tones of what waits for a decision: what kind it is, what became of it, what is advised. */
import type { Schemas } from "./wire";

export const KINDS: Record<Schemas["ReviewKind"], string> = {
  deliverable: "Output",
  import: "Import",
  ingest: "Told in data mode",
};

export const STATES = {
  pending: { name: "Waits for a decision", tone: "warn" },
  ingested: { name: "Saved", tone: "good" },
  discarded: { name: "Discarded", tone: "plain" },
  returned: { name: "Sent back", tone: "plain" },
} as const;

export const ADVICE = {
  ingest: { name: "Save it", tone: "good" },
  modify: { name: "Look at it", tone: "warn" },
  discard: { name: "Drop it", tone: "bad" },
} as const;
