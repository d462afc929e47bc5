/** The rules of reading what a program writes. */
import { expect, test } from "vitest";
import { BOLD } from "./sgr";
import { LONGEST, Terminal } from "./terminal";

const bytes = (text: string) => new TextEncoder().encode(text);

function read(...chunks: (string | Uint8Array)[]): Terminal {
  const terminal = new Terminal();
  for (const chunk of chunks) terminal.feed(typeof chunk === "string" ? bytes(chunk) : chunk);
  return terminal;
}

const lines = (terminal: Terminal) =>
  Array.from({ length: terminal.end - terminal.dropped }, (_, at) => terminal.line(terminal.dropped + at));
const texts = (terminal: Terminal) => lines(terminal).map((line) => line?.text);

test("lines end with a line feed, with or without a carriage return; the last one is there before it ends", () => {
  expect(texts(read("one\r\ntwo\n\nthr"))).toEqual(["one", "two", "", "thr"]);
  expect(read("one\n").end).toBe(1);
});

test("a bar that is drawn over and over is one line, and what was longer shows behind what is shorter", () => {
  expect(texts(read("10 %\r20 %\r", "100 %\ndone"))).toEqual(["100 %", "done"]);
  expect(texts(read("abcdef\rxy\n"))).toEqual(["xycdef"]);
  expect(texts(read("abcdef\r\x1b[Kxy\n"))).toEqual(["xy"]);
  expect(texts(read("abcdef\x1b[3D\x1b[K\n", "abc\x1b[2K\rz\n", "abc\x1b[2D\x1b[1K\n"))).toEqual(["abc", "z", "  c"]);
});

test("a backspace goes back one column and no further than the first", () => {
  expect(texts(read("|\b/\b-\b\\\b\b\bdone\n"))).toEqual(["done"]);
});

test("a tab goes on to the next eighth column, and the cursor may be put in a column", () => {
  expect(texts(read("a\tb\x1b[20Gc\x1b[2Cd\n"))).toEqual([`a       b${" ".repeat(10)}c  d`]);
});

test("colours are kept by where they end, and are none of the text", () => {
  expect(lines(read("\x1b[31mred\x1b[0m plain\n"))).toEqual([
    { text: "red plain", cells: 9, styles: [3, 2, 9, 0], cut: false },
  ]);
  expect(lines(read("\x1b[1mall\nof it\x1b[m\nplain\n")).map((line) => line?.styles)).toEqual([
    [3, BOLD],
    [5, BOLD],
    null,
  ]);
});

test("however it is divided, the same comes of it", () => {
  const whole = bytes(
    "\x1b]0;a title\x07\x1b[1;38;5;208mGrüße 漢字 👩‍💻\x1b[0m ok\r\n50 %\r\x1b[Kend\x1b(B\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\n",
  );
  const expected = lines(read(whole));
  expect(expected.map((line) => line?.text)).toEqual(["Grüße 漢字 👩‍💻 ok", "endlink"]);
  for (let at = 1; at < whole.length; at++) {
    expect(lines(read(whole.subarray(0, at), whole.subarray(at)))).toEqual(expected);
  }
  expect(lines(read(...Array.from(whole, (byte) => Uint8Array.of(byte))))).toEqual(expected);
});

test("bytes that are no letters are shown as such, and half a letter at the end too", () => {
  const terminal = read(Uint8Array.of(0x61, 0xff, 0x62, 0x0a, 0xe6, 0xbc));
  terminal.finish();
  expect(texts(terminal)).toEqual(["a\ufffdb", "\ufffd"]);
});

test("a wide letter takes up two columns, and half of it is blank once the other half is written over", () => {
  expect(lines(read("漢x\n"))[0]).toMatchObject({ text: "漢x", cells: 3 });
  expect(texts(read("漢字\ra\n", "漢字\x1b[3Gb\n", "漢字\x1b[2Gc\n"))).toEqual(["a 字", "漢b ", " c字"]);
  expect(lines(read("e\u0301!\n"))[0]).toMatchObject({ text: "e\u0301!", cells: 2 });
});

test("a line that is too long goes on in the next one, and is whole again where it is copied", () => {
  const long = "x".repeat(LONGEST * 2 + 5);
  const terminal = read(long, "\nend\n");
  expect(texts(terminal).map((text) => text?.length)).toEqual([LONGEST, LONGEST, 5, 3]);
  expect(terminal.text()).toBe(`${long}\nend\n`);
});

test("a sequence that never ends does not swallow what follows", () => {
  expect(texts(read("\x1b]0;never ended\nnext\n"))).toEqual(["", "next"]);
  expect(texts(read(`\x1b[${"1".repeat(10_000)}\nnext\n`)).at(-1)).toBe("next");
  expect(texts(read("\x1b[12\nnext\n"))).toEqual(["", "next"]);
});

test("what moves between lines or asks for something is left out", () => {
  expect(texts(read("a\x1b[2J\x1b[H\x1b[3Ab\x1b[6n\x1b[?25l\x1b=c\n"))).toEqual(["abc"]);
});

const MEGA = 1 << 20;

/** Reads so many bytes of the same, in ten chunks; gives the most work for a byte of any chunk. */
function worst(text: string, length: number): number {
  const terminal = new Terminal();
  const chunk = bytes(text.repeat(Math.ceil(length / 10 / text.length)));
  let most = 0;
  for (let at = 0; at < 10; at++) {
    const before = terminal.work;
    terminal.feed(chunk);
    most = Math.max(most, (terminal.work - before) / chunk.length);
  }
  return most;
}

test("ten megabytes cost the same for each byte, the last as the first", () => {
  expect(worst("test store::contract::a_second_decision_is_refused ... \x1b[32mok\x1b[0m\n", 10 * MEGA)).toBeLessThan(
    4,
  );
  expect(worst("   Compiling atelier v0.1.0 (/work/atelier)\n", 10 * MEGA)).toBeLessThan(3);
  expect(worst("#".repeat(1000), 10 * MEGA)).toBeLessThan(4);
});

const EVIL = [
  "a\b",
  "\x1b[500Ca\r\x1b[K",
  "\x1b[500Gx\n",
  `${"x".repeat(LONGEST)}${"\x1b[1K".repeat(9999)}`,
  "\x1b]",
  "e\u0301\u0301",
  "漢\b",
];

test("what is meant to be slow is bounded by the longest line", () => {
  for (const evil of EVIL) expect(worst(evil, MEGA / 4), JSON.stringify(evil)).toBeLessThanOrEqual(LONGEST / 3);
});

test("what is held is bounded: the oldest lines go, and the others keep their numbers", () => {
  const terminal = read("\n".repeat(300_000), "last\n");
  expect(terminal.end).toBe(300_001);
  expect(terminal.end - terminal.dropped).toBeLessThanOrEqual(200_000);
  expect(terminal.line(300_000)?.text).toBe("last");
  expect(terminal.line(0)).toBeUndefined();
});
