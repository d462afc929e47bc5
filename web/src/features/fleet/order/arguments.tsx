/** A program and its arguments: typed as a line that is divided at once, or each in a field of its own. */
import { ListPlus, X } from "lucide-react";
import { useState } from "react";
import { joined, split } from "@/engines/shell";
import { Button, IconButton } from "@/shared/ui/button";
import { inputClass, TextField } from "@/shared/ui/field";

interface ArgumentsProps {
  argv: readonly string[];
  onArgv: (argv: string[]) => void;
  error: string | null;
}

export function Arguments({ argv, onArgv, error }: ArgumentsProps) {
  const [line, setLine] = useState(() => joined(argv));
  const [each, setEach] = useState(false);
  const { argv: shown, open, shell } = split(line);
  if (each) {
    return (
      <Each
        argv={argv}
        onArgv={onArgv}
        error={error}
        onLine={() => {
          setLine(joined(argv));
          setEach(false);
        }}
      />
    );
  }
  return (
    <div className="flex flex-col gap-2">
      <TextField
        label="Command"
        required
        value={line}
        autoCapitalize="off"
        autoComplete="off"
        spellCheck={false}
        placeholder="cargo test -p store"
        className="font-mono"
        help={
          shell === null
            ? "No shell reads it: it is divided where there is space, and quotes keep together."
            : `No shell reads it: ${shell} is given to the program as it is. For a pipe or a variable, run a script, or sh -c '…'.`
        }
        error={open === null ? error : `The quote ${open} is not closed.`}
        onChange={({ target }) => {
          const next = split(target.value);
          setLine(target.value);
          // Half a quote is no argument yet.
          onArgv(next.open === null ? next.argv : []);
        }}
      />
      <div className="flex items-start gap-2">
        <ol aria-label="Program and arguments" className="flex min-h-7 min-w-0 grow flex-wrap gap-1">
          {shown.map((word, at) => (
            <li
              key={at}
              className={`max-w-full rounded-sm bg-sunken px-1.5 py-0.5 font-mono text-xs leading-5 whitespace-pre-wrap wrap-anywhere ${at === 0 ? "font-semibold" : ""}`}
            >
              {word === "" ? <span className="text-ink-3">empty</span> : word}
            </li>
          ))}
        </ol>
        <Button look="quiet" className="h-7 px-2" disabled={open !== null} onClick={() => setEach(true)}>
          One field for each
        </Button>
      </div>
    </div>
  );
}

interface EachProps extends ArgumentsProps {
  /** Back to a line. */
  onLine: () => void;
}

function Each({ argv, onArgv, onLine, error }: EachProps) {
  const words = argv.length > 0 ? argv : [""];
  const name = (at: number) => (at === 0 ? "Program" : `Argument ${at}`);
  return (
    <fieldset className="flex flex-col gap-1.5">
      <legend className="mb-1 text-sm font-medium text-ink-2">Program and arguments</legend>
      {words.map((word, at) => (
        <div key={at} className="flex gap-1">
          <input
            aria-label={name(at)}
            placeholder={name(at)}
            required={at === 0}
            value={word}
            autoCapitalize="off"
            autoComplete="off"
            spellCheck={false}
            className={`${inputClass} h-9 min-w-0 grow font-mono`}
            onChange={({ target }) => onArgv(words.with(at, target.value))}
          />
          {at > 0 && (
            <IconButton
              label={`Take out argument ${at}`}
              className="size-9!"
              onClick={() => onArgv(words.toSpliced(at, 1))}
            >
              <X />
            </IconButton>
          )}
        </div>
      ))}
      {error !== null && <p className="text-xs text-bad">{error}</p>}
      <div className="flex justify-between gap-2">
        <Button look="quiet" className="h-7 px-2" onClick={() => onArgv([...words, ""])}>
          <ListPlus /> One more
        </Button>
        <Button look="quiet" className="h-7 px-2" onClick={onLine}>
          As a line
        </Button>
      </div>
    </fieldset>
  );
}
