/** The line that is typed: Tab completes it, arrows bring back what was given before, and what its command takes stands below. */
import { useQuery } from "@tanstack/react-query";
import clsx from "clsx";
import { CornerDownLeft } from "lucide-react";
import { type KeyboardEvent, type Ref, useDeferredValue, useId, useState } from "react";
import { commandOf, EMPTY, newer, older, shut, tab, take, wantsMore, waysOn, write } from "@/engines/console";
import { client } from "@/shared/client";
import { commandsQuery, give } from "@/shared/commands";
import { IconButton } from "@/shared/ui/button";
import type { Schemas } from "@/shared/wire";

interface CommandLineProps {
  project: string;
  /** What was given before, oldest first. */
  past: readonly string[];
  /** A command is on its way. */
  busy: boolean;
  field: Ref<HTMLInputElement>;
}

export function CommandLine({ project, past, busy, field }: CommandLineProps) {
  const id = useId();
  const [state, setState] = useState(EMPTY);
  const asked = useDeferredValue(state.typed);
  const known = useQuery(commandsQuery(project, asked));
  const commands = known.data?.commands ?? [];
  // What came for an earlier line is no way on from this one.
  const fresh = asked === state.typed && !known.isPlaceholderData;
  const ways = fresh ? waysOn(state, known.data?.completions ?? []) : [];
  const open = state.open && ways.length > 0;

  const option = (at: number) => `${id}-${at}`;

  const send = () => {
    if (busy || state.line.trim() === "") return;
    void give(project, state.line.trim());
    setState(EMPTY);
  };
  const onTab = async (by: 1 | -1) => {
    // Whoever types fast is answered by the line that they have typed.
    const { commands, completions } =
      fresh && known.data ? known.data : await client.fetchQuery(commandsQuery(project, state.typed));
    setState((now) => (now.typed === state.typed ? tab(now, waysOn(now, completions), by, goesOn(commands)) : now));
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event;
    if (key === "Tab" && state.open && (!fresh || ways.length > 0))
      void onTab(event.shiftKey ? -1 : 1).catch(() => undefined);
    else if (key === "ArrowUp") setState((now) => older(now, past));
    else if (key === "ArrowDown") setState((now) => newer(now, past));
    else if (key === "Escape" && open) setState(shut);
    else return;
    event.preventDefault();
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      className="relative shrink-0 border-t border-line bg-surface px-6 py-3"
    >
      {open && (
        <ul
          id={`${id}-ways`}
          role="listbox"
          aria-label="Ways on"
          className="absolute inset-x-6 bottom-full mb-1 max-h-52 overflow-y-auto rounded-md border border-line bg-raised p-1 font-mono text-xs shadow-float"
        >
          {ways.map((way, at) => (
            <li
              key={way}
              id={option(at)}
              role="option"
              aria-selected={at === state.chosen}
              ref={(item) => void (at === state.chosen && item?.scrollIntoView({ block: "nearest" }))}
              // The line keeps the focus.
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => setState((now) => take(now, way, goesOn(commands)))}
              className={clsx(
                "cursor-pointer rounded-sm px-2 py-1 wrap-anywhere",
                at === state.chosen ? "bg-pressed" : "hover:bg-hover",
              )}
            >
              {way}
            </li>
          ))}
        </ul>
      )}
      <div className="flex items-center gap-2 rounded-md border border-line-strong/60 bg-surface pr-1 pl-2.5 has-[input:focus-visible]:outline-2 has-[input:focus-visible]:outline-accent">
        <span aria-hidden className="font-mono text-ink-3">
          ›
        </span>
        <input
          ref={field}
          // It is what the page is for.
          autoFocus
          role="combobox"
          aria-label="Command"
          aria-expanded={open}
          aria-controls={`${id}-ways`}
          aria-autocomplete="list"
          aria-activedescendant={open && state.chosen >= 0 ? option(state.chosen) : undefined}
          aria-describedby={`${id}-about`}
          value={state.line}
          maxLength={8_000}
          autoCapitalize="off"
          autoComplete="off"
          autoCorrect="off"
          spellCheck={false}
          placeholder="status"
          onChange={({ target }) => setState((now) => write(now, target.value))}
          onKeyDown={onKey}
          onBlur={() => setState((now) => ({ ...now, open: false }))}
          className="h-9 min-w-0 grow bg-transparent font-mono text-sm outline-none placeholder:text-ink-3"
        />
        <IconButton type="submit" label="Give the command" shortcut="Enter" disabled={busy || state.line.trim() === ""}>
          <CornerDownLeft />
        </IconButton>
      </div>
      <p id={`${id}-about`} className="min-h-8 pt-1.5 text-xs text-ink-3">
        <About command={commandOf(state.line, commands)} />
      </p>
    </form>
  );
}

/** Whether more may be said behind a line. */
const goesOn = (commands: readonly Schemas["Command"][]) => (line: string) => wantsMore(line, commands);

function About({ command }: { command: Schemas["Command"] | null }) {
  if (!command)
    return "Tab completes, arrows bring back what was given before, Esc closes what is offered. help lists all commands.";
  return (
    <>
      <code className="font-mono text-ink-2">{command.usage}</code> · {command.help}
      {!command.allowed && (
        <span className="text-warn">
          {" "}
          Your role may not give it: it is for {command.needs === "owner" ? "owners" : "editors and owners"}.
        </span>
      )}
    </>
  );
}
