/** Puts an answer together from the events of a conversation's stream. */
import type { components } from "../generated/api";

type Schemas = components["schemas"];
export type StreamEvent = Schemas["StreamEvent"];

/** The answer as far as it has come. */
export interface LiveAnswer {
  messageId: string;
  mode: Schemas["Mode"];
  content: string;
  state: "streaming" | "complete" | "failed";
  metadata: Schemas["ChatMetadata"] | null;
  /** Why it broke off. */
  error: string | null;
}

/** The answer after one more event. An event id is `{messageId}.{characters so far}` or `{messageId}.end`. */
export function advance(answer: LiveAnswer | null, event: StreamEvent, eventId: string): LiveAnswer | null {
  switch (event.type) {
    case "start":
      return {
        messageId: event.messageId,
        mode: event.mode,
        content: "",
        state: "streaming",
        metadata: null,
        error: null,
      };
    case "chunk": {
      if (!answer || answer.state !== "streaming") return answer;
      const sofar = Number(eventId.slice(eventId.lastIndexOf(".") + 1));
      // The id counts characters, not UTF-16 units. A repeat after a reconnection has nothing new to add.
      if (Number.isInteger(sofar) && length(answer.content) >= sofar) return answer;
      return { ...answer, content: answer.content + event.delta };
    }
    case "complete":
      return {
        messageId: event.messageId,
        mode: event.mode,
        content: event.content,
        state: "complete",
        metadata: event.metadata ?? null,
        error: null,
      };
    case "error":
      return answer && { ...answer, state: "failed", error: event.error };
  }
}

function length(text: string): number {
  let characters = 0;
  for (const _ of text) characters++;
  return characters;
}
