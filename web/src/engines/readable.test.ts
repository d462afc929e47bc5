/** The rules of making an agent's JSON readable. */
import { expect, test } from "vitest";
import { type Part, readable } from "./readable";
import { called, termsOf } from "./terms";

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
  const told = JSON.stringify(readable(plan, termsOf("production/plan")));
  for (const words of ["4 6/8 pages", "07:00", "23:00"]) expect(told).toContain(words);
  expect(JSON.stringify(readable({ starts: 54_114 }, termsOf("video/animatic")))).toContain("0:54.1");
  expect(JSON.stringify(readable({ share: 0.319 }, termsOf("character/cast")))).toContain("32 %");
});

test("fields are called and told as the people of a film do", () => {
  const said = (value: object, agent: string) => JSON.stringify(readable(value, termsOf(agent)));
  const animatic = said({ millis: 481_590, byPagesMillis: 3_661_000 }, "video/animatic");
  for (const words of ["Length by what is said and done", "8 min 2 s", "1 h 1 min 1 s"])
    expect(animatic).toContain(words);
  expect(animatic).not.toMatch(/millis/i);
  expect(
    said({ findings: [{ fault: "twoPlacesAtOnce", message: "Mara is in two." }] }, "production/continuity"),
  ).toContain("two places at once");
  expect(called(termsOf("production/plan"), "", "daysOut")).toBe("Day-out-of-days");
  expect(called({}, "", "dayOutOfDays")).toBe("Day out of days");
});

test("days are told one by one, and scenes that follow each other as one", () => {
  const rows = [{ number: 1, name: "Mara", symbols: [null, "SW", "W", "W", "WF"] }];
  expect(table(readable(rows, termsOf("production/plan"))).rows).toEqual([["1", "Mara", "– SW W W WF"]]);
  const cast = [{ name: "Mara", record: "ent_7", scenes: ["1", "2", "3", "5", "8A", "9"], presence: [0.5, 0, 1] }];
  const { rows: told, cells } = table(readable({ cast }, termsOf("character/cast")));
  expect(told).toEqual([["Mara", "1–3, 5, 8A, 9", "50 %, 0 %, 100 %"]]);
  expect(cells[0]?.[0]).toMatchObject({ kind: "link", collection: "characters", record: "ent_7" });
  expect(cells[0]?.[2]).toMatchObject({ kind: "course", values: [0.5, 0, 1] });
});

test("each of several places leads to its own record, and what is too many is counted", () => {
  const at = (line: number) => ({ ...source, record: `ent_${line}`, line });
  const finding = { fault: "contradiction", sources: [at(1), at(2)] };
  const [[, where] = []] = table(readable([finding], termsOf("production/continuity"))).cells;
  expect(where).toMatchObject({ kind: "several", text: "Scene 3, line 1, Scene 3, line 2", more: 0 });
  expect(where?.kind === "several" && where.cells.map((cell) => cell.kind === "link" && cell.record)).toEqual([
    "ent_1",
    "ent_2",
  ]);
  const many = { fault: "note", sources: Array.from({ length: 20 }, (_, line) => at(line)) };
  const [[, all] = []] = table(readable([many])).cells;
  expect(all).toMatchObject({ kind: "several", more: 12 });
});

test("what a row holds is told in its row", () => {
  const scenes = [{ starts: 480, sheet: { scene: "4", heading: "INT. FERRY", side: "INT", starts: 24, eighths: 11 } }];
  const { columns, rows } = table(readable({ scenes }, termsOf("production/plan")));
  expect(columns).toEqual(["At", "Scene", "Heading", "Length"]);
  expect(rows).toEqual([["08:00", "4", "INT. FERRY", "1 3/8 pages"]]);
});

test("texts are whole, however long", () => {
  const text = "words ".repeat(100).trim();
  expect(readable({ report: text })).toEqual([{ kind: "text", title: "Report", text }]);
  expect(readable("said")).toEqual([{ kind: "text", title: "", text: "said" }]);
});
