/** The dialog that makes a project: a name, and whether it is a film or a series. */
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { fieldProblem } from "@/shared/problem";
import { keys } from "@/shared/queries";
import { Button } from "@/shared/ui/button";
import { Dialog } from "@/shared/ui/dialog";
import { Choice, TextField } from "@/shared/ui/field";
import { Failure } from "@/shared/ui/parts";
import type { Project, Schemas } from "@/shared/wire";

export function NewProject({ open, onClose }: { open: boolean; onClose: () => void }) {
  const navigate = useNavigate();
  const create = useMutation({
    mutationFn: (body: Schemas["CreateProject"]) => api.post<Project>("/projects", body),
    onSuccess: ({ id }) => {
      void client.invalidateQueries({ queryKey: keys.projects });
      onClose();
      void navigate({ to: "/projects/$project", params: { project: id } });
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    create.mutate({ name: String(form.get("name")).trim(), type: form.get("type") === "series" ? "series" : "movie" });
  };
  return (
    <Dialog open={open} onClose={onClose} title="New project">
      <form onSubmit={submit} className="flex flex-col gap-4 p-4">
        <TextField label="Name" name="name" required maxLength={200} error={fieldProblem(create.error, "name")} />
        <Choice label="What is made" name="type" defaultValue="movie">
          <option value="movie">A film</option>
          <option value="series">A series</option>
        </Choice>
        {create.error && <Failure error={create.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="main" type="submit" busy={create.isPending}>
            Make the project
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
