/** The rules of writing attributes. */
import { expect, test } from "vitest";
import type { FieldSchema } from "@/shared/wire";
import { read, shown, tidy, told, written } from "./values";

const field = (type: string): FieldSchema => ({ name: "f", label: "F", type, help: "" });

test("what is written is what was read, whatever the type", () => {
  const values: [string, unknown][] = [
    ["text", "captain"],
    ["number", 34.5],
    ["boolean", false],
    ["list", ["brave", "late"]],
    ["choice", "lead"],
  ];
  for (const [type, value] of values) expect(read(field(type), written(field(type), value))).toEqual(value);
});

test("an emptied input stands for no value, and half a number for none", () => {
  expect(read(field("number"), "")).toBeUndefined();
  expect(read(field("number"), "3e")).toBeUndefined();
});

test("blank lines and blanks are not sent, and an emptied list is gone", () => {
  expect(tidy({ tags: [" sea ", "", "night"], traits: [""], role: "  ", age: 0 })).toEqual({
    tags: ["sea", "night"],
    age: 0,
  });
});

test("values are shown on one line", () => {
  expect([["a", "b"], true, null, { x: 1 }, 3].map(shown)).toEqual(["a, b", "Yes", "", '{"x":1}', "3"]);
});

test("a length in eighths is told in pages, and every other number as it is", () => {
  const eighths = { ...field("number"), name: "pageEighths" };
  expect([19, 16, 3].map((value) => told(eighths, value))).toEqual(["2 3/8", "2", "3/8"]);
  expect(told(field("number"), 19)).toBe("19");
});
