/** The part of the form that says when: once, in a rhythm, or by a pattern. */
import { DAYS, type Rhythm } from "@/engines/rhythm";
import { Choice, TextField } from "@/shared/ui/field";

export type Often = Rhythm | "once" | "pattern";

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

interface TimesProps {
  often: Often;
  onOften: (often: Often) => void;
  /** What is wrong with a field. */
  problem: (field: string) => string | null;
}

export function Times({ often, onOften, problem }: TimesProps) {
  const rhythm = often !== "once" && often !== "pattern";
  return (
    <>
      <div className="grid grid-cols-2 gap-3">
        <Choice label="When" value={often} onChange={({ target }) => onOften(target.value as Often)}>
          {Object.entries(NAMES).map(([key, name]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </Choice>
        {often === "once" && (
          <TextField label="At" name="at" type="datetime-local" required error={problem("when.at")} />
        )}
        {rhythm && <TextField label="At" name="time" type="time" required defaultValue="09:00" />}
        {often === "pattern" && (
          <TextField
            label="Pattern"
            name="cron"
            required
            maxLength={100}
            placeholder="30 9 * * mon-fri"
            error={problem("when.cron")}
          />
        )}
      </div>
      {often === "pattern" && (
        <p className="-mt-2 text-xs text-ink-3">Minute, hour, day of the month, month, day of the week.</p>
      )}
      {often === "weekly" && (
        <Choice label="On" name="day" defaultValue="mon">
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
          defaultValue={1}
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
            defaultValue={HERE}
            error={problem("when.timeZone")}
          />
          <datalist id="time-zones">
            {["UTC", ...Intl.supportedValuesOf("timeZone")].map((zone) => (
              <option key={zone} value={zone} />
            ))}
          </datalist>
        </>
      )}
    </>
  );
}
