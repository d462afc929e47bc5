/** Where one is signed in, and ending a session from afar. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { ago, exact } from "@/shared/time";
import { toastError } from "@/shared/toasts";
import { Button } from "@/shared/ui/button";
import { Badge, Failure, Skeleton } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";
import { Block } from "./sections";

const KEY = ["sessions"];

export function Sessions() {
  const sessions = useQuery({ queryKey: KEY, queryFn: () => api.get<Schemas["Session"][]>("/auth/sessions") });
  const end = useMutation({
    mutationFn: (id: string) => api.delete(`/auth/sessions/${id}`),
    onError: (error) => toastError("The session goes on", error),
    onSettled: () => void client.invalidateQueries({ queryKey: KEY }),
  });
  return (
    <Block title="Sessions" lead="Where you are signed in. A session that ends is out at once.">
      {sessions.isPending && <Skeleton />}
      {sessions.error && <Failure error={sessions.error} onRetry={() => void sessions.refetch()} />}
      <ul className="divide-y divide-line">
        {sessions.data?.map((session) => (
          <li key={session.id} className="flex items-center gap-3 py-2.5 text-sm">
            <span className="min-w-0 grow">
              <span className="block truncate">{session.device || "An unnamed browser"}</span>
              <span className="text-xs text-ink-3" title={exact(session.createdAt)}>
                Last seen {ago(session.lastSeenAt)}
              </span>
            </span>
            {session.current ? (
              <Badge tone="good">This one</Badge>
            ) : (
              <Button busy={end.isPending} onClick={() => end.mutate(session.id)}>
                End
              </Button>
            )}
          </li>
        ))}
      </ul>
    </Block>
  );
}
