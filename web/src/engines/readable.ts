/** Turns what an agent made, which is JSON of many shapes, into parts that can be shown to a person. */
import { told, type Units } from "./units";

/** A value in a cell or beside a label; a citation leads to its record. */
export type Cell =
  { kind: "text"; text: string } | { kind: "link"; text: string; collection: string; record: string; quote: string };

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
/** Places in bytes and in lists mean nothing to a reader; records become links, and scores are shown before. */
const HIDDEN = new Set(["span", "id", "person", "record", "collection", "source", "sources", "scores"]);

/** The parts of a value, in the order in which it has them; what says nothing is left out. */
export function readable(value: unknown, units: Units = {}): Part[] {
  return new Reader(units).parts(value, "", "", 0);
}

class Reader {
  constructor(private readonly units: Units) {}

  /** `key` is the name of the value as it is written, `title` as it is told. */
  parts(value: unknown, title: string, key: string, depth: number): Part[] {
    if (empty(value)) return [];
    const cell = this.cell(value, key, "");
    if (cell?.kind === "text") return [{ kind: "text", title, text: cell.text }];
    if (cell) return [{ kind: "list", title, items: [cell] }];
    if (depth >= DEEPEST) return [{ kind: "raw", title, json: JSON.stringify(value, null, 2) }];
    return Array.isArray(value) ? this.list(value, title, key, depth) : this.object(value as Json, title, key, depth);
  }

  private list(values: unknown[], title: string, key: string, depth: number): Part[] {
    const filled = values.filter((value) => !empty(value));
    const cells = filled.map((value) => this.cell(value, key, ""));
    if (cells.every((cell) => cell !== null)) return [{ kind: "list", title, items: cells }];
    const table = filled.every(isObject) ? this.table(filled, title, key) : null;
    if (table) return [table];
    const parts = filled.flatMap((value, at) =>
      this.parts(value, (isObject(value) && this.named(value)) || String(at + 1), key, depth + 1),
    );
    return [{ kind: "section", title, parts }];
  }

  private object(value: Json, title: string, key: string, depth: number): Part[] {
    const facts: { label: string; cell: Cell }[] = [];
    const further: Part[] = [];
    for (const [name, one] of Object.entries(value)) {
      if (empty(one) || HIDDEN.has(name)) continue;
      const cell = this.cell(one, name, key) ?? this.joined(one, name);
      if (cell && cell.text.length <= BESIDE) facts.push({ label: label(name), cell: this.linked(cell, name, value) });
      else further.push(...this.parts(one, label(name), name, depth + 1));
    }
    const parts: Part[] = facts.length > 0 ? [{ kind: "facts", title: "", facts }, ...further] : further;
    return title === "" ? parts : [{ kind: "section", title, parts }];
  }

  /** A table of like objects; null when there is too much in them. */
  private table(rows: Json[], title: string, key: string): Part | null {
    const names = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter(
      (name) => !HIDDEN.has(name) && rows.some((row) => !empty(row[name])),
    );
    if (names.length === 0 || names.length > COLUMNS) return null;
    const cells: Cell[][] = [];
    for (const row of rows) {
      const own: Cell[] = [];
      for (const name of names) {
        const value = row[name];
        const cell = empty(value) ? BLANK : (this.cell(value, name, key) ?? this.joined(value, name));
        if (!cell) return null;
        own.push(this.linked(cell, name, row));
      }
      cells.push(own);
    }
    return { kind: "table", title, columns: names.map(label), rows: cells };
  }

  /** What is said in one place: a scalar, a citation, or a thing that is little more than its name; null for all else. */
  private cell(value: unknown, key: string, within: string): Cell | null {
    if (typeof value === "string") return { kind: "text", text: value };
    if (typeof value === "boolean") return { kind: "text", text: value ? "yes" : "no" };
    if (typeof value === "number") {
      return { kind: "text", text: told(value, this.units[`${within}.${key}`] ?? this.units[key]) };
    }
    if (!isObject(value)) return null;
    return citation(value) ?? nameOnly(value);
  }

  /** A short list on one line; null if it is none. Of several citations the first is followed. */
  private joined(value: unknown, key: string): Cell | null {
    if (!Array.isArray(value)) return null;
    const cells = value.filter((part) => !empty(part)).map((part) => this.cell(part, key, ""));
    if (!cells.every((cell) => cell !== null)) return null;
    const text = [...new Set(cells.map((cell) => cell.text))].join(", ");
    const first = cells[0];
    return first?.kind === "link" ? { ...first, text } : { kind: "text", text };
  }

  /** The name of a thing, or the number of its scene, leads to the record that it tells of. */
  private linked(cell: Cell, name: string, of: Json): Cell {
    if (cell.kind === "link" || cell.text === "") return cell;
    const own = typeof of["record"] === "string" ? of["record"] : null;
    if (name === "name" && own !== null && typeof of["collection"] === "string") {
      return { ...cell, kind: "link", collection: of["collection"], record: own, quote: "" };
    }
    const cited = isObject(of["source"]) ? citation(of["source"]) : null;
    if (name === "scene") {
      if (cited?.kind === "link") return { ...cited, text: cell.text };
      return own === null ? cell : { ...cell, kind: "link", collection: "scenes", record: own, quote: "" };
    }
    if (name === "name" && !("scene" in of) && cited?.kind === "link") return { ...cited, text: cell.text };
    return cell;
  }

  /** What a thing in a list is called, if it says so itself. */
  private named(value: Json): string | null {
    const { scene, heading } = value;
    if (typeof scene === "string" && typeof heading === "string") return `${scene}. ${heading}`;
    for (const key of ["title", "name", "heading", "place", "scene", "number", "day"]) {
      const one = value[key];
      if (typeof one === "number" || (key === "scene" && typeof one === "string"))
        return `${label(key)} ${String(one)}`;
      if (typeof one === "string" && one !== "") return one;
    }
    return null;
  }
}

const BLANK: Cell = { kind: "text", text: "" };

/** A place in a record, as engines cite it: with `record` or `entityId`, and `quote` or `name`. */
function citation(value: Json): Cell | null {
  const record = value["record"] ?? value["entityId"];
  const { collection, scene, line } = value;
  if (typeof record !== "string" || typeof collection !== "string") return null;
  if (!Object.keys(value).every((key) => CITING.has(key))) return null;
  const text = (key: string) => (typeof value[key] === "string" ? value[key] : "");
  const place = typeof scene === "string" ? `Scene ${scene}${typeof line === "number" ? `, line ${line}` : ""}` : "";
  return {
    kind: "link",
    text: text("name") || place || text("quote") || label(collection),
    collection,
    record,
    quote: text("quote"),
  };
}

/** A thing with a name, and nothing else than its number and where it stands. */
function nameOnly(value: Json): Cell | null {
  const { name, source } = value;
  if (typeof name !== "string") return null;
  if (!Object.keys(value).every((key) => key === "name" || key === "number" || HIDDEN.has(key))) return null;
  // In a table its number would be lost.
  if ("number" in value && !("person" in value)) return null;
  const cited = isObject(source) ? citation(source) : null;
  return cited?.kind === "link" ? { ...cited, text: name } : { kind: "text", text: name };
}

/** `dayOutOfDays` and `day_out_of_days` as `Day out of days`. */
export function label(key: string): string {
  const words = key
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replaceAll(/[_-]/g, " ")
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function empty(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  if (Array.isArray(value)) return value.every(empty);
  return isObject(value) && Object.values(value).every(empty);
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
