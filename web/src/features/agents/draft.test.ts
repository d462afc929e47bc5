/** The rules of a definition that two people write. */
import { expect, test } from "vitest";
import { rebase } from "./draft";

const state = { base: "one", version: 1, text: "one", theirs: null };

test("a newer file takes the place of one that nobody has touched", () => {
  expect(rebase(state, { definition: "two", version: 2 })).toEqual({
    base: "two",
    version: 2,
    text: "two",
    theirs: null,
  });
});

test("what was typed stays, and the other's file is told of", () => {
  const typed = { ...state, text: "mine" };
  expect(rebase(typed, { definition: "two", version: 2 })).toEqual({ ...typed, version: 2, theirs: "two" });
});

test("what was saved is no change of somebody else", () => {
  const typed = { ...state, text: "mine" };
  expect(rebase(typed, { definition: "mine", version: 2 })).toMatchObject({ base: "mine", theirs: null });
});

test("an agent that was only switched off leaves what is typed without a clash", () => {
  const typed = { ...state, text: "mine" };
  expect(rebase(typed, { definition: "one", version: 2 })).toEqual({ ...typed, version: 2 });
});
