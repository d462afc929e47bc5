/** A row of a collection's table; while the list scrolls, only those that come into it are drawn. */
import { Link } from "@tanstack/react-router";
import clsx from "clsx";
import { RotateCcw, Trash2 } from "lucide-react";
import { memo } from "react";
import { ago, exact } from "@/shared/time";
import { IconButton } from "@/shared/ui/button";
import type { Entity, FieldSchema } from "@/shared/wire";
import { shown, told } from "./values";

/** Columns beside the name; more would not fit beside an open orchestrator. */
export const COLUMNS = 3;
/** Scenes and episodes are counted: their number stands before the name. */
export const NUMBER = "number";

interface RowProps {
  row: Entity;
  /** Its place in the list, from 0, and from the list's top in pixels. */
  index: number;
  start: number;
  /** The columns' widths. */
  grid: string;
  project: string;
  collection: string;
  columns: FieldSchema[];
  numbered: boolean;
  bin: boolean;
  /** Restores what is in the bin, and removes what is not; null for whoever may not. */
  act: ((record: { id: string; name: string }) => void) | null;
}

export const Row = memo(function Row({
  row,
  index,
  start,
  grid,
  project,
  collection,
  columns,
  numbered,
  bin,
  act,
}: RowProps) {
  const { id, name } = row;
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className={clsx(grid, "group absolute inset-x-0 h-10 border-b border-line hover:bg-hover")}
      style={{ transform: `translateY(${start}px)` }}
    >
      {numbered && (
        <span role="cell" className="truncate text-ink-3 tabular-nums @max-[38rem]:hidden">
          {shown(row.metadata[NUMBER])}
        </span>
      )}
      <span role="cell" className="min-w-0 truncate font-medium" title={name}>
        {bin ? (
          name
        ) : (
          <Link
            to="/projects/$project/records/$collection/$record"
            params={{ project, collection, record: id }}
            className="hover:underline"
          >
            {name}
          </Link>
        )}
      </span>
      {columns.map((field) => (
        <span key={field.name} role="cell" className="truncate text-ink-2 tabular-nums @max-[38rem]:hidden">
          {told(field, row.metadata[field.name])}
        </span>
      ))}
      {columns.length < COLUMNS && (
        <span
          role="cell"
          className="truncate text-ink-3 @max-[38rem]:hidden"
          style={{ gridColumn: `span ${COLUMNS - columns.length}` }}
        >
          {row.description}
        </span>
      )}
      <time role="cell" dateTime={row.updatedAt} title={exact(row.updatedAt)} className="truncate text-xs text-ink-3">
        {ago(row.updatedAt)}
      </time>
      <span
        role="cell"
        className="opacity-0 group-focus-within:opacity-100 group-hover:opacity-100 pointer-coarse:opacity-100"
      >
        {act && (
          <IconButton label={`${bin ? "Restore" : "Remove"} ${name}`} onClick={() => act({ id, name })}>
            {bin ? <RotateCcw /> : <Trash2 />}
          </IconButton>
        )}
      </span>
    </div>
  );
});
