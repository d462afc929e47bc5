/** The rules of telling an activity in few lines. */
import { expect, test } from "vitest";
import type { Schemas } from "@/shared/wire";
import { strokes } from "./strokes";

const COLLECTIONS = ["scenes"];
const AT = "2026-01-01T12:00:00.000Z";

const made = (seq: number, changeId: string, action = "created", collection = "scenes"): Schemas["Activity"] => ({
  seq,
  kind: "entity:updated",
  at: AT,
  personName: "Ada",
  payload: { collection, entityId: `ent_${seq}`, changes: { action, name: `Scene ${seq}`, changeId } },
});

const told = (events: Schemas["Activity"][]) => strokes(events, COLLECTIONS);

test("what one change made is one line", () => {
  const [one, ...others] = told([made(3, "chg_1"), made(2, "chg_1"), made(1, "chg_1")]);
  expect(others).toEqual([]);
  expect(one).toMatchObject({ seq: 3, person: "Ada", words: "created" });
  expect(one?.deeds.map(({ name }) => name)).toEqual(["Scene 3", "Scene 2", "Scene 1"]);
});

test("another change is another line, and so is another deed of the same", () => {
  expect(told([made(3, "chg_2"), made(2, "chg_1", "removed"), made(1, "chg_1")]).map(({ seq }) => seq)).toEqual([
    3, 2, 1,
  ]);
});

test("what a studio keeps for itself is not told, and does not part what it stands between", () => {
  const events = [made(3, "chg_1"), made(2, "chg_1", "created", "screenplays"), made(1, "chg_1")];
  expect(told(events).map(({ deeds }) => deeds.length)).toEqual([2]);
});

test("what touches no record stands alone", () => {
  const invited = (seq: number): Schemas["Activity"] => ({ seq, kind: "member:updated", at: AT, payload: {} });
  expect(told([invited(2), invited(1)])).toHaveLength(2);
});

test("that a proposal was saved is told by what it made", () => {
  const decided = (state: string): Schemas["Activity"] => ({
    seq: 2,
    kind: "review:updated",
    at: AT,
    payload: { state },
  });
  expect(told([decided("ingested"), made(1, "chg_1")]).map(({ seq }) => seq)).toEqual([1]);
  expect(told([decided("discarded")]).map(({ words }) => words)).toEqual(["discarded a preview"]);
});

test("what a run prepared is one line, however much it is", () => {
  const prepared = (seq: number, personName?: string): Schemas["Activity"] => ({
    seq,
    kind: "review:updated",
    at: AT,
    payload: { state: "pending" },
    ...(personName && { personName }),
  });
  const words = (events: Schemas["Activity"][]) => told(events).map((one) => `${one.seq} ${one.person} ${one.words}`);
  expect(words([prepared(4), prepared(3), prepared(2, "Ada"), made(1, "chg_1"), prepared(0)])).toEqual([
    "4 Atelier prepared 2 things to look over",
    "2 Ada prepared something to look over",
    "1 Ada created",
    "0 Atelier prepared something to look over",
  ]);
});

test("a notification is no deed of its own", () => {
  const notified: Schemas["Activity"] = { seq: 2, kind: "notification", at: AT, payload: { title: "Scene 1 added" } };
  expect(told([notified, made(1, "chg_1")]).map(({ seq }) => seq)).toEqual([1]);
});

test("a run is told once, when it is ordered", () => {
  const run = (seq: number, state: string, personName?: string): Schemas["Activity"] => ({
    seq,
    kind: "run:updated",
    at: AT,
    ...(personName ? { personName } : {}),
    payload: { state, runId: "run_1", title: "Prepare the film" },
  });
  expect(told([run(4, "running"), run(3, "queued"), run(2, "queued", "Ada")])).toMatchObject([
    { words: "ordered", person: "Ada", run: { id: "run_1", title: "Prepare the film" } },
  ]);
});
