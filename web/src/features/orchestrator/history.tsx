/** The conversations of a person in a project: go on with one, or remove it. */
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import { useState } from "react";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { conversationsQuery, keys } from "@/shared/queries";
import { ago, exact } from "@/shared/time";
import { toastError } from "@/shared/toasts";
import { Button, IconButton } from "@/shared/ui/button";
import { More } from "@/shared/ui/paged";
import { Failure, Skeleton } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";
import { type Talk, useTalk } from "./talk";

interface HistoryProps {
  project: string;
  talk: Talk;
  onDone: () => void;
}

export function History({ project, talk, onDone }: HistoryProps) {
  const list = useInfiniteQuery(conversationsQuery(project));
  const rows = list.data?.pages.flatMap((page) => page.docs) ?? [];
  return (
    <section
      aria-label="Conversations"
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        // In a sheet Escape would close the sheet too.
        event.preventDefault();
        event.stopPropagation();
        onDone();
      }}
      className="min-h-0 grow overflow-y-auto"
    >
      <div className="flex items-center justify-between gap-2 px-4 pt-3 pb-1">
        <h2 className="text-sm font-semibold">Your conversations</h2>
        <Button look="quiet" autoFocus className="h-7 px-2" onClick={onDone}>
          Back
        </Button>
      </div>
      {list.isPending && <Skeleton className="p-4" />}
      {list.error && <Failure error={list.error} onRetry={() => void list.refetch()} />}
      {list.isSuccess && rows.length === 0 && <p className="px-4 py-2 text-sm text-ink-3">There are none yet.</p>}
      <ul className="flex flex-col px-2">
        {rows.map((one) => (
          <Past key={one.id} project={project} talk={talk} one={one} onDone={onDone} />
        ))}
      </ul>
      <More list={list} look="quiet" className="m-2">
        Look further back
      </More>
    </section>
  );
}

function Past({ project, talk, one, onDone }: HistoryProps & { one: Schemas["Conversation"] }) {
  const open = useTalk(talk, ({ conversation }) => conversation === one.id);
  const [asking, setAsking] = useState(false);
  const remove = useMutation({
    mutationFn: () => api.delete(`/orchestrator/conversations/${one.id}`),
    onSuccess: () => {
      if (open) talk.open(null);
      client.removeQueries({ queryKey: keys.messages(one.id) });
    },
    onError: (error) => toastError("The conversation is still there", error),
    onSettled: () => client.invalidateQueries({ queryKey: keys.conversations(project) }),
  });
  const title = one.title === "" ? "Nothing said yet" : one.title;
  if (asking) {
    return (
      <li className="flex items-center gap-1 rounded-md bg-bad-soft px-2 py-1 text-sm">
        <span className="min-w-0 grow truncate">Remove for good?</span>
        <Button look="danger" autoFocus busy={remove.isPending} className="h-7 px-2" onClick={() => remove.mutate()}>
          Remove
        </Button>
        <Button className="h-7 px-2" onClick={() => setAsking(false)}>
          Keep
        </Button>
      </li>
    );
  }
  return (
    <li className="group flex items-center rounded-md hover:bg-hover">
      <button
        type="button"
        aria-current={open || undefined}
        onClick={() => {
          if (!open) talk.open(one.id);
          onDone();
        }}
        className="flex min-w-0 grow items-baseline gap-2 rounded-md px-2 py-1.5 text-left text-sm aria-[current]:font-medium"
      >
        <span className="min-w-0 grow truncate">{title}</span>
        <time dateTime={one.updatedAt} title={exact(one.updatedAt)} className="shrink-0 text-xs font-normal text-ink-3">
          {open ? "open" : ago(one.updatedAt)}
        </time>
      </button>
      <IconButton label={`Remove “${title}”`} className="size-7" onClick={() => setAsking(true)}>
        <Trash2 />
      </IconButton>
    </li>
  );
}
