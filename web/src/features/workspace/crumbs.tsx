/** Where one is within a project, as a path. */
import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useRouterState } from "@tanstack/react-router";
import { recordQuery, schemaQuery } from "@/shared/queries";

export function Crumbs() {
  const { project, collection, record } = useParams({ strict: false });
  const path = useRouterState({ select: (state) => state.location.pathname });
  const schema = useQuery({ ...schemaQuery(project ?? ""), enabled: project !== undefined });
  const open = useQuery({
    ...recordQuery(project ?? "", collection ?? "", record ?? ""),
    enabled: project !== undefined && collection !== undefined && record !== undefined,
  });
  if (project === undefined) return null;
  const label = schema.data?.find(({ name }) => name === collection)?.label ?? collection;
  const screen =
    /^\/projects\/[^/]+\/(imports|runs|schedules|fleet|reviews|readiness|agents|settings|notifications)/.exec(
      path,
    )?.[1];
  return (
    <nav aria-label="Breadcrumbs">
      <ol className="flex items-center gap-1.5 text-sm text-ink-3">
        {screen !== undefined && (
          <li className="flex gap-1.5 capitalize">
            <span aria-hidden>/</span>
            {screen}
          </li>
        )}
        {collection !== undefined && (
          <li className="flex gap-1.5">
            <span aria-hidden>/</span>
            <Link
              to="/projects/$project/records/$collection"
              params={{ project, collection }}
              className="hover:text-ink"
            >
              {label}
            </Link>
          </li>
        )}
        {open.data && (
          <li className="flex min-w-0 gap-1.5">
            <span aria-hidden>/</span>
            <span aria-current="page" className="max-w-56 truncate text-ink">
              {open.data.name}
            </span>
          </li>
        )}
      </ol>
    </nav>
  );
}
