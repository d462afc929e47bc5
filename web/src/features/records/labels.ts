/** What the parts of a record are called. */
import type { Path } from "@/engines/changes";
import type { CollectionSchema } from "@/shared/wire";

const TEXTS: Record<string, string> = { name: "Name", description: "Description", body: "Script" };

/** The schema's label, or the key itself for attributes that no schema knows. */
export function labelOf(schema: CollectionSchema, path: Path): string {
  const key = path.replace(/^metadata\./, "");
  return TEXTS[path] ?? schema.fields.find(({ name }) => name === key)?.label ?? key;
}
