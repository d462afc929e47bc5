/** What happened in a project lately, in words; what was done at one stroke is told at one stroke. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useSchema } from "@/shared/place";
import { activityQuery } from "@/shared/queries";
import { ago, exact } from "@/shared/time";
import { Failure, Skeleton } from "@/shared/ui/parts";
import { type Deed, strokes } from "./strokes";

/** Enough to see what others did; the rest is in the records' histories. */
const SHOWN = 20;
/** Names that a stroke of many records tells. */
const NAMED = 3;

/** The collection of what a project says of its agents, which have a page of their own. */
const AGENTS = "agents";

const LINK = "underline decoration-line-strong underline-offset-2 hover:decoration-current";

export function Activity({ project }: { project: string }) {
  const activity = useInfiniteQuery(activityQuery(project));
  const collections = [...useSchema().map(({ name }) => name), AGENTS];
  if (activity.isPending) return <Skeleton />;
  if (activity.error) return <Failure error={activity.error} onRetry={() => void activity.refetch()} />;
  const rows = strokes(
    activity.data.pages.flatMap((page) => page.docs),
    collections,
  ).slice(0, SHOWN);
  if (rows.length === 0) return <p className="text-sm text-ink-3">Nothing yet.</p>;
  return (
    <ol className="flex flex-col">
      {rows.map(({ seq, at, person, deeds, words, run }) => (
        <li key={seq} className="flex items-baseline gap-2 border-b border-line py-1.5 text-sm last:border-0">
          <span className="min-w-0 grow">
            <span className="font-medium">{person}</span> {words} <Deeds deeds={deeds} project={project} />
            {run && (
              <Link to="/projects/$project/runs/$run" params={{ project, run: run.id }} className={LINK}>
                {run.title}
              </Link>
            )}
          </span>
          <time dateTime={at} title={exact(at)} className="shrink-0 text-xs text-ink-3">
            {ago(at)}
          </time>
        </li>
      ))}
    </ol>
  );
}

function Deeds({ deeds, project }: { deeds: Deed[]; project: string }) {
  const more = deeds.length - NAMED;
  return (
    <>
      {deeds.slice(0, NAMED).map(({ collection, id, name, gone }, at) => (
        <span key={id}>
          {at > 0 && ", "}
          {gone ? (
            name
          ) : collection === AGENTS ? (
            <Link to="/projects/$project/agents" params={{ project }} search={{ agent: name }} className={LINK}>
              {name}
            </Link>
          ) : (
            <Link
              to="/projects/$project/records/$collection/$record"
              params={{ project, collection, record: id }}
              className={LINK}
            >
              {name}
            </Link>
          )}
        </span>
      ))}
      {more > 0 && ` and ${more} more`}
    </>
  );
}
