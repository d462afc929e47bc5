/** Who did what in the project, for its owners. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useProjectId } from "@/shared/place";
import { auditQuery } from "@/shared/queries";
import { exact } from "@/shared/time";
import { Button } from "@/shared/ui/button";
import { Failure, Skeleton } from "@/shared/ui/parts";
import { Block } from "./sections";

export function Audit() {
  const audit = useInfiniteQuery(auditQuery(useProjectId()));
  const rows = audit.data?.pages.flatMap((page) => page.docs) ?? [];
  return (
    <Block title="Audit" lead="What was done that matters for who may see and change what. It cannot be edited.">
      {audit.isPending && <Skeleton />}
      {audit.error && <Failure error={audit.error} onRetry={() => void audit.refetch()} />}
      {audit.isSuccess && rows.length === 0 && <p className="text-sm text-ink-3">Nothing yet.</p>}
      {rows.length > 0 && (
        <div className="overflow-x-auto" tabIndex={0} role="region" aria-label="Audit log">
          <table className="w-full text-left text-sm">
            <thead className="text-xs text-ink-3">
              <tr className="border-b border-line">
                <th className="py-1.5 pr-4 font-medium">When</th>
                <th className="py-1.5 pr-4 font-medium">Who</th>
                <th className="py-1.5 pr-4 font-medium">What</th>
                <th className="py-1.5 font-medium">To</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.id} className="border-b border-line last:border-0">
                  <td className="py-1.5 pr-4 whitespace-nowrap text-ink-2">{exact(row.at)}</td>
                  <td className="py-1.5 pr-4">{row.personName ?? "Atelier"}</td>
                  <td className="py-1.5 pr-4 font-medium">{row.action}</td>
                  <td className="max-w-48 truncate py-1.5 font-mono text-xs text-ink-3" title={row.target}>
                    {row.target}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {audit.hasNextPage && (
        <div>
          <Button busy={audit.isFetchingNextPage} onClick={() => void audit.fetchNextPage()}>
            Earlier
          </Button>
        </div>
      )}
    </Block>
  );
}
