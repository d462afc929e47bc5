/** The orchestrator: its mode, its conversations, what was said, and where to say more. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { History as HistoryIcon, SquarePen, Workflow, X } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { asked, transcript } from "@/engines/transcript";
import { layout, useLayout } from "@/shared/layout";
import { messagesQuery } from "@/shared/queries";
import { IconButton } from "@/shared/ui/button";
import { Failure, Skeleton } from "@/shared/ui/parts";
import { useAbout } from "./about";
import { useTalkActions } from "./actions";
import { Beginning } from "./beginning";
import { Composer } from "./composer";
import { Conversation } from "./conversation";
import { useFiles } from "./dropping";
import { History } from "./history";
import { Modes } from "./modes";
import { useOrdering } from "./ordering";
import { Orders } from "./orders";
import { gone, talkOf, useTalk } from "./talk";

export function Orchestrator({ project }: { project: string }) {
  const talk = talkOf(project);
  const mode = useLayout((state) => state.mode);
  const [past, setPast] = useState(false);
  const navigate = useNavigate();
  const conversation = useTalk(talk, (state) => state.conversation);
  const sent = useTalk(talk, (state) => state.sent);
  const answer = useTalk(talk, (state) => state.answer);
  const messages = useInfiniteQuery({ ...messagesQuery(conversation ?? ""), enabled: conversation !== null });
  const said = useMemo(() => messages.data?.pages.flatMap((page) => page.docs).toReversed() ?? [], [messages.data]);
  const rows = useMemo(() => transcript(said, sent, answer), [said, sent, answer]);
  const [about, forget] = useAbout(project);
  const { over, onFile, dropping } = useFiles(project, talk);
  const ordering = useOrdering(project, talk, mode === "task");
  useTalkActions(talk);

  const words = useLayout((state) => state.words);
  useEffect(() => {
    if (words === null) return;
    talk.write(words);
    useLayout.setState({ words: null });
  }, [words, talk]);
  const lost = gone(messages.error);
  useEffect(() => {
    // The conversation that this browser remembers was removed elsewhere.
    if (lost) talk.open(null);
  }, [lost, talk]);
  useEffect(() => {
    const last = said.at(-1);
    if (conversation !== null && last?.state === "streaming") talk.resume(conversation, last.id, last.mode);
  }, [conversation, said, talk]);

  const waiting = conversation !== null && messages.isPending && rows.length === 0;
  return (
    <section aria-label="Talk" data-mode={mode} className="relative flex min-h-0 grow flex-col text-base" {...dropping}>
      <header className="flex h-15 shrink-0 items-center gap-1 border-b border-line px-2">
        <Modes mode={mode} />
        <span className="grow" />
        {mode === "task" ? (
          <IconButton
            label="All runs"
            onClick={() => void navigate({ to: "/projects/$project/runs", params: { project } })}
          >
            <Workflow />
          </IconButton>
        ) : (
          <>
            <IconButton label="Earlier conversations" aria-pressed={past} onClick={() => setPast(!past)}>
              <HistoryIcon />
            </IconButton>
            <IconButton
              label="New conversation"
              disabled={rows.length === 0 && conversation === null}
              onClick={() => {
                setPast(false);
                talk.open(null);
              }}
            >
              <SquarePen />
            </IconButton>
          </>
        )}
        <IconButton
          label="Hide the orchestrator"
          shortcut="Mod+/"
          className="max-md:hidden"
          onClick={layout.toggleOrchestrator}
        >
          <X />
        </IconButton>
      </header>
      {past && mode !== "task" ? (
        <History project={project} talk={talk} onDone={() => setPast(false)} />
      ) : mode === "task" ? (
        <Orders project={project} talk={talk} ordering={ordering} />
      ) : waiting ? (
        <Skeleton className="grow p-4" />
      ) : rows.length === 0 ? (
        messages.error && !lost ? (
          <Failure error={messages.error} onRetry={() => void messages.refetch()} />
        ) : (
          <Beginning talk={talk} mode={mode} />
        )
      ) : (
        <Conversation
          talk={talk}
          rows={rows}
          onEarlier={messages.hasNextPage ? () => void messages.fetchNextPage() : null}
          fetching={messages.isFetchingNextPage}
          onAgain={(id) => {
            const question = asked(rows, id);
            if (question) void talk.say(question.mode, question.content);
          }}
        />
      )}
      <Composer
        talk={talk}
        mode={mode}
        about={about}
        onForget={forget}
        onFile={onFile}
        ordering={ordering}
        last={rows.findLast(({ author }) => author === "user")?.content ?? null}
      />
      {over && (
        <p className="pointer-events-none absolute inset-2 grid place-items-center rounded-lg border-2 border-dashed border-mode bg-surface/90 font-medium">
          Drop a text file to tell the project of it
        </p>
      )}
    </section>
  );
}
