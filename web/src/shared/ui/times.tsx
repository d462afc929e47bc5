/** The part of a form that says when an order is given: once, in a rhythm, or by a pattern; and what if no server runs then. */
import { useState } from "react";
import { chosen, DAYS, pattern, type Rhythm } from "@/engines/rhythm";
import type { Schedule, Schemas } from "../wire";
import { Choice, TextField } from "./field";

type When = Schemas["When"];
type Often = Rhythm | "once" | "pattern";

const NAMES: Record<Often, string> = {
  once: "Once",
  daily: "Every day",
  weekdays: "Monday to Friday",
  weekly: "Every week",
  monthly: "Every month",
  pattern: "By a pattern",
};

/** Where this browser is. */
const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Fields of this part that the server may refuse. */
export const TIMES = ["when.at", "when.cron", "when.timeZone"];

interface TimesProps {
  /** What was said before. */
  given?: Pick<Schedule, "when" | "missed"> | undefined;
  /** What is wrong with a field. */
  problem: (field: string) => string | null;
}

export function Times({ given, problem }: TimesProps) {
  const cron = given?.when.kind === "cron" ? given.when : null;
  const before = cron && chosen(cron.cron);
  const [often, setOften] = useState<Often>(() => {
    if (!given) return "weekdays";
    return cron ? (before?.rhythm ?? "pattern") : "once";
  });
  const rhythm = often !== "once" && often !== "pattern";
  /** The day, if it is one of the rhythm that is chosen now. */
  const day = before?.rhythm === often ? before.day : null;
  return (
    <>
      <div className="grid grid-cols-2 gap-3">
        <Choice label="When" name="often" value={often} onChange={({ target }) => setOften(target.value as Often)}>
          {Object.entries(NAMES).map(([key, name]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </Choice>
        {often === "once" && (
          <TextField
            label="At"
            name="at"
            type="datetime-local"
            required
            defaultValue={given?.when.kind === "once" ? here(given.when.at) : ""}
            error={problem("when.at")}
          />
        )}
        {rhythm && <TextField label="At" name="time" type="time" required defaultValue={before?.time ?? "09:00"} />}
        {often === "pattern" && (
          <TextField
            label="Pattern"
            name="cron"
            required
            maxLength={100}
            placeholder="30 9 * * mon-fri"
            defaultValue={cron?.cron ?? ""}
            error={problem("when.cron")}
          />
        )}
      </div>
      {often === "pattern" && (
        <p className="-mt-2 text-xs text-ink-3">Minute, hour, day of the month, month, day of the week.</p>
      )}
      {often === "weekly" && (
        <Choice label="On" name="day" defaultValue={day ?? "mon"}>
          {Object.entries(DAYS).map(([key, name]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </Choice>
      )}
      {often === "monthly" && (
        <TextField
          label="On day"
          name="day"
          type="number"
          min={1}
          max={31}
          required
          defaultValue={day ?? 1}
          help="Months that have no such day are left out."
          error={problem("when.cron")}
        />
      )}
      {often !== "once" && (
        <>
          <TextField
            label="Time zone"
            name="timeZone"
            list="time-zones"
            required
            maxLength={64}
            defaultValue={cron?.timeZone ?? HERE}
            error={problem("when.timeZone")}
          />
          <datalist id="time-zones">
            {["UTC", ...Intl.supportedValuesOf("timeZone")].map((zone) => (
              <option key={zone} value={zone} />
            ))}
          </datalist>
        </>
      )}
      <Choice label="If no server runs then" name="missed" defaultValue={given?.missed ?? "run"}>
        <option value="run">give it once, later</option>
        <option value="skip">leave it out</option>
      </Choice>
    </>
  );
}

/** What stands in this part of a form. */
export function timesIn(data: FormData): Pick<Schedule, "when" | "missed"> {
  return { when: whenIn(data), missed: data.get("missed") === "skip" ? "skip" : "run" };
}

function whenIn(data: FormData): When {
  const text = (name: string) => String(data.get(name) ?? "").trim();
  const often = text("often") as Often;
  // What the field gives is the time of the clocks here.
  if (often === "once") return { kind: "once", at: new Date(text("at")).toISOString() };
  const timeZone = text("timeZone");
  if (often === "pattern") return { kind: "cron", cron: text("cron"), timeZone };
  return { kind: "cron", cron: pattern(often, text("time"), text("day")), timeZone };
}

/** A moment as the clocks here show it, as the field takes it. */
function here(at: string): string {
  const moment = new Date(at);
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
