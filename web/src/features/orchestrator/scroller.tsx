/** A list that keeps its end in view for a reader who is there, and never moves for one who scrolled up. */
import { ArrowDown } from "lucide-react";
import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { AT_END, follow, type Happening } from "@/engines/follow";

/** `jump` changes when the reader has said something and wants to see it. */
export function Scroller({ jump, children }: { jump: unknown; children: ReactNode }) {
  const [fresh, setFresh] = useState(false);
  // Read by the observer within the same frame in which the reader scrolls, before anything is rendered anew.
  const state = useRef(AT_END);
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const happen = useCallback((happening: Happening) => {
    state.current = follow(state.current, happening);
    setFresh(state.current.fresh);
  }, []);
  const toEnd = useCallback(() => {
    happen({ kind: "jumped" });
    box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [happen]);
  useEffect(toEnd, [jump, toEnd]);
  useEffect(() => {
    const [scroller, list] = [box.current, content.current];
    if (!scroller || !list) return;
    let height = list.offsetHeight;
    const observer = new ResizeObserver(() => {
      if (state.current.pinned) scroller.scrollTop = scroller.scrollHeight;
      else if (list.offsetHeight > height) happen({ kind: "grew" });
      height = list.offsetHeight;
    });
    observer.observe(list);
    // The box itself becomes smaller when the input grows.
    observer.observe(scroller);
    return () => observer.disconnect();
  }, [happen]);
  return (
    <div className="relative min-h-0 grow">
      <div
        ref={box}
        tabIndex={0}
        role="region"
        aria-label="Messages of the conversation"
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) =>
          happen({ kind: "scrolled", below: scrollHeight - scrollTop - clientHeight })
        }
        className="h-full overflow-y-auto focus-visible:-outline-offset-2"
      >
        <div ref={content}>{children}</div>
      </div>
      {fresh && (
        <button
          type="button"
          onClick={toEnd}
          className="slide-in absolute bottom-2 left-1/2 flex h-7 -translate-x-1/2 items-center gap-1 rounded-full border border-line bg-raised px-3 text-xs font-medium shadow-float hover:bg-hover"
        >
          <ArrowDown className="size-3.5" /> New text below
        </button>
      )}
    </div>
  );
}
