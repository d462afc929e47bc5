/** Who did what, newest first and page by page, with the way to the run that it was done to. */
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { did, more } from "@/engines/audited";
import { auditQuery, type AuditFilter } from "../queries";
import { exact } from "../time";
import type { Schemas } from "../wire";
import { More, rowsOf } from "./paged";
import { Failure, Skeleton } from "./parts";

interface AuditProps {
  project: string;
  filter?: AuditFilter;
}

export function AuditLog({ project, filter }: AuditProps) {
  const audit = useInfiniteQuery({ ...auditQuery(project, filter), placeholderData: keepPreviousData });
  const rows = rowsOf(audit);
  return (
    <>
      {audit.isPending && <Skeleton />}
      {audit.error && <Failure error={audit.error} onRetry={() => void audit.refetch()} />}
      {audit.isSuccess && rows.length === 0 && <p className="text-sm text-ink-3">Nothing yet.</p>}
      {rows.length > 0 && (
        <div className="overflow-x-auto" tabIndex={0} role="region" aria-label="Audit log">
          <table className="w-full text-left text-sm">
            <thead className="text-xs text-ink-3">
              <tr className="border-b border-line">
                {["When", "Who", "What", "More"].map((column) => (
                  <th key={column} scope="col" className="py-1.5 pr-4 font-medium">
                    {column}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.id} className="border-b border-line align-top last:border-0">
                  <td className="py-1.5 pr-4 whitespace-nowrap text-ink-2">{exact(row.at)}</td>
                  <td className="py-1.5 pr-4 whitespace-nowrap">{row.personName ?? "Atelier"}</td>
                  <td className="py-1.5 pr-4 font-medium whitespace-nowrap">{did(row)}</td>
                  <td className="min-w-48 py-1.5 text-ink-2 wrap-anywhere" title={row.target}>
                    <What project={project} entry={row} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <More list={audit}>Earlier</More>
    </>
  );
}

function What({ project, entry }: { project: string; entry: Schemas["AuditEntry"] }) {
  const words = more(entry);
  if (!entry.target.startsWith("run_")) return words;
  return (
    <Link
      to="/projects/$project/runs/$run"
      params={{ project, run: entry.target }}
      className="text-accent underline underline-offset-2"
    >
      {words || "the run"}
    </Link>
  );
}
