/** Saves what an execution wrote as a file: a button that tells how far it is, and stops when it is pressed again. */
import { Download, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { saveSource, type Source } from "@/shared/fleet";
import { toastError } from "@/shared/toasts";
import { Button } from "@/shared/ui/button";

interface SavingProps {
  source: Source;
  length: number;
  /** What the file is called. */
  file: string;
  /** What is saved, for those who cannot see what stands beside it. */
  label: string;
}

export function Saving({ source, length, file, label }: SavingProps) {
  const [share, setShare] = useState<number | null>(null);
  const going = useRef<AbortController | null>(null);
  useEffect(() => () => going.current?.abort(), []);
  const start = async () => {
    const controller = new AbortController();
    going.current = controller;
    setShare(0);
    try {
      await saveSource(source, length, file.replaceAll(/[/\\]/g, "-"), controller.signal, setShare);
    } catch (error) {
      if (!controller.signal.aborted) toastError("The file could not be fetched", error);
    }
    setShare(null);
  };
  if (share !== null) {
    return (
      <Button aria-label={`Stop fetching ${label}`} onClick={() => going.current?.abort()}>
        <X /> <span className="tabular-nums">{Math.floor(share * 100)} %</span>
      </Button>
    );
  }
  return (
    <Button aria-label={`Download ${label}`} disabled={length === 0} onClick={() => void start()}>
      <Download /> <span className="max-sm:sr-only">Download</span>
    </Button>
  );
}
