/** A link to a record of the project that is open. */
import { Link } from "@tanstack/react-router";
import clsx from "clsx";
import type { ReactNode } from "react";
import { useProjectId } from "@/shared/place";

interface RecordLinkProps {
  collection: string;
  record: string;
  className?: string;
  children: ReactNode;
}

export function RecordLink({ collection, record, className, children }: RecordLinkProps) {
  const project = useProjectId();
  return (
    <Link
      to="/projects/$project/records/$collection/$record"
      params={{ project, collection, record }}
      className={clsx(
        "text-accent underline decoration-transparent underline-offset-2 hover:decoration-current focus-visible:decoration-current",
        className,
      )}
    >
      {children}
    </Link>
  );
}
