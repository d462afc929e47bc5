/** Files that are dropped on the panel or pasted into its input. */
import { useNavigate } from "@tanstack/react-router";
import { type DragEvent, useState } from "react";
import { handOver } from "@/shared/handover";
import { layout } from "@/shared/layout";
import { useMay } from "@/shared/place";
import { toast } from "@/shared/toasts";
import { take } from "./files";
import type { Talk } from "./talk";

export function useFiles(project: string, talk: Talk) {
  const editor = useMay("editor");
  const navigate = useNavigate();
  const [over, setOver] = useState(false);

  const onFile = (file: File) => {
    if (!editor) {
      toast({ level: "info", title: "Only editors can tell the project something" });
      return;
    }
    void take(file).then((taken) => {
      switch (taken.kind) {
        case "text":
          layout.speak("data");
          talk.write(taken.text);
          break;
        case "screenplay":
          handOver(file);
          void navigate({ to: "/projects/$project/imports/new", params: { project } });
          break;
        case "refused":
          toast({ level: "warning", title: "The file was not taken", message: taken.why });
          break;
      }
    });
  };

  const files = (event: DragEvent) => event.dataTransfer.types.includes("Files");
  const dropping = {
    onDragOver: (event: DragEvent) => {
      if (!files(event)) return;
      event.preventDefault();
      setOver(true);
    },
    onDragLeave: ({ currentTarget, relatedTarget }: DragEvent) => {
      // Moving over a part of the panel leaves its other parts, not the panel.
      if (!(relatedTarget instanceof Node && currentTarget.contains(relatedTarget))) setOver(false);
    },
    onDrop: (event: DragEvent) => {
      if (!files(event)) return;
      event.preventDefault();
      setOver(false);
      const file = event.dataTransfer.files[0];
      if (file) onFile(file);
    },
  };
  return { over, onFile, dropping };
}
