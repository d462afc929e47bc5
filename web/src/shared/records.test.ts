/** The rules of showing a change before the server has agreed to it. */
import { beforeEach, expect, test } from "vitest";
import { client } from "./client";
import { keys } from "./queries";
import { foreseen, place } from "./records";
import type { Entity } from "./wire";

const record = (version: number, part: Partial<Entity> = {}): Entity => ({
  id: "ent_1",
  projectId: "prj_1",
  collection: "characters",
  name: "Mara",
  slug: "mara",
  description: "",
  metadata: { age: 34, role: "captain" },
  position: 0,
  version,
  createdAt: "2026-01-01T00:00:00Z",
  updatedAt: "2026-01-01T00:00:00Z",
  origin: "person",
  ...part,
});

const where = { project: "prj_1", collection: "characters" };
const one = [...keys.record("prj_1", "characters", "ent_1"), "self"];
const list = [...keys.collection("prj_1", "characters"), "list", "", false];

beforeEach(() => client.clear());

test("what is foreseen has the change, but not yet the next version", () => {
  const after = foreseen(record(3), { version: 3, name: "Mara Voss", metadata: { age: 35, role: null } });
  expect(after).toMatchObject({ name: "Mara Voss", metadata: { age: 35 }, version: 3 });
  expect(after.metadata).not.toHaveProperty("role");
});

test("the server's answer replaces what was foreseen, in the record and in its lists", () => {
  client.setQueryData(one, foreseen(record(3), { name: "typed" }));
  client.setQueryData(list, {
    pages: [{ docs: [record(3)], totalDocs: 1, limit: 100, page: 1, hasNextPage: false }],
    pageParams: [null],
  });
  place(where, record(4, { name: "Mara Voss" }));
  expect(client.getQueryData(one)).toMatchObject({ name: "Mara Voss", version: 4 });
  expect(client.getQueryData(list)).toMatchObject({ pages: [{ docs: [{ name: "Mara Voss", version: 4 }] }] });
});

test("an answer that is older than what is shown changes nothing", () => {
  client.setQueryData(one, record(6, { name: "newest" }));
  place(where, record(5, { name: "late" }));
  expect(client.getQueryData(one)).toMatchObject({ name: "newest", version: 6 });
});
