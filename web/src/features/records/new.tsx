/** The dialog that makes a record: only the name is needed. */
import { useNavigate } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { useProjectId } from "@/shared/place";
import { fieldProblem } from "@/shared/problem";
import { useCreateRecord } from "@/shared/records";
import { Button } from "@/shared/ui/button";
import { Dialog } from "@/shared/ui/dialog";
import { TextArea, TextField } from "@/shared/ui/field";
import { Failure } from "@/shared/ui/parts";
import type { CollectionSchema } from "@/shared/wire";

export function NewRecord({ open, onClose, schema }: { open: boolean; onClose: () => void; schema: CollectionSchema }) {
  const project = useProjectId();
  const create = useCreateRecord(project, schema.name);
  const navigate = useNavigate();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const description = String(form.get("description")).trim();
    create.mutate(
      { name: String(form.get("name")).trim(), ...(description && { description }) },
      {
        onSuccess: ({ id }) => {
          onClose();
          void navigate({
            to: "/projects/$project/records/$collection/$record",
            params: { project, collection: schema.name, record: id },
          });
        },
      },
    );
  };
  return (
    <Dialog open={open} onClose={onClose} title={`New ${schema.singular}`}>
      <form onSubmit={submit} className="flex flex-col gap-4 p-4">
        <TextField label="Name" name="name" required maxLength={200} error={fieldProblem(create.error, "name")} />
        <TextArea label="Description" name="description" rows={4} maxLength={20_000} />
        {create.error && <Failure error={create.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="main" type="submit" busy={create.isPending}>
            Make the {schema.singular}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
