/** The rules of styles. */
import { expect, test } from "vitest";
import { applied, BOLD, contrast, seen, UNDERLINE } from "./sgr";

const after = (...sequences: string[]) => sequences.reduce(applied, 0);

test("a sequence adds to what is, 0 or nothing ends all of it", () => {
  expect(after("1", "4")).toBe(BOLD | UNDERLINE);
  expect(after("1;4;22")).toBe(UNDERLINE);
  expect(after("1;31", "")).toBe(0);
  expect(after("31;0;1")).toBe(BOLD);
});

test("colours have names, numbers or parts, before and behind", () => {
  expect(after("31")).toBe(after("38;5;1"));
  expect(after("94")).toBe(after("38:5:12"));
  expect(after("38;2;255;0;0")).toBe(after("38;5;196"));
  expect(after("38:2::255:0:0")).toBe(after("38;5;196"));
  expect(after("48;5;196")).not.toBe(after("38;5;196"));
  expect(after("31;44;39;49")).toBe(0);
});

test("what follows a colour in the same sequence is still read", () => {
  expect(after("38;5;9;1")).toBe(after("91;1"));
  expect(after("38;2;1;2;3;4")).toBe(after("38;2;1;2;3", "4"));
});

test("what is not known, or half a colour, changes nothing", () => {
  expect(after("1", "99;73;38;5", "38;5;900", "x")).toBe(BOLD);
});

test("whatever a program chooses can be read", () => {
  for (let front = 0; front < 256; front++) {
    for (const more of ["", ";2", ";7", ";1", ";44", ";48;5;231", ";40", `;48;5;${front}`]) {
      const { ink, ground } = seen(after(`38;5;${front}${more}`));
      expect(contrast(ink, ground), `${front}${more}`).toBeGreaterThanOrEqual(4.5);
    }
  }
});
