/** The memory's embedder: whether it is here, and fetching it once. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { size } from "@/engines/units";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { Button } from "@/shared/ui/button";
import { Badge, Failure, Progress, Skeleton } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";
import { Block } from "./sections";

type Status = Schemas["EmbedderStatus"];

const KEY = ["settings", "embedder"];
/** While something moves, in milliseconds. */
const OFTEN = 1000;

const STATES = {
  absent: { name: "Not here", tone: "plain" },
  fetching: { name: "On its way", tone: "warn" },
  ready: { name: "Ready", tone: "good" },
  failed: { name: "Failed", tone: "bad" },
} as const;

export function Memory() {
  const status = useQuery({
    queryKey: KEY,
    queryFn: () => api.get<Status>("/settings/embedder"),
    refetchInterval: ({ state: { data } }) => (data && (data.state === "fetching" || data.waiting > 0) ? OFTEN : false),
  });
  const fetch = useMutation({
    mutationFn: () => api.post<Status>("/settings/embedder/fetch"),
    onSuccess: (started) => client.setQueryData(KEY, started),
  });
  if (status.error) return <Failure error={status.error} onRetry={() => void status.refetch()} />;
  if (!status.data) return <Skeleton />;
  const { state, fetched, total, waiting, message } = status.data;
  return (
    <Block
      title="Memory"
      lead="Questions are answered by words and relationships. With the local embedder they also find what means the same in other words. It runs on this server, and nothing leaves it."
    >
      <div className="flex flex-col gap-3 rounded-lg border border-line bg-surface p-4 text-sm">
        <div className="flex items-center gap-3">
          <span className="grow font-medium">Local embedder</span>
          <Badge tone={STATES[state].tone}>{STATES[state].name}</Badge>
        </div>
        {message && <p className="text-ink-2">{message}</p>}
        {state === "fetching" && (
          <Progress
            value={total > 0 ? fetched / total : 0}
            label={`${size(fetched)} of ${total > 0 ? size(total) : "…"}`}
          />
        )}
        {state === "ready" && (
          <p className="text-ink-2">
            {waiting > 0 ? `${waiting} passages still wait for their turn.` : "Everything is embedded."}
          </p>
        )}
        {(state === "absent" || state === "failed") && (
          <div className="flex flex-wrap items-center gap-3">
            <Button look="main" busy={fetch.isPending} onClick={() => fetch.mutate()}>
              {state === "failed" ? "Fetch it again" : "Fetch it now"}
            </Button>
            <span className="text-ink-3">all-MiniLM-L6-v2, a download of 83 MB, once</span>
          </div>
        )}
        {fetch.error && <Failure error={fetch.error} />}
      </div>
    </Block>
  );
}
