/** A list that follows what is written for a reader who is at its end, and never moves for one who scrolled up. */
import { ArrowDown } from "lucide-react";
import { type ReactNode, type UIEvent, useCallback, useEffect, useRef, useState } from "react";
import { IconButton } from "@/shared/ui/button";
import { AT_END, follow, type Happening } from "@/engines/follow";

/** What stays above the words that the person said last, in pixels. */
const MARGIN = 12;

/** `jump` changes when the reader has said something and wants to see it. */
export function Scroller({ jump, children }: { jump: unknown; children: ReactNode }) {
  const [fresh, setFresh] = useState(false);
  // Read by the observer within the same frame in which the reader scrolls, before anything is rendered anew.
  const state = useRef(AT_END);
  /** Where this list was put by itself. */
  const placed = useRef(-1);
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const happen = useCallback((happening: Happening) => {
    state.current = follow(state.current, happening);
    setFresh(state.current.fresh);
  }, []);
  /** Follows the end, until what the person said last would go out of view; whoever is further down follows on. */
  const keep = useCallback(() => {
    const [scroller, list] = [box.current, content.current];
    if (!scroller || !list) return;
    const said = [...list.querySelectorAll<HTMLElement>("[data-said]")].at(-1);
    const end = scroller.scrollHeight - scroller.clientHeight;
    const top = said ? said.offsetTop - MARGIN : end;
    scroller.scrollTop = scroller.scrollTop > top + 1 ? end : Math.min(top, end);
    placed.current = scroller.scrollTop;
    if (end - placed.current < 1) return;
    happen({ kind: "scrolled", below: end - placed.current });
    happen({ kind: "grew" });
  }, [happen]);
  const toEnd = () => {
    happen({ kind: "jumped" });
    box.current?.scrollTo({ top: box.current.scrollHeight });
  };
  const onScroll = ({ currentTarget: { scrollHeight, scrollTop, clientHeight } }: UIEvent) => {
    const below = scrollHeight - scrollTop - clientHeight;
    // The news of the list's own move comes late: by now there may be more text, which the reader has not scrolled away from.
    if (state.current.pinned && Math.abs(scrollTop - placed.current) < 1) return;
    happen({ kind: "scrolled", below });
  };
  useEffect(() => {
    happen({ kind: "jumped" });
    keep();
  }, [jump, happen, keep]);
  useEffect(() => {
    const [scroller, list] = [box.current, content.current];
    if (!scroller || !list) return;
    let height = list.offsetHeight;
    const observer = new ResizeObserver(() => {
      if (state.current.pinned) keep();
      else if (list.offsetHeight > height) happen({ kind: "grew" });
      height = list.offsetHeight;
    });
    observer.observe(list);
    // The box itself becomes smaller when the input grows.
    observer.observe(scroller);
    return () => observer.disconnect();
  }, [happen, keep]);
  return (
    <div className="relative min-h-0 grow">
      <div
        ref={box}
        tabIndex={0}
        role="region"
        aria-label="Messages of the conversation"
        onScroll={onScroll}
        className="h-full overflow-y-auto focus-visible:-outline-offset-2"
      >
        <div ref={content} className="relative">
          {children}
        </div>
      </div>
      {fresh && (
        <IconButton
          label="More below"
          onClick={toEnd}
          className="slide-in absolute right-3 bottom-2 rounded-full border border-line bg-raised shadow-float"
        >
          <ArrowDown />
        </IconButton>
      )}
    </div>
  );
}
