/** A value of any shape, readable: as facts, lists and tables; long ones begin with what can be looked over. */
import { useState } from "react";
import { type Cell, type Part, readable } from "@/engines/readable";
import { unitsOf } from "@/engines/units";
import { Button } from "./button";
import { Cited } from "./cited";

/** Rows and items that are shown before more are asked for. */
const FIRST = 12;

/** `agent` is who made it, as `department/name`: its numbers are told in their units. */
export function Readable({ value, agent = "" }: { value: unknown; agent?: string }) {
  const parts = readable(value, unitsOf(agent));
  if (parts.length === 0) return <p className="text-sm text-ink-3">Nothing.</p>;
  return <All parts={parts} />;
}

function All({ parts }: { parts: Part[] }) {
  return (
    <div className="flex flex-col gap-4 text-sm">
      {parts.map((part, at) => (
        <One key={`${at}.${part.title}`} part={part} />
      ))}
    </div>
  );
}

function One({ part }: { part: Part }) {
  if (part.kind === "section") return <Section title={part.title} parts={part.parts} />;
  return (
    <div className="min-w-0">
      {part.title !== "" && <h3 className="mb-1 font-medium">{part.title}</h3>}
      <Content part={part} />
    </div>
  );
}

function Content({ part }: { part: Exclude<Part, { kind: "section" }> }) {
  const [all, setAll] = useState(false);
  switch (part.kind) {
    case "text":
      return <p className="whitespace-pre-wrap text-ink-2">{part.text}</p>;
    case "facts":
      return (
        <dl className="grid grid-cols-[minmax(6rem,auto)_1fr] gap-x-4 gap-y-1">
          {part.facts.map(({ label, cell }) => (
            <div key={label} className="contents">
              <dt className="text-ink-3">{label}</dt>
              <dd className="wrap-anywhere">
                <Shown cell={cell} />
              </dd>
            </div>
          ))}
        </dl>
      );
    case "list": {
      const shown = all ? part.items : part.items.slice(0, FIRST);
      return (
        <>
          <ul className="list-disc pl-4 text-ink-2">
            {shown.map((cell, at) => (
              <li key={at}>
                <Shown cell={cell} />
              </li>
            ))}
          </ul>
          <More rest={part.items.length - shown.length} onAll={() => setAll(true)} />
        </>
      );
    }
    case "table": {
      const shown = all ? part.rows : part.rows.slice(0, FIRST);
      return (
        <>
          <div
            tabIndex={0}
            role="region"
            aria-label={part.title || "Table"}
            className="overflow-x-auto rounded-md border border-line"
          >
            <table className="w-max min-w-full text-left">
              <thead>
                <tr className="border-b border-line text-xs text-ink-3">
                  {part.columns.map((column) => (
                    <th key={column} scope="col" className="px-2.5 py-1.5 font-medium whitespace-nowrap">
                      {column}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody className="divide-y divide-line">
                {shown.map((row, at) => (
                  <tr key={at}>
                    {row.map((cell, column) => (
                      <td key={column} className="max-w-80 px-2.5 py-1.5 align-top tabular-nums">
                        <Shown cell={cell} />
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <More rest={part.rows.length - shown.length} onAll={() => setAll(true)} />
        </>
      );
    }
    case "raw":
      return <pre className="max-h-72 overflow-auto rounded-md bg-sunken p-2 font-mono text-xs">{part.json}</pre>;
  }
}

/** A section is open while there are few of its kind; what lies deeper is drawn when it is opened. */
function Section({ title, parts }: { title: string; parts: Part[] }) {
  const [open, setOpen] = useState(false);
  if (title === "") return <All parts={parts} />;
  return (
    <details open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary className="w-fit rounded-sm font-medium">
        {title} <span className="font-normal text-ink-3 tabular-nums">{parts.length > 1 && parts.length}</span>
      </summary>
      <div className="border-l border-line pt-2 pl-3">{open && <All parts={parts} />}</div>
    </details>
  );
}

function Shown({ cell }: { cell: Cell }) {
  if (cell.kind === "text") return cell.text;
  return (
    <Cited collection={cell.collection} record={cell.record} quote={cell.quote}>
      {cell.text}
    </Cited>
  );
}

function More({ rest, onAll }: { rest: number; onAll: () => void }) {
  if (rest <= 0) return null;
  return (
    <Button look="quiet" className="mt-1 -ml-2 h-7 px-2" onClick={onAll}>
      {rest} more
    </Button>
  );
}
