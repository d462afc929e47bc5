/** What agents say to each other, as a run's log keeps it: who says what to whom, in words. */
import type { components } from "../generated/api";
import { capital } from "./run";

type AgentMessage = components["schemas"]["AgentMessage"];

export interface Said {
  from: string;
  /** Whom it is for; empty if it is for everybody. */
  to: string[];
  /** `asks`, `answers`, `tells`, `wants`. */
  does: string;
  topic: string;
  /** What is said, in a sentence or two; empty if only the payload says it. */
  words: string;
  /** By rules, or by which model, an answer was given. */
  by: string | null;
  /** The name under which it is remembered. */
  remembered: string | null;
}

const DOES: Record<AgentMessage["type"], string> = {
  command: "wants of",
  query: "asks",
  notification: "tells",
  response: "answers",
};

/** Reads an entry of the log; null if it is no message. */
export function said(text: string): Said | null {
  let message: AgentMessage;
  try {
    message = JSON.parse(text) as AgentMessage;
  } catch {
    return null;
  }
  const does = DOES[message.type];
  if (!does || typeof message.from !== "string") return null;
  const to = message.to ?? [];
  const by = message.payload.context?.["by"];
  return {
    from: agent(message.from),
    to: (typeof to === "string" ? [to] : to).map(agent),
    does,
    topic: message.topic,
    words: words(message.payload),
    by: typeof by === "string" ? by : null,
    remembered: message.memory_key ?? null,
  };
}

/** `audio/cues` as people read it. */
function agent(name: string): string {
  const [department = name, own] = name.split("/");
  return own === undefined ? capital(department) : `${capital(department)} · ${own}`;
}

function words({ action, data }: AgentMessage["payload"]): string {
  if (typeof data === "string") return data;
  if (data === null || typeof data !== "object") return action ?? "";
  const fields = data as Record<string, unknown>;
  for (const name of ["text", "question", "summary"]) {
    const text = fields[name];
    if (typeof text === "string" && text !== "") return text;
  }
  const outputs = fields["outputs"];
  if (Array.isArray(outputs)) {
    const titles = outputs.map((output: { title?: unknown }) => String(output.title ?? ""));
    return `${capital(action ?? "")}: ${titles.join(", ")}`;
  }
  return action ?? "";
}
