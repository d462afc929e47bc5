/** The command palette: every action, and every record by its words. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { Command } from "cmdk";
import { useDeferredValue, useState } from "react";
import { useActions } from "@/shared/actions";
import { layout } from "@/shared/layout";
import { searchQuery } from "@/shared/queries";
import { Dialog } from "@/shared/ui/dialog";
import type { Schemas } from "@/shared/wire";
import { Keys } from "@/shared/ui/keys";
import { CollectionIcon } from "@/shared/ui/collection-icon";

const ITEM =
  "flex cursor-pointer items-center gap-2.5 rounded-md px-2.5 py-2 text-sm data-[selected=true]:bg-hover [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-ink-3";
const HEADING =
  "[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:text-ink-3";

export function Palette() {
  const { project } = useParams({ strict: false });
  const [text, setText] = useState("");
  const wanted = useDeferredValue(text.trim());
  const actions = useActions();
  const found = useQuery({
    ...searchQuery(project ?? "", wanted),
    enabled: project !== undefined && wanted.length > 1,
  });
  const navigate = useNavigate();
  const close = () => layout.setPalette(false);
  const hits = found.data?.hits ?? [];
  const groups = [...new Set(actions.map(({ group }) => group))];
  const [chosen, setChosen] = useState("");
  const named = hits.find(({ name }) => name.toLowerCase().includes(wanted.toLowerCase()))?.id;
  const [before, setBefore] = useState(named);
  if (named !== before) {
    // Records come when an action is chosen already; Enter opens what was asked for by its name.
    setBefore(named);
    if (named !== undefined) setChosen(named);
  }
  return (
    <Dialog open onClose={close} title="Search or do" titleHidden side="top">
      <Command
        label="Search or do"
        loop
        value={chosen}
        onValueChange={setChosen}
        filter={(_, search, words) => (fits(search, words ?? []) ? 1 : 0)}
        className="flex min-h-0 flex-col"
      >
        <Command.Input
          value={text}
          onValueChange={setText}
          placeholder={project === undefined ? "What do you want to do?" : "Find a record, or say what to do"}
          className="h-12 shrink-0 border-b border-line bg-transparent px-4 text-base outline-none"
        />
        <Command.List label="Results" className="min-h-0 overflow-y-auto p-1.5">
          {hits.length === 0 && (
            <Command.Empty className="px-2.5 py-6 text-center text-sm text-ink-3">
              {found.isFetching ? "Looking…" : "Nothing of that name."}
            </Command.Empty>
          )}
          {hits.length > 0 && project !== undefined && (
            <Command.Group heading="Records" forceMount className={HEADING}>
              {hits.map((hit) => (
                <Command.Item
                  key={hit.id}
                  value={hit.id}
                  // The server has chosen these; the palette's own filter would drop what matches by its text.
                  forceMount
                  className={ITEM}
                  onSelect={() => {
                    close();
                    void navigate({
                      to: "/projects/$project/records/$collection/$record",
                      params: { project, collection: hit.collection, record: hit.id },
                    });
                  }}
                >
                  <CollectionIcon collection={hit.collection} />
                  <span className="shrink-0 font-medium">{hit.name}</span>
                  <span className="truncate text-ink-3">{beyond(hit)}</span>
                </Command.Item>
              ))}
            </Command.Group>
          )}
          {groups.map((group) => (
            <Command.Group key={group} heading={group} className={HEADING}>
              {actions
                .filter((action) => action.group === group)
                .map(({ id, name, icon: Icon, shortcut, words, run }) => (
                  <Command.Item
                    key={id}
                    value={id}
                    keywords={[name, group, ...(words ? [words] : [])]}
                    className={ITEM}
                    onSelect={() => {
                      close();
                      run();
                    }}
                  >
                    <Icon />
                    <span className="grow">{name}</span>
                    {shortcut !== undefined && <Keys shortcut={shortcut} />}
                  </Command.Item>
                ))}
            </Command.Group>
          ))}
        </Command.List>
      </Command>
    </Dialog>
  );
}

/** Whether every word that was typed begins a word of the action. */
function fits(search: string, words: string[]): boolean {
  const known = words.flatMap((one) => one.toLowerCase().split(/[^\p{L}\p{N}]+/u));
  const typed = search.toLowerCase().split(/\s+/).filter(Boolean);
  return typed.every((part) => known.some((word) => word.startsWith(part)));
}

/** What was found of a record; a scene's text begins with its heading, which stands before it already. */
function beyond({ collection, name, excerpt }: Schemas["SearchHit"]): string {
  return collection === "scenes" && excerpt.startsWith(name) ? excerpt.slice(name.length).trimStart() : excerpt;
}
