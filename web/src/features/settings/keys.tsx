/** API keys: made here, shown once, taken away at once. */
import { useMutation, useQuery } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { fieldProblem } from "@/shared/problem";
import { ago, exact } from "@/shared/time";
import { toastError } from "@/shared/toasts";
import { Button } from "@/shared/ui/button";
import { Choice, TextField } from "@/shared/ui/field";
import { Badge, Failure, Skeleton } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";
import { ShownOnce } from "./secret";
import { Block } from "./sections";

const KEY = ["keys"];

export function Keys() {
  const keys = useQuery({ queryKey: KEY, queryFn: () => api.get<Schemas["Key"][]>("/auth/keys") });
  const again = () => void client.invalidateQueries({ queryKey: KEY });
  const create = useMutation({
    mutationFn: (body: Schemas["CreateKey"]) => api.post<Schemas["CreatedKey"]>("/auth/keys", body),
    onSuccess: again,
  });
  const remove = useMutation({
    mutationFn: (id: string) => api.delete(`/auth/keys/${id}`),
    onError: (error) => toastError("The key still works", error),
    onSettled: again,
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    create.mutate(
      {
        name: String(data.get("name")).trim(),
        scope: data.get("scope") === "read" ? "read" : "write",
        expiresInDays: Number(data.get("days")),
      },
      { onSuccess: () => form.reset() },
    );
  };
  return (
    <Block
      title="API keys"
      lead={
        <>
          For scripts, in the header <code className="font-mono">Authorization: Bearer …</code> A key may do what you
          may, and never more.
        </>
      }
    >
      <form onSubmit={submit} className="grid items-end gap-3 @lg:grid-cols-[1fr_auto_auto_auto]">
        <TextField label="What for" name="name" required maxLength={100} error={fieldProblem(create.error, "name")} />
        <Choice label="May" name="scope" defaultValue="write">
          <option value="write">read and write</option>
          <option value="read">read only</option>
        </Choice>
        <Choice label="Ends after" name="days" defaultValue="90">
          {[7, 30, 90, 365].map((days) => (
            <option key={days} value={days}>
              {days} days
            </option>
          ))}
        </Choice>
        <Button type="submit" look="main" className="h-9" busy={create.isPending}>
          Make a key
        </Button>
      </form>
      {create.error && <Failure error={create.error} />}
      {create.data && <ShownOnce label="Your new key, shown this once" value={create.data.key} />}
      {keys.isPending && <Skeleton />}
      {keys.error && <Failure error={keys.error} onRetry={() => void keys.refetch()} />}
      {keys.data?.length === 0 && <p className="text-sm text-ink-3">No keys yet.</p>}
      <ul className="divide-y divide-line">
        {keys.data?.map((key) => (
          <li key={key.id} className="flex items-center gap-3 py-2.5 text-sm">
            <span className="min-w-0 grow">
              <span className="font-medium">{key.name}</span>{" "}
              <code className="font-mono text-xs text-ink-3">{key.hint}…</code>
              <span className="block text-xs text-ink-3">
                <span title={exact(key.expiresAt)}>Ends {exact(key.expiresAt)}</span> ·{" "}
                {key.lastUsedAt ? `used ${ago(key.lastUsedAt)}` : "never used"}
              </span>
            </span>
            <Badge>{key.scope}</Badge>
            <Button look="danger" busy={remove.isPending} onClick={() => remove.mutate(key.id)}>
              Remove
            </Button>
          </li>
        ))}
      </ul>
    </Block>
  );
}
