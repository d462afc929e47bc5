/** Beneath an answer: who gave it, why it is plainer than it could be, and what it took. */
import { Link } from "@tanstack/react-router";
import type { Row } from "@/engines/transcript";
import { useSession } from "@/shared/session";
import type { Schemas } from "@/shared/wire";

export function Notes({ row }: { row: Row }) {
  const admin = useSession((session) => session.user?.admin ?? false);
  const { metadata, state, sameNote } = row;
  if (!metadata) return null;
  const { answeredBy, fallback, usage } = metadata;
  const rules = answeredBy === "rules";
  // What ended an answer early is said beside the button that asks again.
  const note = state === "complete" ? fallback : null;
  const noted = note && !sameNote;
  if (!answeredBy && !note && !usage) return null;
  return (
    <footer className="text-xs text-ink-3">
      {noted && (
        <p>
          {note}{" "}
          {rules && admin && (
            <Link
              to="/settings/$section"
              params={{ section: "model" }}
              className="text-ink-2 underline underline-offset-2 hover:text-ink"
            >
              Set a model
            </Link>
          )}
        </p>
      )}
      {!(noted && rules) && (
        <p>{[answeredBy && (rules ? "By rules" : answeredBy), usage && spent(usage)].filter(Boolean).join(" · ")}</p>
      )}
    </footer>
  );
}

const COUNT = new Intl.NumberFormat();

/** `1,204 tokens in, 310 out, $0.0021`; an estimate is marked as one. */
function spent({ inputTokens, outputTokens, estimated, costMicroUsd }: Schemas["Usage"]): string {
  const about = estimated ? "about " : "";
  const cost =
    costMicroUsd === null || costMicroUsd === undefined ? "" : `, ${about}$${(costMicroUsd / 1e6).toFixed(4)}`;
  return `${about}${COUNT.format(inputTokens)} tokens in, ${COUNT.format(outputTokens)} out${cost}`;
}
