/** The language model: who speaks it, where, and a key that is sealed before it leaves the browser. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "@/shared/api";
import { client } from "@/shared/client";
import { fieldProblem } from "@/shared/problem";
import { sealed } from "@/shared/secret";
import { toast } from "@/shared/toasts";
import { Button } from "@/shared/ui/button";
import { Choice, TextField } from "@/shared/ui/field";
import { Failure, Skeleton } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";
import { Block } from "./sections";

type Settings = Schemas["ModelSettings"];
type Provider = Schemas["Provider"];

const KEY = ["settings", "model"];
const PROVIDERS: Record<Provider, { name: string; base: string; model: string; key: boolean }> = {
  openai: {
    name: "OpenAI, or any server that speaks its protocol",
    base: "https://api.openai.com/v1",
    model: "gpt-4o-mini",
    key: true,
  },
  anthropic: { name: "Anthropic", base: "https://api.anthropic.com", model: "claude-sonnet-4-5", key: true },
  ollama: { name: "Ollama, on this machine or another", base: "http://127.0.0.1:11434", model: "llama3.2", key: false },
};

export function Model() {
  const settings = useQuery({ queryKey: KEY, queryFn: () => api.get<Settings>("/settings/model") });
  if (settings.error) return <Failure error={settings.error} onRetry={() => void settings.refetch()} />;
  if (!settings.data) return <Skeleton />;
  return <Form settings={settings.data} />;
}

function Form({ settings }: { settings: Settings }) {
  const [provider, setProvider] = useState<Provider | "none">(settings.provider ?? "none");
  const save = useMutation({
    mutationFn: async ({ key, ...body }: Schemas["UpdateModelSettings"] & { key: string }) => {
      if (key === "") return api.put<Settings>("/settings/model", body);
      return api.put<Settings>("/settings/model", { ...body, sealedKey: await sealed(key) });
    },
    onSuccess: (saved) => {
      client.setQueryData(KEY, saved);
      toast({ level: "success", title: "The model's settings are saved" });
    },
  });
  const test = useMutation({ mutationFn: () => api.post<Schemas["ModelTest"]>("/settings/model/test") });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    const text = (name: string) => String(data.get(name) ?? "").trim();
    save.mutate(
      provider === "none"
        ? { provider: null, key: "" }
        : { provider, model: text("model") || null, baseUrl: text("baseUrl") || null, key: text("key") },
      // The key is not kept in the page once it is sealed and sent.
      { onSuccess: () => form.querySelector<HTMLInputElement>("input[type=password]")?.form?.reset() },
    );
  };
  const about = provider === "none" ? null : PROVIDERS[provider];
  return (
    <Block
      title="Language model"
      lead="Atelier does its main job by rules, with no model. With one, answers read better and more is understood. What a model wrote is marked."
    >
      <form onSubmit={submit} className="flex flex-col gap-4">
        <Choice
          label="Provider"
          value={provider}
          onChange={(event) => setProvider(event.target.value as Provider | "none")}
        >
          <option value="none">No model: everything by rules</option>
          {Object.entries(PROVIDERS).map(([id, { name }]) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </Choice>
        {about && (
          <div key={provider} className="flex flex-col gap-4">
            <TextField
              label="Model"
              name="model"
              required
              maxLength={200}
              defaultValue={settings.provider === provider ? (settings.model ?? "") : ""}
              placeholder={about.model}
              error={fieldProblem(save.error, "model")}
            />
            <TextField
              label="Address"
              name="baseUrl"
              type="url"
              maxLength={500}
              defaultValue={settings.provider === provider ? (settings.baseUrl ?? "") : ""}
              placeholder={about.base}
              help="The provider's usual one if empty."
              error={fieldProblem(save.error, "baseUrl")}
            />
            <TextField
              label="Key"
              name="key"
              type="password"
              autoComplete="off"
              placeholder={
                settings.hasKey ? "A key is kept; write a new one to replace it" : about.key ? "Needed" : "Not needed"
              }
              help="Sealed in this browser to the server's key; nobody can read it back."
              error={fieldProblem(save.error, "sealedKey")}
            />
          </div>
        )}
        {save.error && <Failure error={save.error} />}
        <div className="flex gap-2">
          <Button look="main" type="submit" busy={save.isPending}>
            Save
          </Button>
          {settings.provider != null && (
            <Button busy={test.isPending} onClick={() => test.mutate()}>
              Test the model
            </Button>
          )}
        </div>
      </form>
      {test.error && <Failure error={test.error} />}
      {test.data && (
        <p
          role="status"
          className={`rounded-lg border border-line p-3 text-sm ${test.data.ok ? "bg-good-soft" : "bg-bad-soft"}`}
        >
          {test.data.message} <span className="text-ink-2 tabular-nums">{test.data.milliseconds} ms</span>
        </p>
      )}
    </Block>
  );
}
