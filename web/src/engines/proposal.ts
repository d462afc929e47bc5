/** The fields of a proposal as a form: how a value is written, how what was written is read, and what has changed. */

/** How a field is written; `unknown` for one that the collection does not name. */
export type Kind = "text" | "number" | "boolean" | "list" | "choice" | "unknown";

type Values = Readonly<Record<string, unknown>>;

/** The changes that a form asks for; a problem for each field that cannot be read. */
export interface Asked {
  /** Null takes a field out. */
  changes: Record<string, unknown>;
  problems: Record<string, string>;
}

/** A value as it stands in a form. */
export function written(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (Array.isArray(value)) {
    const items = value.map(written);
    return items.join(items.some((item) => item.includes(",")) ? "; " : ", ");
  }
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What a form's text says. */
function read(text: string, kind: Kind): { value: unknown } | { problem: string } {
  const trimmed = text.trim();
  if (trimmed === "") return { value: null };
  switch (kind) {
    case "number": {
      const value = Number(trimmed);
      return Number.isFinite(value) ? { value } : { problem: "This must be a number." };
    }
    case "boolean":
      return { value: trimmed === "true" };
    case "list": {
      const items = trimmed.split(trimmed.includes(";") ? ";" : ",").map((item) => item.trim());
      return { value: items.filter((item) => item !== "") };
    }
    case "text":
    case "choice":
    case "unknown":
      return { value: trimmed };
  }
}

/** What the edits would change of the values; an edit that says what is there already changes nothing. */
export function askedFor(
  values: Values,
  edits: Readonly<Record<string, string>>,
  kindOf: (field: string) => Kind,
): Asked {
  const asked: Asked = { changes: {}, problems: {} };
  for (const [field, text] of Object.entries(edits)) {
    if (text.trim() === written(values[field]).trim()) continue;
    const answer = read(text, kindOf(field));
    if ("problem" in answer) asked.problems[field] = answer.problem;
    else if (field === "name" && answer.value === null) asked.problems[field] = "A record needs a name.";
    else asked.changes[field] = answer.value;
  }
  return asked;
}
