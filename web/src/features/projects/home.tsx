/** A project's home: what there is at a glance, where to drop more, what happened last. */
import { useNavigate } from "@tanstack/react-router";
import { Download } from "lucide-react";
import { download } from "@/shared/api";
import { handOver } from "@/shared/handover";
import { useMay, useProject, useProjectId, useSchema } from "@/shared/place";
import { toastError } from "@/shared/toasts";
import { Button } from "@/shared/ui/button";
import { DropZone } from "@/shared/ui/drop";
import { Menu, MenuItem } from "@/shared/ui/menu";
import { Badge, PageHead, Skeleton } from "@/shared/ui/parts";
import { Activity } from "./activity";
import { Glance } from "./glance";

export function ProjectHome() {
  const id = useProjectId();
  const project = useProject();
  const schema = useSchema();
  const editor = useMay("editor");
  const navigate = useNavigate();
  if (!project || schema.length === 0) return <Skeleton className="p-6" />;
  const stats = project.stats as Record<string, number>;
  const held = schema.filter(({ name }) => (stats[name] ?? 0) > 0);
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
      {/* By the room beside the orchestrator, not by the window. */}
      <div className="@container p-6">
        <div className="grid gap-6 @2xl:grid-cols-[3fr_2fr]">
          {editor && (
            <div className="@2xl:col-span-2">
              <DropZone
                slim={held.length > 0}
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
            </div>
          )}
          <div className="flex min-w-0 flex-col gap-4">
            {held.map(({ name, label }) => (
              <Glance key={name} project={id} collection={name} label={label} count={stats[name] ?? 0} />
            ))}
          </div>
          <section aria-label="Recent activity" className="min-w-0">
            <h2 className="mb-2 text-sm font-medium text-ink-2">Recent activity</h2>
            <Activity project={id} />
          </section>
        </div>
      </div>
    </>
  );
}
