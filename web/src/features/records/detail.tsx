/** One record: its fields, its script, what it is related to, and what it was before. */
import * as Tabs from "@radix-ui/react-tabs";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { Save, Trash2 } from "lucide-react";
import { useMemo } from "react";
import { type Action, useOffer } from "@/shared/actions";
import { useMay, useProject, useProjectId, useSchema } from "@/shared/place";
import { Problem } from "@/shared/problem";
import { recordQuery } from "@/shared/queries";
import { place, refresh, useRemoveRecord, useUpdateRecord } from "@/shared/records";
import { ago } from "@/shared/time";
import { toast, toastError } from "@/shared/toasts";
import { Button } from "@/shared/ui/button";
import { TAB } from "@/shared/ui/tab";
import { Badge, Failure, PageHead, Skeleton } from "@/shared/ui/parts";
import type { CollectionSchema, Entity } from "@/shared/wire";
import { Clashes } from "./clashes";
import { useDraft } from "./draft";
import { Fields } from "./fields";
import { History } from "./history";
import { Relationships } from "./relationships";
import { Script } from "./script";

const ORIGINS = {
  person: null,
  import: "From a screenplay",
  ingest: "From the orchestrator",
  model: "Written by a model",
};
export function RecordDetail() {
  const project = useProjectId();
  const { collection = "", record = "" } = useParams({ strict: false });
  const schema = useSchema().find(({ name }) => name === collection);
  const query = useQuery(recordQuery(project, collection, record));
  const known = useProject() !== undefined;
  if (query.error && !query.data) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  // What one may do here is known with the project; buttons that come later would push the page down.
  if (!query.data || !schema || !known) return <Skeleton className="p-6" lines={8} />;
  return <Detail key={record} project={project} schema={schema} record={query.data} />;
}

function Detail({ project, schema, record }: { project: string; schema: CollectionSchema; record: Entity }) {
  const target = { project, collection: schema.name, record: record.id };
  const editing = useDraft(record);
  const update = useUpdateRecord(target);
  const remove = useRemoveRecord(project, schema.name);
  const editor = useMay("editor");
  const navigate = useNavigate();
  const { dirty, request } = editing;

  const save = () => {
    const body = request();
    if (!body) return;
    update.mutate(body, {
      onError: (error) => {
        const theirs = error instanceof Problem && error.code === "CONFLICT" ? error.details?.["theirs"] : undefined;
        if (theirs) {
          // The newer state goes where every other newer state goes; the draft comes onto it.
          place(target, theirs as Entity);
          toast({
            level: "warning",
            title: "Someone changed this meanwhile",
            message: "Look at both, then save again. Nothing you typed is lost.",
          });
        } else {
          toastError(`${record.name} was not saved`, error);
        }
      },
    });
  };

  const actions = useMemo<Action[]>(
    () => [
      {
        id: "record.save",
        name: "Save the record",
        group: "Make",
        icon: Save,
        shortcut: "Mod+S",
        run: () => document.getElementById("save-record")?.click(),
      },
    ],
    [],
  );
  useOffer(actions);

  const origin = ORIGINS[record.origin];
  return (
    <>
      <PageHead title={record.name} note={`Version ${record.version} · changed ${ago(record.updatedAt)}`}>
        {origin && <Badge tone={record.origin === "model" ? "warn" : "plain"}>{origin}</Badge>}
        {editor && dirty.length > 0 && (
          <Button look="quiet" onClick={editing.reset}>
            Take back
          </Button>
        )}
        {editor && (
          <Button
            id="save-record"
            look="main"
            disabled={dirty.length === 0 || editing.clashes.length > 0}
            busy={update.isPending}
            onClick={save}
          >
            Save{dirty.length > 0 && ` ${dirty.length} ${dirty.length === 1 ? "change" : "changes"}`}
          </Button>
        )}
        {editor && (
          <Button
            look="danger"
            onClick={() =>
              remove.mutate(
                { id: record.id, name: record.name },
                {
                  onSuccess: () => {
                    refresh(project, schema.name);
                    void navigate({
                      to: "/projects/$project/records/$collection",
                      params: { project, collection: schema.name },
                    });
                  },
                },
              )
            }
          >
            <Trash2 /> Remove
          </Button>
        )}
      </PageHead>
      <Clashes editing={editing} schema={schema} />
      <Tabs.Root defaultValue={record.body ? "script" : "details"}>
        <Tabs.List aria-label="Parts of the record" className="flex gap-5 border-b border-line px-6">
          {(record.body !== undefined || schema.name === "scenes") && (
            <Tabs.Trigger value="script" className={TAB}>
              Script
            </Tabs.Trigger>
          )}
          <Tabs.Trigger value="details" className={TAB}>
            Details
          </Tabs.Trigger>
          <Tabs.Trigger value="relationships" className={TAB}>
            Relationships
          </Tabs.Trigger>
          <Tabs.Trigger value="history" className={TAB}>
            History
          </Tabs.Trigger>
        </Tabs.List>
        <Tabs.Content value="script" className="p-6">
          <Script body={editing.draft.body} editable={editor} onChange={(body) => editing.set({ body })} />
        </Tabs.Content>
        <Tabs.Content value="details" className="max-w-3xl p-6">
          <Fields editing={editing} schema={schema} editable={editor} error={update.error} />
        </Tabs.Content>
        <Tabs.Content value="relationships" className="p-6">
          <Relationships target={target} editable={editor} />
        </Tabs.Content>
        <Tabs.Content value="history" className="p-6">
          <History target={target} schema={schema} version={record.version} editable={editor} />
        </Tabs.Content>
      </Tabs.Root>
    </>
  );
}
