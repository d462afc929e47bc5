/** The rules of what a person should know. */
import { expect, test } from "vitest";
import { inbox, type Sources, unseen } from "./inbox";
import { at, detail, step } from "./run.fixture";

const NOTHING: Sources = { project: "prj_1", me: "per_ada", activity: [], runs: [], details: [], reviews: [] };
const run = (id: string, state: "complete" | "failed" | "running", endedAt: string | null, failed = 0) => ({
  ...detail([]).run,
  id,
  state,
  endedAt,
  total: 3,
  complete: 2,
  failed,
});
const notice = (seq: number, level: string, personId: string | null = null) => ({
  seq,
  kind: "notification",
  at: at(seq),
  personId,
  payload: { level, title: `Notice ${seq}`, message: "It was told." },
});

test("a run that has ended is told with the way to it, one that goes on is not", () => {
  const { told } = inbox({ ...NOTHING, runs: [run("run_1", "complete", at(5)), run("run_2", "running", null)] });
  expect(told).toMatchObject([{ id: "run_1", level: "success", action: { url: "/projects/prj_1/runs/run_1" } }]);
});

test("a run that failed says what was kept and what to do", () => {
  const [item] = inbox({ ...NOTHING, runs: [run("run_1", "failed", at(5), 1)] }).told;
  expect(item?.level).toBe("error");
  expect(item?.message).toMatch(/2 of 3 steps done, 1 failed.*kept.*retried/);
});

test("what one did oneself is not told again, unless it failed", () => {
  const activity = [notice(1, "success", "per_ada"), notice(2, "error", "per_ada"), notice(3, "success", "per_ben")];
  expect(inbox({ ...NOTHING, activity }).told.map(({ title }) => title)).toEqual(["Notice 3", "Notice 2"]);
});

const review = (reviewId: string, kind: "import" | "deliverable", runId?: string) => ({
  reviewId,
  kind,
  title: reviewId,
  state: "pending" as const,
  createdAt: at(9),
  origin: runId
    ? { runId, runTitle: "Prepare", stepId: "s", department: "audio", agent: "cues", form: "film.cues" }
    : null,
});

test("a question is told while its run is not looked into, and waits where it is", () => {
  const asking = detail([
    step("stp_1", "audio/cues", [], { state: "waiting", reason: { kind: "person", question: "Which key?" } }),
  ]);
  const url = `/projects/prj_1/runs/${asking.run.id}?step=stp_1`;
  const question = notice(4, "warning");
  const activity = [{ ...question, payload: { ...question.payload, action: { label: "Answer", url } } }];
  expect(inbox({ ...NOTHING, activity }).told).toHaveLength(1);
  const both = inbox({ ...NOTHING, activity, details: [asking] });
  expect([both.told.length, both.waiting.length]).toEqual([0, 1]);
});

test("a question and an undecided import wait, the oldest first", () => {
  const asking = detail([
    step("stp_1", "audio/cues", [], { state: "waiting", reason: { kind: "person", question: "Which key?" } }),
  ]);
  const { waiting } = inbox({ ...NOTHING, details: [asking], reviews: [review("rev_1", "import")] });
  expect(waiting.map(({ id, message }) => [id, message])).toEqual([
    ["stp_1", "Which key?"],
    ["rev_1", "It was read and waits for a decision."],
  ]);
  expect(waiting[0]?.action?.url).toBe("/projects/prj_1/runs/run_1?step=stp_1");
});

test("a step that names its answers can be answered where it is told", () => {
  const question = "The budget is used up. Answer `rules` or `cancel`.";
  const asking = detail([step("stp_1", "audio/cues", [], { state: "waiting", reason: { kind: "person", question } })]);
  expect(inbox({ ...NOTHING, details: [asking] }).waiting).toMatchObject([
    { message: "The budget is used up.", asks: { run: "run_1", step: "stp_1", question } },
  ]);
});

test("what came of one order waits as one", () => {
  const reviews = [review("rev_1", "deliverable", "run_1"), review("rev_2", "deliverable", "run_1")];
  expect(inbox({ ...NOTHING, reviews }).waiting).toMatchObject([
    { id: "run_1", title: "2 outputs wait to be looked at", message: "Prepare" },
  ]);
});

test("new is what came after the last look, and nothing before the first one", () => {
  const { told } = inbox({ ...NOTHING, activity: [notice(3, "info"), notice(2, "info"), notice(1, "info")] });
  expect(unseen(told, at(1))).toBe(2);
  expect(unseen(told, at(3))).toBe(0);
  expect(unseen(told, null)).toBe(0);
});
