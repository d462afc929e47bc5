/** The rules of where wrapped lines stand, and of finding words in them. */
import { expect, test } from "vitest";
import { Finder, found, MOST, pieces } from "./finder";
import { Rows } from "./rows";
import { Terminal } from "./terminal";

function read(text: string): Terminal {
  const terminal = new Terminal();
  terminal.feed(new TextEncoder().encode(text));
  return terminal;
}

function shown(rows: Rows): string[] {
  return Array.from({ length: rows.total }, (_, row) => {
    const { line, part } = rows.at(row);
    const text = rows.terminal.line(line);
    return text ? text.text.slice(...rows.cut(text, part)) : "?";
  });
}

test("a line takes as many rows as it needs, and at least one", () => {
  const rows = new Rows(read("abcdefg\n\nhij\nk"), 3);
  rows.sync();
  expect(shown(rows)).toEqual(["abc", "def", "g", "", "hij", "k"]);
  expect(rows.rowOf(0, 4)).toBe(1);
  expect(rows.rowOf(2, 0)).toBe(4);
});

test("the line that is being written is counted anew each time", () => {
  const terminal = read("ab");
  const rows = new Rows(terminal, 3);
  rows.sync();
  expect(rows.total).toBe(1);
  terminal.feed(new TextEncoder().encode("cdef\rx"));
  rows.sync();
  expect(shown(rows)).toEqual(["xbc", "def"]);
});

test("without wrapping a line is a row", () => {
  const rows = new Rows(read(`${"long ".repeat(100)}\nshort\n`), Infinity);
  rows.sync();
  expect(rows.total).toBe(2);
  expect(rows.rowOf(1, 3)).toBe(1);
});

test("wide letters and accents are wrapped by their columns", () => {
  const rows = new Rows(read("漢字漢字\ne\u0301e\u0301e\u0301e\u0301\n"), 4);
  rows.sync();
  expect(shown(rows)).toEqual(["漢字", "漢字", "e\u0301e\u0301e\u0301e\u0301"]);
  expect(rows.rowOf(0, 3)).toBe(1);
});

test("rows that go at the beginning are told, so that a reader stays where they are", () => {
  const terminal = new Terminal();
  const feed = (count: number) => terminal.feed(new TextEncoder().encode("abcd\n".repeat(count)));
  feed(199_999);
  const rows = new Rows(terminal, 2);
  expect(rows.sync()).toBe(0);
  const before = rows.total;
  feed(10);
  const gone = rows.sync();
  expect(gone).toBe(terminal.dropped * 2);
  expect(gone).toBeGreaterThan(0);
  expect(rows.total).toBe(before + 20 - gone);
  expect(rows.at(0)).toEqual({ line: terminal.dropped, part: 0 });
  expect(rows.at(rows.total - 1)).toEqual({ line: terminal.end - 1, part: 1 });
});

test("words are found whatever their case, on and on as more is written", () => {
  const terminal = read("Error: one\nfine\nerror error\n");
  const finder = new Finder("ERROR");
  expect(finder.step(terminal)).toBe(false);
  expect(finder.matches).toEqual([
    { line: 0, from: 0 },
    { line: 2, from: 0 },
    { line: 2, from: 6 },
  ]);
  terminal.feed(new TextEncoder().encode("an error\n"));
  finder.step(terminal);
  expect(finder.matches.at(-1)).toEqual({ line: 3, from: 3 });
});

test("finding takes a part at a time, and stops where more would help nobody", () => {
  const terminal = read("x\n".repeat(50_000));
  const seldom = new Finder("y");
  expect([seldom.step(terminal), seldom.step(terminal), seldom.step(terminal)]).toEqual([true, true, false]);
  const often = new Finder("x");
  while (often.step(terminal));
  expect(often.matches.length).toBe(MOST);
  expect(found("aaaa", "aa")).toEqual([0, 2]);
  expect(found("anything", "")).toEqual([]);
});

test("a row is made of pieces of one look each", () => {
  const line = { text: "an error here", styles: [4, 0, 13, 2] };
  expect(pieces(line, [2, 10], [3], 5)).toEqual([
    { at: 2, text: " ", style: 0, found: false },
    { at: 3, text: "e", style: 0, found: true },
    { at: 4, text: "rror", style: 2, found: true },
    { at: 8, text: " h", style: 2, found: false },
  ]);
  expect(pieces({ text: "", styles: null }, [0, 0], [], 0)).toEqual([]);
});
