/** Text files for data mode: read if they are text and short enough, else told where they belong. */

/** What the server takes at once, in characters. */
export const MOST = 10_000;

/** What a screenplay's name ends in: those are imported, not told. */
const SCREENPLAY = /\.(fountain|spmd|fdx|pdf)$/i;

export type Taken =
  | { kind: "text"; text: string }
  /** It belongs into the import. */
  | { kind: "screenplay" }
  | { kind: "refused"; why: string };

/** Four bytes are the most that one character takes in UTF-8. */
const MOST_BYTES = MOST * 4;

/** Looks at a file that was dropped or pasted. */
export async function take(file: File): Promise<Taken> {
  if (SCREENPLAY.test(file.name)) return { kind: "screenplay" };
  const long = `${file.name} is longer than the ${MOST.toLocaleString()} characters that can be told at once. Tell it in parts, or import it if it is a screenplay.`;
  if (file.size > MOST_BYTES) return { kind: "refused", why: long };
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    return { kind: "refused", why: `${file.name} is not a text file in UTF-8.` };
  }
  if (text.includes("\0")) return { kind: "refused", why: `${file.name} is not a text file.` };
  if (text.trim() === "") return { kind: "refused", why: `${file.name} is empty.` };
  return [...text].length > MOST ? { kind: "refused", why: long } : { kind: "text", text };
}
