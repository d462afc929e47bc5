/** The rules of changing a record while others do. */
import { expect, test } from "vitest";
import { changed, merge, patch, type Draft } from "./changes";

const base: Draft = {
  name: "Mara",
  description: "A captain.",
  body: "",
  metadata: { age: 34, tags: ["sea"], role: "lead" },
};

test("a request says only what changed, and takes out what is gone", () => {
  const { role: _, ...rest } = base.metadata;
  expect(patch(base, { ...base, name: "Mara Voss", metadata: { ...rest, age: 35 } }, 7)).toEqual({
    version: 7,
    name: "Mara Voss",
    metadata: { age: 35, role: null },
  });
});

test("without a change there is no request, whatever the order of keys", () => {
  const shuffled = { ...base, metadata: { role: "lead", tags: ["sea"], age: 34, motto: null } };
  expect(patch(base, shuffled, 1)).toBeNull();
});

test("changes of different parts come together without a conflict", () => {
  const mine = { ...base, metadata: { ...base.metadata, age: 35 } };
  const theirs = { ...base, description: "A ferry captain.", metadata: { ...base.metadata, tags: ["sea", "night"] } };
  const { draft, conflicts } = merge(base, mine, theirs);
  expect(conflicts).toEqual([]);
  expect(draft).toEqual({
    ...base,
    description: "A ferry captain.",
    metadata: { age: 35, tags: ["sea", "night"], role: "lead" },
  });
});

test("a part that both changed differently is a conflict, and mine is kept until a person decides", () => {
  const { draft, conflicts } = merge(base, { ...base, name: "M. Voss" }, { ...base, name: "Mara Voss" });
  expect(conflicts).toEqual(["name"]);
  expect(draft.name).toBe("M. Voss");
});

test("a part that both changed alike is no conflict", () => {
  const same = { ...base, name: "Mara Voss" };
  expect(merge(base, same, same).conflicts).toEqual([]);
});

test("a key that I removed stays removed when others changed another", () => {
  const { role: _, ...rest } = base.metadata;
  const theirs = { ...base, metadata: { ...base.metadata, age: 40 } };
  const { draft } = merge(base, { ...base, metadata: rest }, theirs);
  expect(draft.metadata).toEqual({ age: 40, tags: ["sea"] });
  expect(changed(theirs, draft)).toEqual(["metadata.role"]);
});
