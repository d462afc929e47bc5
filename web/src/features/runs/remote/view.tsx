/** A terminal that is looked at: as many rows in the page as are seen, at the end until somebody scrolls up, with a search. */
import { ArrowDown, WrapText } from "lucide-react";
import { type KeyboardEvent, type ReactNode, type UIEvent, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Match } from "@/engines/finder";
import { AT_END, follow } from "@/engines/follow";
import { Rows } from "@/engines/rows";
import { GROUND, seen, written } from "@/engines/sgr";
import type { Terminal } from "@/engines/terminal";
import { IconButton } from "@/shared/ui/button";
import { copyLines } from "./copied";
import { Find } from "./find";
import { Row } from "./row";

/** Pixels of a row, and rows that are drawn above and below what is seen. */
const ROW = 18;
const MORE = 6;
const LETTERS = 50;
const { ink } = seen(0);
const LOOK = { color: written(ink), backgroundColor: written(GROUND) };

interface TerminalViewProps {
  terminal: Terminal;
  /** Changes with what the terminal holds. */
  version: number;
  /** Further things to do with it. */
  children: ReactNode;
}

export function TerminalView({ terminal, version, children }: TerminalViewProps) {
  const letters = useRef<HTMLSpanElement>(null);
  const [{ columns, height }, setSize] = useState({ columns: 80, height: 0 });
  const [wrap, setWrap] = useState(true);
  const [top, setTop] = useState(0);
  const [words, setWords] = useState("");
  const [current, setCurrent] = useState<Match | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const rows = useMemo(() => new Rows(terminal, wrap ? columns : Infinity), [terminal, wrap, columns]);
  const counted = useMemo(() => ({ gone: rows.sync(), total: rows.total, version }), [rows, version]);
  const { box, pinned, onScroll, toEnd, show } = usePlace(rows, counted, height, setTop);

  useLayoutEffect(() => {
    const [scroller, ruler] = [box.current, letters.current];
    if (!scroller || !ruler) return;
    const observer = new ResizeObserver(() => {
      const width = ruler.getBoundingClientRect().width / LETTERS;
      const fit = Math.max(20, Math.floor((scroller.clientWidth - 16) / width));
      // Out of sight nothing has a size, and what was wrapped stays as it was.
      setSize(({ columns: old }) => ({ columns: width > 0 ? fit : old, height: scroller.clientHeight }));
    });
    observer.observe(scroller);
    return () => observer.disconnect();
  }, [box]);

  const first = Math.max(0, Math.floor(top / ROW) - MORE);
  const last = Math.min(counted.total, first + Math.ceil(height / ROW) + 2 * MORE);
  const drawn = Array.from({ length: Math.max(0, last - first) }, (_, at) => {
    const { line, part } = rows.at(first + at);
    const text = terminal.line(line);
    const here = current?.line === line ? current.from : -1;
    if (!text) return null;
    const [from, to] = rows.cut(text, part);
    return <Row key={`${line}.${part}`} line={text} from={from} to={to} words={words} here={here} />;
  });

  const onKeyDown = (event: KeyboardEvent) => {
    // The browser's own search knows only the rows that are drawn.
    if (event.key.toLowerCase() !== "f" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    field.current?.select();
    field.current?.focus();
  };
  const onMatch = (match: Match | null) => {
    setCurrent(match);
    if (match) show(rows.rowOf(match.line, match.from));
  };
  return (
    <div className="flex flex-col gap-2" onKeyDown={onKeyDown}>
      <div className="flex flex-wrap items-center gap-2">
        <Find
          field={field}
          terminal={terminal}
          version={version}
          words={words}
          onWords={setWords}
          onMatch={onMatch}
          onLeave={() => box.current?.focus()}
        />
        <span className="grow" />
        <IconButton label="Wrap long lines" aria-pressed={wrap} onClick={() => setWrap(!wrap)}>
          <WrapText />
        </IconButton>
        {children}
      </div>
      <div className="relative">
        <div
          ref={box}
          tabIndex={0}
          role="region"
          aria-label="Output"
          onScroll={onScroll}
          onCopy={copyLines}
          style={LOOK}
          className="relative h-[calc(100dvh-25rem)] min-h-60 overflow-auto overscroll-contain rounded-md p-2 font-mono text-xs leading-[18px]"
        >
          <span ref={letters} aria-hidden className="invisible absolute">
            {"0".repeat(LETTERS)}
          </span>
          <div
            className="relative"
            style={{ height: counted.total * ROW, ...(!wrap && { width: `${terminal.widest}ch` }) }}
          >
            <div className="absolute inset-x-0 whitespace-pre" style={{ top: first * ROW }}>
              {drawn}
            </div>
          </div>
        </div>
        {!pinned && (
          <IconButton
            label="To the end"
            onClick={toEnd}
            className="absolute right-4 bottom-3 rounded-full border border-line bg-raised shadow-float"
          >
            <ArrowDown />
          </IconButton>
        )}
      </div>
    </div>
  );
}

interface Counted {
  /** Rows that went at the beginning. */
  gone: number;
  total: number;
}

/** Where the reader is: at the end, which is followed, or at a line that stays where it is. */
function usePlace(
  rows: Rows,
  counted: Counted,
  /** Of the box; what is out of sight has none, and cannot be scrolled. */
  height: number,
  onTop: (top: number) => void,
) {
  const box = useRef<HTMLDivElement>(null);
  // Read within the same frame in which the reader scrolls, before anything is rendered anew.
  const state = useRef(AT_END);
  const [pinned, setPinned] = useState(true);
  /** Where the box was put by itself, and the line that was on top. */
  const placed = useRef(-1);
  const line = useRef(0);
  const wrapped = useRef(rows);
  useLayoutEffect(() => {
    const scroller = box.current;
    if (!scroller || height === 0) return;
    if (state.current.pinned) scroller.scrollTop = scroller.scrollHeight;
    else if (wrapped.current !== rows) scroller.scrollTop = rows.rowOf(line.current, 0) * ROW;
    else if (counted.gone > 0) scroller.scrollTop -= counted.gone * ROW;
    wrapped.current = rows;
    placed.current = scroller.scrollTop;
    onTop(scroller.scrollTop);
  }, [rows, counted, height, onTop]);
  const moved = (below: number) => {
    state.current = follow(state.current, { kind: "scrolled", below });
    setPinned(state.current.pinned);
  };
  return {
    box,
    pinned,
    onScroll: ({ currentTarget: { scrollTop, scrollHeight, clientHeight } }: UIEvent) => {
      onTop(scrollTop);
      line.current = rows.at(Math.floor(scrollTop / ROW)).line;
      // The news of the box's own move comes late: by now there may be more, from which the reader has not scrolled away.
      if (state.current.pinned && Math.abs(scrollTop - placed.current) < 1) return;
      moved(scrollHeight - scrollTop - clientHeight);
    },
    toEnd: () => {
      moved(0);
      if (box.current) box.current.scrollTop = box.current.scrollHeight;
    },
    /** Brings a row into the middle. */
    show: (row: number) => {
      const scroller = box.current;
      if (!scroller) return;
      moved(Infinity);
      scroller.scrollTop = row * ROW - scroller.clientHeight / 2;
    },
  };
}
