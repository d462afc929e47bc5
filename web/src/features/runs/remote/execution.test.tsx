// @vitest-environment jsdom
/** The rules of what is told of a step's executions. */
import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { at, detail, step } from "@/engines/run.fixture";
import { client } from "@/shared/client";
import { executionsQuery } from "@/shared/fleet";
import type { Execution } from "@/shared/wire";
import { TipProvider } from "@/shared/ui/tip";
import { Executed } from "./execution";

afterEach(() => {
  cleanup();
  client.clear();
  vi.unstubAllGlobals();
});

const one = (fence: number, more: Partial<Execution> = {}): Execution => ({
  ...{ runId: "run_1", stepId: "stp_1", fence, runnerName: "forge", beganAt: at(0), streams: [], ...more },
});

function show(executions: Execution[], { ended = true, part = "changes" as "changes" | "terminal" } = {}) {
  const { run } = detail([]);
  client.setQueryData(executionsQuery("prj_1", run.id, !ended).queryKey, executions);
  vi.stubGlobal("fetch", () => new Promise(() => undefined));
  const onFence = vi.fn();
  render(
    <TipProvider>
      <QueryClientProvider client={client}>
        <Executed
          project="prj_1"
          run={{ ...run, state: ended ? "complete" : "running" }}
          step={step("stp_1", "do", [], { state: ended ? "complete" : "running" })}
          part={part}
          fence={null}
          onFence={onFence}
        />
      </QueryClientProvider>
    </TipProvider>,
  );
  return onFence;
}

const text = () => document.body.textContent;

test("how it ended is told with where, how long it took, and what is left of it", () => {
  const files = [{ path: "logo.png", change: "added" as const, added: null, removed: null }];
  const streams = [{ name: "file:out/report.json", length: 1_234 }];
  const outcome = { end: "timeout" as const, message: "It took longer than 5 min.", durationMs: 300_000, files };
  show([one(1, { endedAt: at(300), outcome, streams })]);
  expect(text()).toContain("Took too long");
  expect(text()).toContain("on forge");
  expect(text()).toContain("5 min 00 s");
  expect(text()).toContain("It took longer than 5 min.");
  expect(text()).toMatch(/New.*logo\.png.*no text/);
  expect(screen.getByRole("button", { name: "Download out/report.json" })).toBeTruthy();
});

test("the newest is shown, an earlier one can be chosen, and one that was given up is told as such", () => {
  const onFence = show([one(3), one(8, { outcome: { end: "complete", durationMs: 900 }, endedAt: at(1) })]);
  expect(text()).toContain("Complete");
  expect(screen.getAllByRole("option").map((option) => option.textContent)).toEqual([
    "2: forge, complete",
    "1: forge, ended without a word",
  ]);
  fireEvent.change(screen.getByLabelText("Which time"), { target: { value: "3" } });
  expect(onFence).toHaveBeenCalledWith(3);
});

test("while it goes on its changes are not told yet", () => {
  show([one(1)], { ended: false });
  expect(text()).toContain("Running");
  expect(text()).toContain("What it changes is told when it has ended.");
});

test("one that was given up is over, even if it never said so", () => {
  show([one(1)]);
  expect(text()).toContain("Ended without a word");
  expect(text()).toContain("It changed no file.");
});

test("a step that no runner has begun says so, and executions of other steps are none of its", () => {
  show([one(1, { stepId: "stp_other" })], { ended: false });
  expect(text()).toBe("No runner has begun it yet.");
});

test("a step that ended and wrote nothing says that", () => {
  show([one(1, { outcome: { end: "complete", durationMs: 10 }, endedAt: at(1) })], { part: "terminal" });
  expect(text()).toContain("It wrote nothing.");
});
