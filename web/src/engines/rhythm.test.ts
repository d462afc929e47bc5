/** The rules of rhythms. */
import { expect, test } from "vitest";
import { chosen, inWords, pattern } from "./rhythm";

test("each rhythm becomes a pattern that reads as it was chosen", () => {
  for (const [cron, words] of [
    [pattern("daily", "09:05", "mon"), "Every day at 09:05"],
    [pattern("weekdays", "17:30", "mon"), "Monday to Friday at 17:30"],
    [pattern("weekly", "00:00", "sun"), "Every Sunday at 00:00"],
    [pattern("monthly", "23:59", "31"), "Each month on day 31 at 23:59"],
  ]) {
    expect(inWords(cron ?? "")).toBe(words);
  }
  expect(pattern("weekdays", "17:30", "mon")).toBe("30 17 * * mon-fri");
  expect(chosen("5 9 31 * *")).toEqual({ rhythm: "monthly", time: "09:05", day: "31" });
});

test("a pattern that is no rhythm is not put into words that would be wrong", () => {
  for (const cron of [
    "*/5 * * * *",
    "30 17 1 * mon",
    "30 17 * 6 *",
    "60 9 * * *",
    "0 24 * * *",
    "",
    "30 17 * * mon,fri",
  ]) {
    expect(inWords(cron), cron).toBeNull();
  }
});
