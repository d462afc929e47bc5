/** The rules of reading a growing text aloud. */
import { expect, test } from "vitest";
import { sentences } from "./sentences";

test("a sentence is read when it is whole", () => {
  expect(sentences("Mara waits. The bo", false)).toEqual(["Mara waits."]);
  expect(sentences("Mara waits. The boat", true)).toEqual(["Mara waits.", "The boat"]);
});

test("what was read stays the same while the text grows", () => {
  const text = 'He said "Go!" and left.\n\n- one\n- two? Yes.';
  let before: string[] = [];
  for (let end = 0; end <= text.length; end++) {
    const now = sentences(text.slice(0, end), false);
    expect(now.slice(0, before.length)).toEqual(before);
    before = now;
  }
  expect(sentences(text, true)).toHaveLength(5);
});
