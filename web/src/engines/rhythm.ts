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

/** A pattern in words; null for one that is none of the rhythms, which is best shown as it is. */
export function inWords(cron: string): string | null {
  const [, minute = "", hour = "", date = "", day = ""] = AT.exec(cron.trim().toLowerCase()) ?? [];
  if (minute === "" || Number(minute) > 59 || Number(hour) > 23) return null;
  const clock = `at ${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`;
  if (date !== "*") return day === "*" ? `Each month on day ${date} ${clock}` : null;
  if (day === "*") return `Every day ${clock}`;
  if (day === "mon-fri") return `Monday to Friday ${clock}`;
  return `Every ${DAYS[day as Day]} ${clock}`;
}
