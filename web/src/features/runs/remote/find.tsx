/** Finds words in a terminal: how often they stand there, and from one place to the next. */
import { ChevronDown, ChevronUp, Search } from "lucide-react";
import { type KeyboardEvent, type RefObject, useEffect, useMemo, useState } from "react";
import { Finder, type Match, MOST } from "@/engines/finder";
import { thousands } from "@/engines/money";
import type { Terminal } from "@/engines/terminal";
import { IconButton } from "@/shared/ui/button";
import { inputClass } from "@/shared/ui/field";

interface FindProps {
  field: RefObject<HTMLInputElement | null>;
  terminal: Terminal;
  /** Changes with what the terminal holds. */
  version: number;
  words: string;
  onWords: (words: string) => void;
  onMatch: (match: Match | null) => void;
  /** The reader wants back to the text. */
  onLeave: () => void;
}

export function Find({ field, terminal, version, words, onWords, onMatch, onLeave }: FindProps) {
  const finder = useMemo(() => new Finder(words), [words]);
  const [count, setCount] = useState(0);
  const [at, setAt] = useState(-1);
  useEffect(() => {
    if (words === "") return;
    // A part at a time, so that typing is never waited for.
    let timer = setTimeout(function look() {
      const more = finder.step(terminal);
      setCount(finder.matches.length);
      if (more) timer = setTimeout(look);
    });
    return () => clearTimeout(timer);
  }, [finder, words, terminal, version]);
  const go = (by: number) => {
    if (finder.matches.length === 0) return;
    // Nobody was at one yet: back from there is the last.
    const next =
      at < 0 && by < 0 ? finder.matches.length - 1 : (at + by + finder.matches.length) % finder.matches.length;
    setAt(next);
    onMatch(finder.matches[next] ?? null);
  };
  const change = (text: string) => {
    setAt(-1);
    setCount(0);
    onWords(text);
    onMatch(null);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Enter") go(event.shiftKey ? -1 : 1);
    else if (event.key === "Escape") {
      change("");
      onLeave();
    } else return;
    event.preventDefault();
  };
  const all = count >= MOST ? `${thousands(MOST)} or more` : thousands(count);
  return (
    <search className="flex flex-wrap items-center gap-1">
      <span className="relative">
        <Search aria-hidden className="pointer-events-none absolute top-2 left-2.5 size-4 text-ink-3" />
        <input
          ref={field}
          value={words}
          maxLength={200}
          spellCheck={false}
          aria-label="Find in the output"
          placeholder="Find"
          onChange={({ target }) => change(target.value)}
          onKeyDown={onKeyDown}
          className={`${inputClass} h-8 w-36 pl-8`}
        />
      </span>
      <IconButton label="Match before" disabled={count === 0} onClick={() => go(-1)}>
        <ChevronUp />
      </IconButton>
      <IconButton label="Next match" disabled={count === 0} onClick={() => go(1)}>
        <ChevronDown />
      </IconButton>
      <span role="status" className="text-xs text-ink-3 tabular-nums">
        {words !== "" && (count === 0 ? "Not found" : at < 0 ? all : `${at + 1} of ${all}`)}
      </span>
    </search>
  );
}
