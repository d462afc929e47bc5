/** The documents that were brought into the project, and what became of them. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { FileDown, Plus } from "lucide-react";
import { useMay, useProjectId } from "@/shared/place";
import { importsQuery } from "@/shared/queries";
import { STATES } from "@/shared/reviews";
import { ago, exact } from "@/shared/time";
import { buttonClass } from "@/shared/ui/button";
import { Paged, rowsOf } from "@/shared/ui/paged";
import { Badge, Empty, PageHead } from "@/shared/ui/parts";

export function ImportList() {
  const project = useProjectId();
  const editor = useMay("editor");
  const list = useInfiniteQuery(importsQuery(project));
  const add = (
    <Link to="/projects/$project/imports/new" params={{ project }} className={buttonClass("main")}>
      <Plus /> Import a screenplay
    </Link>
  );
  return (
    <>
      <PageHead title="Imports">{editor && rowsOf(list).length > 0 && add}</PageHead>
      <Paged
        list={list}
        label="Imports"
        empty={
          <Empty icon={<FileDown />} title="Nothing was imported yet">
            <p>A screenplay becomes scenes, characters and locations, once you have looked at them.</p>
            {editor && add}
          </Empty>
        }
      >
        {({ importId, filename, state, createdAt }) => (
          <li key={importId}>
            <Link
              to="/projects/$project/imports/$import"
              params={{ project, import: importId }}
              className="flex items-center gap-3 px-6 py-2.5 text-sm hover:bg-hover"
            >
              <span className="min-w-0 grow truncate font-medium">{filename}</span>
              <Badge tone={STATES[state].tone}>{STATES[state].name}</Badge>
              <time dateTime={createdAt} title={exact(createdAt)} className="w-24 text-right text-xs text-ink-3">
                {ago(createdAt)}
              </time>
            </Link>
          </li>
        )}
      </Paged>
    </>
  );
}
