/** The rules of command lines. */
import { expect, test } from "vitest";
import { joined, split } from "./shell";

const argv = (line: string) => split(line).argv;

test("a line is divided where there is space, and quotes keep together what they hold", () => {
  expect(argv("  cargo  test -p store ")).toEqual(["cargo", "test", "-p", "store"]);
  expect(argv(`git commit -m "a quiet harbour" --author='Ada Lind'`)).toEqual([
    "git",
    "commit",
    "-m",
    "a quiet harbour",
    "--author=Ada Lind",
  ]);
  expect(argv("")).toEqual([]);
});

test("an empty argument is one, and a backslash takes what comes after it as it is", () => {
  expect(argv(`printf "" '' a`)).toEqual(["printf", "", "", "a"]);
  expect(argv(String.raw`a\ b "c\"d\n" 'e\f'`)).toEqual(["a b", String.raw`c"d\n`, String.raw`e\f`]);
});

test("a quote that is not closed is told", () => {
  expect(split(`echo "half`)).toMatchObject({ argv: ["echo", "half"], open: '"' });
});

test("what only a shell would understand is told, unless it stands in quotes", () => {
  expect(split("make | tee log").shell).toBe("|");
  expect(split("echo '$HOME' 'a|b'").shell).toBeNull();
});

test("what is joined is read as the same arguments again", () => {
  for (const words of [
    ["echo", "it's", "", "a b"],
    ["prj_1=/srv/my tides", "$x", '"'],
    ["plain", "--a=b,c"],
  ]) {
    expect(argv(joined(words))).toEqual(words);
  }
  expect(joined(["plain", "--a=b,c"])).toBe("plain --a=b,c");
});
