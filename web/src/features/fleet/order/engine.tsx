/** The part of an order that says what a coding agent is to do, or which tool of a server is called; both are a machine’s own. */
import { useId, useState } from "react";
import { argumentsOf } from "@/engines/order";
import { Check, TextArea, TextField } from "@/shared/ui/field";
import type { CreateRemote, RemoteEngine } from "@/shared/wire";

export type Tool = Extract<RemoteEngine, { kind: "mcp" }>;
type Agent = Extract<RemoteEngine, { kind: "agent" }>;

interface NamedProps {
  label: string;
  name: string;
  /** What runners that serve the project declare. */
  known: readonly string[];
  given: string | undefined;
  error: string | null;
}

/** Something by the name that a runner gives it; what runners have is offered, and another may come. */
function Named({ known, given, ...field }: NamedProps) {
  const list = useId();
  return (
    <>
      <TextField
        {...field}
        required
        maxLength={40}
        spellCheck={false}
        autoComplete="off"
        list={list}
        defaultValue={given ?? (known.length === 1 ? known[0] : "")}
        help="As the runner calls it."
      />
      <datalist id={list}>
        {known.map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
    </>
  );
}

interface PartProps {
  known: readonly string[];
  problem: (field: string) => string | null;
}

interface AgentProps extends PartProps {
  given: Agent | undefined;
  order: Pick<CreateRemote, "decompose"> | undefined;
  looks: boolean;
  onLooks: (looks: boolean) => void;
}

export function AgentPart({ given, order, known, looks, onLooks, problem }: AgentProps) {
  return (
    <>
      <Named label="Agent" name="agent" known={known} given={given?.name} error={problem("order.engine.name")} />
      <TextArea
        label="What it is to do"
        name="prompt"
        required
        rows={4}
        maxLength={32_000}
        defaultValue={given?.prompt}
        error={problem("order.engine.prompt")}
      />
      <div className="flex flex-col gap-2">
        <Check name="decompose" defaultChecked={order?.decompose ?? false}>
          Plan first: it divides this into tasks and changes nothing; they are done once somebody has agreed to them.
        </Check>
        <Check name="readOnly" checked={looks} onChange={({ target }) => onLooks(target.checked)}>
          Look only: it answers, and nothing that it changes stays. The folder has to be one that git keeps.
        </Check>
      </div>
    </>
  );
}

interface ToolProps extends PartProps {
  given: Tool | undefined;
  /** Told what the tool is given; null while that is no object of JSON. */
  onGiven: (given: Record<string, unknown> | null) => void;
}

export function ToolPart({ given, known, onGiven, problem }: ToolProps) {
  const [wrong, setWrong] = useState(false);
  return (
    <>
      <div className="grid grid-cols-2 gap-3">
        <Named
          label="Server of tools"
          name="server"
          known={known}
          given={given?.server}
          error={problem("order.engine.server")}
        />
        <TextField
          label="Tool"
          name="tool"
          required
          maxLength={200}
          spellCheck={false}
          autoComplete="off"
          defaultValue={given?.tool}
          help="As its server calls it."
          error={problem("order.engine.tool")}
        />
      </div>
      <TextArea
        label="What it is given"
        rows={3}
        spellCheck={false}
        autoComplete="off"
        placeholder={'{"city": "Bergen"}'}
        defaultValue={given && Object.keys(given.arguments ?? {}).length > 0 ? JSON.stringify(given.arguments) : ""}
        className="font-mono"
        help="One object of JSON; empty if it takes nothing."
        error={wrong ? "This is no object of JSON yet." : problem("order.engine.arguments")}
        onChange={({ target }) => {
          const read = argumentsOf(target.value);
          setWrong(read === null);
          onGiven(read);
        }}
      />
    </>
  );
}
