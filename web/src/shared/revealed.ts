/** A long list that begins with a few of its rows: all of them, once they are asked for, some in each frame. */
import { useEffect, useState } from "react";

/** Rows that are added in a frame: of a table's rows, so many are drawn well within 50 ms. */
const IN_A_FRAME = 40;

interface Revealed {
  /** How many of the rows are there by now. */
  shown: number;
  /** How many may be asked for. */
  rest: number;
  reveal: () => void;
}

export function useRevealed(total: number, first: number): Revealed {
  const [shown, setShown] = useState(first);
  const [all, setAll] = useState(false);
  const more = all && shown < total;
  useEffect(() => {
    if (!more) return;
    const frame = requestAnimationFrame(() => setShown(shown + IN_A_FRAME));
    return () => cancelAnimationFrame(frame);
  }, [more, shown]);
  return { shown, rest: all ? 0 : Math.max(0, total - shown), reveal: () => setAll(true) };
}
