/** Deciding on all that waits of a run at once: what the gate advises, or everything. */
import { useMutation } from "@tanstack/react-query";
import { ChevronDown } from "lucide-react";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { useMay } from "@/shared/place";
import { keys } from "@/shared/queries";
import { toast, toastError } from "@/shared/toasts";
import { Button } from "@/shared/ui/button";
import { Menu, MenuItem } from "@/shared/ui/menu";
import type { Schemas } from "@/shared/wire";

export function AllOfRun({ project, run, waiting }: { project: string; run: string; waiting: number }) {
  const editor = useMay("editor");
  const decide = useMutation({
    mutationFn: (decision: Schemas["RunDecision"]) =>
      api.post<Schemas["RunDecided"]>(`/projects/${project}/runs/${run}/decision`, { decision }),
    onSuccess: ({ outcomes, waiting: left }) => {
      const saved = outcomes.filter(({ decided }) => decided?.state === "ingested").length;
      const refused = outcomes.filter((one) => one.refused);
      toast({
        level: refused.length > 0 ? "warning" : "success",
        title: `${saved} saved${left > 0 ? `, ${left} still waiting` : ""}`,
        ...(refused.length > 0 && { message: `Not decided: ${refused.map(({ title }) => title).join(", ")}.` }),
      });
    },
    onError: (error) => toastError("Nothing was decided", error),
    onSettled: () => client.invalidateQueries({ queryKey: keys.project(project) }),
  });
  if (!editor || waiting === 0) return null;
  return (
    <Menu
      align="end"
      trigger={
        <Button busy={decide.isPending}>
          Decide on all <ChevronDown />
        </Button>
      }
    >
      <MenuItem onSelect={() => decide.mutate("advised")}>Save what is advised</MenuItem>
      <MenuItem onSelect={() => decide.mutate("ingest")}>Save all</MenuItem>
      <MenuItem danger onSelect={() => decide.mutate("discard")}>
        Discard all
      </MenuItem>
    </Menu>
  );
}
