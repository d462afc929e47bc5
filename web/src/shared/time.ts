/** Times as people say them. */

const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

/** `3 min. ago`; a date once a week has passed. */
export function ago(timestamp: string, now = Date.now()): string {
  const passed = now - Date.parse(timestamp);
  if (Math.abs(passed) > 7 * 86_400_000) return DAY.format(new Date(timestamp));
  for (const [unit, length] of STEPS) {
    if (Math.abs(passed) >= length) return RELATIVE.format(-Math.round(passed / length), unit);
  }
  return "just now";
}

/** Date and time, for titles and logs. */
export function exact(timestamp: string): string {
  return EXACT.format(new Date(timestamp));
}

/** The time of day, to the second. */
export function clock(timestamp: string): string {
  return CLOCK.format(new Date(timestamp));
}
