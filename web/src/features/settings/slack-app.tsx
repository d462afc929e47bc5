/** Slack's app for this server: the address that it calls, and two secrets that are sealed before they leave the browser. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { fieldProblem } from "@/shared/problem";
import { sealed } from "@/shared/secret";
import { toast } from "@/shared/toasts";
import { Button } from "@/shared/ui/button";
import { Copy } from "@/shared/ui/copy";
import { TextField } from "@/shared/ui/field";
import { Badge, Failure, Skeleton } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";
import { Block } from "./sections";

type Settings = Schemas["SlackSettings"];

const KEY = ["settings", "slack"];

export function SlackApp() {
  const settings = useQuery({ queryKey: KEY, queryFn: () => api.get<Settings>("/settings/slack") });
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
          address below. Set the signing secret before Slack verifies the address.
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

function Form({ settings: { hasSigningSecret, hasBotToken } }: { settings: Settings }) {
  const [secret, setSecret] = useState("");
  const [token, setToken] = useState("");
  const save = useMutation({
    mutationFn: async () => {
      const body: Schemas["UpdateSlackSettings"] = {};
      if (secret.trim()) body.sealedSigningSecret = await sealed(secret.trim());
      if (token.trim()) body.sealedBotToken = await sealed(token.trim());
      return api.put<Settings>("/settings/slack", body);
    },
    onSuccess: (saved) => {
      client.setQueryData(KEY, saved);
      // What is sealed and sent is not kept in the page.
      setSecret("");
      setToken("");
      toast({ level: "success", title: "What Slack knows the server by is saved" });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <TextField
        label="Signing secret"
        type="password"
        autoComplete="off"
        value={secret}
        aside={<Kept kept={hasSigningSecret} />}
        placeholder={hasSigningSecret ? "Write a new one to replace it" : ""}
        help="In Slack under Basic Information. Without it Slack is not heard."
        error={fieldProblem(save.error, "sealedSigningSecret")}
        onChange={({ target }) => setSecret(target.value)}
      />
      <TextField
        label="Bot token"
        type="password"
        autoComplete="off"
        value={token}
        aside={<Kept kept={hasBotToken} />}
        placeholder={hasBotToken ? "Write a new one to replace it" : "xoxb-…"}
        help="In Slack under OAuth & Permissions. Without it commands are answered, but nothing is told of runs."
        error={fieldProblem(save.error, "sealedBotToken")}
        onChange={({ target }) => setToken(target.value)}
      />
      <p className="text-xs text-ink-3">
        Both are sealed in this browser to the server’s key; nobody can read them back.
      </p>
      {save.error && <Failure error={save.error} />}
      <Button
        type="submit"
        look="main"
        className="self-start"
        disabled={!secret.trim() && !token.trim()}
        busy={save.isPending}
      >
        Save
      </Button>
    </form>
  );
}

function Kept({ kept }: { kept: boolean }) {
  return kept ? <Badge tone="good">Kept</Badge> : <Badge tone="warn">Not set</Badge>;
}
