/** A collection as a table that stays smooth with ten thousand rows: filter, bin, and a new record. */
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import clsx from "clsx";
import { FileDown, Plus, Search, Trash2 } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { type Action, useOffer } from "@/shared/actions";
import { useMay, useProjectId, useSchema } from "@/shared/place";
import { recordsQuery } from "@/shared/queries";
import { useRemoveRecord, useRestoreRecord } from "@/shared/records";
import { Button, buttonClass } from "@/shared/ui/button";
import { CollectionIcon } from "@/shared/ui/collection-icon";
import { inputClass } from "@/shared/ui/field";
import { Empty, Failure, PageHead, Skeleton } from "@/shared/ui/parts";
import type { CollectionSchema, Entity, FieldSchema } from "@/shared/wire";
import { NewRecord } from "./new";
import { COLUMNS, NUMBER, Row } from "./row";
import { shown } from "./values";

const ROW = 40;
/** What is typed is asked for once the person pauses, in milliseconds. */
const PAUSE = 200;

export function RecordList() {
  const project = useProjectId();
  const { collection = "" } = useParams({ strict: false });
  const { name = "", bin = false } = useSearch({ strict: false });
  const schema = useSchema().find((one) => one.name === collection);
  const editor = useMay("editor");
  const [making, setMaking] = useState(false);
  const navigate = useNavigate();
  const list = useInfiniteQuery({
    ...recordsQuery(project, collection, { name, removed: bin }),
    placeholderData: keepPreviousData,
  });
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.docs) ?? [], [list.data]);
  const total = list.data?.pages[0]?.totalDocs ?? 0;
  const label = schema?.label ?? collection;
  const singular = schema?.singular ?? "record";

  const actions = useMemo<Action[]>(
    () =>
      editor
        ? [
            {
              id: "record.new",
              name: `New ${singular}`,
              group: "Make",
              icon: Plus,
              shortcut: "N",
              run: () => setMaking(true),
            },
          ]
        : [],
    [editor, singular],
  );
  useOffer(actions);
  const show = (search: { name?: string; bin?: boolean }) =>
    void navigate({
      to: "/projects/$project/records/$collection",
      params: { project, collection },
      search,
      replace: true,
    });

  return (
    <div className="@container flex h-full flex-col">
      <PageHead
        title={bin ? `${label}: the bin` : label}
        note={list.isSuccess ? `${total} ${total === 1 ? "record" : "records"}` : undefined}
      >
        <NameFilter
          key={collection}
          value={name}
          onChange={(value) => show({ ...(value && { name: value }), ...(bin && { bin }) })}
        />
        <Button aria-pressed={bin} look={bin ? "plain" : "quiet"} onClick={() => show(bin ? {} : { bin: true })}>
          <Trash2 /> <span className="max-sm:sr-only">{bin ? "Leave the bin" : "Bin"}</span>
        </Button>
        {editor && !bin && (
          <Button look="main" onClick={() => setMaking(true)}>
            <Plus />
            <span>
              New<span className="max-sm:sr-only"> {singular}</span>
            </span>
          </Button>
        )}
      </PageHead>
      {list.isPending && <Skeleton className="p-6" lines={8} />}
      {list.error && <Failure error={list.error} onRetry={() => void list.refetch()} />}
      {list.isSuccess && rows.length === 0 && (
        <Nothing label={label} collection={collection} filtered={name !== ""} bin={bin} editor={editor} />
      )}
      {rows.length > 0 && schema && (
        <Table
          key={`${collection}.${bin}`}
          project={project}
          schema={schema}
          rows={rows}
          total={total}
          bin={bin}
          editor={editor}
          more={list.hasNextPage && !list.isFetchingNextPage ? () => void list.fetchNextPage() : null}
        />
      )}
      {schema && <NewRecord open={making} onClose={() => setMaking(false)} schema={schema} />}
    </div>
  );
}

function NameFilter({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const [text, setText] = useState(value);
  const latest = useRef(onChange);
  useEffect(() => {
    latest.current = onChange;
  });
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => latest.current(text), PAUSE);
    return () => clearTimeout(timer);
  }, [text, value]);
  return (
    <div className="relative">
      <Search className="pointer-events-none absolute top-2 left-2.5 size-4 text-ink-3" />
      <input
        type="search"
        value={text}
        onChange={(event) => setText(event.target.value)}
        aria-label="Filter by name"
        placeholder="Name begins with"
        className={clsx(inputClass, "h-8 w-48 pl-8")}
      />
    </div>
  );
}

interface NothingProps {
  label: string;
  collection: string;
  filtered: boolean;
  bin: boolean;
  editor: boolean;
}

