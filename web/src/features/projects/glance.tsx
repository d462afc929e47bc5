/** A collection at a glance: how many records it has, and the first of them. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { firstRecordsQuery, GLANCE } from "@/shared/queries";
import { CollectionIcon } from "@/shared/ui/collection-icon";
import { Failure } from "@/shared/ui/parts";

interface GlanceProps {
  project: string;
  collection: string;
  label: string;
  count: number;
}

export function Glance({ project, collection, label, count }: GlanceProps) {
  const first = useQuery(firstRecordsQuery(project, collection));
  const docs = first.data?.docs ?? [];
  return (
    <section aria-label={label} className="rounded-lg border border-line bg-surface">
      <h2>
        <Link
          to="/projects/$project/records/$collection"
          params={{ project, collection }}
          className="flex items-center gap-2 rounded-t-lg px-3 py-2 text-sm font-medium hover:bg-hover"
        >
          <CollectionIcon collection={collection} className="size-4 text-ink-3" />
          {label}
          <span className="text-ink-3 tabular-nums">{count}</span>
        </Link>
      </h2>
      {first.error ? (
        <Failure error={first.error} onRetry={() => void first.refetch()} />
      ) : (
        <ul className="border-t border-line py-1">
          {docs.map(({ id, name, description }) => (
            <li key={id}>
              <Link
                to="/projects/$project/records/$collection/$record"
                params={{ project, collection, record: id }}
                className="flex h-8 items-center gap-3 px-3 text-sm hover:bg-hover"
              >
                <span className="max-w-[60%] shrink-0 truncate font-medium">{name}</span>
                <span className="truncate text-ink-3">{description}</span>
              </Link>
            </li>
          ))}
          {/* Their places are kept while they are on their way, so that nothing moves when they come. */}
          {first.isPending &&
            Array.from({ length: Math.min(count, GLANCE) }, (_, at) => (
              <li key={at} className="flex h-8 items-center px-3">
                <div className="skeleton h-3.5 w-2/3" />
              </li>
            ))}
        </ul>
      )}
    </section>
  );
}
