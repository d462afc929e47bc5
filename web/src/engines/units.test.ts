/** The rules of telling numbers. */
import { expect, test } from "vitest";
import { percent, ranges, size, told } from "./units";

test("lengths are in pages and eighths, and a place is the page on which it is", () => {
  expect([0, 1, 8, 19].map((eighths) => told(eighths, "eighths"))).toEqual([
    "0 pages",
    "1/8 page",
    "1 page",
    "2 3/8 pages",
  ]);
  expect([0, 7, 8, 99].map((eighths) => told(eighths, "page"))).toEqual(["1", "1", "2", "13"]);
});

test("a time after midnight says that it is on the next day", () => {
  expect([420, 1_439, 1_515].map((minutes) => told(minutes, "clock"))).toEqual(["07:00", "23:59", "01:15 (+1)"]);
});

test("a score is never told as better than it is", () => {
  expect([0.746, 0.75, 0.29, 1, 0].map(percent)).toEqual(["74 %", "75 %", "29 %", "100 %", "0 %"]);
});

test("numbers that follow each other are told as one, in the order that they have", () => {
  expect(ranges(["1", "2", "4", "5", "6", "6A", "7", "3"])).toBe("1, 2, 4–6, 6A, 7, 3");
  expect(ranges([])).toBe("");
});

test("bytes are told in the unit that fits them", () => {
  expect([0, 640, 12_345, 4_500_000].map(size)).toEqual(["0 B", "640 B", "12.3 KB", "4.5 MB"]);
});
