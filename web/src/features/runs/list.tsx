/** The runs of a project, newest first, each as far as it is. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { ListChecks, Workflow } from "lucide-react";
import { layout } from "@/shared/layout";
import { useMay, useProjectId } from "@/shared/place";
import { runsQuery } from "@/shared/runs";
import { Button } from "@/shared/ui/button";
import { Paged, rowsOf } from "@/shared/ui/paged";
import { Empty, PageHead } from "@/shared/ui/parts";
import { RunRow } from "@/shared/ui/run-row";

export function RunList() {
  const project = useProjectId();
  const editor = useMay("editor");
  const list = useInfiniteQuery(runsQuery(project));
  const order = (
    <Button look="main" onClick={() => layout.speak("task")}>
      <ListChecks /> Order work
    </Button>
  );
  return (
    <>
      <PageHead title="Runs">{editor && rowsOf(list).length > 0 && order}</PageHead>
      <Paged
        list={list}
        label="Runs"
        empty={
          <Empty icon={<Workflow />} title="No work was ordered yet">
            <p className="max-w-md">
              Say what you need, such as “Prepare the film for shooting”. The departments that it concerns work through
              it side by side, and you see each step as it happens.
            </p>
            {editor && order}
          </Empty>
        }
      >
        {(run) => <RunRow key={run.id} project={project} run={run} />}
      </Paged>
    </>
  );
}
