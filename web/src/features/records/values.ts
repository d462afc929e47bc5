/** Attributes as people read and write them, by the type that the collection's schema gives. */
import { pages } from "@/engines/units";
import type { FieldSchema } from "@/shared/wire";

/** The value as one line. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(shown).filter(Boolean).join(", ");
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
}

/** The value as one line of a table, where its field says no unit. */
export function told({ name }: FieldSchema, value: unknown): string {
  return name === "pageEighths" && typeof value === "number" ? pages(value) : shown(value);
}

/** The value as it stands in its input; lists have a line for each item. */
export function written(field: FieldSchema, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (field.type === "list" && Array.isArray(value)) return value.map(String).join("\n");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The value that an input's text stands for; undefined when there is none. */
export function read(field: FieldSchema, text: string): unknown {
  if (text === "") return undefined;
  switch (field.type) {
    case "number": {
      const number = Number(text);
      return Number.isFinite(number) ? number : undefined;
    }
    case "boolean":
      return text === "true";
    case "list":
      return text.split("\n");
    default:
      return text;
  }
}

/** Attributes as they are sent: without the empty lines and blanks that writing leaves behind. */
export function tidy(metadata: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const tidied = Object.entries(metadata).map(([key, value]): [string, unknown] => {
    if (Array.isArray(value)) {
      const items = value.map((item) => (typeof item === "string" ? item.trim() : item)).filter((item) => item !== "");
      return [key, items.length > 0 ? items : undefined];
    }
    return [key, typeof value === "string" ? value.trim() || undefined : value];
  });
  return Object.fromEntries(tidied.filter(([, value]) => value !== undefined));
}

/** `speaks_in` as words. */
export function spokenType(type: string): string {
  return type.replaceAll("_", " ");
}
