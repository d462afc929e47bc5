/** What a step changed on a runner: its files, the diff, and the files that were brought back. */
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { diff, type DiffFile } from "@/engines/diff";
import { size } from "@/engines/units";
import { diffQuery, SHOWN, type Source } from "@/shared/fleet";
import type { ChangedFile, Execution } from "@/shared/wire";
import { useRevealed } from "@/shared/revealed";
import { Button } from "@/shared/ui/button";
import { Badge, Failure, Skeleton } from "@/shared/ui/parts";
import { DiffView } from "./diff-view";
import { Saving } from "./saving";

interface ChangesProps {
  source: Omit<Source, "name">;
  execution: Execution;
  /** Nothing more comes of it. */
  over: boolean;
}

/** What a stream is called that holds a file, before its path. */
const FILE = "file:";

export function Changes({ source, execution: { streams, outcome }, over }: ChangesProps) {
  const brought = streams.filter(({ name }) => name.startsWith(FILE));
  const length = streams.find(({ name }) => name === "diff")?.length ?? 0;
  if (!over) return <p className="text-ink-3">What it changes is told when it has ended.</p>;
  return (
    <div className="flex flex-col gap-5">
      <Diff source={{ ...source, name: "diff" }} length={length} told={outcome?.files ?? []} />
      {brought.length > 0 && (
        <section aria-label="Files brought back">
          <h3 className="mb-1 text-xs font-medium text-ink-3">Brought back</h3>
          <ul className="divide-y divide-line">
            {brought.map(({ name, length: bytes }) => {
              const path = name.slice(FILE.length);
              return (
                <li key={name} className="flex items-center gap-3 py-1.5">
                  <span className="min-w-0 grow font-mono text-xs wrap-anywhere">{path}</span>
                  <span className="shrink-0 text-ink-3 tabular-nums">{size(bytes)}</span>
                  <Saving
                    source={{ ...source, name }}
                    length={bytes}
                    file={path.slice(path.lastIndexOf("/") + 1)}
                    label={path}
                  />
                </li>
              );
            })}
          </ul>
        </section>
      )}
    </div>
  );
}

interface DiffProps {
  source: Source;
  length: number;
  /** The files as the runner tells of them. */
  told: readonly ChangedFile[];
}

function Diff({ source, length, told }: DiffProps) {
  const text = useQuery({ ...diffQuery(source, length), enabled: length > 0 });
  const read = useMemo(() => diff(text.data ?? ""), [text.data]);
  const [goal, setGoal] = useState<{ row: number } | null>(null);
  if (length === 0 && told.length === 0) return <p className="text-ink-3">It changed no file.</p>;
  if (text.error) return <Failure error={text.error} onRetry={() => void text.refetch()} />;
  if (text.isLoading) return <Skeleton />;
  return (
    <>
      <Files told={told} read={read.files} onGo={(row) => setGoal({ row })}>
        {length > 0 && <Saving source={source} length={length} file="changes.diff" label="the diff" />}
      </Files>
      {read.rows.length > 0 && <DiffView diff={read} goal={goal} />}
      {(length > SHOWN || read.left > 0) && (
        <p className="text-ink-3">
          The diff is {size(length)} long, and its beginning is shown; the file has all of it.
        </p>
      )}
    </>
  );
}

const CHANGES = {
  added: { name: "New", tone: "good" },
  modified: { name: "Changed", tone: "plain" },
  deleted: { name: "Gone", tone: "bad" },
  renamed: { name: "Renamed", tone: "accent" },
} as const;

/** Files that are shown before more are asked for. */
const FIRST = 10;

interface FilesProps {
  told: readonly ChangedFile[];
  read: readonly DiffFile[];
  onGo: (row: number) => void;
  children: React.ReactNode;
}

/** All files that changed: as the runner tells of them, or as the diff has them if it tells of none. */
function Files({ told, read, onGo, children }: FilesProps) {
  const places = useMemo(() => new Map(read.map((file) => [file.path, file])), [read]);
  const all =
    told.length > 0 ? told : read.map((file) => (file.binary ? { ...file, added: null, removed: null } : file));
  const { shown, rest, reveal } = useRevealed(all.length, FIRST);
  const sum = (count: (file: (typeof all)[number]) => number | null | undefined) =>
    all.reduce((total, file) => total + (count(file) ?? 0), 0);
  return (
    <section aria-label="Files that changed">
      <div className="mb-1 flex items-center gap-3">
        <h3 className="grow text-ink-2">
          {all.length} {all.length === 1 ? "file" : "files"}{" "}
          <Counts added={sum(({ added }) => added)} removed={sum(({ removed }) => removed)} />
        </h3>
        {children}
      </div>
      <ul>
        {all.slice(0, shown).map(({ path, change, added, removed }) => {
          const place = places.get(path);
          const row = (
            <>
              <span className="w-18 shrink-0 text-left">
                <Badge tone={CHANGES[change].tone}>{CHANGES[change].name}</Badge>
              </span>
              <span className="min-w-0 grow text-left font-mono text-xs wrap-anywhere">
                {place?.was && <span className="text-ink-3">{place.was} → </span>}
                {path}
              </span>
              {added == null ? (
                <span className="shrink-0 text-ink-3">no text</span>
              ) : (
                <Counts added={added} removed={removed ?? 0} />
              )}
            </>
          );
          const look = "flex min-h-8 w-full items-center gap-2 rounded-md px-1.5 py-1";
          return (
            <li key={path}>
              {place ? (
                <button type="button" className={`${look} hover:bg-hover`} onClick={() => onGo(place.row)}>
                  {row}
                </button>
              ) : (
                <span className={look}>{row}</span>
              )}
            </li>
          );
        })}
      </ul>
      {rest > 0 && (
        <Button look="quiet" className="h-7 px-2" onClick={reveal}>
          {rest} more
        </Button>
      )}
    </section>
  );
}

function Counts({ added, removed }: { added: number; removed: number }) {
  return (
    <span className="shrink-0 tabular-nums">
      <span className="text-good">+{added}</span> <span className="text-bad">−{removed}</span>
    </span>
  );
}
