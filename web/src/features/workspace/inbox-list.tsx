/** Things to know as rows, each with what can be done about it. */
import { CircleAlert, CircleCheck, CircleX, Info } from "lucide-react";
import type { Item, Level } from "@/engines/inbox";
import { useProjectId } from "@/shared/place";
import { ago, exact } from "@/shared/time";
import { Answers } from "@/shared/ui/answers";
import { Path } from "@/shared/ui/path";

const SIGNS: Record<Level, { icon: typeof Info; className: string }> = {
  info: { icon: Info, className: "text-ink-3" },
  success: { icon: CircleCheck, className: "text-good" },
  warning: { icon: CircleAlert, className: "text-warn" },
  error: { icon: CircleX, className: "text-bad" },
};

interface InboxListProps {
  label: string;
  items: readonly Item[];
  /** What came after this time is marked as new. */
  seen?: string | null;
  /** Told when an action was followed. */
  onFollow?: () => void;
}

export function InboxList({ label, items, seen = null, onFollow }: InboxListProps) {
  const project = useProjectId();
  return (
    <ol aria-label={label} className="divide-y divide-line">
      {items.map(({ id, at, level, title, message, action, asks }) => {
        const { icon: Icon, className } = SIGNS[level] ?? SIGNS.info;
        const fresh = seen !== null && at > seen;
        return (
          <li key={id} className="flex items-start gap-2.5 px-4 py-2.5 text-sm">
            <Icon role="img" aria-label={level} className={`mt-0.5 size-4 shrink-0 ${className}`} />
            <div className="min-w-0 grow">
              <p className="flex items-baseline gap-2">
                <span className="min-w-0 grow font-medium wrap-anywhere">{title}</span>
                {fresh && <span className="text-xs font-medium text-accent">new</span>}
                <time dateTime={at} title={exact(at)} className="shrink-0 text-xs text-ink-3">
                  {ago(at)}
                </time>
              </p>
              <p className="text-ink-2 wrap-anywhere">{message}</p>
              {asks && (
                <div className="py-1.5">
                  <Answers project={project} {...asks} />
                </div>
              )}
              {action && (
                <span onClick={onFollow}>
                  <Path to={action.url} className="text-accent underline underline-offset-2">
                    {action.label}
                  </Path>
                </span>
              )}
            </div>
          </li>
        );
      })}
    </ol>
  );
}
