/** The entries of a run's log as people read them: what a model said in pieces as one, everything else in words. */
import type { components } from "../generated/api";
import { asked } from "./answers";
import { thousands, usd } from "./money";
import { said } from "./said";
import { label } from "./terms";
import { percent } from "./units";

type Entry = components["schemas"]["RunLog"]["entries"][number];
type Json = Record<string, unknown>;

/** One thing that was logged. */
export interface Logged {
  /** Where it begins in the log. */
  start: number;
  at: string;
  /** What kind of thing it is; empty for plain words. */
  title: string;
  words: string;
  /** All of it, for who wants to know. */
  whole: unknown;
}

/** What became of a call that a person has to allow; `agents::departments::mind::approving` names the states. */
const APPROVALS: Record<string, string> = {
  asked: "Asked to call",
  allowed: "Was allowed to call",
  refused: "May not call",
  called: "Called as allowed",
  answered: "Was told, as allowed, by",
};

/** `agents::departments::mind::notes` and `desk` name the kinds. */
export function logged(entries: readonly Entry[]): Logged[] {
  const all: Logged[] = [];
  let before: Entry | undefined;
  for (const entry of entries) {
    const last = all.at(-1);
    if (entry.kind === "text" && before?.kind === "text" && before.stepId === entry.stepId && last) {
      last.words += entry.text;
    } else all.push(one(entry));
    before = entry;
  }
  return all.map((one) => (one.title === "" ? (additions(one) ?? one) : one));
}

/** What a model said of an agent's work, which is JSON once it is whole; `agents::departments::mind::added` has its form. */
function additions(said: Logged): Logged | null {
  const value = parsed(said.words);
  if (!value || !("remarks" in value && "suggestions" in value)) return null;
  const claims = (name: string) => texts(list(value[name]).map((claim) => object(claim)["text"]));
  const whole = { remarks: claims("remarks"), suggestions: claims("suggestions") };
  const summary = word(object(value["summary"])["text"]);
  const more = whole.remarks.length + whole.suggestions.length > 0;
  return { ...said, title: "Said", words: summary, whole: more ? whole : null };
}

function one({ start, at, kind, text }: Entry): Logged {
  const message = kind === "message" ? said(text) : null;
  if (message) {
    const { from, does, to, words, topic, by, remembered } = message;
    const about = { topic, ...(by !== null && { answeredBy: by }), ...(remembered !== null && { keptAs: remembered }) };
    return { start, at, title: `${from} ${does} ${to.join(", ") || "everybody"}`, words, whole: about };
  }
  const plain = { start, at, title: kind === "text" ? "" : label(kind), words: text, whole: null };
  const value = parsed(text);
  if (!value || kind === "text") return plain;
  const told = tell(kind, value);
  if (!told) return plain;
  return { start, at, whole: null, ...told };
}

function tell(kind: string, value: Json): (Pick<Logged, "title" | "words"> & { whole?: unknown }) | null {
  switch (kind) {
    case "prompt": {
      const tools = texts(value["tools"]);
      const words = tools.length > 0 ? `${word(value["model"])}, with ${tools.join(" and ")}` : word(value["model"]);
      return { title: "Asked", words, whole: opening(value["messages"]) ?? value["cut"] };
    }
    case "tool_call":
      return { title: "Called", words: word(value["tool"]), whole: value["input"] };
    case "tool_result": {
      const title = value["failed"] === true ? "Could not be told" : "Was told";
      return { title, words: `by ${word(value["tool"])}`, whole: parsed(word(value["text"])) ?? value["text"] };
    }
    case "spent": {
      const spent = object(value["spent"]);
      const usage = object(spent["usage"]);
      const words = `${count(usage["input_tokens"])} tokens in, ${count(usage["output_tokens"])} out`;
      const model = word(object(value["model"])["model"]);
      return { title: "Took", words: model === "" ? words : `${words}, of ${model}` };
    }
    case "budget":
      return budget(value);
    case "fallback": {
      const to = word(value["to"]) || word(object(value["to"])["model"]);
      const who = to === "rules" ? "Rules" : to;
      const because = word(value["because"]);
      return { title: "Stands in", words: because === "" ? who : `${who}. ${because}` };
    }
    case "output": {
      const kept = object(value["kept"]);
      const [remarks, suggestions] = [list(kept["remarks"]).length, list(kept["suggestions"]).length];
      const dropped = Number(kept["dropped"] ?? 0);
      const left = dropped > 0 ? `; ${dropped} without a source left out` : "";
      return { title: "Kept", words: `${many(remarks, "remark")}, ${many(suggestions, "suggestion")}${left}` };
    }
    case "score": {
      const scores = Object.entries(value).filter(([, score]) => typeof score === "number");
      return { title: "Scores", words: scores.map(([name, score]) => `${name} ${percent(Number(score))}`).join(", ") };
    }
    case "approval": {
      const title = APPROVALS[word(value["state"])] ?? label(kind);
      return { title, words: word(value["tool"]), whole: value["text"] ?? value["input"] };
    }
    case "goes_on":
      return { title: "Goes on", words: "from where it was when it asked" };
    case "anew":
      return { title: "Begins anew", words: `because ${word(value["because"])}` };
    case "lacks":
      return { title: "Without", words: texts(value["tools"]).join(" ") };
    case "revise":
      return { title: "Done again because", words: texts(value["reasons"]).join(" ") };
    default:
      return null;
  }
}

/** What a model was told at the beginning: its rules, and what it was given to read. */
function opening(messages: unknown): unknown {
  if (!Array.isArray(messages)) return null;
  const of = (role: string) =>
    texts(messages.map((one) => (object(one)["role"] === role ? object(one)["text"] : null)));
  const material = of("user").join("\n");
  return { rules: of("system").join("\n"), given: parsed(material.slice(material.indexOf("{"))) ?? material };
}

function budget(value: Json): Pick<Logged, "title" | "words"> | null {
  const question = word(value["asked"]);
  if (question !== "") return { title: "Asked a person", words: asked(question).words };
  const { tokens, microUsd } = object(value["raised"]);
  const parts = [
    typeof tokens === "number" && tokens > 0 && `${thousands(tokens)} tokens`,
    typeof microUsd === "number" && microUsd > 0 && usd(microUsd),
  ].filter(Boolean);
  return parts.length > 0 ? { title: "Added to the budget", words: parts.join(" and ") } : null;
}

function parsed(text: string): Json | null {
  if (!text.startsWith("{")) return null;
  try {
    return object(JSON.parse(text));
  } catch {
    return null;
  }
}

function object(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function texts(value: unknown): string[] {
  return list(value).filter((one) => typeof one === "string");
}

function word(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function count(value: unknown): string {
  return typeof value === "number" ? thousands(value) : "no";
}

function many(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
