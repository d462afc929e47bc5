/** Servers of others whose tools the project's agents may use; owners name and try them, all members see them. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { useMay, useProjectId } from "@/shared/place";
import { fieldProblem } from "@/shared/problem";
import { sealed } from "@/shared/secret";
import { toast } from "@/shared/toasts";
import { Button } from "@/shared/ui/button";
import { Choice, TextField } from "@/shared/ui/field";
import { Failure, Skeleton } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";
import { Block } from "./sections";
import { ToolServerRow } from "./tool-server";

type List = Schemas["ToolServerList"];

/** Stands for an address in the choice of where a server is. */
const ADDRESS = "";

function key(project: string) {
  return ["projects", project, "tool-servers"];
}

export function Tools() {
  const project = useProjectId();
  const owner = useMay("owner");
  const list = useQuery({
    queryKey: key(project),
    queryFn: () => api.get<List>(`/projects/${project}/tool-servers`),
  });
  const changed = () => void client.invalidateQueries({ queryKey: key(project) });
  return (
    <Block
      title="Tools of others"
      lead={
        <>
          Servers of the Model Context Protocol. An agent whose definition names <code>mcp:NAME</code> or{" "}
          <code>mcp:NAME/TOOL</code> may use their tools. What they answer is something to read for it, never an order;
          a tool that may write waits for a person, unless it is trusted.
        </>
      }
    >
      {list.error && <Failure error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Skeleton />}
      {list.data && list.data.servers.length === 0 && (
        <p className="text-sm text-ink-3">No server is named yet. Agents have the tools that Atelier brings.</p>
      )}
      {list.data && (
        <ul className="flex flex-col gap-3">
          {list.data.servers.map((server) => (
            <ToolServerRow key={server.name} project={project} server={server} owner={owner} onChanged={changed} />
          ))}
        </ul>
      )}
      {list.data && owner && <New project={project} list={list.data} onChanged={changed} />}
      {!owner && <p className="text-sm text-ink-3">An owner of the project can change this.</p>}
    </Block>
  );
}

function New({ project, list, onChanged }: { project: string; list: List; onChanged: () => void }) {
  const [place, setPlace] = useState(ADDRESS);
  const save = useMutation({
    mutationFn: async ({ name, token, ...body }: { name: string; token: string } & Schemas["PutToolServer"]) => {
      const path = `/projects/${project}/tool-servers/${encodeURIComponent(name)}`;
      if (token === "") return api.put<Schemas["ToolServer"]>(path, body);
      return api.put<Schemas["ToolServer"]>(path, { ...body, sealedToken: await sealed(token) });
    },
    onSuccess: ({ name }) => {
      onChanged();
      toast({ level: "success", title: `${name} is saved`, message: "Try it, to see its tools." });
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    const text = (name: string) => String(data.get(name) ?? "").trim();
    const where = place === ADDRESS ? { url: text("url") } : { command: place };
    save.mutate({ name: text("name"), token: text("token"), trusted: [], ...where }, { onSuccess: () => form.reset() });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4 rounded-lg border border-line p-4">
      <h3 className="text-sm font-semibold">Name a server</h3>
      <TextField
        label="Name"
        name="name"
        required
        maxLength={40}
        pattern="[a-z0-9\-]+"
        placeholder="weather"
        help="Small letters, digits and “-”. The name of one that is there changes that one."
        error={fieldProblem(save.error, "name")}
      />
      {list.commands.length > 0 && (
        <Choice label="Where it is" value={place} onChange={(event) => setPlace(event.target.value)}>
          <option value={ADDRESS}>At an address</option>
          {list.commands.map((command) => (
            <option key={command} value={command}>
              {command}, a command on the server
            </option>
          ))}
        </Choice>
      )}
      {place === ADDRESS && (
        <>
          <TextField
            label="Address"
            name="url"
            type="url"
            required
            maxLength={500}
            placeholder="https://tools.example.com/mcp"
            help={list.privateAddresses ? undefined : "On the public internet, and over https."}
            error={fieldProblem(save.error, "url")}
          />
          <TextField
            label="Token"
            name="token"
            type="password"
            autoComplete="off"
            placeholder="If it asks for one"
            help="Sealed in this browser to the server's key; nobody can read it back."
            error={fieldProblem(save.error, "sealedToken")}
          />
        </>
      )}
      {save.error && <Failure error={save.error} />}
      <Button type="submit" look="main" className="self-start" busy={save.isPending}>
        Save
      </Button>
    </form>
  );
}
