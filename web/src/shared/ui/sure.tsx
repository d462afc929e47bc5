/** Asks once more before something is done that cannot be undone. */
import type { UseMutationResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Button } from "./button";
import { Dialog } from "./dialog";
import { Failure } from "./parts";

interface SureProps {
  title: string;
  /** What it does, in a word: `Remove`. */
  act: string;
  mutation: UseMutationResult<unknown, Error, void>;
  onClose: () => void;
  /** What comes of it. */
  children: ReactNode;
}

export function Sure({ title, act, mutation, onClose, children }: SureProps) {
  return (
    <Dialog open onClose={onClose} title={title}>
      <div className="flex flex-col gap-4 p-4">
        <p>{children}</p>
        {mutation.error && <Failure error={mutation.error} />}
        <div className="flex justify-end gap-2">
          <Button data-first onClick={onClose}>
            Keep it
          </Button>
          <Button look="danger" busy={mutation.isPending} onClick={() => mutation.mutate()}>
            {act}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
