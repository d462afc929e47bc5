/** The bell on top: what waits for a decision and what has ended, at hand from every screen of the project. */
import * as Popover from "@radix-ui/react-popover";
import { Link } from "@tanstack/react-router";
import { Bell as BellIcon } from "lucide-react";
import { useState } from "react";
import { IconButton } from "@/shared/ui/button";
import { useInbox } from "./inbox";
import { InboxList } from "./inbox-list";

/** More are on the page of all notifications. */
const SHOWN = 6;

export function Bell({ project }: { project: string }) {
  const { waiting, told, unread, seen, markSeen } = useInbox(project);
  const [open, setOpen] = useState(false);
  /** What was new when it was opened stays marked while it is looked at. */
  const [before, setBefore] = useState<string | null>(null);
  const count = unread + waiting.length;
  const words = [unread > 0 && `${unread} new`, waiting.length > 0 && `${waiting.length} waiting`].filter(Boolean);
  const close = () => setOpen(false);
  return (
    <Popover.Root
      open={open}
      onOpenChange={(next) => {
        setOpen(next);
        if (!next) return;
        setBefore(seen);
        markSeen();
      }}
    >
      <span className="relative inline-flex">
        <Popover.Trigger asChild>
          <IconButton label={["Notifications", ...words].join(", ")}>
            <BellIcon />
          </IconButton>
        </Popover.Trigger>
        {count > 0 && (
          <span
            aria-hidden
            className={`pointer-events-none absolute -top-0.5 right-0 min-w-4 rounded-full px-1 text-center text-[10px] leading-4 font-semibold ${unread > 0 ? "bg-accent text-surface" : "bg-pressed text-ink"}`}
          >
            {count > 9 ? "9+" : count}
          </span>
        )}
      </span>
      <Popover.Portal>
        <Popover.Content
          align="end"
          sideOffset={6}
          collisionPadding={8}
          aria-label="Notifications"
          className="z-50 flex max-h-[70vh] w-96 max-w-[calc(100vw-1rem)] flex-col rounded-lg border border-line bg-raised shadow-float"
        >
          <div className="min-h-0 grow overflow-y-auto">
            {waiting.length > 0 && (
              <>
                <h2 className="px-4 pt-3 text-xs font-medium text-ink-3">Waits for a decision</h2>
                <InboxList label="Waits for a decision" items={waiting.slice(0, SHOWN)} onFollow={close} />
              </>
            )}
            {told.length > 0 && (
              <>
                <h2 className="px-4 pt-3 text-xs font-medium text-ink-3">Lately</h2>
                <InboxList label="Lately" items={told.slice(0, SHOWN)} seen={before} onFollow={close} />
              </>
            )}
            {waiting.length === 0 && told.length === 0 && (
              <p className="px-4 py-6 text-center text-sm text-ink-3">
                Nothing waits for you. When work ends, or something needs a decision, it is told here.
              </p>
            )}
          </div>
          <Link
            to="/projects/$project/notifications"
            params={{ project }}
            onClick={close}
            className="border-t border-line px-4 py-2 text-sm text-ink-2 hover:bg-hover hover:text-ink"
          >
            All notifications
          </Link>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
