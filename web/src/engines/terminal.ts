/** What a program writes, byte by byte, as lines that a person can read: colours, and lines that it writes over again. */
import { applied } from "./sgr";
import { widthOf } from "./width";

/** A line that is written over no more. */
export interface TextLine {
  text: string;
  /** Columns that it takes up, which for some letters is not their number. */
  cells: number;
  /** Where in the text each style ends, and the style, by turns; null if all of it is plain. */
  styles: readonly number[] | null;
  /** The program went on writing: it was cut because it became too long. */
  cut: boolean;
}

/** Columns of a line; what is longer goes on in the next one. Writing over costs no more than this for each character. */
export const LONGEST = 2_000;
/** Columns within which a program may put the cursor: no terminal that it knows is wider. */
const REACHED = 500;
/** Lines and characters that are held; the oldest go first. */
const MOST_LINES = 200_000;
const MOST_TEXT = 16 << 20;
/** Characters of an escape sequence; a longer one is none. */
const SEQUENCE = 4_096;

type Reading = "text" | "escape" | "charset" | "control" | "string";

export class Terminal {
  /** Lines that were dropped because there were too many; the first that is held has this number. */
  dropped = 0;
  /** The most columns that a line takes up. */
  widest = 0;
  /** Characters that were looked at or moved: what reading has cost. */
  work = 0;
  #lines: TextLine[] = [];
  #text = 0;
  /** The line that is being written: each column's characters and style. The second column of a wide letter is empty. */
  #chars: string[] = [];
  #styles: number[] = [];
  #column = 0;
  #style = 0;
  #reading: Reading = "text";
  #sequence = "";
  #decoder = new TextDecoder();

  /** The number after the last line. */
  get end(): number {
    return this.sealed + (this.#chars.length > 0 ? 1 : 0);
  }

  /** The number after the last line that is written over no more. */
  get sealed(): number {
    return this.dropped + this.#lines.length;
  }

  /** A line by its number. */
  line(at: number): TextLine | undefined {
    if (at === this.sealed && this.#chars.length > 0) return this.#made(false);
    return this.#lines[at - this.dropped];
  }

  /** All that is held, as a file has it. */
  text(): string {
    const pieces: string[] = [];
    for (let at = this.dropped; at < this.end; at++) {
      const line = this.line(at);
      if (line) pieces.push(line.text, line.cut ? "" : "\n");
    }
    return pieces.join("");
  }

  /** Reads on; what is half of a letter or of an escape sequence waits for its other half. */
  feed(bytes: Uint8Array): void {
    this.#read(this.#decoder.decode(bytes, { stream: true }));
  }

  /** Nothing more comes: the last line is whole as it is. */
  finish(): void {
    this.#read(this.#decoder.decode());
    if (this.#chars.length > 0) this.#seal(false);
  }

  #read(text: string): void {
    let at = 0;
    while (at < text.length) {
      if (this.#reading !== "text") {
        this.work += 1;
        this.#escaped(text.charAt(at++));
        continue;
      }
      const from = at;
      for (let code = text.charCodeAt(at); code >= 0x20 && code < 0x7f;) code = text.charCodeAt(++at);
      this.work += at - from + 1;
      // Most lines are plain and written once; they need not be taken apart.
      const ends = text[at] === "\n" ? 1 : text[at] === "\r" && text[at + 1] === "\n" ? 2 : 0;
      if (ends > 0 && this.#chars.length === 0 && this.#column === 0 && at - from <= LONGEST) {
        const plain = text.slice(from, at);
        this.#keep({
          text: plain,
          cells: plain.length,
          styles: plain && this.#style ? [plain.length, this.#style] : null,
          cut: false,
        });
        at += ends;
        continue;
      }
      for (let one = from; one < at; one++) this.#put(text.charAt(one), 1);
      if (at >= text.length) return;
      const letter = String.fromCodePoint(text.codePointAt(at) ?? 0);
      at += letter.length;
      this.#other(letter);
    }
  }

