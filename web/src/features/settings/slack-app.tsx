/** Slack's app for this server: the address that it calls or the socket that is asked of it, and its secrets, which leave the browser sealed. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { fieldProblem } from "@/shared/problem";
import { sealed } from "@/shared/secret";
import { toast, toastError } from "@/shared/toasts";
import { Button } from "@/shared/ui/button";
import { Copy } from "@/shared/ui/copy";
import { TextField } from "@/shared/ui/field";
import { Badge, Failure, Skeleton } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";
import { Block } from "./sections";

type Settings = Schemas["SlackSettings"];

const KEY = ["settings", "slack"];
/** How often it is looked whether the socket is open, in milliseconds: nothing else tells. */
const LOOK = 3_000;

/** What Slack gives the app, by what the server calls it. */
const SECRETS = [
  {
    name: "sealedSigningSecret",
    kept: "hasSigningSecret",
    label: "Signing secret",
    help: "In Slack under Basic Information. Without it Slack is not heard at the address.",
  },
  {
    name: "sealedBotToken",
    kept: "hasBotToken",
    label: "Bot token",
    help: "In Slack under OAuth & Permissions. Without it commands are answered, but nothing is told of runs.",
  },
  {
    name: "sealedAppToken",
    kept: "hasAppToken",
    label: "App-level token",
    help: "For a server that Slack cannot reach: in Slack turn on Socket Mode, and make one with connections:write.",
  },
] as const;

type Name = (typeof SECRETS)[number]["name"];
const NOTHING: Record<Name, string> = { sealedSigningSecret: "", sealedBotToken: "", sealedAppToken: "" };

export function SlackApp() {
  const settings = useQuery({
    queryKey: KEY,
    queryFn: () => api.get<Settings>("/settings/slack"),
    refetchInterval: ({ state }) => (state.data?.hasAppToken ? LOOK : false),
  });
  if (settings.error) return <Failure error={settings.error} onRetry={() => void settings.refetch()} />;
  if (!settings.data) return <Skeleton />;
  return (
    <Block
      title="Slack app"
      lead={
        <>
          Make an app for your workspace at{" "}
          <a href="https://api.slack.com/apps" target="_blank" rel="noreferrer" className="text-accent underline">
            api.slack.com/apps
          </a>
          , with the slash command <code className="font-mono">/atelier</code>, interactivity and events, each at the
          address below; set the signing secret before Slack verifies it. If Slack cannot reach this server, give it an
          app-level token in place of the address.
        </>
      }
    >
      <Address />
      <Form settings={settings.data} />
    </Block>
  );
}

function Address() {
  const address = `${window.location.origin}/api/v1/slack`;
  return (
    <div className="flex flex-col gap-1">
      <div className="flex flex-wrap items-center gap-2">
        <code className="min-w-0 grow basis-60 rounded-md bg-sunken px-2 py-1.5 font-mono text-xs wrap-anywhere">
          {address}
        </code>
        <Copy value={address} label="the address" />
      </div>
      {window.location.protocol !== "https:" && (
        <p className="text-xs text-warn">Slack reaches a server over https only. Name the address by which it does.</p>
      )}
    </div>
  );
}

function Form({ settings }: { settings: Settings }) {
  const [typed, setTyped] = useState(NOTHING);
  const save = useMutation({
    mutationFn: async () => {
      const body: Schemas["UpdateSlackSettings"] = {};
      for (const { name } of SECRETS) if (typed[name].trim()) body[name] = await sealed(typed[name].trim());
      return api.put<Settings>("/settings/slack", body);
    },
    onSuccess: (saved) => {
      client.setQueryData(KEY, saved);
      // What is sealed and sent is not kept in the page.
      setTyped(NOTHING);
      toast({ level: "success", title: "What Slack knows the server by is saved" });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      {SECRETS.map(({ name, kept, label, help }) => (
        <TextField
          key={name}
          label={label}
          type="password"
          autoComplete="off"
          value={typed[name]}
          aside={settings[kept] ? <Badge tone="good">Kept</Badge> : <Badge tone="warn">Not set</Badge>}
          placeholder={settings[kept] ? "Write a new one to replace it" : ""}
          help={help}
          error={fieldProblem(save.error, name)}
          onChange={({ target }) => setTyped({ ...typed, [name]: target.value })}
        />
      ))}
      {settings.hasAppToken && <Socket isOpen={settings.socketIsOpen} />}
      <p className="text-xs text-ink-3">
        All are sealed in this browser to the server’s key; nobody can read them back.
      </p>
      {save.error && <Failure error={save.error} />}
      <Button
        type="submit"
        look="main"
        className="self-start"
        disabled={SECRETS.every(({ name }) => !typed[name].trim())}
        busy={save.isPending}
      >
        Save
      </Button>
    </form>
  );
}

/** Whether Slack is heard over a socket, and the way to have none. */
function Socket({ isOpen }: { isOpen: boolean }) {
  const remove = useMutation({
    mutationFn: () => api.put<Settings>("/settings/slack", { sealedAppToken: "" }),
    onSuccess: (saved) => {
      client.setQueryData(KEY, saved);
      toast({
        level: "success",
        title: "The app-level token is taken away",
        message: "The server asks for no socket.",
      });
    },
    onError: (error) => toastError("The app-level token is as it was", error),
  });
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-2 text-sm">
      <span role="status" className="flex flex-wrap items-center gap-2">
        {isOpen ? <Badge tone="good">Socket open</Badge> : <Badge tone="warn">Socket not open</Badge>}
        <span className="text-ink-2">
          {isOpen
            ? "Slack is heard over it."
            : "The server asks Slack for one, again and again. If it stays so, look at the token and at Socket Mode."}
        </span>
      </span>
      <Button look="danger" busy={remove.isPending} onClick={() => remove.mutate()}>
        Take the app-level token away
      </Button>
    </div>
  );
}
