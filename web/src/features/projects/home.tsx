/** A project's home: how much there is, where to drop more, what happened last. */
import { Link, useNavigate } from "@tanstack/react-router";
import { Download } from "lucide-react";
import { download } from "@/shared/api";
import { handOver } from "@/shared/handover";
import { useMay, useProject, useProjectId, useSchema } from "@/shared/place";
import { toastError } from "@/shared/toasts";
import { Button } from "@/shared/ui/button";
import { CollectionIcon } from "@/shared/ui/collection-icon";
import { DropZone } from "@/shared/ui/drop";
import { Menu, MenuItem } from "@/shared/ui/menu";
import { Badge, PageHead, Skeleton } from "@/shared/ui/parts";
import { Activity } from "./activity";

export function ProjectHome() {
  const id = useProjectId();
  const project = useProject();
  const schema = useSchema();
  const editor = useMay("editor");
  const navigate = useNavigate();
  if (!project) return <Skeleton className="p-6" />;
  const stats = project.stats as Record<string, number>;
  const save = (file: string) =>
    download(`/projects/${id}/exports/${file}`).catch((error: unknown) =>
      toastError("The screenplay could not be exported", error),
    );
  return (
    <>
      <PageHead title={project.name} note={project.metadata.logline ?? (project.type === "movie" ? "Film" : "Series")}>
        {project.status !== "active" && <Badge tone="warn">{project.status}</Badge>}
        <Menu
          align="end"
          trigger={
            <Button disabled={project.stats.scenes === 0}>
              <Download /> Export
            </Button>
          }
        >
          <MenuItem onSelect={() => void save("screenplay.fountain")}>Fountain</MenuItem>
          <MenuItem onSelect={() => void save("screenplay.fdx")}>Final Draft (FDX)</MenuItem>
        </Menu>
      </PageHead>
      <div className="grid gap-8 p-6 xl:grid-cols-[3fr_2fr]">
        <div className="flex flex-col gap-6">
          <ul className="grid grid-cols-2 gap-3 sm:grid-cols-3">
            {schema.map(({ name, label }) => {
              return (
                <li key={name}>
                  <Link
                    to="/projects/$project/records/$collection"
                    params={{ project: id, collection: name }}
                    className="flex items-center gap-3 rounded-lg border border-line bg-surface p-3 transition-colors hover:border-line-strong"
                  >
                    <CollectionIcon collection={name} className="size-5 stroke-[1.5] text-ink-3" />
                    <span>
                      <span className="block text-xl leading-tight font-semibold tabular-nums">{stats[name] ?? 0}</span>
                      <span className="text-sm text-ink-2">{label}</span>
                    </span>
                  </Link>
                </li>
              );
            })}
          </ul>
          {editor && (
            <DropZone
              onFile={(file) => {
                handOver(file);
                void navigate({ to: "/projects/$project/imports/new", params: { project: id } });
              }}
            >
              <Button
                look="quiet"
                onClick={() => void navigate({ to: "/projects/$project/imports/new", params: { project: id } })}
              >
                Paste the text
              </Button>
            </DropZone>
          )}
        </div>
        <section aria-label="Recent activity">
          <h2 className="mb-2 text-sm font-medium text-ink-2">Recent activity</h2>
          <Activity project={id} />
        </section>
      </div>
    </>
  );
}