  /** What is no printable ASCII: controls, and the letters of the rest of the world. */
  #other(letter: string): void {
    switch (letter) {
      case "\n":
        this.#seal(false);
        return;
      case "\r":
        this.#column = 0;
        return;
      case "\b":
        this.#column = Math.max(0, this.#column - 1);
        return;
      case "\t":
        this.#move((Math.floor(this.#column / 8) + 1) * 8);
        return;
      case "\x1b":
        this.#reading = "escape";
        return;
    }
    const code = letter.codePointAt(0) ?? 0;
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return;
    this.#put(letter, widthOf(letter));
  }

  #escaped(char: string): void {
    switch (this.#reading) {
      case "escape":
        this.#sequence = "";
        if (char === "[") this.#reading = "control";
        else if ("]PX^_".includes(char)) this.#reading = "string";
        else this.#reading = "()*+#% ".includes(char) ? "charset" : "text";
        return;
      case "control":
        if (char >= "@" && char <= "~") {
          this.#reading = "text";
          this.#control(char, this.#sequence);
        } else if (char < " ") this.#abandon(char);
        else if (this.#sequence.length < SEQUENCE) this.#sequence += char;
        else this.#reading = "text";
        return;
      case "string":
        // Titles and links: nothing of them is shown. A program that never ends one must not swallow all that follows.
        if (char === "\x07" || (char === "\\" && this.#sequence.endsWith("\x1b"))) this.#reading = "text";
        else if (char === "\n") this.#abandon(char);
        else if (this.#sequence.length < SEQUENCE) this.#sequence += char;
        else this.#reading = "text";
        return;
      default:
        this.#reading = "text";
    }
  }

  /** What seemed to be a sequence was none. */
  #abandon(char: string): void {
    this.#reading = "text";
    this.#other(char);
  }

  /** The control sequences that a line knows; those that move between lines, or ask for something, mean nothing here. */
  #control(kind: string, sequence: string): void {
    this.work += sequence.length;
    const count = Math.min(LONGEST, Number.parseInt(sequence, 10) || 0);
    switch (kind) {
      case "m":
        this.#style = applied(this.#style, sequence);
        return;
      case "C":
        this.#move(this.#column + Math.max(1, count));
        return;
      case "D":
        this.#column = Math.max(0, this.#column - Math.max(1, count));
        return;
      case "G":
        this.#column = 0;
        this.#move(Math.max(1, count) - 1);
        return;
      case "K":
        this.#erase(count);
    }
  }

  #move(column: number): void {
    this.#column = Math.max(this.#column, Math.min(column, REACHED));
  }

  /** From the cursor to the end (0), from the beginning to the cursor (1), all of the line (2). */
  #erase(part: number): void {
    this.#split(this.#column);
    if (part !== 1)
      this.#chars.length = this.#styles.length = part === 2 ? 0 : Math.min(this.#column, this.#chars.length);
    else {
      const end = Math.min(this.#column + 1, this.#chars.length);
      this.#chars.fill(" ", 0, end);
      this.#styles.fill(0, 0, end);
      this.work += end;
    }
  }

  /** Writes a letter where the cursor is. One without a width belongs to the letter before it. */
  #put(letter: string, width: number): void {
    const [chars, styles] = [this.#chars, this.#styles];
    if (width === 0) {
      const before = chars[this.#column - 1] === "" ? this.#column - 2 : this.#column - 1;
      // More of them than any language has would make one column endless.
      if (chars[before] !== undefined && chars[before].length < 16) chars[before] += letter;
      return;
    }
    if (this.#column + width > LONGEST) this.#seal(true);
    const { length } = this.#chars;
    for (let at = length; at < this.#column; at++) {
      chars.push(" ");
      styles.push(0);
    }
    this.work += Math.max(0, this.#column - length);
    this.#split(this.#column);
    this.#split(this.#column + width);
    for (let at = 0; at < width; at++, this.#column++) {
      chars[this.#column] = at === 0 ? letter : "";
      styles[this.#column] = this.#style;
    }
  }

  /** Half of a wide letter is none: whatever stands across this column becomes blank. */
  #split(column: number): void {
    if (this.#chars[column] !== "") return;
    this.#chars[column] = this.#chars[column - 1] = " ";
  }

  #seal(cut: boolean): void {
    this.#keep(this.#made(cut));
    // Emptied, not replaced: `#put` holds them.
    this.#chars.length = this.#styles.length = this.#column = 0;
  }

  #made(cut: boolean): TextLine {
    const runs: number[] = [];
    let until = 0;
    this.work += this.#chars.length;
    this.#chars.forEach((char, at) => {
      const style = this.#styles[at] ?? 0;
      until += char.length;
      if (runs.length > 0 && runs.at(-1) === style) runs[runs.length - 2] = until;
      else runs.push(until, style);
    });
    const plain = runs.length === 0 || (runs.length === 2 && runs[1] === 0);
    return { text: this.#chars.join(""), cells: this.#chars.length, styles: plain ? null : runs, cut };
  }

  #keep(line: TextLine): void {
    this.#lines.push(line);
    this.#text += line.text.length;
    this.widest = Math.max(this.widest, line.cells);
    if (this.#lines.length <= MOST_LINES && this.#text <= MOST_TEXT) return;
    // An eighth at once, so that dropping costs little for each line.
    let gone = 0;
    while (this.#lines.length - gone > (MOST_LINES / 8) * 7 || this.#text > (MOST_TEXT / 8) * 7) {
      this.#text -= this.#lines[gone]?.text.length ?? 0;
      gone += 1;
    }
    this.#lines.splice(0, gone);
    this.dropped += gone;
    this.work += this.#lines.length;
  }
}
