/** The rules of showing a fragment of Fountain as a screenplay. */
import { expect, test } from "vitest";
import { scriptLines } from "./script";

const kinds = (source: string) => scriptLines(source).map(({ kind }) => kind);

test("headings, action, cues and dialogue are told apart", () => {
  expect(kinds("INT. FERRY - NIGHT\n\nRain.\n\nMARA (V.O.)\n(low)\nNot yet.\n\nShe waits.\n\nCUT TO:\n")).toEqual([
    "heading",
    "blank",
    "action",
    "blank",
    "character",
    "parenthetical",
    "dialogue",
    "blank",
    "action",
    "blank",
    "transition",
    "blank",
  ]);
});

test("what is forced is what it was forced to be, without its mark", () => {
  expect(scriptLines(".THE PIER\n\n@McAVOY\nAye.\n\n!LOUD NOISE\n\n> FADE OUT.\n\n>THE END<")).toEqual(
    [
      ["heading", "THE PIER"],
      ["blank", ""],
      ["character", "McAVOY"],
      ["dialogue", "Aye."],
      ["blank", ""],
      ["action", "LOUD NOISE"],
      ["blank", ""],
      ["transition", "FADE OUT."],
      ["blank", ""],
      ["centered", "THE END"],
    ].map(([kind, text]) => ({ kind, text })),
  );
});

test("a scene's number stands beside its heading, without its marks", () => {
  expect(scriptLines("INT. PIER - DAY #12A#")).toEqual([{ kind: "heading", text: "INT. PIER - DAY", number: "12A" }]);
  expect(scriptLines("INT. ROOM #9 - DAY")).toEqual([{ kind: "heading", text: "INT. ROOM #9 - DAY" }]);
});

test("a line in capitals that nothing follows is action", () => {
  expect(kinds("\nBOOM\n\nHe falls.")).toEqual(["blank", "action", "blank", "action"]);
});

test("every line is shown in its place, whatever it is", () => {
  const pieces = ["INT. PIER - DAY", "MARA", "Aye.", "(low)", "", "  ", "> X", "!", "@", ".", "= s", "[[note]]"];
  const source = pieces.flatMap((first) => pieces.map((second) => `${first}\n${second}`)).join("\n");
  expect(scriptLines(source)).toHaveLength(source.split("\n").length);
});
