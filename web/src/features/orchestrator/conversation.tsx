/** What was said, oldest first, with the answer that is being written at its end. */
import { RotateCcw } from "lucide-react";
import type { Row } from "@/engines/transcript";
import { sentence } from "@/shared/problem";
import { Button } from "@/shared/ui/button";
import { Answer, Said } from "./message";
import { Scroller } from "./scroller";
import { Spoken } from "./spoken";
import { type Talk, useTalk } from "./talk";

interface ConversationProps {
  talk: Talk;
  rows: Row[];
  /** Reads what was said before; null if that is all. */
  onEarlier: (() => void) | null;
  fetching: boolean;
  onAgain: (answer: string) => void;
}

export function Conversation({ talk, rows, onEarlier, fetching, onAgain }: ConversationProps) {
  const sent = useTalk(talk, (state) => state.sent);
  const answer = useTalk(talk, (state) => state.answer?.messageId ?? null);
  const phase = useTalk(talk, (state) => state.phase);
  const broken = useTalk(talk, (state) => state.broken);
  const failure = useTalk(talk, (state) => state.failure);
  const idle = phase === "idle";
  const last = rows.at(-1);
  return (
    <>
      <Scroller jump={sent?.content ?? null}>
        <div className="flex flex-col gap-4 p-4">
          {onEarlier && (
            <Button look="quiet" busy={fetching} className="self-center" onClick={onEarlier}>
              What was said before
            </Button>
          )}
          {rows.map((row) =>
            row.author === "user" ? (
              <Said key={row.id} row={row} />
            ) : (
              <Answer key={row.id} row={row} onAgain={idle && row === last ? onAgain : null} />
            ),
          )}
          {!idle && answer === null && <p className="caret text-sm text-ink-3">On its way</p>}
          {broken && (
            <p role="status" className="text-sm text-warn">
              The connection broke off. The answer is written on, and taken up where it was.
            </p>
          )}
          {failure !== null && sent && <Unsent talk={talk} failure={failure} />}
        </div>
      </Scroller>
      <Spoken row={rows.find(({ id }) => id === answer) ?? null} />
    </>
  );
}

/** What was said did not reach the server; nothing of it is lost. */
function Unsent({ talk, failure }: { talk: Talk; failure: unknown }) {
  const again = () => {
    const { sent } = talk.state.getState();
    if (sent) void talk.say(sent.mode, sent.content);
  };
  return (
    <div role="alert" className="flex flex-col gap-2 rounded-md border border-line bg-bad-soft p-2 text-sm">
      <p>This was not sent. {sentence(failure)}</p>
      <div className="flex gap-2">
        <Button className="h-7 px-2" onClick={again}>
          <RotateCcw /> Try again
        </Button>
        <Button look="quiet" className="h-7 px-2" onClick={() => talk.edit()}>
          Back into the input
        </Button>
      </div>
    </div>
  );
}
