/** The rules of definitions as texts. */
import { expect, test } from "vitest";
import { engineOf, faultOf, fresh, inWords, named, span } from "./definition";

test("a fault is told with its line and its field, as far as they are known", () => {
  const fault = faultOf({ line: 7, field: "tools", reason: "there is no tool shell" });
  expect(fault && inWords(fault)).toBe("Line 7: tools: there is no tool shell");
  const whole = faultOf({ line: null, field: null, reason: "it is longer than 16384 bytes" });
  expect(whole && inWords(whole)).toBe("it is longer than 16384 bytes");
  expect(faultOf({ yours: { version: 1 } })).toBeNull();
  expect(faultOf(null)).toBeNull();
});

test("a line is found within its text, and one that is not there is the last", () => {
  const text = "---\nname: cues\n---\n";
  expect(text.slice(...span(text, 2))).toBe("name: cues");
  expect(text.slice(...span(text, 1))).toBe("---");
  expect(span(text, 99)).toEqual([text.length, text.length]);
});

test("what is typed becomes a name that the server takes", () => {
  expect(named("  Sea & Wind! ")).toBe("sea-wind");
  expect(named("Ü")).toBe("");
});

test("a new definition names its engine and keeps a title that YAML would read otherwise", () => {
  const file = fresh({
    department: "audio",
    name: "sea",
    title: 'Sea: "loud"',
    engine: "film.cues",
    prompt: " Hear. ",
  });
  expect(engineOf(file)).toBe("film.cues");
  expect(file).toContain('title: "Sea: \\"loud\\""');
  expect(file.endsWith("---\nHear.\n")).toBe(true);
  expect(engineOf("nothing")).toBe("");
});
