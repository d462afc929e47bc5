/** The projects that one is in, and the ways to begin one. */
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Clapperboard, Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { type Action, useOffer } from "@/shared/actions";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { handOver } from "@/shared/handover";
import { keys, projectsQuery } from "@/shared/queries";
import { ago } from "@/shared/time";
import { toastError } from "@/shared/toasts";
import { Button } from "@/shared/ui/button";
import { DropZone } from "@/shared/ui/drop";
import { More } from "@/shared/ui/paged";
import { Badge, Empty, Failure, PageHead, Skeleton } from "@/shared/ui/parts";
import type { Project, Schemas } from "@/shared/wire";
import { NewProject } from "./new";

export function ProjectList() {
  const list = useInfiniteQuery(projectsQuery());
  const [making, setMaking] = useState(false);
  const navigate = useNavigate();
  const made = () => void client.invalidateQueries({ queryKey: keys.projects });

  const sample = useMutation({
    mutationFn: () => api.post<Project>("/projects/sample"),
    onSuccess: ({ id }) => {
      made();
      void navigate({ to: "/projects/$project", params: { project: id } });
    },
    onError: (error) => toastError("The sample could not be made", error),
  });
  const dropped = useMutation({
    mutationFn: (file: File) =>
      api.post<Project>("/projects", {
        name: file.name.replace(/\.[^.]+$/, "").slice(0, 200) || "Untitled",
        type: "movie",
      } satisfies Schemas["CreateProject"]),
    onSuccess: ({ id }, file) => {
      made();
      handOver(file);
      void navigate({ to: "/projects/$project/imports/new", params: { project: id } });
    },
    onError: (error) => toastError("The project could not be made", error),
  });

  const actions = useMemo<Action[]>(
    () => [
      { id: "project.new", name: "New project", group: "Make", icon: Plus, shortcut: "N", run: () => setMaking(true) },
    ],
    [],
  );
  useOffer(actions);

  const projects = list.data?.pages.flatMap((page) => page.docs) ?? [];
  return (
    <>
      <PageHead title="Projects">
        <Button look="main" onClick={() => setMaking(true)}>
          <Plus /> New project
        </Button>
      </PageHead>
      {list.isPending && <Skeleton className="p-6" lines={5} />}
      {list.error && <Failure error={list.error} onRetry={() => void list.refetch()} />}
      {list.isSuccess && projects.length === 0 && (
        <Empty icon={<Clapperboard />} title="Your first film">
          <p className="max-w-md">
            Drop a screenplay and within a minute its scenes, characters and locations are records that you can ask
            questions of. Or look around in a short film of ours.
          </p>
          <div className="mt-2 w-full max-w-lg">
            <DropZone onFile={dropped.mutate} disabled={dropped.isPending}>
              <Button busy={sample.isPending} onClick={() => sample.mutate()}>
                Open the sample project
              </Button>
            </DropZone>
          </div>
        </Empty>
      )}
      {projects.length > 0 && (
        <ul className="grid grid-cols-[repeat(auto-fill,minmax(17rem,1fr))] gap-3 p-6">
          {projects.map((project) => (
            <li key={project.id}>
              <Card project={project} />
            </li>
          ))}
        </ul>
      )}
      <More list={list} className="mx-6 mb-6">
        More projects
      </More>
      {projects.length > 0 && (
        <div className="mx-6 mb-6 flex items-center gap-2 text-sm text-ink-3">
          <span>New here?</span>
          <Button look="quiet" busy={sample.isPending} onClick={() => sample.mutate()}>
            Open the sample project
          </Button>
        </div>
      )}
      <NewProject open={making} onClose={() => setMaking(false)} />
    </>
  );
}

function Card({ project }: { project: Project }) {
  const { stats } = project;
  return (
    <Link
      to="/projects/$project"
      params={{ project: project.id }}
      className="flex h-full flex-col gap-3 rounded-lg border border-line bg-surface p-4 transition-colors hover:border-line-strong"
    >
      <div className="flex items-start justify-between gap-2">
        <h2 className="font-semibold">{project.name}</h2>
        <Badge>{project.type === "movie" ? "Film" : "Series"}</Badge>
      </div>
      {project.metadata.logline && <p className="line-clamp-2 text-sm text-ink-2">{project.metadata.logline}</p>}
      <p className="mt-auto text-xs text-ink-3">
        {stats.scenes} scenes · {stats.characters} characters · {stats.locations} locations
      </p>
      <p className="text-xs text-ink-3">
        {project.role} · {ago(project.updatedAt)}
      </p>
    </Link>
  );
}
