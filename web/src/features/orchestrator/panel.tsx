/** The orchestrator: its modes, what was said, and what is being written. */
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { useLayout } from "@/shared/layout";
import { useProjectId } from "@/shared/place";
import { messagesQuery } from "@/shared/queries";
import { Failure, Skeleton } from "@/shared/ui/parts";
import { Beginning } from "./beginning";
import { Header } from "./header";
import { Input } from "./input";
import { Thread } from "./thread";
import { catchUp, enterProject, turnTo, useTalk } from "./talk";
import { Problem } from "@/shared/problem";

export function Panel() {
  const project = useProjectId();
  const mode = useLayout((state) => state.mode);
  const { conversation, said, answer, busy, waiting, error } = useTalk();
  useEffect(() => enterProject(project), [project]);
  const messages = useQuery({ ...messagesQuery(conversation ?? ""), enabled: conversation !== null });

  const gone = messages.error instanceof Problem && messages.error.code === "NOT_FOUND";
  useEffect(() => {
    // The conversation that this browser remembers was removed elsewhere.
    if (gone) turnTo(null);
  }, [gone]);
  useEffect(() => {
    if (conversation !== null && messages.data) catchUp(conversation, messages.data);
  }, [conversation, messages.data]);

  const nothing = conversation === null || (messages.isSuccess && messages.data.length === 0);
  return (
    <section aria-label="Orchestrator" data-mode={mode} className="flex min-h-0 grow flex-col">
      <Header project={project} />
      {conversation !== null && messages.isPending && !said && <Skeleton className="grow p-4" />}
      {messages.error && !gone && <Failure error={messages.error} onRetry={() => void messages.refetch()} />}
      {nothing && !said ? (
        <Beginning mode={mode} />
      ) : (
        <Thread
          project={project}
          messages={messages.data ?? []}
          said={said}
          answer={answer}
          busy={busy}
          waiting={waiting}
        />
      )}
      {error !== null && <Failure error={error} />}
      <Input />
    </section>
  );
}
