/** The rules of money. */
import { expect, test } from "vitest";
import { count, micro, usd, written } from "./money";

test("what was written comes back as it was, and nothing is not 0", () => {
  for (const text of ["0", "1.5", "0.29", "1000000"]) expect(written(micro(text))).toBe(text);
  expect(micro(" ")).toBeNull();
  expect(written(null)).toBe("");
  expect(micro("0")).toBe(0);
});

test("what is no amount sets none, and more than the server takes becomes the most that it takes", () => {
  expect([micro("-1"), micro("much"), count("-3")]).toEqual([null, null, null]);
  expect([micro("1e300"), micro("9e9"), count("1e15")]).toEqual([1e12, 1e12, 1e12]);
});

test("cents are told, and less than a cent is not told as nothing", () => {
  expect([usd(0), usd(1_250_000), usd(1_234_567_890), usd(420)]).toEqual(["$0.00", "$1.25", "$1,234.57", "$0.00042"]);
});
