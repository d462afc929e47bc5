/** Buttons: one filled for the main thing on a screen, the others quiet. */
import clsx from "clsx";
import type { ButtonHTMLAttributes, ReactNode } from "react";
import { Tip } from "./tip";

export type Look = "main" | "plain" | "quiet" | "danger";

const LOOKS: Record<Look, string> = {
  main: "bg-ink text-on-ink hover:bg-ink-2 border-transparent",
  plain: "bg-surface text-ink border-line hover:bg-hover",
  quiet: "border-transparent text-ink-2 hover:bg-hover hover:text-ink",
  danger: "bg-surface text-bad border-line hover:bg-bad-soft",
};

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  /** While something is under way the button waits, and says so to those who cannot see it. */
  busy?: boolean;
}

export function buttonClass(look: Look = "plain", extra?: string): string {
  return clsx(
    "inline-flex h-8 shrink-0 items-center justify-center gap-1.5 rounded-md border px-3 text-sm font-medium whitespace-nowrap transition-colors",
    "disabled:cursor-not-allowed disabled:opacity-55 [&_svg]:size-4 [&_svg]:shrink-0",
    LOOKS[look],
    extra,
  );
}

export function Button({ look, busy = false, className, children, disabled, type = "button", ...rest }: ButtonProps) {
  return (
    <button
      {...rest}
      type={type}
      disabled={disabled === true || busy}
      aria-busy={busy || undefined}
      className={buttonClass(look, className)}
    >
      {children}
    </button>
  );
}

interface IconButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** What it does: shown as a tip and read aloud. */
  label: string;
  shortcut?: string | undefined;
  children: ReactNode;
}

export function IconButton({ label, shortcut, className, children, ...rest }: IconButtonProps) {
  return (
    <Tip text={label} shortcut={shortcut}>
      <button
        type="button"
        aria-label={label}
        {...rest}
        className={clsx(
          "inline-flex size-8 shrink-0 items-center justify-center rounded-md text-ink-2 transition-colors hover:bg-hover hover:text-ink",
          "aria-pressed:bg-pressed aria-pressed:text-ink disabled:opacity-55 [&_svg]:size-4",
          className,
        )}
      >
        {children}
      </button>
    </Tip>
  );
}
