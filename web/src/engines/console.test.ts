/** The rules of a console's line. */
import { expect, test } from "vitest";
import { commandOf, EMPTY, newer, older, once, shut, tab, take, wantsMore, waysOn, write } from "./console";

const COMMANDS = [
  { name: "status", usage: "status" },
  { name: "logs", usage: "logs RUN [LINES]" },
  { name: "health", usage: "health" },
  { name: "health reset", usage: "health reset RUNNER" },
];
const more = (line: string) => wantsMore(line, COMMANDS);
const typed = (line: string) => write(EMPTY, line);

test("the only way on is taken, with a space if there is more to say", () => {
  expect(tab(typed("sta"), ["status"], 1, more)).toMatchObject({ line: "status", open: false });
  expect(tab(typed("lo"), ["logs"], 1, more)).toMatchObject({ line: "logs ", open: true });
});

test("several are taken as far as they agree, then one after the other, and back", () => {
  const ways = ["schedule list", "schedule pause", "schedule resume"];
  let state = tab(typed("sc"), ways, 1, more);
  expect(state).toMatchObject({ line: "schedule ", chosen: -1, open: true });
  state = tab(state, ways, 1, more);
  expect(state).toMatchObject({ line: "schedule list", typed: "schedule ", chosen: 0 });
  expect(tab(state, ways, 1, more).line).toBe("schedule pause");
  expect(tab(state, ways, -1, more).line).toBe("schedule resume");
  expect(tab(tab(typed("schedule "), ways, -1, more), ways, 1, more).line).toBe("schedule list");
});

test("what is there already is no way on, and without one nothing happens", () => {
  expect(waysOn(typed("status"), ["status"])).toEqual([]);
  expect(waysOn(typed("health"), ["health", "health reset"])).toEqual(["health reset"]);
  const state = typed("dance");
  expect(tab(state, [], 1, more)).toBe(state);
});

test("a way on that is not wanted leaves the line as it was typed", () => {
  const state = tab(typed("h"), ["help", "health"], 1, more);
  expect(state.line).toBe("he");
  expect(shut(tab(state, ["help", "health"], 1, more))).toMatchObject({ line: "he", open: false, chosen: -1 });
  expect(take(typed("h"), "health", more).line).toBe("health");
});

test("arrows go through what was given, and come back to the line that was begun", () => {
  const past = ["status", "runners"];
  let state = older(typed("que"), past);
  expect(state).toMatchObject({ line: "runners", open: false });
  state = older(older(state, past), past);
  expect(state.line).toBe("status");
  state = newer(newer(state, past), past);
  expect(state.line).toBe("que");
  expect(newer(state, past)).toBe(state);
  expect(older(state, [])).toBe(state);
});

test("the same line is gone through once after itself", () => {
  expect(once(["status", "status", "queue", "status"])).toEqual(["status", "queue", "status"]);
});

test("a line's command is the one that says most of it", () => {
  const name = (line: string) => commandOf(line, COMMANDS)?.name;
  expect(name("health")).toBe("health");
  expect(name("  Health   reset forge")).toBe("health reset");
  expect(name("logsmith")).toBeUndefined();
  expect(name("")).toBeUndefined();
});
