/** A project's name and description, and its end. */
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { useMay } from "@/shared/place";
import { fieldProblem } from "@/shared/problem";
import { keys, projectQuery } from "@/shared/queries";
import { toast } from "@/shared/toasts";
import { Button } from "@/shared/ui/button";
import { Dialog } from "@/shared/ui/dialog";
import { Choice, TextArea, TextField } from "@/shared/ui/field";
import { Failure } from "@/shared/ui/parts";
import type { Project, Schemas } from "@/shared/wire";
import { Block } from "./sections";

export function About({ project }: { project: Project }) {
  const editor = useMay("editor");
  const owner = useMay("owner");
  const [ending, setEnding] = useState(false);
  const save = useMutation({
    mutationFn: (body: Schemas["UpdateProject"]) => api.patch<Project>(`/projects/${project.id}`, body),
    onSuccess: (saved) => {
      client.setQueryData(projectQuery(project.id).queryKey, saved);
      void client.invalidateQueries({ queryKey: keys.projects });
      toast({ level: "success", title: "The project is saved" });
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const text = (name: string) => String(data.get(name) ?? "").trim();
    const metadata = Object.fromEntries(
      ["logline", "genre", "author"].map((key) => [key, text(key)]).filter(([, value]) => value !== ""),
    );
    save.mutate({ name: text("name"), status: text("status") as Schemas["ProjectStatus"], metadata });
  };
  const { metadata } = project;
  return (
    <>
      <Block title="Project">
        <form onSubmit={submit}>
          <fieldset disabled={!editor} className="flex flex-col gap-4">
            <legend className="sr-only">About the project</legend>
            <TextField
              label="Name"
              name="name"
              required
              maxLength={200}
              defaultValue={project.name}
              error={fieldProblem(save.error, "name")}
            />
            <TextArea label="Logline" name="logline" rows={3} maxLength={500} defaultValue={metadata.logline ?? ""} />
            <div className="grid gap-4 @lg:grid-cols-3">
              <TextField label="Genre" name="genre" maxLength={100} defaultValue={metadata.genre ?? ""} />
              <TextField label="Author" name="author" maxLength={200} defaultValue={metadata.author ?? ""} />
              <Choice label="Status" name="status" defaultValue={project.status}>
                <option value="active">Active</option>
                <option value="paused">Paused</option>
                <option value="archived">Archived</option>
              </Choice>
            </div>
            {save.error && <Failure error={save.error} />}
            <div>
              <Button look="main" type="submit" busy={save.isPending}>
                Save
              </Button>
            </div>
          </fieldset>
        </form>
      </Block>
      {owner && (
        <Block
          title="The end"
          lead="Removes the project with everything in it, for everyone. This one cannot be undone."
        >
          <div>
            <Button look="danger" onClick={() => setEnding(true)}>
              Remove the project
            </Button>
          </div>
          {ending && <End project={project} onClose={() => setEnding(false)} />}
        </Block>
      )}
    </>
  );
}

/** The one thing that has no undo asks for the project's name. */
function End({ project, onClose }: { project: Project; onClose: () => void }) {
  const [name, setName] = useState("");
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () => api.delete(`/projects/${project.id}`),
    onSuccess: async () => {
      await navigate({ to: "/projects" });
      client.removeQueries({ queryKey: keys.project(project.id) });
      void client.invalidateQueries({ queryKey: keys.projects });
    },
  });
  return (
    <Dialog open onClose={onClose} title={`Remove ${project.name}`}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          remove.mutate();
        }}
        className="flex flex-col gap-4 p-4"
      >
        <TextField
          label={`Write “${project.name}” to remove it for good`}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        {remove.error && <Failure error={remove.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Keep it</Button>
          <Button look="danger" type="submit" disabled={name !== project.name} busy={remove.isPending}>
            Remove for good
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
