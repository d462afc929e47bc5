/** What a record was before, who changed what, and the way back. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { RotateCcw } from "lucide-react";
import { changed, type Draft } from "@/engines/changes";
import { historyQuery } from "@/shared/queries";
import { type Target, useRestoreRecord } from "@/shared/records";
import { ago, exact } from "@/shared/time";
import { Button } from "@/shared/ui/button";
import { More } from "@/shared/ui/paged";
import { Badge, Failure, Skeleton } from "@/shared/ui/parts";
import type { CollectionSchema, Schemas } from "@/shared/wire";
import { labelOf } from "./labels";

type Version = Schemas["RecordVersion"];

const draft = (version: Version): Draft => ({
  name: version.name,
  description: version.description,
  body: version.body ?? "",
  metadata: version.metadata as Record<string, unknown>,
});

interface HistoryProps {
  target: Target;
  schema: CollectionSchema;
  version: number;
  editable: boolean;
}

export function History({ target, schema, version, editable }: HistoryProps) {
  const { project, collection, record } = target;
  const history = useInfiniteQuery(historyQuery(project, collection, record));
  const restore = useRestoreRecord(project, collection);
  if (history.isPending) return <Skeleton />;
  if (history.error) return <Failure error={history.error} onRetry={() => void history.refetch()} />;
  const versions = history.data.pages.flatMap((page) => page.docs);
  return (
    <>
      <ol className="flex max-w-3xl flex-col">
        {versions.map((one, at) => {
          const before = versions[at + 1];
          const parts = before ? changed(draft(before), draft(one)).map((path) => labelOf(schema, path)) : [];
          return (
            <li key={one.version} className="flex items-start gap-3 border-b border-line py-2.5 text-sm last:border-0">
              <span className="w-8 shrink-0 text-ink-3 tabular-nums">{one.version}</span>
              <span className="min-w-0 grow">
                <span className="font-medium">{one.byName ?? "Atelier"}</span> {one.action}
                {parts.length > 0 && <span className="text-ink-2">: {parts.join(", ")}</span>}
                <time dateTime={one.at} title={exact(one.at)} className="block text-xs text-ink-3">
                  {ago(one.at)}
                </time>
              </span>
              {one.version === version ? (
                <Badge>Now</Badge>
              ) : (
                editable && (
                  <Button busy={restore.isPending} onClick={() => restore.mutate({ id: record, version: one.version })}>
                    <RotateCcw /> Back to this
                  </Button>
                )
              )}
            </li>
          );
        })}
      </ol>
      <More list={history} className="mt-3">
        Earlier versions
      </More>
    </>
  );
}
