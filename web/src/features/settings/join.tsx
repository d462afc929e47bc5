/** What lets a machine join: its key, shown this once, and the command that is given there. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { joined } from "@/engines/shell";
import { projectsQuery } from "@/shared/queries";
import { Copy } from "@/shared/ui/copy";
import { Choice, TextField } from "@/shared/ui/field";
import { rowsOf } from "@/shared/ui/paged";
import type { Schemas } from "@/shared/wire";
import { ShownOnce } from "./secret";

export function Join({ runner: { key, name } }: { runner: Schemas["CreatedRunner"] }) {
  // A runner serves the projects that its owner may change.
  const projects = rowsOf(useInfiniteQuery(projectsQuery())).filter(({ role }) => role !== "viewer");
  const [chosen, setChosen] = useState<string | null>(null);
  const [folder, setFolder] = useState("");
  const project = chosen ?? projects[0]?.id ?? "PROJECT";
  const serves = `${project}=${folder.trim() || "FOLDER"}`;
  const command = joined([
    `ATELIER_RUNNER_KEY=${key}`,
    ...["atelier", "runner", "--server", window.location.origin, "--commands", "--project", serves],
  ]);
  return (
    <section aria-label={`Let ${name} join`} className="flex flex-col gap-3">
      <ShownOnce label={`The key of ${name}, shown this once`} value={key} />
      <div className="grid gap-3 @lg:grid-cols-2">
        <Choice label="Project that it serves" value={project} onChange={({ target }) => setChosen(target.value)}>
          {projects.length === 0 && <option value="PROJECT">None of yours yet</option>}
          {projects.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
        </Choice>
        <TextField
          label="Its folder on the machine"
          value={folder}
          placeholder="/srv/tides"
          spellCheck={false}
          autoCapitalize="off"
          onChange={({ target }) => setFolder(target.value)}
        />
      </div>
      <div className="flex flex-wrap items-start gap-2">
        <pre
          tabIndex={0}
          role="region"
          aria-label="Command for the machine"
          className="min-w-0 grow basis-60 rounded-md bg-sunken p-2 font-mono text-xs whitespace-pre-wrap wrap-anywhere"
        >
          {command}
        </pre>
        <Copy value={command} label="the command" />
      </div>
      <p className="text-xs text-ink-3">
        Give <code className="font-mono">--project</code> again for each further project. With{" "}
        <code className="font-mono">--commands</code> members may run programs there; leave it out if only coding agents
        are to work. The command bears the key: keep it where nobody else reads it.
      </p>
    </section>
  );
}
