/** A unified diff, as git writes it, as files and rows that can be looked at. */

export type DiffKind = "file" | "hunk" | "added" | "removed" | "same" | "note";

export interface DiffRow {
  kind: DiffKind;
  text: string;
  /** The line's number before and after; nothing where it was not, or is no more. */
  before: number | null;
  after: number | null;
}

export interface DiffFile {
  path: string;
  /** What it was called, if that was something else. */
  was: string | null;
  change: "added" | "modified" | "deleted" | "renamed";
  /** It is no text, and what changed in it is not told. */
  binary: boolean;
  added: number;
  removed: number;
  /** The row that it begins with. */
  row: number;
}

export interface Diff {
  files: DiffFile[];
  rows: DiffRow[];
  /** Letters of the longest row. */
  widest: number;
  /** Rows that are left out because there are too many. */
  left: number;
}

const MOST_ROWS = 100_000;
/** Letters of a row; what is longer is cut. */
const LONGEST = 1_000;

export function diff(text: string): Diff {
  const files: DiffFile[] = [];
  const rows: DiffRow[] = [];
  let [widest, left] = [0, 0];
  /** Lines of the hunk that are still to come, and the numbers of the next ones. */
  let [old, fresh, before, after] = [0, 0, 0, 0];
  /** Within the lines that tell of a file, before its hunks. */
  let heading = false;
  let file: DiffFile | undefined;

  const push = (kind: DiffKind, whole: string, one: number | null = null, other: number | null = null) => {
    if (rows.length >= MOST_ROWS) {
      left += 1;
      return;
    }
    const row = whole.length > LONGEST ? `${whole.slice(0, LONGEST)}…` : whole;
    widest = Math.max(widest, row.length);
    rows.push({ kind, text: row, before: one, after: other });
  };
  const begin = (path: string) => {
    file = { path, was: null, change: "modified", binary: false, added: 0, removed: 0, row: rows.length };
    files.push(file);
    push("file", path);
    heading = true;
  };
  const named = (path: string) => {
    if (!file) return;
    file.path = path;
    const row = rows[file.row];
    if (row) row.text = path;
  };

  for (const line of text.split("\n")) {
    const [sign, rest] = [line.charAt(0), line.slice(1)];
    if (old > 0 || fresh > 0) {
      if (sign === "+") {
        push("added", rest, null, after++);
        fresh -= 1;
        if (file) file.added += 1;
        continue;
      }
      if (sign === "-") {
        push("removed", rest, before++, null);
        old -= 1;
        if (file) file.removed += 1;
        continue;
      }
      // Some programs take away the space of an empty line.
      if (sign === " " || line === "") {
        push("same", rest, before++, after++);
        old -= 1;
        fresh -= 1;
        continue;
      }
    }
    const hunk = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line);
    if (hunk) {
      [before, after] = [Number(hunk[1]), Number(hunk[3])];
      [old, fresh] = [Number(hunk[2] ?? 1), Number(hunk[4] ?? 1)];
      heading = false;
      push("hunk", line);
    } else if (line.startsWith("diff --git ")) {
      [old, fresh] = [0, 0];
      begin(inHeading(line.slice("diff --git ".length)));
    } else if (line.startsWith("--- ") && (!heading || !file)) {
      // A diff that is not git's says no more of a file than this.
      begin(called(line.slice(4)) ?? "");
      if (file && line.startsWith("--- /dev/null")) file.change = "added";
    } else if (sign === "\\") push("note", "No line feed at the end");
    else if (file && heading) {
      const told = (start: string) => (line.startsWith(start) ? line.slice(start.length) : null);
      const to = told("+++ ");
      const [renamed, source] = [told("rename to ") ?? told("copy to "), told("rename from ") ?? told("copy from ")];
      if (to !== null) {
        const path = called(to);
        if (path === null) file.change = "deleted";
        else named(path);
      } else if (line.startsWith("new file")) file.change = "added";
      else if (line.startsWith("deleted file")) file.change = "deleted";
      else if (source !== null) {
        file.was = unquoted(source);
        file.change = "renamed";
      } else if (renamed !== null) named(unquoted(renamed));
      else if (line.startsWith("Binary files ") || line === "GIT binary patch") {
        file.binary = true;
        heading = line !== "GIT binary patch";
        push("note", "No text: what changed in it is not shown");
      }
    }
  }
  return { files, rows, widest, left };
}

/** The path after `--- ` or `+++ `; null for what is not there. */
function called(told: string): string | null {
  const path = unquoted(told.replace(/\t.*$/, ""));
  return path === "/dev/null" ? null : path.replace(/^[ab]\//, "");
}

/** `a/path b/path`, where both are the same unless a line that follows says otherwise. */
function inHeading(told: string): string {
  const half = told.slice(Math.floor(told.length / 2) + 1);
  return unquoted(half.trim()).replace(/^b\//, "");
}

const ESCAPES: Record<string, string> = {
  n: "\n",
  t: "\t",
  r: "\r",
  '"': '"',
  "\\": "\\",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
};

/** A path as git writes one that has other letters than ASCII in it: in quotes, byte by byte in octal. */
function unquoted(path: string): string {
  if (!path.startsWith('"') || !path.endsWith('"')) return path;
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  for (const [whole, octal, escape] of path.slice(1, -1).matchAll(/\\([0-7]{3})|\\(.)|[^\\]+/gs)) {
    if (octal) bytes.push(Number.parseInt(octal, 8));
    else bytes.push(...encoder.encode(escape ? (ESCAPES[escape] ?? escape) : whole));
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
