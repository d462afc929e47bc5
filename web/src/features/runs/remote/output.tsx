/** What a step writes on a runner, read as it grows, in a terminal. */
import { useEffect, useState, useSyncExternalStore } from "react";
import { Reader } from "@/engines/reader";
import { Terminal } from "@/engines/terminal";
import { size } from "@/engines/units";
import { readSource, type Source } from "@/shared/fleet";
import type { Execution } from "@/shared/wire";
import { Copy } from "@/shared/ui/copy";
import { Failure } from "@/shared/ui/parts";
import { Saving } from "./saving";
import { TerminalView } from "./view";

/** Of an output that is longer than this, the end is read; in bytes. */
const READ = 16 << 20;
const LINE_FEED = 10;

interface OutputProps {
  source: Source;
  execution: Execution;
  /** Nothing more comes of it. */
  over: boolean;
  title: string;
}

export function Output({ source, execution, over, title }: OutputProps) {
  const length = execution.streams.find(({ name }) => name === source.name)?.length ?? 0;
  const { terminal, version, begun, error, again } = useOutput(source, length, over);
  return (
    <div className="flex flex-col gap-2">
      {error !== null && <Failure error={error} onRetry={again} />}
      {begun > 0 && <p className="text-ink-3">Its first {size(begun)} are not shown; the file has all of it.</p>}
      {over && length === 0 ? (
        <p className="text-ink-3">It wrote nothing.</p>
      ) : (
        <TerminalView terminal={terminal} version={version}>
          <Copy value={() => terminal.text()} label="the output" />
          <Saving source={source} length={length} file={`${title}.txt`} label="the output" />
        </TerminalView>
      )}
    </div>
  );
}

/** The next frame; a page that nobody sees has none. */
const drawn = () =>
  new Promise<void>((next) => (document.hidden ? setTimeout(next) : requestAnimationFrame(() => next())));

function useOutput(source: Source, length: number, over: boolean) {
  const [held] = useState(() => {
    const terminal = new Terminal();
    const begun = Math.max(0, length - READ);
    const listeners = new Set<() => void>();
    let version = 0;
    let first = begun > 0;
    const changed = () => {
      version += 1;
      for (const listener of listeners) listener();
    };
    const take = (bytes: Uint8Array) => {
      // What is read from the middle begins with half a line.
      terminal.feed(first ? bytes.subarray(bytes.indexOf(LINE_FEED) + 1) : bytes);
      first = false;
    };
    const reader = new Reader(begun, { read: (from) => readSource(source, from), take, changed, pause: drawn });
    const subscribe = (listener: () => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    };
    return { terminal, reader, begun, changed, subscribe, version: () => version };
  });
  const { terminal, reader, begun, changed } = held;
  const version = useSyncExternalStore(held.subscribe, held.version);
  useEffect(() => {
    reader.reach(length);
    return () => reader.stop();
  }, [reader, length]);
  const whole = over && reader.offset >= length;
  useEffect(() => {
    if (!whole) return;
    terminal.finish();
    changed();
  }, [whole, terminal, changed]);
  return { terminal, version, begun, error: reader.error, again: () => reader.again() };
}
