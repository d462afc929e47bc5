/** The rules of finding records' names in a text. */
import { expect, test } from "vitest";
import { finder, type Named } from "./mentions";

const named = (name: string, record: string): Named => ({ name, collection: "characters", record });
const found = (names: Named[], text: string) =>
  finder(names)(text).map(({ text, named }) => (named ? `[${text}>${named.record}]` : text));

test("a name leads to its record, wherever it stands as a word", () => {
  expect(found([named("Mara", "1")], "Mara, Maras and MARA: Mara.")).toEqual([
    "[Mara>1]",
    ", Maras and MARA: ",
    "[Mara>1]",
    ".",
  ]);
});

test("the longer of two names wins", () => {
  expect(found([named("Mara", "1"), named("Mara Voss", "2")], "Mara Voss met Mara")).toEqual([
    "[Mara Voss>2]",
    " met ",
    "[Mara>1]",
  ]);
});

test("a name that two records bear leads nowhere", () => {
  const scenes = [named("INT. PIER", "1"), named("INT. PIER", "2"), named("3. INT. PIER", "1")];
  expect(found(scenes, "3. INT. PIER and INT. PIER")).toEqual(["[3. INT. PIER>1]", " and INT. PIER"]);
});

test("signs that mean something in a pattern are only signs in a name", () => {
  expect(found([named("Dr. (No)", "1")], "Drx (No), Dr. (No)")).toEqual(["Drx (No), ", "[Dr. (No)>1]"]);
});
