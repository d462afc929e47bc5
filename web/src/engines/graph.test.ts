/** The rules of where a run's steps are drawn. */
import { expect, test } from "vitest";
import { arrange, type Card, type Drawn, type Layout, SIZES } from "./graph";

const drawn = (name: string, ...after: string[]): Drawn => ({ id: name, name, after });

const FILM = [
  drawn("character/cast"),
  drawn("character/head", "character/cast"),
  drawn("story/structure"),
  drawn("story/head", "story/structure"),
  drawn("visual/shots", "character/head", "story/head"),
  drawn("visual/head", "visual/shots"),
  drawn("audio/cues", "character/head", "story/head"),
  drawn("audio/head", "audio/cues"),
  drawn("result", "character/head", "story/head", "visual/head", "audio/head"),
];

/** A run of so many steps that is the same each time: each builds on up to three before it. */
function many(count: number): Drawn[] {
  return Array.from({ length: count }, (_, at) => {
    const before = [at - 1 - (at % 3), at - 5 - (at % 7), at - 11].filter((one) => one >= 0 && at % 4 !== 0);
    return drawn(`step-${at}`, ...new Set(before.map((one) => `step-${one}`)));
  });
}

const card = ({ cards }: Layout, id: string): Card => {
  const found = cards.find((one) => one.id === id);
  if (!found) throw new Error(`no card ${id}`);
  return found;
};

function overlaps(a: Card, b: Card): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

test("a department is one card whose head is its name", () => {
  const layout = arrange(FILM);
  expect(layout.cards.map(({ id }) => id)).toEqual(["character", "story", "visual", "audio", "result"]);
  expect(card(layout, "visual")).toMatchObject({ department: "visual", head: "visual/head", steps: ["visual/shots"] });
  expect(card(layout, "result")).toMatchObject({ department: null, head: null, steps: ["result"] });
});

test("parts of an agent's work are drawn with it, so that a run of many scenes is as high as one of few", () => {
  const scenes = Array.from({ length: 70 }, (_, at) => drawn(`visual/shots/${at + 1}`, "story/head"));
  const layout = arrange([
    drawn("story/structure"),
    drawn("story/head", "story/structure"),
    drawn("visual/shots", "story/head", ...scenes.map(({ id }) => id)),
    ...scenes,
    drawn("visual/head", "visual/shots"),
    drawn("result", "story/head", "visual/head"),
  ]);
  const visual = card(layout, "visual");
  expect(visual.steps).toEqual(["visual/shots"]);
  expect(visual.parts.get("visual/shots")).toEqual(scenes.map(({ id }) => id));
  expect(visual.height).toBe(card(layout, "story").height);
  expect(layout.edges).toEqual([
    { from: "story", to: "visual" },
    { from: "visual", to: "result" },
  ]);
});

test("what builds on something stands below it", () => {
  for (const steps of [FILM, many(200)]) {
    const layout = arrange(steps);
    for (const { from, to } of layout.edges) {
      expect(card(layout, from).y + card(layout, from).height).toBeLessThan(card(layout, to).y);
    }
  }
});

test("cards never overlap, and all lie within the drawing", () => {
  for (const steps of [FILM, many(200), Array.from({ length: 30 }, (_, at) => drawn(`alone-${at}`))]) {
    const { cards, width, height } = arrange(steps);
    cards.forEach((one, at) => {
      expect(cards.slice(at + 1).some((other) => overlaps(one, other))).toBe(false);
      expect(one.x).toBeGreaterThanOrEqual(0);
      expect(one.x + one.width).toBeLessThanOrEqual(width);
      expect(one.y + one.height).toBeLessThanOrEqual(height);
    });
  }
});

test("an edge that a longer way tells already is left out", () => {
  const edges = arrange(FILM).edges.map(({ from, to }) => `${from}>${to}`);
  expect(edges).toContain("visual>result");
  expect(edges).not.toContain("character>result");
  expect(arrange([drawn("a"), drawn("b", "a"), drawn("c", "a", "b")]).edges).toEqual([
    { from: "a", to: "b" },
    { from: "b", to: "c" },
  ]);
});

test("two chains side by side do not cross, whatever the order of their steps", () => {
  const layout = arrange([
    drawn("a1"),
    drawn("b1"),
    drawn("b2", "b1"),
    drawn("a2", "a1"),
    drawn("b3", "b2"),
    drawn("a3", "a2"),
  ]);
  const left = (id: string) => card(layout, id).x;
  expect(Math.sign(left("a2") - left("b2"))).toBe(Math.sign(left("a1") - left("b1")));
  expect(Math.sign(left("a3") - left("b3"))).toBe(Math.sign(left("a2") - left("b2")));
});

test("a layer that is too wide to be read goes on below", () => {
  const { width } = arrange(Array.from({ length: 30 }, (_, at) => drawn(`alone-${at}`)));
  expect(width).toBeLessThan(9 * (SIZES.width + SIZES.across));
});

test("departments that build on each other both ways are drawn step by step", () => {
  const layout = arrange([drawn("a/one"), drawn("b/one", "a/one"), drawn("a/two", "b/one")]);
  expect(layout.cards.map(({ id }) => id)).toEqual(["a/one", "b/one", "a/two"]);
});

test("a circle, which no server makes, is no endless loop", () => {
  expect(arrange([drawn("a", "b"), drawn("b", "a")]).cards).toEqual([]);
});

test("the same steps always stand in the same places", () => {
  expect(arrange(many(200))).toEqual(arrange(many(200)));
});
