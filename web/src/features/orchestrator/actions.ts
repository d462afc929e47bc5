/** What can be done with the talk from anywhere: offered to palette, shortcuts and help. */
import { Square, SquarePen } from "lucide-react";
import { useMemo } from "react";
import { type Action, useOffer } from "@/shared/actions";
import { layout, useLayout } from "@/shared/layout";
import { type Talk, useTalk } from "./talk";

export function useTalkActions(talk: Talk): void {
  const writing = useTalk(talk, ({ phase }) => phase === "writing");
  const begun = useTalk(talk, ({ conversation }) => conversation !== null);
  const actions = useMemo<Action[]>(
    () => [
      {
        id: "talk.stop",
        name: "Stop the answer",
        group: "Orchestrator",
        icon: Square,
        shortcut: "Mod+.",
        when: () => writing,
        run: () => void talk.stop(),
      },
      {
        id: "talk.new",
        name: "New conversation",
        group: "Orchestrator",
        icon: SquarePen,
        words: "talk chat begin",
        when: () => begun,
        run: () => {
          talk.open(null);
          layout.speak(useLayout.getState().mode);
        },
      },
    ],
    [talk, writing, begun],
  );
  useOffer(actions);
}
