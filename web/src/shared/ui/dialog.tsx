/** Dialogs and sheets on the browser's own `<dialog>`: it traps focus and makes the page inert without injecting a style. */
import clsx from "clsx";
import { X } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef } from "react";
import { IconButton } from "./button";

interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  /** Read aloud only, where the content says it already. */
  titleHidden?: boolean;
  side?: "centre" | "left" | "right" | "top";
  className?: string;
  children: ReactNode;
}

const SIDES = {
  centre: "m-auto w-[calc(100%-2rem)] max-w-lg rounded-lg border max-h-[calc(100dvh-4rem)]",
  top: "mx-auto mt-[12vh] mb-auto w-[calc(100%-2rem)] max-w-xl rounded-lg border max-h-[70dvh]",
  left: "mr-auto h-dvh max-h-dvh w-72 max-w-[85vw] border-r",
  right: "ml-auto h-dvh max-h-dvh w-[400px] max-w-full border-l",
};

export function Dialog({
  open,
  onClose,
  title,
  titleHidden = false,
  side = "centre",
  className,
  children,
}: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (open && dialog && !dialog.open) {
      dialog.showModal();
      // A dialog that asks for something begins there, not at its close button.
      const first = dialog.querySelector<HTMLElement>("[data-first]");
      (first ?? dialog.querySelector<HTMLElement>("input, textarea, select"))?.focus();
    }
    return () => dialog?.close();
  }, [open]);
  if (!open) return null;
  return (
    <dialog
      ref={ref}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => event.target === event.currentTarget && onClose()}
      className={clsx("slide-in overflow-hidden border-line bg-raised p-0 shadow-float", SIDES[side], className)}
    >
      <div className="flex max-h-[inherit] min-h-0 flex-col h-full">
        <div
          className={clsx(
            "flex items-center justify-between gap-4 border-b border-line px-4 py-2",
            titleHidden && "sr-only",
          )}
        >
          <h2 id={id} className="text-base font-semibold">
            {title}
          </h2>
          {!titleHidden && (
            <IconButton label="Close" onClick={onClose}>
              <X />
            </IconButton>
          )}
        </div>
        {children}
      </div>
    </dialog>
  );
}
