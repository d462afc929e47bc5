/** The rules of the examples. */
import { expect, test } from "vitest";
import { examples } from "./examples";

const NOBODY = { characters: [], locations: [], scenes: [] };

test("questions name the project's own records", () => {
  expect(examples("query", { characters: ["Mara", "Joss"], locations: ["Harbour"], scenes: ["INT. BAR"] })).toEqual([
    "Which scenes is Mara in?",
    "Who has the most dialogue?",
    "Where does Mara meet Joss?",
    "What happens at Harbour?",
  ]);
});

test("an empty project has nothing to ask about, but can be told something", () => {
  expect(examples("query", NOBODY)).toEqual([]);
  expect(examples("data", NOBODY).length).toBeGreaterThan(0);
});

test("work is proposed once there is a script to work on", () => {
  expect(examples("task", { ...NOBODY, characters: ["Mara"] })).toEqual([]);
  expect(examples("task", { ...NOBODY, scenes: ["EXT. HARBOUR - DAY"] })).toContain("Prepare the film for shooting");
});
