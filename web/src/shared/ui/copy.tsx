/** Copies a text, and says that it has. */
import { Check, Copy as CopyIcon } from "lucide-react";
import { useState } from "react";
import { toastError } from "../toasts";
import { Button } from "./button";

/** Pages that are served without TLS may not copy by themselves. */
const REFUSED = new Error("This browser does not let the page copy. Select the text, and copy it yourself.");

interface CopyProps {
  /** The text, or what makes it when it is asked for. */
  value: string | (() => string);
  /** What is copied, for those who cannot see what stands beside it. */
  label?: string;
}

export function Copy({ value, label }: CopyProps) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      if (!("clipboard" in navigator)) throw REFUSED;
      await navigator.clipboard.writeText(typeof value === "string" ? value : value());
      setCopied(true);
    } catch (error) {
      toastError("Nothing was copied", error);
    }
  };
  return (
    <Button aria-label={label && `${copied ? "Copied" : "Copy"} ${label}`} onClick={() => void copy()}>
      {copied ? <Check /> : <CopyIcon />} {copied ? "Copied" : "Copy"}
    </Button>
  );
}
