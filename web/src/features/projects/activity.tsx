/** What happened in a project lately, in words. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { activityQuery, schemaQuery } from "@/shared/queries";
import { ago, exact } from "@/shared/time";
import { Failure, Skeleton } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";
import { client } from "@/shared/client";

/** Enough to see what others did; the rest is in the records' histories. */
const SHOWN = 30;

export function Activity({ project }: { project: string }) {
  const activity = useInfiniteQuery(activityQuery(project));
  if (activity.isPending) return <Skeleton />;
  if (activity.error) return <Failure error={activity.error} onRetry={() => void activity.refetch()} />;
  const rows = activity.data.pages.flatMap((page) => page.docs).slice(0, SHOWN);
  if (rows.length === 0) return <p className="text-sm text-ink-3">Nothing yet.</p>;
  return (
    <ol className="flex flex-col">
      {rows.map((event) => (
        <li key={event.seq} className="flex items-baseline gap-2 border-b border-line py-1.5 text-sm last:border-0">
          <span className="min-w-0 grow">
            <span className="font-medium">{event.personName ?? "Atelier"}</span>{" "}
            <Deed event={event} project={project} />
          </span>
          <time dateTime={event.at} title={exact(event.at)} className="shrink-0 text-xs text-ink-3">
            {ago(event.at)}
          </time>
        </li>
      ))}
    </ol>
  );
}

function Deed({ event, project }: { event: Schemas["Activity"]; project: string }) {
  const payload = event.payload as Record<string, unknown>;
  const changes = (payload["changes"] ?? {}) as Record<string, unknown>;
  const text = (value: unknown) => (typeof value === "string" ? value : "");
  switch (event.kind) {
    case "entity:updated": {
      const type = text(payload["entityType"]);
      const collection = client
        .getQueryData(schemaQuery(project).queryKey)
        ?.find(({ singular }) => singular === type)?.name;
      const action = text(changes["action"]) || "changed";
      const name = text(changes["name"]) || `a ${type}`;
      return (
        <>
          {action}{" "}
          {collection !== undefined && action !== "removed" ? (
            <Link
              to="/projects/$project/records/$collection/$record"
              params={{ project, collection, record: text(payload["entityId"]) }}
              className="underline decoration-line-strong underline-offset-2 hover:decoration-current"
            >
              {name}
            </Link>
          ) : (
            name
          )}
        </>
      );
    }
    case "member:updated":
      return <>changed who is in the project</>;
    case "project:updated":
      return <>changed the project</>;
    case "review:updated":
      return (
        <>{payload["state"] === "pending" ? "made a proposal" : `decided on a proposal: ${text(payload["state"])}`}</>
      );
    default:
      return <>{text(payload["title"])}</>;
  }
}
