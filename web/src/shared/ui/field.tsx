/** Labelled inputs whose help and errors are read with them. */
import clsx from "clsx";
import {
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
} from "react";

/** The look of an input; how wide it is follows from where it stands. */
export const inputClass =
  "rounded-md border border-line-strong/60 bg-surface px-2.5 text-sm text-ink transition-colors hover:border-line-strong focus-visible:outline-offset-0 disabled:opacity-60 aria-invalid:border-bad";

interface Labelled {
  label: ReactNode;
  help?: ReactNode | undefined;
  error?: string | null | undefined;
  /** Beside the label. */
  aside?: ReactNode | undefined;
}

interface Wiring {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": true | undefined;
}

function Labelling({ label, help, error, aside, children }: Labelled & { children: (wiring: Wiring) => ReactNode }) {
  const id = useId();
  const described = [help != null && `${id}-help`, error != null && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className="flex flex-col gap-1">
      <div className="flex items-baseline justify-between gap-2">
        <label htmlFor={id} className="text-sm font-medium text-ink-2">
          {label}
        </label>
        {aside}
      </div>
      {children({ id, "aria-describedby": described || undefined, "aria-invalid": error != null || undefined })}
      {error != null && (
        <p id={`${id}-error`} className="text-xs text-bad">
          {error}
        </p>
      )}
      {help != null && (
        <p id={`${id}-help`} className="text-xs text-ink-3">
          {help}
        </p>
      )}
    </div>
  );
}

export function TextField({
  label,
  help,
  error,
  aside,
  className,
  ...rest
}: Labelled & InputHTMLAttributes<HTMLInputElement>) {
  return (
    <Labelling label={label} help={help} error={error} aside={aside}>
      {(wiring) => <input {...rest} {...wiring} className={clsx(inputClass, "h-9 w-full", className)} />}
    </Labelling>
  );
}

export function TextArea({
  label,
  help,
  error,
  aside,
  className,
  ...rest
}: Labelled & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  return (
    <Labelling label={label} help={help} error={error} aside={aside}>
      {(wiring) => (
        <textarea {...rest} {...wiring} className={clsx(inputClass, "w-full py-2 leading-normal", className)} />
      )}
    </Labelling>
  );
}

export function Choice({
  label,
  help,
  error,
  aside,
  className,
  children,
  ...rest
}: Labelled & SelectHTMLAttributes<HTMLSelectElement>) {
  return (
    <Labelling label={label} help={help} error={error} aside={aside}>
      {(wiring) => (
        <select {...rest} {...wiring} className={clsx(inputClass, "h-9 w-full appearance-auto", className)}>
          {children}
        </select>
      )}
    </Labelling>
  );
}

/** Something that is so or not, with its words beside it. */
export function Check({ children, ...rest }: InputHTMLAttributes<HTMLInputElement>) {
  return (
    <label className="flex items-start gap-2 text-sm text-ink-2">
      <input {...rest} type="checkbox" className="mt-0.5 size-4 shrink-0 accent-accent" />
      <span>{children}</span>
    </label>
  );
}
