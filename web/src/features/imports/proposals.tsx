/** The records that an import would make or change, by collection; each can be renamed or left out. */
import clsx from "clsx";
import { type Dispatch, memo, type ReactNode, type SetStateAction, useId } from "react";
import { inputClass } from "@/shared/ui/field";
import { Badge } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";
import { CollectionIcon } from "@/shared/ui/collection-icon";

type Proposed = Schemas["ProposedRecord"];
type Modification = Schemas["Modification"];
type Changes = ReadonlyMap<string, Modification>;

const ACTIONS = {
  create: { name: "New", tone: "good" },
  change: { name: "Changed", tone: "warn" },
  keep: { name: "As it is", tone: "plain" },
  remove: { name: "Gone", tone: "bad" },
} as const;

interface ProposalsProps {
  records: Proposed[];
  editable: boolean;
  changes: Changes;
  onChange: Dispatch<SetStateAction<Changes>>;
}

export function Proposals({ records, editable, changes, onChange }: ProposalsProps) {
  const groups = [...Map.groupBy(records, ({ collection }) => collection)];
  return (
    <div className="flex flex-col gap-5">
      {groups.map(([collection, members]) => {
        return (
          <details key={collection} open className="rounded-lg border border-line bg-surface">
            <summary className="flex items-center gap-2 px-4 py-2.5 text-sm font-medium">
              <CollectionIcon collection={collection} className="size-4 text-ink-3" />
              <span className="capitalize">{collection}</span>
              <Badge>{members.length}</Badge>
              <Tally members={members} />
            </summary>
            <ul className="divide-y divide-line border-t border-line">
              {members.map((proposed) => (
                <Proposal
                  key={proposed.key}
                  proposed={proposed}
                  editable={editable}
                  change={changes.get(proposed.key)}
                  onChange={onChange}
                />
              ))}
            </ul>
          </details>
        );
      })}
    </div>
  );
}

function Tally({ members }: { members: Proposed[] }): ReactNode {
  const count = (action: Proposed["action"]) => members.filter((one) => one.action === action).length;
  const parts = (["create", "change", "remove", "keep"] as const).map(
    (action) => [ACTIONS[action].name, count(action)] as const,
  );
  return (
    <span className="text-xs font-normal text-ink-3">
      {parts
        .filter(([, many]) => many > 0)
        .map(([name, many]) => `${many} ${name.toLowerCase()}`)
        .join(" · ")}
    </span>
  );
}

interface ProposalProps {
  proposed: Proposed;
  editable: boolean;
  change: Modification | undefined;
  onChange: Dispatch<SetStateAction<Changes>>;
}

/** A film has hundreds of them; what is done to one draws no other anew. */
const Proposal = memo(function Proposal({ proposed, editable, change, onChange }: ProposalProps) {
  const id = useId();
  const omitted = change?.omit === true;
  const name = change?.name ?? proposed.name;
  const put = (next: Modification) =>
    onChange((changes) => {
      const all = new Map(changes);
      const idle = next.omit !== true && (next.name === undefined || next.name === null || next.name === proposed.name);
      if (idle) all.delete(proposed.key);
      else all.set(proposed.key, next);
      return all;
    });
  return (
    <li
      className={clsx(
        "flex items-center gap-3 px-4 py-1.5 text-sm [contain-intrinsic-size:auto_2.5rem] [content-visibility:auto]",
        omitted && "opacity-60",
      )}
    >
      {editable && (
        <input
          id={id}
          type="checkbox"
          checked={!omitted}
          aria-label={`Take ${proposed.name}`}
          onChange={(event) => put({ ...change, key: proposed.key, omit: !event.target.checked })}
          className="size-4 accent-(--ink)"
        />
      )}
      {editable && !omitted ? (
        <input
          value={name}
          aria-label={`Name of ${proposed.name}`}
          maxLength={200}
          onChange={(event) => put({ ...change, key: proposed.key, name: event.target.value })}
          className={clsx(
            inputClass,
            "h-7 w-64 min-w-0 border-transparent font-medium max-sm:grow",
            change && "border-accent",
          )}
        />
      ) : (
        <span className={clsx("w-64 min-w-0 truncate font-medium max-sm:grow", omitted && "line-through")}>{name}</span>
      )}
      <span className="min-w-0 grow truncate text-ink-3 max-sm:hidden">{proposed.description}</span>
      <Badge tone={ACTIONS[proposed.action].tone}>{ACTIONS[proposed.action].name}</Badge>
    </li>
  );
});
