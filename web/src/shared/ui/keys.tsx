/** A shortcut as keys. */
import { keycaps } from "../actions";

export function Keys({ shortcut }: { shortcut: string }) {
  return (
    <span className="inline-flex gap-0.5">
      {keycaps(shortcut).map((key) => (
        <kbd
          key={key}
          className="min-w-5 rounded-sm border border-line bg-sunken px-1 text-center font-sans text-xs leading-4.5 text-ink-2"
        >
          {key}
        </kbd>
      ))}
    </span>
  );
}
