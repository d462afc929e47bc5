// @vitest-environment jsdom
/** The rules of writing on a record while others change it. */
import { act, renderHook } from "@testing-library/react";
import { expect, test } from "vitest";
import type { Entity } from "@/shared/wire";
import { useDraft } from "./draft";

const record = (version: number, part: Partial<Entity> = {}): Entity => ({
  id: "ent_1",
  projectId: "prj_1",
  collection: "characters",
  name: "Mara",
  slug: "mara",
  description: "A captain.",
  metadata: { age: 34 },
  position: 0,
  version,
  createdAt: "2026-01-01T00:00:00Z",
  updatedAt: "2026-01-01T00:00:00Z",
  origin: "person",
  ...part,
});

const open = (first: Entity) => renderHook(({ it }) => useDraft(it), { initialProps: { it: first } });

test("only what was changed is sent, with the version it was made from", () => {
  const { result } = open(record(3));
  expect(result.current.request()).toBeNull();
  act(() => result.current.setAttribute("age", 35));
  expect(result.current.request()).toEqual({ version: 3, metadata: { age: 35 } });
});

test("a change of someone else's comes in under what is being typed", () => {
  const { result, rerender } = open(record(3));
  act(() => result.current.set({ name: "Mara Voss" }));
  rerender({ it: record(4, { description: "A ferry captain." }) });
  expect(result.current.draft).toMatchObject({ name: "Mara Voss", description: "A ferry captain." });
  expect(result.current.request()).toEqual({ version: 4, name: "Mara Voss" });
  expect(result.current.clashes).toEqual([]);
});

test("when both changed the same part, a person chooses", () => {
  const { result, rerender } = open(record(3));
  act(() => result.current.set({ name: "M. Voss" }));
  rerender({ it: record(4, { name: "Mara Voss" }) });
  expect(result.current.clashes).toEqual([{ path: "name", theirs: "Mara Voss" }]);
  expect(result.current.draft.name).toBe("M. Voss");
  const [clash] = result.current.clashes;
  if (clash) act(() => result.current.settle(clash, "theirs"));
  expect(result.current.draft.name).toBe("Mara Voss");
  expect(result.current.request()).toBeNull();
});

test("after a save nothing is left to send", () => {
  const { result, rerender } = open(record(3));
  act(() => result.current.set({ name: "Mara Voss" }));
  rerender({ it: record(4, { name: "Mara Voss" }) });
  expect(result.current.dirty).toEqual([]);
  expect(result.current.clashes).toEqual([]);
});
