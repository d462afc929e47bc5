/** A person's talk with the orchestrator in one project: what is said, heard, stopped; it goes on while the panel is closed. */
import { createStore, type StoreApi, useStore } from "zustand";
import { advance, type LiveAnswer, type StreamEvent } from "@/engines/answer";
import { listen } from "@/engines/stream";
import type { Sent } from "@/engines/transcript";
import { api, respond } from "@/shared/api";
import { client } from "@/shared/client";
import { Problem } from "@/shared/problem";
import { keys } from "@/shared/queries";
import { useSession } from "@/shared/session";
import { recall, remember } from "@/shared/store";
import { toastError } from "@/shared/toasts";
import type { Mode, Schemas } from "@/shared/wire";

export interface TalkState {
  /** Null before the first message of a new one. */
  conversation: string | null;
  /** What was said last on this page. */
  sent: Sent | null;
  answer: LiveAnswer | null;
  /** `sending` until the server has taken what was said, `writing` until the answer has ended. */
  phase: "idle" | "sending" | "writing";
  /** Whether the stream broke off and is being opened again. */
  broken: boolean;
  stopping: boolean;
  /** Why what was said did not reach the server; null if it did. */
  failure: unknown;
  /** What stands in the input. */
  draft: string;
}

const NEW: Omit<TalkState, "conversation" | "draft"> = {
  sent: null,
  answer: null,
  phase: "idle",
  broken: false,
  stopping: false,
  failure: null,
};

export type Talk = ReturnType<typeof createTalk>;

/** A talk in a project. */
export function createTalk(project: string) {
  const place = `talk.${project}`;
  const state: StoreApi<TalkState> = createStore(() => ({ ...NEW, conversation: recall<string>(place), draft: "" }));
  /** The stream that is being heard; whatever an older one still tells is not listened to. */
  let ear: AbortController | null = null;

  function quiet(): void {
    ear?.abort();
    ear = null;
    state.setState({ phase: "idle", broken: false, stopping: false });
  }

  function turnTo(conversation: string | null): void {
    remember(place, conversation);
    state.setState({ conversation });
  }

  /** The answer has ended: the server's list has what the stream does not tell, such as who stopped it. */
  function over(conversation: string): void {
    quiet();
    void client.invalidateQueries({ queryKey: keys.messages(conversation) });
    void client.invalidateQueries({ queryKey: keys.conversations(project) });
  }

  /**
   * Hears an answer from its beginning to its end. The server gives what was said before the stream was open, so nothing
   * is missed by speaking first; a break is taken up where it was.
   */
  function hear(conversation: string, messageId: string, mode: Mode): void {
    ear?.abort();
    const own = new AbortController();
    ear = own;
    let heard: LiveAnswer | null = { messageId, mode, content: "", state: "streaming", metadata: null, error: null };
    let frame: number | null = null;
    const show = () => {
      frame = null;
      if (ear === own) state.setState({ answer: heard });
    };
    state.setState({ answer: heard, phase: "writing" });
    void listen(
      {
        open: (lastId, signal) => {
          const headers = { accept: "text/event-stream", "last-event-id": lastId ?? `${messageId}.0` };
          return respond("GET", "/orchestrator/stream", { query: { conversationId: conversation }, headers, signal });
        },
        onState: ({ kind }) => {
          if (ear !== own) return;
          state.setState({ broken: kind === "waiting" });
          // Refused for good: the conversation is gone, or the person may not hear it any more.
          if (kind === "closed") over(conversation);
        },
        onEvent: ({ data, id }) => {
          if (ear !== own) return;
          const event = JSON.parse(data) as StreamEvent;
          heard = advance(heard, event, id);
          if (event.type === "complete" || event.type === "error") {
            if (frame !== null) cancelAnimationFrame(frame);
            show();
            over(conversation);
          } else {
            // A model is faster than the screen: what came since the last frame is shown together.
            frame ??= requestAnimationFrame(show);
          }
        },
        wait,
        chance: Math.random,
      },
      own.signal,
    );
  }

  return {
    state,

    /** Says something. What cannot be sent stays, with the reason, so that it can be sent again. */
    async say(mode: Mode, content: string, about: string | null = null): Promise<void> {
      const sent: Sent = { mode, content, answerId: null };
      state.setState({ ...NEW, sent, phase: "sending" });
      const { conversation } = state.getState();
      const mine = () => state.getState().sent === sent;
      const request: Schemas["ChatRequest"] = {
        content,
        mode,
        projectId: project,
        ...(conversation !== null && { conversationId: conversation }),
        ...(about !== null && { metadata: { contextEntities: [about] } }),
      };
      try {
        const headers = { prefer: "respond-async" };
        const begun = await api.post<Schemas["Begun"]>("/orchestrator/chat", request, { headers });
        if (conversation === null) void client.invalidateQueries({ queryKey: keys.conversations(project) });
        // Meanwhile the person may have turned to another conversation: this one is in the list.
        if (!mine()) return;
        turnTo(begun.conversationId);
        state.setState({ sent: { ...sent, answerId: begun.messageId } });
        hear(begun.conversationId, begun.messageId, mode);
      } catch (error) {
        if (!mine()) return;
        if (gone(error)) turnTo(null);
        state.setState({ phase: "idle", failure: error });
      }
    },

    /** Goes on hearing an answer that began before this page was there. */
    resume(conversation: string, messageId: string, mode: Mode): void {
      const { phase, answer } = state.getState();
      if (phase === "idle" && answer?.messageId !== messageId) hear(conversation, messageId, mode);
    },

    /** Ends the answer; what was written is kept. */
    async stop(): Promise<void> {
      const { conversation, phase } = state.getState();
      if (conversation === null || phase !== "writing") return;
      state.setState({ stopping: true });
      try {
        await api.post(`/orchestrator/conversations/${conversation}/stop`);
      } catch (error) {
        state.setState({ stopping: false });
        toastError("The answer could not be stopped", error);
      }
    },

    /** Turns to another conversation; null begins a new one. An answer under way is written to its end all the same. */
    open(conversation: string | null): void {
      quiet();
      state.setState(NEW);
      turnTo(conversation);
    },

    /** Takes back what could not be sent, into the input. */
    edit(): void {
      state.setState(({ sent, draft }) => ({ ...NEW, draft: draft === "" ? (sent?.content ?? "") : draft }));
    },

    write(draft: string): void {
      state.setState({ draft });
    },
  };
}

/** Waits, and ends early when the signal does. */
function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** By person and project: whoever signs in next on this page finds nothing of whoever was here before. */
const talks = new Map<string, Talk>();

/** The talk of the signed-in person in a project. */
export function talkOf(project: string): Talk {
  const key = `${useSession.getState().user?.id ?? ""}/${project}`;
  const talk = talks.get(key) ?? createTalk(project);
  talks.set(key, talk);
  return talk;
}

/** What is going on in a talk. */
export function useTalk<T>(talk: Talk, select: (state: TalkState) => T): T {
  return useStore(talk.state, select);
}

/** Whether an error says that a conversation is not there (any more). */
export function gone(error: unknown): boolean {
  return error instanceof Problem && error.status === 404;
}
