/** What would help a project on, as one button. */
import { Link } from "@tanstack/react-router";
import { layout } from "@/shared/layout";
import { useMay } from "@/shared/place";
import { Button, buttonClass } from "@/shared/ui/button";
import type { Schemas } from "@/shared/wire";

const LOOK = buttonClass("plain", "h-7 px-2");

export function Do({ project, action }: { project: string; action: Schemas["ReadinessAction"] }) {
  const editor = useMay("editor");
  if (!editor && action.kind !== "open") return null;
  switch (action.kind) {
    case "open":
      return (
        <Link
          to="/projects/$project/records/$collection/$record"
          params={{ project, collection: action.collection, record: action.entityId }}
          className={LOOK}
        >
          Open
        </Link>
      );
    case "create":
      return (
        <Link
          to="/projects/$project/records/$collection"
          params={{ project, collection: action.collection }}
          className={LOOK}
        >
          Make one
        </Link>
      );
    case "upload":
      return (
        <Link to="/projects/$project/imports/new" params={{ project }} className={LOOK}>
          Import
        </Link>
      );
    case "order":
      return (
        <Button className="h-7 px-2" onClick={() => layout.speak("task", action.task)}>
          Order it
        </Button>
      );
    case "review":
      return (
        <Link to="/projects/$project/reviews" params={{ project }} className={LOOK}>
          Decide
        </Link>
      );
  }
}
