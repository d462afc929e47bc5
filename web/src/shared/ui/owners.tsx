/** The end of a form that owners of a project save and all members see. */
import type { UseMutationResult } from "@tanstack/react-query";
import { useMay } from "../place";
import { Button } from "./button";
import { Failure } from "./parts";

export function OwnersSave({ save }: { save: Pick<UseMutationResult, "error" | "isPending"> }) {
  const owner = useMay("owner");
  return (
    <>
      {save.error && <Failure error={save.error} />}
      {owner ? (
        <Button type="submit" look="main" className="self-start" busy={save.isPending}>
          Save
        </Button>
      ) : (
        <p className="text-sm text-ink-3">An owner of the project can change this.</p>
      )}
    </>
  );
}
