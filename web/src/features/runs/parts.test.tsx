// @vitest-environment jsdom
/** The rules of work that is done part by part, as it is shown. */
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import type { StepState } from "@/engines/run";
import { Parts } from "./parts";

afterEach(cleanup);

const list = (parts: StepState[]) => (
  <ul>
    <Parts parts={parts}>{() => <li>INT. BAR</li>}</Parts>
  </ul>
);

test("parts are counted in one line, and shown when somebody wants to see them", () => {
  render(list(["complete", "running", "queued"]));
  const line = screen.getByRole("button", { name: "One by one: 1 running, 1 of 3 complete" });
  expect(screen.queryByText("INT. BAR")).toBeNull();
  fireEvent.click(line);
  expect(screen.getByText("INT. BAR")).toBeTruthy();
});

test("parts of which one failed are shown unasked, and can be shut", () => {
  render(list(["complete", "failed"]));
  expect(screen.getByText("INT. BAR")).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: "One by one: 1 failed, 1 of 2 complete" }));
  expect(screen.queryByText("INT. BAR")).toBeNull();
});
