/** A specialist that is being added to a department. */
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { faultOf, fresh, inWords, named } from "@/engines/definition";
import { Problem } from "@/shared/problem";
import { Button } from "@/shared/ui/button";
import { Dialog } from "@/shared/ui/dialog";
import { Choice, TextArea, TextField } from "@/shared/ui/field";
import { Failure } from "@/shared/ui/parts";
import { useSaveAgent } from "./acts";

interface NewAgentProps {
  project: string;
  department: string;
  engines: string[];
  /** What the department's others work by. */
  engine: string;
  /** Names that are taken in the department. */
  taken: string[];
  onClose: () => void;
}

export function NewAgent({ project, department, engines, engine, taken, onClose }: NewAgentProps) {
  const save = useSaveAgent(project);
  const navigate = useNavigate();
  const [title, setTitle] = useState("");
  const name = named(title);
  const problem =
    title.trim() === "" ? null : name === "" ? "needs a letter from a to z" : taken.includes(name) ? "is taken" : null;
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (problem !== null) return;
    const data = new FormData(event.currentTarget);
    const text = (field: string) => String(data.get(field) ?? "");
    const definition = fresh({ department, name, title: title.trim(), engine: text("engine"), prompt: text("prompt") });
    save.mutate(
      { agent: { department, name }, body: { definition, version: 0 } },
      {
        onSuccess: () =>
          void navigate({
            to: "/projects/$project/agents",
            params: { project },
            search: { agent: `${department}/${name}` },
            replace: true,
          }),
      },
    );
  };
  const fault = save.error instanceof Problem ? faultOf(save.error.details) : null;
  return (
    <Dialog open onClose={onClose} title={`New specialist in ${department}`}>
      <form onSubmit={submit} className="flex min-h-0 flex-col gap-4 overflow-y-auto p-4">
        <TextField
          label="Title"
          required
          maxLength={120}
          value={title}
          onChange={(event) => setTitle(event.currentTarget.value)}
          error={problem}
          help={name && `It is called ${department}/${name}.`}
        />
        <Choice
          label="Engine"
          name="engine"
          defaultValue={engine}
          help="The algorithm that does its work; a model says more about what that finds."
        >
          {engines.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </Choice>
        <TextArea
          label="What its model is told"
          name="prompt"
          required
          rows={4}
          maxLength={10_000}
          placeholder="You look for every sound that comes from the sea."
        />
        {fault ? (
          <p role="alert" className="rounded-md bg-bad-soft px-2.5 py-1.5 text-sm">
            {inWords(fault)}
          </p>
        ) : (
          save.error && <Failure error={save.error} />
        )}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Not now</Button>
          <Button type="submit" look="main" busy={save.isPending}>
            Add
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
