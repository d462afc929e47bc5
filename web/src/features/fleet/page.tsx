/** The fleet as a project has it: the runners that serve it, what is done on them and what waits, and giving them something to do. */
import * as Tabs from "@radix-ui/react-tabs";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Server, SquareTerminal, Terminal } from "lucide-react";
import { useState } from "react";
import { useMay, useProjectId } from "@/shared/place";
import { scheduleQuery, servingQuery } from "@/shared/queries";
import { Button, buttonClass } from "@/shared/ui/button";
import { Empty, Failure, PageHead, Skeleton } from "@/shared/ui/parts";
import { TAB } from "@/shared/ui/tab";
import type { Schemas } from "@/shared/wire";
import { FleetAudit } from "./audit";
import { OrderForm } from "./order/form";
import { Policy } from "./policy";
import { Queue } from "./queue";
import { RunnerRow } from "./runner";
import { FleetUsage } from "./usage";

export function FleetPage() {
  const project = useProjectId();
  const editor = useMay("editor");
  const owner = useMay("owner");
  const [ordering, setOrdering] = useState(false);
  const serving = useQuery(servingQuery(project));
  const runners = serving.data ?? [];
  const { schedule: wanted }: { schedule?: string } = useSearch({ strict: false });
  return (
    <>
      <PageHead title="Fleet">
        <Link to="/projects/$project/fleet/console" params={{ project }} className={buttonClass()}>
          <SquareTerminal /> Console
        </Link>
        {editor && runners.length > 0 && (
          <Button look="main" onClick={() => setOrdering(true)}>
            <Terminal /> Do something
          </Button>
        )}
      </PageHead>
      <Tabs.Root defaultValue="now">
        <Tabs.List aria-label="Parts of the fleet" className="flex gap-4 overflow-x-auto border-b border-line px-6">
          <Tabs.Trigger value="now" className={TAB}>
            Now
          </Tabs.Trigger>
          <Tabs.Trigger value="usage" className={TAB}>
            Usage
          </Tabs.Trigger>
          <Tabs.Trigger value="policy" className={TAB}>
            Policy
          </Tabs.Trigger>
          {owner && (
            <Tabs.Trigger value="audit" className={TAB}>
              Audit
            </Tabs.Trigger>
          )}
        </Tabs.List>
        <Tabs.Content value="now">
          <section aria-label="Runners">
            {serving.isPending && <Skeleton className="p-6" lines={3} />}
            {serving.error && <Failure error={serving.error} onRetry={() => void serving.refetch()} />}
            {serving.isSuccess && runners.length === 0 && (
              <Empty icon={<Server />} title="No runner serves this project yet">
                <p className="max-w-md">
                  A runner is a machine of somebody here on which commands are run and coding agents work, in a folder
                  that it names itself. What it writes is seen here as it comes, and what it changed as a diff.
                </p>
                {editor && (
                  <Link to="/settings/$section" params={{ section: "runners" }} className={buttonClass()}>
                    Make a runner
                  </Link>
                )}
              </Empty>
            )}
            <ul aria-label="Runners" className="divide-y divide-line border-b border-line empty:border-0">
              {runners.map((runner) => (
                <RunnerRow key={runner.id} project={project} runner={runner} />
              ))}
            </ul>
          </section>
          <Queue project={project} />
        </Tabs.Content>
        <Tabs.Content value="usage">
          <FleetUsage project={project} />
        </Tabs.Content>
        <Tabs.Content value="policy">
          <Policy project={project} />
        </Tabs.Content>
        {owner && (
          <Tabs.Content value="audit">
            <FleetAudit project={project} />
          </Tabs.Content>
        )}
      </Tabs.Root>
      {ordering && <OrderForm project={project} runners={runners} onClose={() => setOrdering(false)} />}
      {wanted && editor && serving.isSuccess && <Changing project={project} runners={runners} schedule={wanted} />}
    </>
  );
}

interface ChangingProps {
  project: string;
  runners: readonly Schemas["ServingRunner"][];
  schedule: string;
}

/** The order of a schedule, which the address names. */
function Changing({ project, runners, schedule }: ChangingProps) {
  const navigate = useNavigate();
  const detail = useQuery({ ...scheduleQuery(project, schedule), refetchInterval: false });
  const close = () => void navigate({ to: "/projects/$project/schedules", params: { project } });
  if (detail.error) return <Failure error={detail.error} onRetry={() => void detail.refetch()} />;
  if (!detail.data) return null;
  return <OrderForm project={project} runners={runners} schedule={detail.data.schedule} onClose={close} />;
}
