/** One server of others: where it is, what trying it gives, which of its tools are trusted, and the way to forget it. */
import { useMutation } from "@tanstack/react-query";
import { api } from "@/shared/api";
import { exact } from "@/shared/time";
import { Button } from "@/shared/ui/button";
import { Failure } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";

type Server = Schemas["ToolServer"];

interface RowProps {
  project: string;
  server: Server;
  owner: boolean;
  onChanged: () => void;
}

/** Stands for all tools of a server. */
const ALL = "*";

export function ToolServerRow({ project, server, owner, onChanged }: RowProps) {
  const path = `/projects/${project}/tool-servers/${server.name}`;
  const test = useMutation({
    mutationFn: () => api.post<Schemas["ToolServerTest"]>(`${path}/test`),
    onSettled: onChanged,
  });
  const remove = useMutation({ mutationFn: () => api.delete(path), onSuccess: onChanged });
  const trust = useMutation({
    mutationFn: (trusted: string[]) =>
      api.put<Server>(path, { url: server.url, command: server.command, trusted } satisfies Schemas["PutToolServer"]),
    onSettled: onChanged,
  });
  // What is on its way counts as done until the server says otherwise.
  const trusted = trust.isPending ? trust.variables : server.trusted;
  const resting = server.health.restingUntil;
  return (
    <li className="flex flex-col gap-2 rounded-lg border border-line p-3">
      <div className="flex flex-wrap items-baseline gap-x-2">
        <span className="font-medium">{server.name}</span>
        <span className="min-w-0 font-mono text-xs text-ink-3 wrap-anywhere">
          {server.url ?? `the command ${server.command ?? ""}`}
        </span>
        {server.hasToken && <span className="text-xs text-ink-3">with a token</span>}
        {server.trusted.includes(ALL) && <span className="text-xs text-ink-3">all tools are trusted</span>}
      </div>
      {resting != null && (
        <p className="rounded-md bg-bad-soft px-2.5 py-1.5 text-sm">
          It failed several times in a row, and is left alone until {exact(resting)}.
        </p>
      )}
      {owner && (
        <div className="flex gap-2">
          <Button busy={test.isPending} onClick={() => test.mutate()}>
            Try it
          </Button>
          <Button look="quiet" busy={remove.isPending} onClick={() => remove.mutate()}>
            Forget it
          </Button>
        </div>
      )}
      {[test.error, remove.error, trust.error].map((error, place) => error && <Failure key={place} error={error} />)}
      {test.data && (
        <p
          role="status"
          className={`rounded-lg border border-line p-3 text-sm ${test.data.ok ? "bg-good-soft" : "bg-bad-soft"}`}
        >
          {test.data.message} <span className="text-ink-2 tabular-nums">{test.data.milliseconds} ms</span>
        </p>
      )}
      {test.data && test.data.tools.length > 0 && (
        <ul aria-label={`Tools of ${server.name}`} className="flex flex-col divide-y divide-line">
          {test.data.tools.map((tool) => (
            <Tool key={tool.name} tool={tool} trusted={trusted} onTrust={(names) => trust.mutate(names)} />
          ))}
        </ul>
      )}
    </li>
  );
}

function Tool({
  tool,
  trusted,
  onTrust,
}: {
  tool: Schemas["OutsideTool"];
  trusted: string[];
  onTrust: (names: string[]) => void;
}) {
  return (
    <li className="flex items-start justify-between gap-4 py-2">
      <div className="min-w-0">
        <p className="font-mono text-xs wrap-anywhere">{tool.name}</p>
        <p className="text-xs text-ink-2 wrap-anywhere">{tool.description}</p>
      </div>
      {tool.onlyReads ? (
        <span className="shrink-0 text-xs text-ink-3">only reads</span>
      ) : (
        <label className="flex shrink-0 items-center gap-1.5 text-xs text-ink-2">
          <input
            type="checkbox"
            className="size-3.5 accent-accent"
            checked={trusted.includes(ALL) || trusted.includes(tool.name)}
            disabled={trusted.includes(ALL)}
            onChange={({ target }) => {
              const others = trusted.filter((name) => name !== tool.name);
              onTrust(target.checked ? [...others, tool.name] : others);
            }}
          />
          without asking
        </label>
      )}
    </li>
  );
}
