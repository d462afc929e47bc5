/** The rules of shortcuts. */
import { expect, test } from "vitest";
import { pressed } from "./actions";

const key = (name: string, held: Partial<Record<"ctrlKey" | "metaKey" | "altKey" | "shiftKey", boolean>> = {}) =>
  ({ key: name, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held }) as KeyboardEvent;

test("Mod is Ctrl, and Command on a Mac, and never both", () => {
  expect(pressed("Mod+K", key("k", { ctrlKey: true }), false)).toBe(true);
  expect(pressed("Mod+K", key("k", { metaKey: true }), false)).toBe(false);
  expect(pressed("Mod+K", key("k", { metaKey: true }), true)).toBe(true);
  expect(pressed("Mod+K", key("k", { metaKey: true, ctrlKey: true }), true)).toBe(false);
});

test("a plain key is not pressed while Ctrl or Alt is held", () => {
  expect(pressed("N", key("n"), false)).toBe(true);
  expect(pressed("N", key("n", { ctrlKey: true }), false)).toBe(false);
  expect(pressed("N", key("n", { altKey: true }), false)).toBe(false);
});

test("a sign that is typed with Shift is that sign", () => {
  expect(pressed("?", key("?", { shiftKey: true }), false)).toBe(true);
});

test("where Shift is named it must be held", () => {
  expect(pressed("Mod+Shift+Z", key("Z", { ctrlKey: true }), false)).toBe(false);
  expect(pressed("Mod+Shift+Z", key("Z", { ctrlKey: true, shiftKey: true }), false)).toBe(true);
});
