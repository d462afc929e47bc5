/** The rules of a list that grows while it is read. */
import { expect, test } from "vitest";
import { AT_END, follow } from "./follow";

test("a reader at the end stays there", () => {
  expect(follow(AT_END, { kind: "grew" })).toBe(AT_END);
});

test("a reader who scrolled up is not moved, but told of new text", () => {
  const up = follow(AT_END, { kind: "scrolled", below: 40 });
  expect(up).toEqual({ pinned: false, fresh: false });
  expect(follow(up, { kind: "grew" })).toEqual({ pinned: false, fresh: true });
});

test("scrolling about in the middle does not forget that there is new text", () => {
  const told = { pinned: false, fresh: true };
  expect(follow(told, { kind: "scrolled", below: 300 })).toBe(told);
});

test("coming back to the end, or asking for it, follows again", () => {
  const told = { pinned: false, fresh: true };
  expect(follow(told, { kind: "scrolled", below: 2 })).toEqual(AT_END);
  expect(follow(told, { kind: "jumped" })).toEqual(AT_END);
});
