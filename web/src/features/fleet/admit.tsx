/** Letting a machine join that has made a key of its own: the link that `atelier runner --demo` prints leads here. */
import { useMutation } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { keys } from "@/shared/queries";
import { Button } from "@/shared/ui/button";
import { Failure } from "@/shared/ui/parts";
import type { CreateRemote, Project, Schemas } from "@/shared/wire";

/** What the demonstration's machine has in its folder. */
const FIRST: CreateRemote = {
  title: "Number the scenes",
  order: { engine: { kind: "command", argv: ["sh", "number.sh"] }, collect: ["scenes.txt"] },
};

export function Admit() {
  const [asked] = useState(() => new URLSearchParams(window.location.hash.slice(1)));
  const [name, hash, hint] = ["name", "hash", "hint"].map((field) => asked.get(field) ?? "");
  const navigate = useNavigate();
  const admit = useMutation({
    mutationFn: async () => {
      const project = await api.post<Project>("/projects", { name: "Fleet demo", type: "movie" });
      const body = { name, hash, hint, projects: [project.id] };
      await api.post<Schemas["Runner"]>("/runners/admitted", body);
      return api.post<Schemas["Run"]>(`/projects/${project.id}/fleet/runs`, FIRST);
    },
    onSuccess: ({ id, projectId }) => {
      void client.invalidateQueries({ queryKey: keys.projects });
      void client.invalidateQueries({ queryKey: keys.runners });
      void navigate({ to: "/projects/$project/runs/$run", params: { project: projectId, run: id }, replace: true });
    },
  });
  return (
    <div className="mx-auto flex w-full max-w-md flex-col gap-4 px-4 py-12">
      <h1 className="text-2xl font-semibold">{hash ? "A machine wants to join" : "No machine is named"}</h1>
      {hash ? (
        <>
          <p className="text-sm text-ink-2">
            Let <b>{name}</b> join only if you started it yourself just now, and its key begins with{" "}
            <code className="font-mono">{hint}</code>. It becomes a runner of yours. A project “Fleet demo” is made for
            it, with a first task to watch.
          </p>
          {admit.error && <Failure error={admit.error} />}
          <Button look="main" className="h-9" busy={admit.isPending} onClick={() => admit.mutate()}>
            Let it join
          </Button>
        </>
      ) : (
        <p className="text-sm text-ink-2">
          This page needs the whole link that the machine printed, with all behind the #.
        </p>
      )}
      <Link to="/settings/$section" params={{ section: "runners" }} className="text-sm text-accent underline">
        Your runners
      </Link>
    </div>
  );
}
