/** What a record is related to, and relating it to more. */
import { useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus, X } from "lucide-react";
import { type FormEvent, useDeferredValue, useState } from "react";
import { api } from "@/shared/api";
import { useSchema } from "@/shared/place";
import { relationshipsQuery, searchQuery } from "@/shared/queries";
import { refresh, type Target, toastUndo } from "@/shared/records";
import { toastError } from "@/shared/toasts";
import { Button, IconButton } from "@/shared/ui/button";
import { CollectionIcon } from "@/shared/ui/collection-icon";
import { Dialog } from "@/shared/ui/dialog";
import { Choice, TextField } from "@/shared/ui/field";
import { More } from "@/shared/ui/paged";
import { Failure, Skeleton } from "@/shared/ui/parts";
import type { Relationship, Schemas } from "@/shared/wire";
import { spokenType } from "./values";

/** What people relate by hand; the others are read from screenplays. */
const TYPES = [
  "related_to",
  "appears_in",
  "set_in",
  "knows",
  "family_of",
  "works_with",
  "loves",
  "opposes",
  "owns",
  "part_of",
];

export function Relationships({ target, editable }: { target: Target; editable: boolean }) {
  const { project, collection, record } = target;
  const list = useInfiniteQuery(relationshipsQuery(project, collection, record));
  const [adding, setAdding] = useState(false);
  if (list.isPending) return <Skeleton />;
  if (list.error) return <Failure error={list.error} onRetry={() => void list.refetch()} />;
  const all = list.data.pages.flatMap((page) => page.docs);
  const groups = Map.groupBy(all, (one) =>
    one.source === record ? spokenType(one.type) : `${spokenType(one.type)} (from there)`,
  );
  return (
    <div className="flex flex-col gap-5">
      {editable && (
        <div>
          <Button onClick={() => setAdding(true)}>
            <Plus /> Relate
          </Button>
        </div>
      )}
      {all.length === 0 && <p className="text-sm text-ink-3">Related to nothing yet.</p>}
      {[...groups].map(([type, members]) => (
        <section key={type}>
          <h2 className="mb-1.5 text-sm font-medium text-ink-2 capitalize">{type}</h2>
          <ul className="flex flex-wrap gap-1.5">
            {members.map((one) => (
              <Related key={one.id} one={one} target={target} editable={editable} />
            ))}
          </ul>
        </section>
      ))}
      <More list={list} />
      {adding && <Relate target={target} onClose={() => setAdding(false)} />}
    </div>
  );
}

function Related({ one, target, editable }: { one: Relationship; target: Target; editable: boolean }) {
  const { project, collection, record } = target;
  const outward = one.source === record;
  const [id, type, name] = outward
    ? [one.target, one.targetType, one.targetName]
    : [one.source, one.sourceType, one.sourceName];
  const there = useSchema().find(({ singular, name }) => singular === type || name === type)?.name;
  const remove = useMutation({
    mutationFn: () => api.delete<Schemas["Changed"]>(`/projects/${project}/relationships/${one.id}`),
    onSuccess: ({ changeId }) => toastUndo(project, `No longer related to ${name}`, changeId),
    onError: (error) => toastError("This could not be taken away", error),
    onSettled: () => refresh(project, collection),
  });
  const label = (
    <>
      <CollectionIcon collection={there ?? type} className="size-3.5 text-ink-3" />
      {name}
      {one.weight != null && <span className="text-xs text-ink-3 tabular-nums">{one.weight}</span>}
    </>
  );
  const shape = "inline-flex h-7 items-center gap-1.5 rounded-md border border-line bg-surface px-2 text-sm";
  return (
    <li className="inline-flex items-center">
      {there === undefined ? (
        <span className={shape}>{label}</span>
      ) : (
        <Link
          to="/projects/$project/records/$collection/$record"
          params={{ project, collection: there, record: id }}
          className={`${shape} hover:border-line-strong`}
        >
          {label}
        </Link>
      )}
      {editable && (
        <IconButton
          label={`No longer ${spokenType(one.type)} ${name}`}
          className="size-6"
          disabled={remove.isPending}
          onClick={() => remove.mutate()}
        >
          <X />
        </IconButton>
      )}
    </li>
  );
}

function Relate({ target, onClose }: { target: Target; onClose: () => void }) {
  const { project, collection, record } = target;
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState<Schemas["SearchHit"] | null>(null);
  const wanted = useDeferredValue(text.trim());
  const found = useQuery(searchQuery(project, wanted));
  const hits = (found.data?.hits ?? []).filter(({ id }) => id !== record).slice(0, 6);
  const relate = useMutation({
    mutationFn: (body: Schemas["CreateRelationship"]) =>
      api.post<Schemas["Changed"]>(`/projects/${project}/relationships`, body),
    onSuccess: ({ changeId }) => {
      toastUndo(project, `Related to ${chosen?.name ?? "it"}`, changeId);
      onClose();
    },
    onSettled: () => refresh(project, collection),
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (chosen)
      relate.mutate({ type: String(new FormData(event.currentTarget).get("type")), source: record, target: chosen.id });
  };
  return (
    <Dialog open onClose={onClose} title="Relate to another record">
      <form onSubmit={submit} className="flex flex-col gap-4 p-4">
        <Choice label="How" name="type">
          {TYPES.map((type) => (
            <option key={type} value={type}>
              {spokenType(type)}
            </option>
          ))}
        </Choice>
        <TextField
          label="To"
          value={chosen?.name ?? text}
          placeholder="A few letters of its name"
          onChange={(event) => {
            setChosen(null);
            setText(event.target.value);
          }}
        />
        {!chosen && hits.length > 0 && (
          <ul aria-label="Records of that name" className="-mt-2 flex flex-col rounded-md border border-line">
            {hits.map((hit) => (
              <li key={hit.id}>
                <button
                  type="button"
                  onClick={() => setChosen(hit)}
                  className="flex w-full items-center gap-2 px-2.5 py-1.5 text-left text-sm hover:bg-hover"
                >
                  {hit.name} <span className="text-xs text-ink-3">{hit.collection}</span>
                </button>
              </li>
            ))}
          </ul>
        )}
        {relate.error && <Failure error={relate.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button look="main" type="submit" disabled={!chosen} busy={relate.isPending}>
            Relate
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
