/** Tells the lines of a Fountain fragment apart, to show them as a screenplay looks; https://fountain.io/syntax. */

export type LineKind =
  | "heading"
  | "action"
  | "character"
  | "parenthetical"
  | "dialogue"
  | "transition"
  | "centered"
  | "section"
  | "synopsis"
  | "note"
  | "blank";

export interface ScriptLine {
  kind: LineKind;
  text: string;
  /** Of a scene, as its heading gives it: `INT. PIER - DAY #12A#`. */
  number?: string;
}

const HEADING = /^(int|ext|est|int\.?\/ext|i\/e)[. ]/i;
const CUE = /^[^a-z]*\p{Lu}[^a-z]*(\([^)]*\))?\s*\^?$/u;

/** The lines with their kinds. Only for show: the server's parser is the one that counts. */
export function scriptLines(source: string): ScriptLine[] {
  const raw = source.replaceAll("\r\n", "\n").split("\n");
  const lines: ScriptLine[] = [];
  let talking = false;
  raw.forEach((line, at) => {
    const text = line.trim();
    const before = raw[at - 1]?.trim() ?? "";
    const after = raw[at + 1]?.trim() ?? "";
    let kind = talking && text !== "" ? spoken(text) : standing(text, before === "", after === "");
    if (text === "" && talking && line.length >= 2) kind = "dialogue";
    talking = kind === "character" || (talking && (kind === "dialogue" || kind === "parenthetical"));
    if (kind === "heading") lines.push(heading(text));
    else lines.push({ kind, text: kind === "action" ? line.replace(/^!/, "").trimEnd() : shown(kind, text) });
  });
  return lines;
}

function spoken(text: string): LineKind {
  return text.startsWith("(") ? "parenthetical" : "dialogue";
}

function standing(text: string, afterBlank: boolean, beforeBlank: boolean): LineKind {
  if (text === "") return "blank";
  if (text.startsWith("!")) return "action";
  if (text.startsWith("[[")) return "note";
  if (text.startsWith("#")) return "section";
  if (text.startsWith("=") && !text.startsWith("===")) return "synopsis";
  if (/^>.*<$/.test(text)) return "centered";
  if (text.startsWith(">")) return "transition";
  if (/^\.[^.]/.test(text)) return "heading";
  if (afterBlank && HEADING.test(text)) return "heading";
  if (afterBlank && beforeBlank && /TO:$/.test(text) && text === text.toUpperCase()) return "transition";
  if (text.startsWith("@")) return "character";
  if (afterBlank && !beforeBlank && CUE.test(text)) return "character";
  return "action";
}

function heading(text: string): ScriptLine {
  const [, words = text, number] = /^(.*?)(?:\s*#([^#]+)#)?$/.exec(text) ?? [];
  const line: ScriptLine = { kind: "heading", text: words.replace(/^\.(?!\.)/, "").toUpperCase() };
  return number === undefined ? line : { ...line, number };
}

function shown(kind: LineKind, text: string): string {
  switch (kind) {
    case "character":
      return text.replace(/^@/, "").replace(/\s*\^$/, "");
    case "transition":
      return text.replace(/^>\s*/, "");
    case "centered":
      return text.slice(1, -1).trim();
    case "section":
      return text.replace(/^#+\s*/, "");
    case "synopsis":
      return text.replace(/^=\s*/, "");
    default:
      return text;
  }
}
