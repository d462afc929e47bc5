/** Where the steps of a run stand when they are drawn: departments as cards, in layers from top to bottom. */
import { grouped } from "./grouped";
import { departmentOf, isHead, partsOf } from "./run";

/** What the drawing needs of a step. */
export interface Drawn {
  id: string;
  name: string;
  after: readonly string[];
}

/** A department with its steps, or one step alone; positions are in pixels, of the upper left corner. */
export interface Card {
  id: string;
  /** Null for a step of no department. */
  department: string | null;
  /** The step that stands for the whole department, if it has one. */
  head: string | null;
  /** The others, in the order in which they are done. */
  steps: string[];
  /** Those that are parts of one of the others, by that one: they are drawn with it. */
  parts: ReadonlyMap<string, readonly string[]>;
  layer: number;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Edge {
  from: string;
  to: string;
}

export interface Layout {
  cards: Card[];
  edges: Edge[];
  width: number;
  height: number;
}

export const SIZES = { width: 196, head: 34, row: 28, padding: 4, across: 24, down: 32, wrapped: 12 };
/** Cards beside each other; a layer with more goes on below, so that a wide run can still be read. */
const MOST_ACROSS = 8;
/** Times that the order within the layers is improved; more changes little. */
const SWEEPS = 4;

/** The drawing of a run's steps; the same steps in the same order always give the same one. */
export function arrange(steps: readonly Drawn[]): Layout {
  const groups = inGroups(steps, ({ name, id }) => departmentOf(name) ?? id);
  const layout = groups ?? inGroups(steps, ({ id }) => id);
  // Steps that go round in a circle are refused by the server; drawn, they would have no layers.
  if (!layout) return { cards: [], edges: [], width: 0, height: 0 };
  return placed(layout);
}

interface Groups {
  cards: Card[];
  parents: Map<string, Set<string>>;
}

/** The groups with their layers; null when they go round in a circle. */
function inGroups(steps: readonly Drawn[], keyOf: (step: Drawn) => string): Groups | null {
  const groupOf = new Map(steps.map((step) => [step.id, keyOf(step)]));
  const members = grouped(steps, keyOf);
  const parents = new Map<string, Set<string>>([...members.keys()].map((key) => [key, new Set()]));
  for (const step of steps) {
    const own = keyOf(step);
    for (const before of step.after) {
      const other = groupOf.get(before);
      if (other !== undefined && other !== own) parents.get(own)?.add(other);
    }
  }
  const layers = layered(parents);
  if (!layers) return null;
  const cards = [...members].map(([key, own]): Card => {
    const department = own[0] && own.every(({ name }) => departmentOf(name) === key) ? key : null;
    const head = department === null ? null : (own.find(({ name }) => isHead(name))?.id ?? null);
    const parts = department === null ? new Map<string, string[]>() : idsOf(partsOf(own));
    const within = new Set([...parts.values()].flat());
    const order = inOrder(own.filter(({ id }) => id !== head && !within.has(id))).map(({ id }) => id);
    const height = (department === null ? 0 : SIZES.head) + order.length * SIZES.row + SIZES.padding * 2;
    return {
      id: key,
      department,
      head,
      steps: order,
      parts,
      layer: layers.get(key) ?? 0,
      x: 0,
      y: 0,
      width: SIZES.width,
      height,
    };
  });
  return { cards, parents };
}

function idsOf(parts: ReadonlyMap<string, readonly Drawn[]>): Map<string, string[]> {
  return new Map([...parts].map(([whole, steps]) => [whole, steps.map(({ id }) => id)]));
}

/** The longest way to each from where something begins; null when they go round in a circle. */
function layered(parents: ReadonlyMap<string, ReadonlySet<string>>): Map<string, number> | null {
  const children = new Map<string, string[]>();
  const open = new Map<string, number>();
  for (const [key, before] of parents) {
    open.set(key, before.size);
    for (const parent of before) children.set(parent, [...(children.get(parent) ?? []), key]);
  }
  const layers = new Map<string, number>();
  const ready = [...parents.keys()].filter((key) => open.get(key) === 0);
  for (const key of ready) layers.set(key, 0);
  for (let key = ready.shift(); key !== undefined; key = ready.shift()) {
    for (const child of children.get(key) ?? []) {
      layers.set(child, Math.max(layers.get(child) ?? 0, (layers.get(key) ?? 0) + 1));
      const left = (open.get(child) ?? 0) - 1;
      open.set(child, left);
      if (left === 0) ready.push(child);
    }
  }
  return [...open.values()].every((left) => left === 0) ? layers : null;
}

/** Steps of one group, each behind those that it builds on. */
function inOrder(steps: readonly Drawn[]): Drawn[] {
  const within = new Set(steps.map(({ id }) => id));
  const layers = layered(new Map(steps.map(({ id, after }) => [id, new Set(after.filter((one) => within.has(one)))])));
  return steps.toSorted((a, b) => (layers?.get(a.id) ?? 0) - (layers?.get(b.id) ?? 0));
}

function placed({ cards, parents }: Groups): Layout {
  const layers: Card[][] = [];
  for (const card of cards) (layers[card.layer] ??= []).push(card);
  untangle(layers, parents);
  const widest = Math.max(0, ...layers.map(({ length }) => Math.min(length, MOST_ACROSS)));
  const width = widthOf(widest);
  let y = 0;
  for (const layer of layers) {
    for (let at = 0; at < layer.length; at += MOST_ACROSS) {
      const row = layer.slice(at, at + MOST_ACROSS);
      row.forEach((card, place) => {
        card.x = Math.round((width - widthOf(row.length)) / 2) + place * (SIZES.width + SIZES.across);
        card.y = y;
      });
      y += Math.max(...row.map(({ height }) => height)) + SIZES.wrapped;
    }
    y += SIZES.down - SIZES.wrapped;
  }
  return { cards, edges: reduced(cards, parents), width, height: Math.max(0, y - SIZES.down) };
}

function widthOf(across: number): number {
  return Math.max(0, across * (SIZES.width + SIZES.across) - SIZES.across);
}

/** Orders each layer by where its neighbours stand, so that fewer edges cross (Sugiyama's barycentres). */
function untangle(layers: Card[][], parents: ReadonlyMap<string, ReadonlySet<string>>): void {
  const children = new Map<string, Set<string>>();
  for (const [key, before] of parents) {
    for (const parent of before) children.set(parent, (children.get(parent) ?? new Set()).add(key));
  }
  const place = new Map<string, number>();
  // In the middle of its layer, as it is drawn: layers of different lengths compare.
  const note = (layer: Card[]) => layer.forEach(({ id }, at) => place.set(id, at - (layer.length - 1) / 2));
  layers.forEach(note);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const forward = sweep % 2 === 0;
    const neighbours = forward ? parents : children;
    for (const layer of forward ? layers : layers.toReversed()) {
      const centre = new Map(layer.map(({ id }) => [id, mean(neighbours.get(id), place) ?? place.get(id) ?? 0]));
      layer.sort((a, b) => (centre.get(a.id) ?? 0) - (centre.get(b.id) ?? 0));
      note(layer);
    }
  }
}

function mean(ids: ReadonlySet<string> | undefined, place: ReadonlyMap<string, number>): number | null {
  if (!ids || ids.size === 0) return null;
  let sum = 0;
  for (const id of ids) sum += place.get(id) ?? 0;
  return sum / ids.size;
}

/** The edges without those that a longer way tells already. */
function reduced(cards: readonly Card[], parents: ReadonlyMap<string, ReadonlySet<string>>): Edge[] {
  const behind = new Map<string, Set<string>>();
  for (const { id } of cards.toSorted((a, b) => a.layer - b.layer)) {
    const all = new Set<string>();
    for (const parent of parents.get(id) ?? []) {
      all.add(parent);
      for (const further of behind.get(parent) ?? []) all.add(further);
    }
    behind.set(id, all);
  }
  return cards.flatMap(({ id }) => {
    const before = [...(parents.get(id) ?? [])];
    return before
      .filter((parent) => !before.some((other) => other !== parent && behind.get(other)?.has(parent)))
      .map((from) => ({ from, to: id }));
  });
}
