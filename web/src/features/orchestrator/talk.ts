/** A conversation as it goes: what is sent, the answer as it is written, and how to stop it. */
import { create } from "zustand";
import { advance, type LiveAnswer, type StreamEvent } from "@/engines/answer";
import { listen, type StreamState } from "@/engines/stream";
import { api, respond } from "@/shared/api";
import { client } from "@/shared/client";
import { keys, messagesQuery } from "@/shared/queries";
import { recall, remember } from "@/shared/store";
import type { Message, Mode, Schemas } from "@/shared/wire";

interface Talk {
  project: string | null;
  conversation: string | null;
  /** What the person said, until the server's list has it. */
  said: { content: string; mode: Mode } | null;
  answer: LiveAnswer | null;
  /** From sending until the answer is whole. */
  busy: boolean;
  /** The stream is broken and tries again. */
  waiting: boolean;
  error: unknown;
}

const SILENT = { conversation: null, said: null, answer: null, busy: false, waiting: false, error: null };

export const useTalk = create<Talk>(() => ({ project: null, ...SILENT }));

let stream: AbortController | null = null;

function hush(): void {
  stream?.abort();
  stream = null;
}

/** Goes on with the project's last conversation, or with a new one. */
export function enterProject(project: string): void {
  if (useTalk.getState().project === project) return;
  hush();
  useTalk.setState({ project, ...SILENT, conversation: recall<string>(`conversation.${project}`) });
}

/** Turns to another conversation; null begins a new one with the next message. */
export function turnTo(conversation: string | null): void {
  const { project } = useTalk.getState();
  hush();
  useTalk.setState({ ...SILENT, conversation });
  if (project !== null) remember(`conversation.${project}`, conversation);
}

/** Says something, and hears the answer as it is written. False when it did not arrive: the text is the person's still. */
export async function say(content: string, mode: Mode, about: string[]): Promise<boolean> {
  const { project, busy } = useTalk.getState();
  if (project === null || busy) return false;
  useTalk.setState({ busy: true, said: { content, mode }, answer: null, error: null });
  try {
    const conversation = await ensure(project);
    await hear(conversation);
    const body: Schemas["ChatRequest"] = {
      content,
      mode,
      projectId: project,
      conversationId: conversation,
      ...(about.length > 0 && { metadata: { contextEntities: about } }),
    };
    await api.post<Schemas["Begun"]>("/orchestrator/chat", body, { headers: { prefer: "respond-async" } });
    void client.invalidateQueries({ queryKey: keys.conversations(project) });
    return true;
  } catch (error) {
    hush();
    useTalk.setState({ busy: false, said: null, error });
    return false;
  }
}

async function ensure(project: string): Promise<string> {
  const { conversation } = useTalk.getState();
  if (conversation !== null) return conversation;
  const made = await api.post<Schemas["Conversation"]>("/orchestrator/conversations", {
    projectId: project,
  } satisfies Schemas["CreateConversation"]);
  useTalk.setState({ conversation: made.id });
  remember(`conversation.${project}`, made.id);
  return made.id;
}

/** Opens the conversation's stream; resolves once it is open, so that nothing said afterwards is missed. */
export function hear(conversation: string): Promise<void> {
  hush();
  const mine = new AbortController();
  stream = mine;
  let answer: LiveAnswer | null = null;
  return new Promise((resolve, reject) => {
    const onState = (state: StreamState) => {
      if (mine.signal.aborted) return;
      useTalk.setState({ waiting: state.kind === "waiting" });
      if (state.kind === "open") resolve();
      if (state.kind === "closed") {
        reject(new Error("The conversation's stream was refused. What was said is kept; open the conversation again."));
        void settle(conversation, null);
      }
    };
    void listen(
      {
        open: (lastEventId, signal) =>
          respond("GET", "/orchestrator/stream", {
            query: { conversationId: conversation },
            headers: { accept: "text/event-stream", ...(lastEventId !== null && { "last-event-id": lastEventId }) },
            signal,
          }),
        onEvent: ({ data, id }) => {
          if (mine.signal.aborted) return;
          answer = advance(answer, JSON.parse(data) as StreamEvent, id);
          paint(answer, mine);
          if (answer && answer.state !== "streaming") {
            mine.abort();
            void settle(conversation, answer);
          }
        },
        onState,
        wait: pause,
        chance: Math.random,
      },
      mine.signal,
    ).finally(resolve);
  });
}

let painting: { answer: LiveAnswer | null; of: AbortController } | null = null;

/** Shows the answer once a frame, however many pieces come. */
function paint(answer: LiveAnswer | null, of: AbortController): void {
  const scheduled = painting !== null;
  painting = { answer, of };
  if (scheduled) return;
  // A hidden page draws no frames, and needs none.
  const later = document.visibilityState === "visible" ? requestAnimationFrame : queueMicrotask;
  later(() => {
    const last = painting;
    painting = null;
    if (last?.of === stream) useTalk.setState({ answer: last?.answer ?? null });
  });
}

/** The answer is whole, or broke off: the server's list has it, and takes over from the live one. */
async function settle(conversation: string, answer: LiveAnswer | null): Promise<void> {
  useTalk.setState({ answer, busy: false, waiting: false });
  await client.invalidateQueries({ queryKey: keys.messages(conversation) });
  const now = useTalk.getState();
  if (now.conversation !== conversation || now.busy) return;
  const listed = client.getQueryData<Message[]>(messagesQuery(conversation).queryKey);
  if (answer === null || listed?.some(({ id }) => id === answer.messageId))
    useTalk.setState({ said: null, answer: null });
}

/** Stops the answer that is being written; what was written is kept. */
export async function stop(): Promise<void> {
  const { conversation } = useTalk.getState();
  if (conversation === null) return;
  try {
    await api.post(`/orchestrator/conversations/${conversation}/stop`);
  } catch (error) {
    useTalk.setState({ error });
  }
}

/** Hears an answer that was begun before this page was opened. */
export function catchUp(conversation: string, messages: Message[]): void {
  const { busy } = useTalk.getState();
  if (busy || messages.at(-1)?.state !== "streaming") return;
  useTalk.setState({ busy: true });
  hear(conversation).catch((error: unknown) => useTalk.setState({ busy: false, error }));
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
