/** Decides whether a list that grows keeps its end in view: only for a reader who is at the end already. */

export interface Follow {
  /** Whether the reader is at the end, and stays there as the text grows. */
  pinned: boolean;
  /** Whether something has come below what the reader sees. */
  fresh: boolean;
}

/** What happened to the list. */
export type Happening =
  /** The reader, or the screen itself, moved: so many pixels are left below. */
  | { kind: "scrolled"; below: number }
  /** There is more of it. */
  | { kind: "grew" }
  /** The reader asked for the end, by the button or by saying something. */
  | { kind: "jumped" };

export const AT_END: Follow = { pinned: true, fresh: false };

/** Less than one press of an arrow key, more than the rounding of a zoomed screen; in pixels. */
const NEAR = 16;

/** The state after something happened; the same object if nothing changed. */
export function follow(state: Follow, happening: Happening): Follow {
  switch (happening.kind) {
    case "scrolled": {
      const pinned = happening.below <= NEAR;
      const fresh = state.fresh && !pinned;
      return pinned === state.pinned && fresh === state.fresh ? state : { pinned, fresh };
    }
    case "grew":
      return state.pinned || state.fresh ? state : { pinned: false, fresh: true };
    case "jumped":
      return state.pinned && !state.fresh ? state : AT_END;
  }
}
