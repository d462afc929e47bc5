/** One's own machines in the fleet: making one, and those that there are. */
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { fieldProblem } from "@/shared/problem";
import { keys, runnersQuery } from "@/shared/queries";
import { Button } from "@/shared/ui/button";
import { TextField } from "@/shared/ui/field";
import { More, rowsOf } from "@/shared/ui/paged";
import { Failure, Skeleton } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";
import { Join } from "./join";
import { RunnerRow } from "./runner";
import { Block } from "./sections";

export function Runners() {
  const list = useInfiniteQuery(runnersQuery());
  const create = useMutation({
    mutationFn: (body: Schemas["CreateRunner"]) => api.post<Schemas["CreatedRunner"]>("/runners", body),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.runners }),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    create.mutate({ name: String(new FormData(form).get("name")).trim() }, { onSuccess: () => form.reset() });
  };
  const rows = rowsOf(list);
  return (
    <Block
      title="Runners"
      lead="Machines of yours on which work is done. A runner serves your projects, in the folders that it names itself."
    >
      <form onSubmit={submit} className="grid items-end gap-3 @lg:grid-cols-[1fr_auto]">
        <TextField
          label="What you call the machine"
          name="name"
          required
          maxLength={100}
          error={fieldProblem(create.error, "name")}
        />
        <Button type="submit" look="main" className="h-9" busy={create.isPending}>
          Make a runner
        </Button>
      </form>
      {create.error && <Failure error={create.error} />}
      {create.data && <Join runner={create.data} />}
      {list.isPending && <Skeleton />}
      {list.error && <Failure error={list.error} onRetry={() => void list.refetch()} />}
      {list.isSuccess && rows.length === 0 && (
        <p className="text-sm text-ink-3">
          No runners yet. Make one, and start the program on its machine with the key that you get.
        </p>
      )}
      <ul aria-label="Your runners" className="divide-y divide-line">
        {rows.map((runner) => (
          <RunnerRow key={runner.id} runner={runner} />
        ))}
      </ul>
      <More list={list} />
    </Block>
  );
}
