/** What a person is writing on a record while others may change it: nothing typed is lost, nothing of theirs overwritten. */
import { useState } from "react";
import { changed, type Draft, draftOf, get, merge, patch, type Path } from "@/engines/changes";
import type { Entity, Schemas } from "@/shared/wire";
import { tidy } from "./values";

/** A part that both changed: a person chooses. */
export interface Clash {
  path: Path;
  theirs: unknown;
}

interface State {
  /** The state of the record that the draft was made from. */
  base: Draft;
  version: number;
  draft: Draft;
  clashes: Clash[];
}

function fresh(record: Entity): State {
  const base = draftOf(record);
  return { base, version: record.version, draft: base, clashes: [] };
}

/** Brings what was typed onto a newer state of the record. */
function rebase(state: State, record: Entity): State {
  const theirs = draftOf(record);
  const { draft, conflicts } = merge(state.base, tidied(state.draft), theirs);
  return {
    base: theirs,
    version: record.version,
    draft,
    clashes: conflicts.map((path) => ({ path, theirs: get(theirs, path) })),
  };
}

function tidied(draft: Draft): Draft {
  return { ...draft, metadata: tidy(draft.metadata) };
}

export interface Editing {
  draft: Draft;
  dirty: Path[];
  clashes: Clash[];
  set: (part: Partial<Draft>) => void;
  setAttribute: (key: string, value: unknown) => void;
  /** Ends a clash: mine stays, or theirs comes in. */
  settle: (clash: Clash, choice: "mine" | "theirs") => void;
  reset: () => void;
  /** What to send; null when nothing changed. */
  request: () => Schemas["UpdateRecord"] | null;
}

export function useDraft(record: Entity): Editing {
  const [kept, setState] = useState(() => fresh(record));
  let state = kept;
  if (record.version > kept.version) {
    // A newer state came, from a save or over the live connection: React wants this during the render, not after.
    state = rebase(kept, record);
    setState(state);
  }
  const write = (change: (draft: Draft) => Draft) => setState((now) => ({ ...now, draft: change(now.draft) }));
  return {
    draft: state.draft,
    clashes: state.clashes,
    dirty: changed(state.base, tidied(state.draft)),
    set: (part) => write((draft) => ({ ...draft, ...part })),
    setAttribute: (key, value) =>
      write((draft) => {
        const { [key]: _, ...rest } = draft.metadata;
        return { ...draft, metadata: value === undefined ? rest : { ...rest, [key]: value } };
      }),
    settle: (clash, choice) =>
      setState((now) => {
        const clashes = now.clashes.filter(({ path }) => path !== clash.path);
        if (choice === "mine") return { ...now, clashes };
        const { path } = clash;
        const draft = path.startsWith("metadata.")
          ? { ...now.draft, metadata: { ...now.draft.metadata, [path.slice("metadata.".length)]: clash.theirs } }
          : { ...now.draft, [path]: String(clash.theirs ?? "") };
        return { ...now, clashes, draft };
      }),
    reset: () => setState((now) => ({ ...now, draft: now.base, clashes: [] })),
    request: () => patch(state.base, tidied(state.draft), state.version),
  };
}
