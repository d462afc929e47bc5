/** How often an order is given, as people choose it, and as the pattern that the server takes. */

export const DAYS = {
  mon: "Monday",
  tue: "Tuesday",
  wed: "Wednesday",
  thu: "Thursday",
  fri: "Friday",
  sat: "Saturday",
  sun: "Sunday",
} as const;

export type Day = keyof typeof DAYS;
export type Rhythm = "daily" | "weekdays" | "weekly" | "monthly";

/** The pattern of a rhythm: minute, hour, day of the month, month, day of the week. `time` is `17:30`. */
export function pattern(rhythm: Rhythm, time: string, day: string): string {
  const [hour = 0, minute = 0] = time.split(":").map(Number);
  const clock = `${minute} ${hour}`;
  switch (rhythm) {
    case "daily":
      return `${clock} * * *`;
    case "weekdays":
      return `${clock} * * mon-fri`;
    case "weekly":
      return `${clock} * * ${day}`;
    case "monthly":
      return `${clock} ${day} * *`;
  }
}

const AT = /^(\d{1,2}) (\d{1,2}) (\*|\d{1,2}) \* (\*|mon-fri|mon|tue|wed|thu|fri|sat|sun)$/;

/** What was chosen to make a pattern; null for one that is none of the rhythms. */
export function chosen(cron: string): { rhythm: Rhythm; time: string; day: string } | null {
  const [, minute = "", hour = "", date = "", day = ""] = AT.exec(cron.trim().toLowerCase()) ?? [];
  if (minute === "" || Number(minute) > 59 || Number(hour) > 23) return null;
  const time = `${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`;
  if (date !== "*") return day === "*" ? { rhythm: "monthly", time, day: date } : null;
  if (day === "*") return { rhythm: "daily", time, day };
  return { rhythm: day === "mon-fri" ? "weekdays" : "weekly", time, day };
}

/** A pattern in words; null for one that is none of the rhythms, which is best shown as it is. */
export function inWords(cron: string): string | null {
  const found = chosen(cron);
  if (!found) return null;
  const { rhythm, time, day } = found;
  switch (rhythm) {
    case "daily":
      return `Every day at ${time}`;
    case "weekdays":
      return `Monday to Friday at ${time}`;
    case "weekly":
      return `Every ${DAYS[day as Day]} at ${time}`;
    case "monthly":
      return `Each month on day ${day} at ${time}`;
  }
}
