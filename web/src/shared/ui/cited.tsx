/** A place in a record that something rests on, as a link to the record. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useProjectId } from "../place";

interface CitedProps {
  collection: string;
  record: string;
  /** What stands there; empty if the record as a whole is meant. */
  quote: string;
  children: ReactNode;
}

export function Cited({ collection, record, quote, children }: CitedProps) {
  const project = useProjectId();
  return (
    <Link
      to="/projects/$project/records/$collection/$record"
      params={{ project, collection, record }}
      title={quote || undefined}
      className="text-accent underline decoration-transparent underline-offset-2 hover:decoration-current focus-visible:decoration-current"
    >
      {children}
    </Link>
  );
}
