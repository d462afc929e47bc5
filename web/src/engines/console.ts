/** A console's line while it is typed: how it may go on, and what was given before it. Each key makes the next state. */

export interface Typed {
  line: string;
  /** What was typed of it: of several ways on, the line shows the chosen one. */
  typed: string;
  /** Which of the ways on is chosen; -1 for none. */
  chosen: number;
  /** Whether the ways on are shown. */
  open: boolean;
  /** How far back among the lines that were given it is; 0 for a new one. */
  back: number;
  /** The new line that waits while an older one is looked at. */
  draft: string;
}

export const EMPTY: Typed = { line: "", typed: "", chosen: -1, open: false, back: 0, draft: "" };

/** Somebody types. */
export function write(state: Typed, line: string): Typed {
  return { ...state, line, typed: line, chosen: -1, open: line.trim() !== "", back: 0 };
}

/** The ways on that are more than what is there already. */
export function waysOn({ typed }: Pick<Typed, "typed">, completions: readonly string[]): string[] {
  return completions.filter((one) => one !== typed.trimEnd());
}

/**
 * Tab, or with `by` -1 its counterpart: the only way on is taken, several are taken as far as they agree, then one after the
 * other. `goesOn` says whether there is something to type behind a line.
 */
export function tab(state: Typed, ways: readonly string[], by: 1 | -1, goesOn: (line: string) => boolean): Typed {
  const [first] = ways;
  if (first === undefined) return state;
  if (ways.length === 1) return take(state, first, goesOn);
  const shared = agreed(ways);
  if (state.chosen < 0 && shared.length > state.typed.length) return write(state, shared);
  const chosen = state.chosen < 0 ? (by > 0 ? 0 : ways.length - 1) : (state.chosen + by + ways.length) % ways.length;
  return { ...state, chosen, line: ways[chosen] ?? state.line, open: true };
}

/** One of the ways on is taken. */
export function take(state: Typed, line: string, goesOn: (line: string) => boolean): Typed {
  return goesOn(line) ? write(state, `${line} `) : { ...write(state, line), open: false };
}

/** The arrow up: the line before this one, of those that were given, oldest first. */
export function older(state: Typed, past: readonly string[]): Typed {
  if (state.back >= past.length) return state;
  return look(state.back === 0 ? { ...state, draft: state.line } : state, state.back + 1, past);
}

/** The arrow down: the line after this one, at last the one that was not given yet. */
export function newer(state: Typed, past: readonly string[]): Typed {
  return state.back === 0 ? state : look(state, state.back - 1, past);
}

function look(state: Typed, back: number, past: readonly string[]): Typed {
  const line = back === 0 ? state.draft : (past.at(-back) ?? "");
  return { ...state, back, line, typed: line, chosen: -1, open: false };
}

/** Lines without those that are the same as the one before. */
export function once(lines: readonly string[]): string[] {
  return lines.filter((line, at) => line !== lines[at - 1]);
}

/** What is offered is not wanted: the line is as it was typed. */
export function shut(state: Typed): Typed {
  return { ...state, line: state.typed, chosen: -1, open: false };
}

/** How all of them begin. */
function agreed(lines: readonly string[]): string {
  const [first = "", ...others] = lines;
  let length = first.length;
  for (const other of others) {
    let same = 0;
    while (same < length && other[same] === first[same]) same += 1;
    length = same;
  }
  return first.slice(0, length);
}

interface Known {
  name: string;
  usage: string;
}

/** The command that a line gives: of those whose name it begins with, the one that says most of it. */
export function commandOf<C extends Known>(line: string, commands: readonly C[]): C | null {
  const words = `${line.trim().split(/\s+/).join(" ").toLowerCase()} `;
  const fit = commands.filter(({ name }) => words.startsWith(`${name} `));
  return fit.toSorted((one, other) => other.name.length - one.name.length)[0] ?? null;
}

/** Whether a line is no more than a command's name, behind which something may be said. */
export function wantsMore(line: string, commands: readonly Known[]): boolean {
  return commands.some(({ name, usage }) => name === line.trim() && usage !== name);
}
