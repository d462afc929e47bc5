/** Where the lines of a terminal stand when they are wrapped: rows of so many columns each, found without looking at all of them. */
import type { Terminal, TextLine } from "./terminal";
import { widthOf } from "./width";

export class Rows {
  /** For each line that is written over no more, the number of rows until its end. */
  #ends: number[] = [];
  /** The number of the first line that is counted, and the rows before it. */
  #first: number;
  #before = 0;
  #open = 0;

  /** `columns` may be infinite: nothing is wrapped then. */
  constructor(
    readonly terminal: Terminal,
    readonly columns: number,
  ) {
    this.#first = terminal.dropped;
  }

  get total(): number {
    return this.#sealed() - this.#before + this.#open;
  }

  /** Counts what has come since; gives how many rows went at the beginning. */
  sync(): number {
    const { terminal } = this;
    const gone = Math.min(terminal.dropped - this.#first, this.#ends.length);
    const before = this.#before;
    if (gone > 0) {
      this.#before = this.#ends[gone - 1] ?? before;
      this.#ends.splice(0, gone);
    }
    this.#first = terminal.dropped;
    for (let at = this.#first + this.#ends.length; at < terminal.sealed; at++) {
      this.#ends.push(this.#sealed() + this.#of(terminal.line(at)));
    }
    this.#open = terminal.end > terminal.sealed ? this.#of(terminal.line(terminal.sealed)) : 0;
    return this.#before - before;
  }

  /** Which line stands in a row, and which part of it. */
  at(row: number): { line: number; part: number } {
    const wanted = row + this.#before;
    let [low, high] = [0, this.#ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ends[middle] ?? 0) > wanted) high = middle;
      else low = middle + 1;
    }
    return { line: this.#first + low, part: wanted - (this.#ends[low - 1] ?? this.#before) };
  }

  /** The row in which a place of a line stands. */
  rowOf(line: number, offset: number): number {
    const held = line - this.#first;
    const text = this.terminal.line(line);
    const start = (held > 0 ? (this.#ends[held - 1] ?? 0) : this.#before) - this.#before;
    return start + (text && this.columns < Infinity ? Math.floor(columnOf(text, offset) / this.columns) : 0);
  }

  /** From where to where in its text a part of a line goes. */
  cut(line: TextLine, part: number): [number, number] {
    if (this.columns === Infinity) return [0, line.text.length];
    const from = part * this.columns;
    return [offsetOf(line, from), offsetOf(line, from + this.columns)];
  }

  #sealed(): number {
    return this.#ends.at(-1) ?? this.#before;
  }

  #of(line: TextLine | undefined): number {
    return Math.max(1, Math.ceil((line?.cells ?? 0) / this.columns));
  }
}

/** Where in a line's text a column begins. */
function offsetOf({ text, cells }: TextLine, column: number): number {
  if (cells === text.length) return Math.min(column, cells);
  let [offset, reached] = [0, 0];
  for (const letter of text) {
    const width = widthOf(letter);
    if (reached >= column && width > 0) return offset;
    reached += width;
    offset += letter.length;
  }
  return offset;
}

function columnOf({ text, cells }: TextLine, offset: number): number {
  if (cells === text.length) return offset;
  let column = 0;
  for (const letter of text.slice(0, offset)) column += widthOf(letter);
  return column;
}
