/** A machine of one's own: whether it is there, what it says of itself, another key for it, and taking it out. */
import { useMutation } from "@tanstack/react-query";
import { KeyRound, Trash2 } from "lucide-react";
import { useState } from "react";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { useNow } from "@/shared/now";
import { keys } from "@/shared/queries";
import { exact } from "@/shared/time";
import { toast } from "@/shared/toasts";
import { Button } from "@/shared/ui/button";
import { Dialog } from "@/shared/ui/dialog";
import { Failure } from "@/shared/ui/parts";
import { Machine, Presence } from "@/shared/ui/runner";
import { Sure } from "@/shared/ui/sure";
import type { Schemas } from "@/shared/wire";
import { Join } from "./join";

type Runner = Schemas["Runner"];

const again = () => client.invalidateQueries({ queryKey: keys.runners });

export function RunnerRow({ runner }: { runner: Runner }) {
  const { id, name, hint, formerKeyUntil } = runner;
  const [doing, setDoing] = useState<"renew" | "remove" | null>(null);
  const close = () => setDoing(null);
  const remove = useMutation({
    mutationFn: () => api.delete(`/runners/${id}`),
    onSuccess: () => toast({ level: "success", title: `${name} is out of the fleet` }),
    onSettled: again,
  });
  const now = useNow(Boolean(formerKeyUntil));
  const former = formerKeyUntil && Date.parse(formerKeyUntil) > now;
  return (
    <li aria-label={name} className="flex flex-wrap items-center gap-x-3 gap-y-2 py-2.5 text-sm">
      <div className="min-w-0 grow basis-60">
        <p className="flex flex-wrap items-center gap-x-2">
          <span className="font-medium wrap-anywhere">{name}</span>
          <Presence runner={runner} />
        </p>
        <p className="text-xs text-ink-3">
          Key <code className="font-mono">{hint}…</code>
          {former && `, and the one before it until ${exact(formerKeyUntil)}`}
        </p>
        <Machine runner={runner} />
      </div>
      <Button onClick={() => setDoing("renew")}>
        <KeyRound /> Another key
      </Button>
      <Button look="danger" onClick={() => setDoing("remove")}>
        <Trash2 /> Remove
      </Button>
      {doing === "renew" && <Renew runner={runner} onClose={close} />}
      {doing === "remove" && (
        <Sure title={`Remove ${name}`} act="Remove" mutation={remove} onClose={close}>
          Its connection ends at once, and its keys are good no longer. What it did stays.
        </Sure>
      )}
    </li>
  );
}

/** Another key, and what to do with it; closing it is the end of seeing it. */
function Renew({ runner: { id, name }, onClose }: { runner: Runner; onClose: () => void }) {
  const renew = useMutation({
    mutationFn: () => api.post<Schemas["CreatedRunner"]>(`/runners/${id}/key`),
    onSuccess: again,
  });
  return (
    <Dialog open onClose={onClose} title={`Another key for ${name}`} className="max-w-2xl!">
      <div className="@container flex min-h-0 flex-col gap-4 overflow-y-auto p-4">
        {renew.data ? (
          <Join runner={renew.data} />
        ) : (
          <p>The present key is good for five minutes more, so that you can give the machine the new one.</p>
        )}
        {renew.error && <Failure error={renew.error} />}
        <div className="flex justify-end gap-2">
          <Button data-first onClick={onClose}>
            {renew.data ? "Done" : "Not now"}
          </Button>
          {!renew.data && (
            <Button look="main" busy={renew.isPending} onClick={() => renew.mutate()}>
              Make another key
            </Button>
          )}
        </div>
      </div>
    </Dialog>
  );
}
