/** The rules of reading a project's stream in order, once. */
import { expect, test } from "vitest";
import { Sequencer } from "./sequencer";

function sequencer() {
  const log: (number | "resync")[] = [];
  const it = new Sequencer<{ seq: number }>({
    deliver: ({ seq }) => log.push(seq),
    resync: () => log.push("resync"),
  });
  return { it, log };
}

test("events are delivered once and in order", () => {
  const { it, log } = sequencer();
  for (const seq of [4, 5, 5, 4, 6]) it.accept({ seq });
  expect(log).toEqual([4, 5, 6]);
  expect(it.lastSeq).toBe(6);
});

test("a gap asks for everything anew before the stream goes on", () => {
  const { it, log } = sequencer();
  for (const seq of [1, 4, 5]) it.accept({ seq });
  expect(log).toEqual([1, "resync", 4, 5]);
});

test("a restart by the server moves the place and asks for everything anew", () => {
  const { it, log } = sequencer();
  it.accept({ seq: 2 });
  it.restart(90);
  it.accept({ seq: 90 });
  it.accept({ seq: 91 });
  expect(log).toEqual([2, "resync", 91]);
});
