/** Turns what an agent made, which is JSON of many shapes, into parts that can be shown to a person. */
import { called, label, termOf, type Terms } from "./terms";
import { ranges, spaced, told, type Unit } from "./units";

/** A place in a record. */
export interface Link {
  kind: "link";
  text: string;
  collection: string;
  record: string;
  /** What stands there. */
  quote: string;
}

/** A value in a cell or beside a label, told in words by its `text` in any case. */
export type Cell =
  | { kind: "text"; text: string }
  | Link
  /** Several, each with a place of its own; `more` are not told. */
  | { kind: "several"; text: string; cells: (Link | { kind: "text"; text: string })[]; more: number }
  /** How something runs from the beginning to the end, each value from 0 to 1. */
  | { kind: "course"; text: string; values: number[] };

export type Part =
  | { kind: "text"; title: string; text: string }
  | { kind: "facts"; title: string; facts: { label: string; cell: Cell }[] }
  | { kind: "list"; title: string; items: Cell[] }
  | { kind: "table"; title: string; columns: string[]; rows: Cell[][] }
  | { kind: "section"; title: string; parts: Part[] }
  /** Deeper than can be shown: JSON. */
  | { kind: "raw"; title: string; json: string };

type Json = Record<string, unknown>;

/** Sections within sections; what lies deeper is shown as JSON. */
const DEEPEST = 5;
/** A table with more columns is read better as sections. */
const COLUMNS = 12;
/** A longer text stands by itself, not beside a label. */
const BESIDE = 160;
/** What a citation has; whatever has more is a thing of its own that names a record. */
const CITING = new Set(["collection", "record", "entityId", "scene", "line", "span", "quote", "name"]);
/** Several places in one cell; the others are only counted. */
const PLACES = 8;
/** Places in bytes and in lists mean nothing to a reader; records become links, and scores are shown before. */
const HIDDEN = new Set(["span", "id", "person", "record", "collection", "source", "scores"]);

/** The parts of a value, in the order in which it has them; what says nothing is left out. */
export function readable(value: unknown, terms: Terms = {}): Part[] {
  return new Reader(terms).parts(value, "", "", 0);
}

class Reader {
  constructor(private readonly terms: Terms) {}

  /** `key` is the name of the value as it is written, `title` as it is told. */
  parts(value: unknown, title: string, key: string, depth: number): Part[] {
    if (empty(value)) return [];
    const cell = this.cell(value, "", key);
    if (cell?.kind === "text") return [{ kind: "text", title, text: cell.text }];
    if (cell) return [{ kind: "list", title, items: [cell] }];
    if (depth >= DEEPEST) return [{ kind: "raw", title, json: JSON.stringify(value, null, 2) }];
    return Array.isArray(value) ? this.list(value, title, key, depth) : this.object(value as Json, title, key, depth);
  }

  private list(values: unknown[], title: string, key: string, depth: number): Part[] {
    const filled = values.filter((value) => !empty(value));
    const cells = filled.map((value) => this.cell(value, "", key));
    if (cells.every((cell) => cell !== null)) return [{ kind: "list", title, items: cells }];
    const table = filled.every(isObject) ? this.table(filled, title, key) : null;
    if (table) return [table];
    const parts = filled.flatMap((value, at) =>
      this.parts(value, (isObject(value) && this.named(value, key)) || String(at + 1), key, depth + 1),
    );
    return [{ kind: "section", title, parts }];
  }

  private object(value: Json, title: string, key: string, depth: number): Part[] {
    const facts: { label: string; cell: Cell }[] = [];
    const further: Part[] = [];
    for (const [name, one] of Object.entries(value)) {
      if (empty(one) || this.hidden(key, name)) continue;
      const title = called(this.terms, key, name);
      const cell = this.cell(one, key, name) ?? this.joined(one, key, name);
      if (cell && cell.text.length <= BESIDE) facts.push({ label: title, cell: this.linked(cell, key, name, value) });
      else further.push(...this.parts(one, title, name, depth + 1));
    }
    const parts: Part[] = facts.length > 0 ? [{ kind: "facts", title: "", facts }, ...further] : further;
    return title === "" ? parts : [{ kind: "section", title, parts }];
  }

  /** A table of like objects; null when there is too much in them. */
  private table(rows: Json[], title: string, key: string): Part | null {
    const flat = rows.map((row) => this.flat(row, key));
    /** What each column is called, and what it stands in, by the name of its field. */
    const columns = new Map<string, string>();
    for (const { value, within } of flat) {
      for (const name of Object.keys(value)) {
        const place = within.get(name) ?? key;
        if (!this.hidden(place, name)) columns.set(name, place);
      }
    }
    for (const name of columns.keys()) if (flat.every(({ value }) => empty(value[name]))) columns.delete(name);
    if (columns.size === 0 || columns.size > COLUMNS) return null;
    const cells: Cell[][] = [];
    for (const { value: row } of flat) {
      const own: Cell[] = [];
      for (const [name, within] of columns) {
        const value = row[name];
        const cell = empty(value) ? BLANK : (this.cell(value, within, name) ?? this.joined(value, within, name));
        if (!cell) return null;
        own.push(this.linked(cell, within, name, row));
      }
      cells.push(own);
    }
    const titles = [...columns].map(([name, within]) => called(this.terms, within, name));
    return { kind: "table", title, columns: titles, rows: cells };
  }

  /** A row with what it holds beside it; `within` says of that what it stood in. */
  private flat(row: Json, key: string): { value: Json; within: ReadonlyMap<string, string> } {
    const value: Json = {};
    const within = new Map<string, string>();
    for (const [name, one] of Object.entries(row)) {
      const inner = isObject(one) && !this.hidden(key, name) && !this.cell(one, key, name) ? one : null;
      if (!inner || Object.keys(inner).some((field) => field in row && !this.hidden(name, field))) value[name] = one;
      else {
        for (const [field, of] of Object.entries(inner)) {
          if (field in row) continue;
          value[field] = of;
          within.set(field, name);
        }
      }
    }
    return { value, within };
  }

