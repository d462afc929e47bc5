/** The rules of telling an activity in few lines. */
import { expect, test } from "vitest";
import type { Schemas } from "@/shared/wire";
import { strokes } from "./strokes";

const made = (seq: number, name: string, at: string, personName = "Ada", action = "created"): Schemas["Activity"] => ({
  seq,
  kind: "entity:updated",
  at,
  personName,
  payload: { entityType: "scene", entityId: `ent_${seq}`, changes: { action, name } },
});

const NOW = "2026-01-01T12:00:00.000Z";
const LATER = "2026-01-01T12:00:09.000Z";

test("what one person did at one stroke is one line", () => {
  const [one, ...others] = strokes([made(3, "C", NOW), made(2, "B", NOW), made(1, "A", NOW)]);
  expect(others).toEqual([]);
  expect(one).toMatchObject({ person: "Ada", words: "created" });
  expect(one?.deeds.map(({ name }) => name)).toEqual(["C", "B", "A"]);
});

test("another person, another deed or another time is another line", () => {
  const events = [
    made(4, "D", LATER),
    made(3, "C", NOW),
    made(2, "B", NOW, "Ben"),
    made(1, "A", NOW, "Ben", "removed"),
  ];
  expect(strokes(events).map(({ seq }) => seq)).toEqual([4, 3, 2, 1]);
});

test("deeds that name no record stand alone", () => {
  const invited = (seq: number): Schemas["Activity"] => ({ seq, kind: "member:updated", at: NOW, payload: {} });
  expect(strokes([invited(2), invited(1)])).toHaveLength(2);
});
