/** A command that was given, with what it told: lines, a table, the way to its run; or why nothing was done. */
import { Link } from "@tanstack/react-router";
import type { Entry } from "@/shared/commands";
import { sentence } from "@/shared/problem";
import type { Schemas } from "@/shared/wire";

/** The id of a run, which leads there. */
const RUN = /^run_[0-9a-z]{26}$/;

export function Came({ project, entry: { line, reply, error } }: { project: string; entry: Entry }) {
  return (
    <li className="flex flex-col gap-1.5 text-sm">
      <p className="font-mono text-xs text-ink-2 wrap-anywhere">
        <span aria-hidden className="text-ink-3 select-none">
          ›{" "}
        </span>
        {line}
      </p>
      {reply === null && error === null && <p className="text-ink-3">Under way …</p>}
      {error !== null && <p className="rounded-md bg-bad-soft px-2.5 py-1.5 wrap-anywhere">{sentence(error)}</p>}
      {reply && <Told project={project} reply={reply} />}
    </li>
  );
}

function Told({ project, reply: { title, lines, table, runId } }: { project: string; reply: Schemas["CommandReply"] }) {
  return (
    <>
      <p className="font-medium wrap-anywhere">{title}</p>
      {lines.length > 0 && (
        <pre className="font-mono text-xs leading-5 whitespace-pre-wrap wrap-anywhere">{lines.join("\n")}</pre>
      )}
      {table && table.rows.length > 0 && <Table project={project} title={title} table={table} />}
      {runId && (
        <p>
          <Link to="/projects/$project/runs/$run" params={{ project, run: runId }} className="text-accent underline">
            Open the run
          </Link>
        </p>
      )}
    </>
  );
}

interface TableProps {
  project: string;
  title: string;
  table: Schemas["CommandTable"];
}

function Table({ project, title, table: { columns, rows } }: TableProps) {
  return (
    <div className="overflow-x-auto" tabIndex={0} role="region" aria-label={title}>
      <table className="text-left text-xs">
        <thead className="text-ink-3">
          <tr className="border-b border-line">
            {columns.map((column, at) => (
              <th key={at} scope="col" className="py-1 pr-5 font-medium whitespace-nowrap">
                {column || <span className="sr-only">Number</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={at} className="border-b border-line align-top last:border-0">
              {row.map((cell, column) => (
                <td key={column} className="max-w-96 min-w-6 py-1 pr-5 wrap-anywhere tabular-nums">
                  {RUN.test(cell) ? <ToRun project={project} run={cell} /> : cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ToRun({ project, run }: { project: string; run: string }) {
  return (
    <Link
      to="/projects/$project/runs/$run"
      params={{ project, run }}
      className="font-mono whitespace-nowrap text-accent underline"
    >
      {run}
    </Link>
  );
}
