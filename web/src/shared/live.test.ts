/** The rules of what is followed over the live connection. */
import { afterEach, expect, test, vi } from "vitest";
import { client } from "./client";
import { executionsQuery } from "./fleet";
import { connect, followRun } from "./live";

const line = vi.hoisted(() => ({
  said: [] as unknown[][],
  heard: new Map<string, (told?: unknown) => void>(),
}));

vi.mock("socket.io-client", () => ({
  io: () => ({
    connected: true,
    volatile: { emit: () => undefined },
    emit: (...what: unknown[]) => line.said.push(what),
    on: (name: string, hear: (told?: unknown) => void) => line.heard.set(name, hear),
    disconnect: () => undefined,
  }),
}));

afterEach(() => {
  client.clear();
  line.said.length = 0;
  line.heard.clear();
});

test("a run is followed on each connection for as long as anyone looks at it", async () => {
  const [one, two] = [followRun("run_1"), followRun("run_1")];
  const gone = connect("prj_1");
  await vi.waitFor(() => expect(line.heard.has("connect")).toBe(true));
  line.heard.get("connect")?.();
  line.heard.get("connect")?.();
  const follows = ["subscribe:execution", { executionId: "run_1" }];
  expect(line.said).toEqual([follows, follows]);
  one();
  expect(line.said).toHaveLength(2);
  two();
  expect(line.said[2]).toEqual(["unsubscribe:execution", { executionId: "run_1" }]);
  line.heard.get("connect")?.();
  expect(line.said).toHaveLength(3);
  gone();
});

test("executions are read again when the server says that what they write has grown", async () => {
  const gone = connect("prj_1");
  await vi.waitFor(() => expect(line.heard.has("stream:grown")).toBe(true));
  const key = (run: string) => executionsQuery("prj_1", run, true).queryKey;
  for (const run of ["run_1", "run_2"]) client.setQueryData(key(run), []);
  line.heard.get("stream:grown")?.({ executionId: "run_1" });
  expect(client.getQueryState(key("run_1"))?.isInvalidated).toBe(true);
  expect(client.getQueryState(key("run_2"))?.isInvalidated).toBe(false);
  gone();
});
