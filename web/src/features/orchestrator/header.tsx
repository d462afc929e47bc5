/** The orchestrator's head: the four modes, and the conversations. */
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import clsx from "clsx";
import { History, SquarePen, Trash2, X } from "lucide-react";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { layout, useLayout } from "@/shared/layout";
import { MODE_LOOKS } from "@/shared/modes";
import { conversationsQuery, keys } from "@/shared/queries";
import { ago } from "@/shared/time";
import { toastError } from "@/shared/toasts";
import { IconButton } from "@/shared/ui/button";
import { Menu, MenuItem, MenuLine } from "@/shared/ui/menu";
import { Tip } from "@/shared/ui/tip";
import { turnTo, useTalk } from "./talk";

export function Header({ project }: { project: string }) {
  const mode = useLayout((state) => state.mode);
  return (
    <div className="flex h-15 shrink-0 items-center gap-1 border-b border-line px-3">
      <div role="radiogroup" aria-label="Mode" className="flex grow gap-0.5">
        {MODE_LOOKS.map((look, at) => (
          <Tip key={look.mode} text={`${look.name}: ${look.hint}`} shortcut={`Mod+${at + 1}`}>
            <button
              type="button"
              role="radio"
              aria-checked={mode === look.mode}
              data-mode={look.mode}
              onClick={() => layout.speak(look.mode)}
              className={clsx(
                "flex h-8 items-center gap-1.5 rounded-md px-2 text-sm transition-colors [&_svg]:size-4",
                mode === look.mode ? "bg-pressed font-medium text-mode" : "text-ink-2 hover:bg-hover hover:text-ink",
              )}
            >
              <look.icon />
              {look.name}
            </button>
          </Tip>
        ))}
      </div>
      <Conversations project={project} />
      <IconButton label="New conversation" onClick={() => turnTo(null)}>
        <SquarePen />
      </IconButton>
      <IconButton
        label="Hide the orchestrator"
        shortcut="Mod+/"
        className="max-md:hidden"
        onClick={layout.toggleOrchestrator}
      >
        <X />
      </IconButton>
    </div>
  );
}

function Conversations({ project }: { project: string }) {
  const list = useInfiniteQuery(conversationsQuery(project));
  const current = useTalk((talk) => talk.conversation);
  const rows = list.data?.pages.flatMap((page) => page.docs) ?? [];
  const remove = useMutation({
    mutationFn: (id: string) => api.delete(`/orchestrator/conversations/${id}`),
    onSuccess: () => {
      turnTo(null);
      void client.invalidateQueries({ queryKey: keys.conversations(project) });
    },
    onError: (error) => toastError("The conversation is still there", error),
  });
  return (
    <Menu
      align="end"
      trigger={
        <button
          type="button"
          aria-label="Earlier conversations"
          className="inline-flex size-8 items-center justify-center rounded-md text-ink-2 hover:bg-hover hover:text-ink [&_svg]:size-4"
        >
          <History />
        </button>
      }
    >
      {rows.length === 0 && <p className="px-2 py-1.5 text-sm text-ink-3">No conversations yet</p>}
      {rows.slice(0, 20).map((one) => (
        <MenuItem key={one.id} onSelect={() => turnTo(one.id)}>
          <span className="max-w-56 grow truncate">{one.title || "Empty"}</span>
          <span className="text-xs text-ink-3">{one.id === current ? "open" : ago(one.updatedAt)}</span>
        </MenuItem>
      ))}
      {current !== null && (
        <>
          <MenuLine />
          <MenuItem danger onSelect={() => remove.mutate(current)}>
            <Trash2 /> Remove the open conversation
          </MenuItem>
        </>
      )}
    </Menu>
  );
}