  private unit(within: string, name: string): Unit | undefined {
    const unit = termOf(this.terms, within, name)?.[1];
    return typeof unit === "string" ? unit : undefined;
  }

  private hidden(within: string, name: string): boolean {
    return HIDDEN.has(name) || termOf(this.terms, within, name) === null;
  }

  /** What is said in one place: a scalar, a citation, or a thing that is little more than its name; null for all else. */
  private cell(value: unknown, within: string, name: string): Cell | null {
    const unit = this.unit(within, name);
    if (typeof value === "string") return { kind: "text", text: unit === "word" ? spaced(value) : value };
    if (typeof value === "boolean") return { kind: "text", text: value ? "yes" : "no" };
    if (typeof value === "number") return { kind: "text", text: told(value, unit) };
    if (!isObject(value)) return null;
    return citation(value, unit === "quotes") ?? nameOnly(value);
  }

  /** A short list on one line; null if it is none. */
  private joined(value: unknown, within: string, name: string): Cell | null {
    if (!Array.isArray(value)) return null;
    const unit = this.unit(within, name);
    // A day on which somebody does not work counts as one, too.
    if (unit === "days") return { kind: "text", text: value.map((day) => day ?? "–").join(" ") };
    if (unit === "scenes" && value.every((one) => typeof one === "string")) {
      return { kind: "text", text: ranges(value) };
    }
    const cells = value.filter((part) => !empty(part)).map((part) => this.cell(part, within, name));
    if (!cells.every((cell) => cell?.kind === "text" || cell?.kind === "link")) return null;
    if (unit === "course") {
      return { kind: "course", text: cells.map(({ text }) => text).join(", "), values: value.map(Number) };
    }
    return several(cells);
  }

  /** The name of a thing, or the number of its scene, leads to the record that it tells of. */
  private linked(cell: Cell, within: string, name: string, of: Json): Cell {
    if (cell.kind !== "text" || cell.text === "") return cell;
    const own = typeof of["record"] === "string" ? of["record"] : null;
    const unit = termOf(this.terms, within, name)?.[1];
    const collection = typeof unit === "object" ? unit.of : of["collection"];
    if (name === "name" && own !== null && typeof collection === "string") {
      return { ...cell, kind: "link", collection, record: own, quote: "" };
    }
    const cited = isObject(of["source"]) ? citation(of["source"], false) : null;
    if (name === "scene") {
      if (cited?.kind === "link") return { ...cited, text: cell.text };
      return own === null ? cell : { ...cell, kind: "link", collection: "scenes", record: own, quote: "" };
    }
    if (name === "name" && !("scene" in of) && cited?.kind === "link") return { ...cited, text: cell.text };
    return cell;
  }

  /** What a thing in a list is called, if it says so itself. */
  private named(value: Json, key: string): string | null {
    const { scene, heading } = value;
    if (typeof scene === "string" && typeof heading === "string") return `${scene}. ${heading}`;
    for (const name of ["title", "name", "heading", "place", "scene", "number", "day"]) {
      const one = value[name];
      if (typeof one === "number" || (name === "scene" && typeof one === "string"))
        return `${called(this.terms, key, name)} ${String(one)}`;
      if (typeof one === "string" && one !== "") return one;
    }
    return null;
  }
}

const BLANK: Cell = { kind: "text", text: "" };

/** A place in a record, as engines cite it: with `record` or `entityId`, and `quote` or `name`; told by its words if `quoted`. */
function citation(value: Json, quoted: boolean): Link | null {
  const record = value["record"] ?? value["entityId"];
  const { collection, scene, line } = value;
  if (typeof record !== "string" || typeof collection !== "string") return null;
  if (!Object.keys(value).every((key) => CITING.has(key))) return null;
  const text = (key: string) => (typeof value[key] === "string" ? value[key] : "");
  const place = typeof scene === "string" ? `Scene ${scene}${typeof line === "number" ? `, line ${line}` : ""}` : "";
  return {
    kind: "link",
    text: (quoted && text("quote")) || text("name") || place || text("quote") || label(collection),
    collection,
    record,
    quote: text("quote"),
  };
}

/** A thing with a name, and nothing else than its number and where it stands. */
function nameOnly(value: Json): Link | { kind: "text"; text: string } | null {
  const { name, number, source } = value;
  if (typeof name !== "string") return null;
  if (!Object.keys(value).every((key) => key === "name" || key === "number" || HIDDEN.has(key))) return null;
  // In a table its number would be lost.
  if ("number" in value && !("person" in value)) return null;
  const text = typeof number === "number" ? `${number}. ${name}` : name;
  const cited = isObject(source) ? citation(source, false) : null;
  return cited ? { ...cited, text } : { kind: "text", text };
}

/** Several as one; what is there twice is told once. */
function several(all: (Link | { kind: "text"; text: string })[]): Cell {
  const cells = [...new Map(all.map((cell) => [cell.text, cell])).values()];
  const [only] = cells;
  if (cells.length === 1 && only) return only;
  const text = cells.map((cell) => cell.text).join(", ");
  if (cells.every(({ kind }) => kind === "text")) return { kind: "text", text };
  const more = Math.max(0, cells.length - PLACES);
  return { kind: "several", text, cells: cells.slice(0, PLACES), more };
}

function empty(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  if (Array.isArray(value)) return value.every(empty);
  return isObject(value) && Object.values(value).every(empty);
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
