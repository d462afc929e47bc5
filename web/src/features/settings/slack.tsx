/** Being known in Slack: a code that is said there once, and taking that back. */
import { useMutation } from "@tanstack/react-query";
import { api } from "@/shared/api";
import { exact } from "@/shared/time";
import { toast } from "@/shared/toasts";
import { Button } from "@/shared/ui/button";
import { Failure } from "@/shared/ui/parts";
import type { Schemas } from "@/shared/wire";
import { ShownOnce } from "./secret";
import { Block } from "./sections";

/** What begins a command in Slack; `gateway::slack`. */
const COMMAND = "/atelier";

export function Slack() {
  const link = useMutation({ mutationFn: () => api.post<Schemas["SlackCode"]>("/slack/link") });
  const unlink = useMutation({
    mutationFn: () => api.delete("/slack/link"),
    onSuccess: () => {
      link.reset();
      toast({ level: "success", title: "Nobody in Slack is known as you now" });
    },
  });
  return (
    <Block
      title="You in Slack"
      lead="Whoever is known there gives the commands of their projects in a channel, with the role that they have here, and sees how what they ordered gets on."
    >
      {link.data ? (
        <>
          <ShownOnce label="Say this in Slack" value={`${COMMAND} link ${link.data.code}`} />
          <p className="text-sm text-ink-2">
            It is good until{" "}
            <time dateTime={link.data.until} className="tabular-nums">
              {exact(link.data.until)}
            </time>
            , once, and whoever says it is known as you: say it yourself. After that an owner says{" "}
            <code className="font-mono">{COMMAND} use PROJECT</code> in a channel, and{" "}
            <code className="font-mono">{COMMAND} help</code> lists what may be said there.
          </p>
        </>
      ) : (
        <p className="text-sm text-ink-2">Take a code here, and say it in Slack within ten minutes.</p>
      )}
      {link.error && <Failure error={link.error} />}
      {unlink.error && <Failure error={unlink.error} />}
      <div className="flex flex-wrap gap-2">
        <Button look="main" busy={link.isPending} onClick={() => link.mutate()}>
          {link.data ? "Take another code" : "Take a code"}
        </Button>
        <Button look="danger" busy={unlink.isPending} onClick={() => unlink.mutate()}>
          Be known there no more
        </Button>
      </div>
    </Block>
  );
}
