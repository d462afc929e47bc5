/** A row of a terminal, in the colours that the program chose, with the words marked that somebody looks for. */
import clsx from "clsx";
import { type CSSProperties, memo } from "react";
import { found, pieces } from "@/engines/finder";
import { BOLD, GROUND, ITALIC, seen, STRUCK, UNDERLINE, written } from "@/engines/sgr";
import type { TextLine } from "@/engines/terminal";
import { ROW_DATA } from "./copied";

/** Styles whose looks are remembered. */
const KNOWN = 2_000;
const looks = new Map<number, CSSProperties>();

function lookOf(style: number): CSSProperties {
  const known = looks.get(style);
  if (known) return known;
  const { ink, ground } = seen(style);
  const lines = [style & UNDERLINE && "underline", style & STRUCK && "line-through"].filter(Boolean).join(" ");
  const look: CSSProperties = {
    color: written(ink),
    ...(ground !== GROUND && { backgroundColor: written(ground) }),
    ...(style & BOLD && { fontWeight: 700 }),
    ...(style & ITALIC && { fontStyle: "italic" }),
    ...(lines && { textDecoration: lines }),
  };
  if (looks.size >= KNOWN) looks.clear();
  looks.set(style, look);
  return look;
}

interface RowProps {
  line: TextLine;
  /** The part of the line's text that stands in this row. */
  from: number;
  to: number;
  /** What is looked for. */
  words: string;
  /** Where the match begins that was gone to; -1 if it is in another line. */
  here: number;
}

export const Row = memo(function Row({ line, from, to, words, here }: RowProps) {
  const places = found(line.text, words);
  const look = { className: "h-[18px]", [ROW_DATA]: from > 0 ? "on" : "" };
  if (line.styles === null && places.length === 0) return <div {...look}>{line.text.slice(from, to)}</div>;
  return (
    <div {...look}>
      {pieces(line, [from, to], places, words.length).map(({ text, style, found: match, at }) =>
        match ? (
          <mark
            key={at}
            className={clsx(
              "text-black",
              here >= 0 && at >= here && at < here + words.length ? "bg-[#ff9f43]" : "bg-[#ffe08a]",
            )}
          >
            {text}
          </mark>
        ) : style === 0 ? (
          text
        ) : (
          <span key={at} style={lookOf(style)}>
            {text}
          </span>
        ),
      )}
    </div>
  );
});
