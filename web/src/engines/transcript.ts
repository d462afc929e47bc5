/** What is shown of a conversation: the server's messages, what is on its way there, and the answer that is being heard. */
import type { components } from "../generated/api";
import type { LiveAnswer } from "./answer";

type Schemas = components["schemas"];
type Message = Schemas["Message"];

/** A message that was said here and that the list of the server may not have yet. */
export interface Sent {
  content: string;
  mode: Schemas["Mode"];
  /** The message of the answer, once the server has named it. */
  answerId: string | null;
}

/** One message as it is shown. */
export interface Row {
  id: string;
  author: Schemas["Author"];
  mode: Schemas["Mode"];
  state: Schemas["MessageState"];
  content: string;
  metadata: Schemas["ChatMetadata"] | null;
  /** When it was said; null while only this page knows it. */
  at: string | null;
  /** Why it broke off, as far as the stream has told. */
  error: string | null;
  /** Whether its note says the same as the one of the answer before. */
  sameNote: boolean;
}

/** The id of the row of a message that the server does not list yet. */
export const SENT = "sent";

/** The rows, oldest first. What the server says of an answer that has ended counts more than what was heard. */
export function transcript(messages: readonly Message[], sent: Sent | null, answer: LiveAnswer | null): Row[] {
  const rows = messages.map(said);
  const answerId = sent?.answerId ?? answer?.messageId ?? null;
  const at = rows.findIndex(({ id }) => id === answerId);
  if (sent && at < 0) rows.push({ ...BLANK, id: SENT, author: "user", mode: sent.mode, content: sent.content });
  if (answer) {
    const heard = rows.findIndex(({ id }) => id === answer.messageId);
    const known = rows[heard];
    if (!known) rows.push(overlay({ ...BLANK, id: answer.messageId, author: "assistant", mode: answer.mode }, answer));
    else if (known.state === "streaming") rows[heard] = overlay(known, answer);
  }
  return noted(rows);
}

const BLANK = { state: "complete", content: "", metadata: null, at: null, error: null, sameNote: false } as const;

function said(message: Message): Row {
  const { id, author, mode, state, content, metadata, createdAt } = message;
  return { id, author, mode, state, content, metadata: metadata ?? null, at: createdAt, error: null, sameNote: false };
}

/** The list may have been read before or after the words that were heard: the longer text is the later one. */
function overlay(row: Row, { content, state, metadata, error }: LiveAnswer): Row {
  const text = content.length >= row.content.length || state === "complete" ? content : row.content;
  return { ...row, content: text, state, metadata: metadata ?? row.metadata, error };
}

function noted(rows: Row[]): Row[] {
  let last: string | null = null;
  return rows.map((row) => {
    if (row.author !== "assistant") return row;
    const note = row.metadata?.fallback ?? null;
    const sameNote = note !== null && note === last;
    last = note;
    return sameNote ? { ...row, sameNote } : row;
  });
}

/** What was said before an answer, to ask it again; null if it is not in the rows. */
export function asked(rows: readonly Row[], answer: string): Row | null {
  const at = rows.findIndex(({ id }) => id === answer);
  return rows.slice(0, Math.max(at, 0)).findLast(({ author }) => author === "user") ?? null;
}
