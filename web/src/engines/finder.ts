/** Finds words in what a terminal holds, a part at a time, and goes on as more is written. */
import type { Terminal } from "./terminal";

export interface Match {
  line: number;
  /** Where in the line's text it begins. */
  from: number;
}

/** Lines that are looked at in one step, and matches that are kept. */
const STEP = 20_000;
export const MOST = 5_000;

export class Finder {
  matches: Match[] = [];
  #next = 0;
  readonly #words: string;

  constructor(words: string) {
    this.#words = words.toLowerCase();
  }

  /** Looks at some more lines; whether there are others that can be looked at now. */
  step(terminal: Terminal): boolean {
    if (this.matches[0] && this.matches[0].line < terminal.dropped) {
      this.matches = this.matches.filter(({ line }) => line >= terminal.dropped);
    }
    this.#next = Math.max(this.#next, terminal.dropped);
    const end = Math.min(terminal.sealed, this.#next + STEP);
    for (; this.#next < end && this.matches.length < MOST; this.#next++) {
      for (const from of found(terminal.line(this.#next)?.text ?? "", this.#words)) {
        this.matches.push({ line: this.#next, from });
      }
    }
    return this.#next < terminal.sealed && this.matches.length < MOST;
  }
}

/** Where words stand in a text, whatever their case. */
export function found(text: string, words: string): number[] {
  if (words === "") return [];
  const places: number[] = [];
  const [low, wanted] = [text.toLowerCase(), words.toLowerCase()];
  for (let at = low.indexOf(wanted); at >= 0; at = low.indexOf(wanted, at + wanted.length)) places.push(at);
  return places;
}

export interface Piece {
  /** Where in the line's text it begins. */
  at: number;
  text: string;
  style: number;
  found: boolean;
}

/** A part of a line in pieces of one look each. */
export function pieces(
  { text, styles }: { text: string; styles: readonly number[] | null },
  [from, to]: readonly [number, number],
  places: readonly number[],
  length: number,
): Piece[] {
  const bounds = new Set([from, to]);
  for (let at = 0; styles && at < styles.length; at += 2) bounds.add(styles[at] ?? 0);
  for (const place of places) bounds.add(place).add(place + length);
  const inside = [...bounds].filter((bound) => bound >= from && bound <= to).sort((a, b) => a - b);
  return inside.slice(0, -1).map((start, at) => ({
    at: start,
    text: text.slice(start, inside[at + 1]),
    style: styleAt(styles, start),
    found: places.some((place) => place <= start && start < place + length),
  }));
}

function styleAt(styles: readonly number[] | null, offset: number): number {
  for (let at = 0; styles && at < styles.length; at += 2) if (offset < (styles[at] ?? 0)) return styles[at + 1] ?? 0;
  return 0;
}
