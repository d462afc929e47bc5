/** Scrubs through a run's recorded times: the page shows it as it was at each of them. */
import { Pause, Play } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { moments } from "@/engines/replay";
import { took } from "@/engines/reasons";
import { hasEnded, type RunDetail, titleOf } from "@/engines/run";
import { Button, IconButton } from "@/shared/ui/button";

interface ReplayProps {
  detail: RunDetail;
  /** Null for now. */
  time: number | null;
  onTime: (time: number | null) => void;
}

/** How long each recorded time is shown while it plays, in milliseconds. */
const BEAT = 350;

export function Replay({ detail, time, onTime }: ReplayProps) {
  const times = useMemo(() => moments(detail), [detail]);
  const [playing, setPlaying] = useState(false);
  const last = times.length - 1;
  const place = time === null ? last : times.findLastIndex(({ at }) => at <= time);
  const moment = times[place];
  const begin = times[0]?.at ?? 0;
  useEffect(() => {
    if (!playing) return;
    const timer = setTimeout(() => {
      const next = times[place + 1];
      if (!next || place + 1 >= last) setPlaying(false);
      onTime(next && place + 1 < last ? next.at : null);
    }, BEAT);
    return () => clearTimeout(timer);
  }, [playing, place, last, times, onTime]);
  const play = () => {
    if (!playing && place >= last) onTime(begin);
    setPlaying(!playing);
  };
  const name = (id: string) => {
    const step = detail.steps.find((one) => one.id === id);
    return step ? titleOf(step) : "";
  };
  const happened = moment && moment.steps.length > 0 ? moment.steps.map(name).join(", ") : "The order";
  const words = `${took((moment?.at ?? begin) - begin)}: ${happened}`;
  return (
    <section
      aria-label="Replay"
      className="flex shrink-0 items-center gap-3 border-t border-line bg-surface px-4 py-2 text-sm @max-3xl:sticky @max-3xl:bottom-0 @max-3xl:z-10"
    >
      <IconButton label={playing ? "Hold" : "Play what happened"} onClick={play}>
        {playing ? <Pause /> : <Play />}
      </IconButton>
      <input
        type="range"
        aria-label="Time in the run"
        aria-valuetext={time === null ? `Now. ${words}` : words}
        min={0}
        max={last}
        value={place}
        onChange={({ target }) => {
          setPlaying(false);
          const chosen = Number(target.value);
          onTime(chosen >= last ? null : (times[chosen]?.at ?? null));
        }}
        className="min-w-24 grow accent-accent"
      />
      <span className="w-14 shrink-0 text-right tabular-nums">{took((moment?.at ?? begin) - begin)}</span>
      <span className="hidden w-56 truncate text-ink-3 sm:block">{happened}</span>
      <Button
        look="quiet"
        disabled={time === null}
        className="h-7 w-16 px-2"
        onClick={() => (setPlaying(false), onTime(null))}
      >
        {hasEnded(detail.run.state) ? "The end" : "Now"}
      </Button>
    </section>
  );
}
