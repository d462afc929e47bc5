/** The rules of making an agent's JSON readable. */
import { expect, test } from "vitest";
import { type Part, readable } from "./readable";
import { unitsOf } from "./units";

const source = {
  collection: "scenes",
  record: "ent_1",
  scene: "3",
  line: 5,
  span: { start: 1, end: 9 },
  quote: "A rope.",
};

const table = (parts: Part[]) => {
  const [part] = parts;
  if (part?.kind !== "table") throw new Error(`no table but ${part?.kind}`);
  return { columns: part.columns, rows: part.rows.map((row) => row.map(({ text }) => text)), cells: part.rows };
};

test("like objects are a table, without what means nothing to a reader", () => {
  const rows = [
    { number: "1-01", scene: "3", size: "wide", subject: [], words: 0, source },
    { number: "1-02", scene: "3", size: "insert", subject: ["Mara", "Joss"], words: 12, source },
  ];
  expect(table(readable(rows))).toMatchObject({
    columns: ["Number", "Scene", "Size", "Subject", "Words"],
    rows: [
      ["1-01", "3", "wide", "", "0"],
      ["1-02", "3", "insert", "Mara, Joss", "12"],
    ],
  });
});

test("a scene's number and a thing's name lead to the record that is cited", () => {
  const { cells } = table(readable([{ scene: "3", kind: "sound", name: "Foghorn", source }]));
  expect(cells[0]?.[0]).toEqual({ kind: "link", text: "3", collection: "scenes", record: "ent_1", quote: "A rope." });
  expect(readable({ props: [{ name: "Rope", source }] })).toMatchObject([
    { kind: "facts", facts: [{ label: "Props", cell: { kind: "link", text: "Rope", record: "ent_1" } }] },
  ]);
});

test("a thing that names its record is no mere citation of it", () => {
  const check = { collection: "characters", record: "ent_2", name: "Mara", scenes: 9, described: true };
  expect(table(readable([check]))).toMatchObject({
    columns: ["Name", "Scenes", "Described"],
    rows: [["Mara", "9", "yes"]],
  });
});

test("what is too much for a table is a section for each, by its name", () => {
  const sheet = { scene: "1", heading: "EXT. HARBOUR", rows: [{ a: { b: 1, c: { d: [1, 2] } } }] };
  expect(readable([sheet])).toMatchObject([
    { kind: "section", parts: [{ kind: "section", title: "1. EXT. HARBOUR" }] },
  ]);
});

test("what says nothing is left out, and everything else is somewhere", () => {
  expect(readable({ slips: [], note: "", nothing: null, deep: { deeper: [] } })).toEqual([]);
  const deep = { a: { b: { c: { d: { e: { f: { g: "at the bottom" } } } } } } };
  expect(JSON.stringify(readable(deep))).toContain("at the bottom");
});

test("numbers are told in the units of who made them", () => {
  const plan = { schedule: { days: [{ number: 1, eighths: 38 }] }, calls: [{ day: 1, crewCall: 420, wrap: 1380 }] };
  const told = JSON.stringify(readable(plan, unitsOf("production/plan")));
  for (const words of ["4 6/8 pages", "07:00", "23:00"]) expect(told).toContain(words);
  expect(JSON.stringify(readable({ starts: 54_114 }, unitsOf("video/animatic")))).toContain("0:54.1");
  expect(JSON.stringify(readable({ share: 0.319 }, unitsOf("character/cast")))).toContain("32 %");
});

test("texts are whole, however long", () => {
  const text = "words ".repeat(100).trim();
  expect(readable({ report: text })).toEqual([{ kind: "text", title: "Report", text }]);
  expect(readable("said")).toEqual([{ kind: "text", title: "", text: "said" }]);
});
