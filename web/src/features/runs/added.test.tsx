// @vitest-environment jsdom
/** The rules of what a model added to an agent's work. */
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
} from "@tanstack/react-router";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { Output } from "./output";

afterEach(cleanup);

const pier = { entityId: "ent_pier", collection: "scenes", name: "THE PIER" };
const work = (added: object | null) => ({
  department: "audio",
  agent: "cues",
  title: "Cue list",
  summary: "Three sounds, all at the pier.",
  content: {},
  citations: [pier],
  lacks: [],
  quality: 0.9,
  consistency: 0.9,
  creativity: 0.2,
  by: "film.cues",
  added,
});
const nothing = { by: null, note: null, remarks: [], suggestions: [], dropped: 0, summaryByRules: null };

async function shown(output: object): Promise<string> {
  const root = createRootRoute();
  const page = createRoute({
    getParentRoute: () => root,
    path: "/projects/$project",
    component: () => (
      <div data-testid="output">
        <Output output={output} />
      </div>
    ),
  });
  const history = createMemoryHistory({ initialEntries: ["/projects/prj_1"] });
  const router = createRouter({ routeTree: root.addChildren([page]), history });
  render(<RouterProvider router={router as never} />);
  return (await screen.findByTestId("output")).textContent;
}

test("what a model added names the model, and its sources lead to their records", async () => {
  const remark = { text: "The foghorn carries the scene.", sources: ["ent_pier"] };
  await shown(work({ ...nothing, by: "llama3.2", remarks: [remark], dropped: 2 }));
  const part = screen.getByRole("region", { name: "Added by a model" });
  expect(part.textContent).toContain("by llama3.2");
  expect(part.textContent).toContain("2 of its claims were left out");
  const source = part.querySelector("li a");
  expect(source?.getAttribute("href")).toBe("/projects/prj_1/records/scenes/ent_pier");
  expect(source?.textContent).toBe("THE PIER");
});

test("a summary by a model is marked, and the one by rules is kept beside it", async () => {
  const text = await shown(work({ ...nothing, by: "llama3.2", summaryByRules: "3 sounds." }));
  expect(text).toContain("Three sounds, all at the pier. by llama3.2");
  expect(text).toContain("3 sounds.");
});

test("work by rules alone says why no model took part, and is marked as nobody else's", async () => {
  const text = await shown(work({ ...nothing, note: "No model was asked, because it costs money." }));
  expect(text).toContain("No model was asked");
  expect(screen.queryByRole("region", { name: "Added by a model" })).toBeNull();
  expect(text).not.toContain("by null");
});