function Nothing({ label, collection, filtered, bin, editor }: NothingProps) {
  const project = useProjectId();
  if (filtered) return <Empty icon={<CollectionIcon collection={collection} />} title="No name begins like this" />;
  if (bin) return <Empty icon={<Trash2 />} title="The bin is empty" />;
  return (
    <Empty icon={<CollectionIcon collection={collection} />} title={`No ${label.toLowerCase()} yet`}>
      <p className="text-balance">
        They come with a screenplay, from what you tell the orchestrator in data mode, or one by one.
      </p>
      {editor && (
        <Link to="/projects/$project/imports/new" params={{ project }} className={buttonClass()}>
          <FileDown /> Import a screenplay
        </Link>
      )}
    </Empty>
  );
}

interface TableProps {
  project: string;
  schema: CollectionSchema;
  rows: Entity[];
  total: number;
  bin: boolean;
  editor: boolean;
  /** Fetches the next page; null when there is none, or it is on its way. */
  more: (() => void) | null;
}

const CELLS = "grid items-center gap-3 px-6 @max-[38rem]:grid-cols-[minmax(0,1fr)_5.5rem_2rem]";
/** With and without a number before the name; where there is little room, the name and when it was changed. */
const GRIDS = {
  numbered: `${CELLS} @min-[38rem]:grid-cols-[2.5rem_minmax(10rem,3fr)_repeat(3,minmax(3.5rem,1fr))_5rem_2rem]`,
  plain: `${CELLS} @min-[38rem]:grid-cols-[minmax(10rem,2fr)_repeat(3,minmax(3.5rem,1fr))_5rem_2rem]`,
};

function Table({ project, schema, rows, total, bin, editor, more }: TableProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const columns = useMemo(() => telling(schema.fields, rows), [schema.fields, rows]);
  const numbered = schema.fields.some(({ name }) => name === NUMBER);
  const grid = GRIDS[numbered ? "numbered" : "plain"];
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const items = virtualizer.getVirtualItems();
  const end = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && end >= rows.length - 30) more();
  }, [end, more, rows.length]);
  const remove = useRemoveRecord(project, schema.name);
  const restore = useRestoreRecord(project, schema.name);
  return (
    <div
      role="table"
      aria-label={schema.label}
      aria-rowcount={total + 1}
      className="flex min-h-0 grow flex-col text-sm"
    >
      <div role="rowgroup">
        <div role="row" aria-rowindex={1} className={clsx(grid, "h-8 border-b border-line text-xs text-ink-3")}>
          {numbered && (
            <span role="columnheader" className="@max-[38rem]:hidden">
              No.
            </span>
          )}
          <span role="columnheader">Name</span>
          {columns.map((field) => (
            <span key={field.name} role="columnheader" title={field.help} className="truncate @max-[38rem]:hidden">
              {field.label}
            </span>
          ))}
          {columns.length < COLUMNS && (
            <span
              role="columnheader"
              className="@max-[38rem]:hidden"
              style={{ gridColumn: `span ${COLUMNS - columns.length}` }}
            >
              Description
            </span>
          )}
          <span role="columnheader">Changed</span>
          <span role="columnheader">
            <span className="sr-only">{bin ? "Restore" : "Remove"}</span>
          </span>
        </div>
      </div>
      <div ref={scroller} role="rowgroup" className="min-h-0 grow overflow-y-auto">
        <div role="presentation" className="relative" style={{ height: virtualizer.getTotalSize() }}>
          {items.map((item) => {
            const row = rows[item.index];
            if (!row) return null;
            return (
              <Row
                key={row.id}
                row={row}
                index={item.index}
                start={item.start}
                grid={grid}
                project={project}
                collection={schema.name}
                columns={columns}
                numbered={numbered}
                bin={bin}
                act={!editor ? null : bin ? restore.mutate : remove.mutate}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

/**
 * The fields that say something here, in the schema's order: those that tell the first rows apart, and do not merely
 * repeat the name. A scene's heading says inside or outside, the place and mostly the time.
 */
function telling(fields: FieldSchema[], rows: Entity[]): FieldSchema[] {
  const looked = rows.slice(0, 50);
  const says = ({ name }: FieldSchema) => {
    const values = looked.map((row) => shown(row.metadata[name]).toLowerCase());
    const differ = looked.length === 1 || new Set(values).size > 1;
    return differ && values.some((value, at) => value !== "" && !looked[at]?.name.toLowerCase().includes(value));
  };
  return fields.filter((field) => field.name !== NUMBER && says(field)).slice(0, COLUMNS);
}
