/** What an owner is writing on a definition while others may change it: nothing typed is lost, nothing of theirs overwritten. */
import { useState } from "react";
import type { Agent } from "@/shared/wire";

interface State {
  /** The file that the text was made from, and its version. */
  base: string;
  version: number;
  text: string;
  /** A newer file of somebody else, which was neither taken nor passed over. */
  theirs: string | null;
}

/** Brings what was typed onto a newer state of the agent. */
export function rebase(state: State, { definition, version }: Pick<Agent, "definition" | "version">): State {
  const kept = state.text === state.base || state.text === definition;
  return kept
    ? { base: definition, version, text: definition, theirs: null }
    : { ...state, version, theirs: definition === state.base ? state.theirs : definition };
}

export interface Writing {
  text: string;
  version: number;
  dirty: boolean;
  theirs: string | null;
  write: (text: string) => void;
  /** Ends a clash: mine stays, or theirs comes in. */
  settle: (choice: "mine" | "theirs") => void;
  reset: () => void;
}

export function useWriting(agent: Agent): Writing {
  const [kept, setState] = useState<State>(() => ({
    base: agent.definition,
    version: agent.version,
    text: agent.definition,
    theirs: null,
  }));
  let state = kept;
  if (agent.version > kept.version) {
    // A newer state came, from a save or over the live connection: React wants this during the render, not after.
    state = rebase(kept, agent);
    setState(state);
  }
  return {
    text: state.text,
    version: state.version,
    dirty: state.text !== state.base,
    theirs: state.theirs,
    write: (text) => setState((now) => ({ ...now, text })),
    settle: (choice) =>
      setState((now) => {
        const base = now.theirs ?? now.base;
        return { ...now, base, text: choice === "mine" ? now.text : base, theirs: null };
      }),
    reset: () => setState((now) => ({ ...now, text: now.base, theirs: null })),
  };
}
