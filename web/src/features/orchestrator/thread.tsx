/** What was said, oldest first; it follows what is written only while the reader is at its end. */
import clsx from "clsx";
import { ArrowDown, RotateCcw } from "lucide-react";
import { useLayoutEffect, useRef, useState } from "react";
import type { LiveAnswer } from "@/engines/answer";
import { Button } from "@/shared/ui/button";
import { Badge } from "@/shared/ui/parts";
import type { Message, Mode, Schemas } from "@/shared/wire";
import { DataPreview } from "./data-preview";
import { Prose } from "./prose";
import { QueryResults } from "./query-results";
import { say } from "./talk";

interface ThreadProps {
  project: string;
  messages: Message[];
  said: { content: string; mode: Mode } | null;
  answer: LiveAnswer | null;
  busy: boolean;
  waiting: boolean;
}

/** So near to the end counts as being there, in pixels. */
const NEAR = 48;

export function Thread({ project, messages, said, answer, busy, waiting }: ThreadProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [following, setFollowing] = useState(true);
  const bottom = () => scroller.current?.scrollTo({ top: scroller.current.scrollHeight });
  useLayoutEffect(() => {
    if (following) bottom();
  }, [following, messages, said, answer]);

  // The list may already have the answer that is still being written; it is shown once, live.
  const listed = answer
    ? messages.filter(({ id }) => id !== answer.messageId)
    : messages.filter(({ state }) => !busy || state !== "streaming");
  const last = listed.at(-1);
  const heard = said !== null && last?.author === "user" && last.content === said.content;
  const asked = [...listed].reverse().find(({ author }) => author === "user");
  const broken = !busy && last?.author === "assistant" && (last.state === "failed" || last.state === "stopped");
  return (
    <div className="relative min-h-0 grow">
      <div
        ref={scroller}
        tabIndex={0}
        role="log"
        aria-label="Conversation"
        aria-busy={busy}
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) =>
          setFollowing(scrollHeight - scrollTop - clientHeight < NEAR)
        }
        className="flex h-full flex-col gap-4 overflow-y-auto p-4"
      >
        {listed.map((message) =>
          message.author === "user" ? (
            <Said key={message.id} content={message.content} mode={message.mode} />
          ) : (
            <Answer
              key={message.id}
              project={project}
              content={message.content}
              state={message.state}
              metadata={message.metadata ?? null}
            />
          ),
        )}
        {said && !heard && <Said content={said.content} mode={said.mode} />}
        {answer && (
          <Answer
            project={project}
            content={answer.content}
            state={answer.state}
            metadata={answer.metadata}
            {...(answer.error !== null && { error: answer.error })}
          />
        )}
        {busy && !answer && <p className="caret text-sm text-ink-3">Thinking</p>}
        {waiting && <p className="text-sm text-warn">The stream broke off; it will go on where it stopped.</p>}
        {broken && asked && (
          <div>
            <Button onClick={() => void say(asked.content, asked.mode, [])}>
              <RotateCcw /> Try again
            </Button>
          </div>
        )}
      </div>
      {!following && (
        <Button
          className="absolute bottom-2 left-1/2 -translate-x-1/2 shadow-float"
          onClick={() => {
            setFollowing(true);
            bottom();
          }}
        >
          <ArrowDown /> To the latest
        </Button>
      )}
    </div>
  );
}

function Said({ content, mode }: { content: string; mode: Mode }) {
  return (
    <article
      data-mode={mode}
      aria-label="You"
      className="ml-8 self-end rounded-lg border-r-2 border-mode bg-sunken px-3 py-2 text-sm whitespace-pre-wrap wrap-anywhere"
    >
      {content}
    </article>
  );
}

const ENDS = {
  streaming: null,
  complete: null,
  stopped: "You stopped it here; what was written is kept.",
  failed: "It broke off here; what was written is kept.",
};

interface AnswerProps {
  project: string;
  content: string;
  state: Message["state"];
  metadata: Schemas["ChatMetadata"] | null;
  error?: string;
}

function Answer({ project, content, state, metadata, error }: AnswerProps) {
  const query = metadata?.query;
  const ingest = metadata?.ingest;
  const end = error ?? ENDS[state];
  return (
    <article aria-label="Atelier" className="flex flex-col gap-2.5 text-sm">
      <div className={clsx(state === "streaming" && "streaming")}>
        <Prose text={content} project={project} sources={query?.results ?? []} writing={state === "streaming"} />
      </div>
      {end && <p className="text-xs text-warn">{end}</p>}
      {query && <QueryResults project={project} found={query} />}
      {ingest && (
        <>
          <DataPreview project={project} first={ingest} />
          {ingest.others?.map((other) => (
            <DataPreview key={other.previewId} project={project} first={other} />
          ))}
        </>
      )}
      {metadata && <Provenance metadata={metadata} />}
    </article>
  );
}

/** Who answered, why no better, and what it took. */
function Provenance({ metadata }: { metadata: Schemas["ChatMetadata"] }) {
  const { answeredBy, fallback, usage } = metadata;
  if (!answeredBy && !fallback) return null;
  return (
    <p className="flex flex-wrap items-center gap-2 text-xs text-ink-3">
      {answeredBy && <Badge>{answeredBy === "rules" ? "By rules" : answeredBy}</Badge>}
      {fallback && <span>{fallback}</span>}
      {usage && (
        <span className="tabular-nums">
          {usage.inputTokens + usage.outputTokens} tokens{usage.estimated && " (estimate)"}
          {usage.costMicroUsd != null && ` · $${(usage.costMicroUsd / 1e6).toFixed(4)}`}
        </span>
      )}
    </p>
  );
}
