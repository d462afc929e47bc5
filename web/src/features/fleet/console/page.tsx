/** Where commands about the fleet and its work are typed, and what comes of them is read. */
import { Link } from "@tanstack/react-router";
import { ArrowLeft, SquareTerminal } from "lucide-react";
import { useLayoutEffect, useRef, useState } from "react";
import { once } from "@/engines/console";
import { give, useEntries, wipe } from "@/shared/commands";
import { useProjectId } from "@/shared/place";
import { Button, buttonClass } from "@/shared/ui/button";
import { Empty, PageHead } from "@/shared/ui/parts";
import { CommandLine } from "./line";
import { Came } from "./reply";

/** What somebody may begin with who has never typed one. */
const FIRST = ["help", "status", "runners", "queue"];

export function ConsolePage() {
  const project = useProjectId();
  const entries = useEntries(project);
  const log = useRef<HTMLDivElement>(null);
  const last = entries.at(-1);
  useLayoutEffect(() => {
    // Whoever gave a command looks at what comes of it.
    log.current?.scrollTo({ top: log.current.scrollHeight });
  }, [last]);
  const [field, setField] = useState<HTMLInputElement | null>(null);
  return (
    <div className="flex h-full flex-col">
      <PageHead title="Console">
        <Link to="/projects/$project/fleet" params={{ project }} className={buttonClass("quiet")}>
          <ArrowLeft /> Fleet
        </Link>
        <Button
          disabled={entries.length === 0}
          onClick={() => {
            wipe(project);
            field?.focus();
          }}
        >
          Clear
        </Button>
      </PageHead>
      <div
        ref={log}
        role="log"
        aria-live="polite"
        aria-label="What came of the commands"
        tabIndex={0}
        className="min-h-0 grow overflow-y-auto overscroll-contain focus-visible:-outline-offset-2"
      >
        {entries.length === 0 ? (
          <Empty icon={<SquareTerminal />} title="Type a command, and read here what comes of it">
            <p className="max-w-md">
              Commands tell how runs and runners are, order something, and answer, cancel or retry it: the same ones as
              in Slack.
            </p>
            <div className="flex flex-wrap justify-center gap-2">
              {FIRST.map((line) => (
                <Button
                  key={line}
                  className="font-mono"
                  onClick={() => {
                    void give(project, line);
                    field?.focus();
                  }}
                >
                  {line}
                </Button>
              ))}
            </div>
          </Empty>
        ) : (
          <ol className="flex flex-col gap-5 px-6 py-4">
            {entries.map((entry) => (
              <Came key={entry.id} project={project} entry={entry} />
            ))}
          </ol>
        )}
      </div>
      <CommandLine
        project={project}
        past={once(entries.map(({ line }) => line))}
        busy={last !== undefined && last.reply === null && last.error === null}
        field={setField}
      />
    </div>
  );
}
