/** What an import would make, how good it is, and the decision. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { TriangleAlert } from "lucide-react";
import { useState } from "react";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { pages } from "@/engines/units";
import { useMay, useProject, useProjectId } from "@/shared/place";
import { importQuery, keys } from "@/shared/queries";
import { STATES } from "@/shared/reviews";
import { toastUndo } from "@/shared/records";
import { toastError } from "@/shared/toasts";
import { Advised } from "@/shared/ui/advised";
import { Button } from "@/shared/ui/button";
import { Badge, Failure, PageHead, Skeleton } from "@/shared/ui/parts";
import { GateScores } from "@/shared/ui/scores";
import type { Schemas } from "@/shared/wire";
import { Proposals } from "./proposals";

type Import = Schemas["Import"];
type Modification = Schemas["Modification"];
type Decision = Schemas["Decision"];

export function ImportPreview() {
  const project = useProjectId();
  const { import: id = "" } = useParams({ strict: false });
  const query = useQuery(importQuery(project, id));
  const known = useProject() !== undefined;
  if (query.error) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  // What one may do here is known with the project; buttons that come later would push the page down.
  if (!query.data || !known) return <Skeleton className="p-6" lines={8} />;
  return <Preview key={id} project={project} shown={query.data} />;
}

const FORMATS: Readonly<Record<string, string>> = {
  fountain: "Fountain",
  fdx: "Final Draft",
  pdf: "PDF",
  text: "Plain text",
};

function Preview({ project, shown }: { project: string; shown: Import }) {
  const { importId, preview, state } = shown;
  const editor = useMay("editor");
  const navigate = useNavigate();
  const [changes, setChanges] = useState<ReadonlyMap<string, Modification>>(new Map());
  const decide = useMutation({
    mutationFn: (decision: Decision) =>
      api.post<Schemas["ImportDecided"]>(`/projects/${project}/imports/${importId}/decision`, {
        decision,
        ...(decision === "modify" && { modifications: [...changes.values()].filter(named) }),
      } satisfies Schemas["DecisionRequest"]),
    onSuccess: (decided, decision) => {
      if (decision === "modify") {
        setChanges(new Map());
        if (decided.preview)
          client.setQueryData<Import>(importQuery(project, importId).queryKey, { ...shown, preview: decided.preview });
        return;
      }
      void client.invalidateQueries({ queryKey: keys.project(project) });
      if (decision === "ingest") {
        toastUndo(project, saved(decided), decided.changeId);
        void navigate({ to: "/projects/$project", params: { project } });
      }
    },
    onError: (error) => {
      toastError("The decision was not taken", error);
      void client.invalidateQueries({ queryKey: keys.imports(project) });
    },
  });
  const open = state === "pending" && editor;
  return (
    <>
      <PageHead
        title={preview.filename}
        note={`${FORMATS[preview.format] ?? preview.format} · ${pages(preview.pageEighths)} ${preview.pageEighths > 8 ? "pages" : "page"}`}
      >
        {open && (
          <>
            <Button look="danger" busy={decide.isPending} onClick={() => decide.mutate("discard")}>
              Discard
            </Button>
            <Button disabled={changes.size === 0} busy={decide.isPending} onClick={() => decide.mutate("modify")}>
              Modify{changes.size > 0 && ` ${changes.size}`}
            </Button>
            <Button
              look="main"
              disabled={changes.size > 0}
              busy={decide.isPending}
              onClick={() => decide.mutate("ingest")}
            >
              Ingest
            </Button>
          </>
        )}
        {state !== "pending" && <Badge tone={STATES[state].tone}>{STATES[state].name}</Badge>}
      </PageHead>
      <div className="flex flex-col gap-6 p-6">
        <section
          aria-label="Quality"
          className="grid gap-6 rounded-lg border border-line bg-surface p-4 lg:grid-cols-2"
        >
          <div className="flex flex-col gap-3">
            <div>
              <Advised advice={preview.recommendation} />
            </div>
            <p>{preview.reasoning}</p>
            <dl className="flex flex-wrap gap-x-6 gap-y-1 text-sm">
              {(
                [
                  ["Scenes", preview.scenes],
                  ["Characters", preview.characters],
                  ["Locations", preview.locations],
                  ["Relationships", preview.relationships],
                ] as const
              ).map(([name, count]) => (
                <div key={name} className="flex gap-1.5">
                  <dt className="text-ink-3">{name}</dt>
                  <dd className="font-medium tabular-nums">{count}</dd>
                </div>
              ))}
            </dl>
          </div>
          <GateScores scores={preview.qualityScores} />
        </section>
        {preview.titlePage.length > 0 && (
          <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-0.5 text-sm">
            {preview.titlePage.map(({ key, values }) => (
              <div key={key} className="contents">
                <dt className="text-ink-3">{key}</dt>
                <dd>{values.join(", ")}</dd>
              </div>
            ))}
          </dl>
        )}
        {preview.warnings.length > 0 && <Warnings warnings={preview.warnings} />}
        <Proposals records={preview.records} editable={open} changes={changes} onChange={setChanges} />
      </div>
    </>
  );
}

/** Warnings beyond this are one click away. */
const SHOWN = 8;

function Warnings({ warnings }: { warnings: Schemas["Remark"][] }) {
  const [all, setAll] = useState(false);
  return (
    <section aria-label="Remarks" className="rounded-lg border border-line bg-warn-soft p-4 text-sm">
      <h2 className="flex items-center gap-2 font-medium">
        <TriangleAlert className="size-4 text-warn" /> {warnings.length} {warnings.length === 1 ? "remark" : "remarks"}{" "}
        on the document
      </h2>
      <ul className="mt-2 flex flex-col gap-1">
        {(all ? warnings : warnings.slice(0, SHOWN)).map(({ line, message }, at) => (
          <li key={at} className="flex gap-3">
            <span className="w-16 shrink-0 text-ink-2 tabular-nums">{line == null ? "All" : `Line ${line}`}</span>
            <span>{message}</span>
          </li>
        ))}
      </ul>
      {!all && warnings.length > SHOWN && (
        <Button look="quiet" className="mt-2" onClick={() => setAll(true)}>
          Show all
        </Button>
      )}
    </section>
  );
}

/** A name that was emptied and not written anew is no change. */
function named({ name, omit }: Modification): boolean {
  return omit === true || (name?.trim() ?? "") !== "";
}

/** What a decision has saved. */
function saved({ created, changed }: Schemas["ImportDecided"]): string {
  const said = [
    created > 0 && `${created} ${created === 1 ? "record" : "records"} added`,
    changed > 0 && `${changed} changed`,
  ];
  return said.filter(Boolean).join(", ") || "Nothing had to be changed";
}
