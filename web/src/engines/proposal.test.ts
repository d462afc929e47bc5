/** The rules of a proposal's form. */
import { expect, test } from "vitest";
import { askedFor, type Kind, written } from "./proposal";

const KINDS: Record<string, Kind> = { age: "number", tags: "list", alive: "boolean", name: "text" };
const asked = (values: Record<string, unknown>, edits: Record<string, string>) =>
  askedFor(values, edits, (field) => KINDS[field] ?? "unknown");

test("each kind of value is read as it is written", () => {
  const values = { age: 34, tags: ["sea", "night"], alive: true, name: "Mara" };
  const edits = Object.fromEntries(Object.entries(values).map(([field, value]) => [field, written(value)]));
  expect(asked({}, edits).changes).toEqual(values);
  expect(asked(values, edits)).toEqual({ changes: {}, problems: {} });
});

test("items that hold commas survive the form", () => {
  const tags = ["salt, sea", "night"];
  expect(asked({}, { tags: written(tags) }).changes["tags"]).toEqual(tags);
});

test("an emptied field is taken out, but not the name", () => {
  expect(asked({ age: 34, name: "Mara" }, { age: " ", name: "" })).toEqual({
    changes: { age: null },
    problems: { name: "A record needs a name." },
  });
});

test("a number that is none is refused before it is sent", () => {
  expect(asked({}, { age: "old" }).problems["age"]).toBe("This must be a number.");
});

test("an emptied field that was empty changes nothing", () => {
  expect(asked({}, { age: "" }).changes).toEqual({});
});
