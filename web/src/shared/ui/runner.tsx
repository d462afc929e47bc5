/** A machine of the fleet as it is seen in lists: whether it is there, and what it says of itself. */
import type { Schemas } from "../wire";
import { ago, exact } from "../time";
import { Badge } from "./parts";

type Seen = Pick<Schemas["Runner"], "present" | "seenAt" | "version" | "platform" | "slots">;

export function Presence({ runner: { present, seenAt } }: { runner: Seen }) {
  if (present) return <Badge tone="good">Present</Badge>;
  return (
    <>
      <Badge tone={seenAt ? "warn" : "plain"}>{seenAt ? "Absent" : "Has not joined yet"}</Badge>
      {seenAt && (
        <time dateTime={seenAt} title={exact(seenAt)} className="text-xs text-ink-3">
          last heard of {ago(seenAt)}
        </time>
      )}
    </>
  );
}

/** Its program, its system, and how much it does at once; nothing before it has joined. */
export function Machine({ runner: { version, platform, slots } }: { runner: Seen }) {
  if (version === "") return null;
  return (
    <p className="text-xs text-ink-3">
      Version {version} · {platform} · {slots} {slots === 1 ? "step" : "steps"} at a time
    </p>
  );
}
