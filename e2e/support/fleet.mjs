/** What tests of the fleet begin with: a server, Ada in a browser, a project of hers; and all of it is ended at once. */
import { newPerson, startBrowser } from "./browser.mjs";
import { startDemo, startMachine } from "./machine.mjs";
import { firstPerson } from "./person.mjs";
import { startServer } from "./server.mjs";
import { until } from "./until.mjs";

/** `options` are for Ada's browser. */
export async function startFleet(options = {}) {
  const started = [];
  const end = async () => {
    for (const one of started.splice(0).reverse()) await one.stop();
  };
  const ends = (one) => {
    started.push(one);
    return one;
  };
  try {
    const server = ends(await startServer());
    const browser = await startBrowser();
    ends({ stop: () => browser.close() });
    const ada = await newPerson(browser, options);
    const api = await firstPerson(server, ada);
    const { id: project } = await api.post("/projects", { name: "The Long Tide", type: "movie" });
    const run = (id) => api.get(`/projects/${project}/runs/${id}`);
    return {
      ...{ server, browser, ada, api, project, run, end },
      machine: async (about) => ends(await startMachine(server, api, project, about)),
      demo: async () => ends(await startDemo(server)),
      /** What a runner is told to do: an engine, and what else the order says. Gives the run. */
      order: (engine, { title, ...more } = {}) =>
        api.post(`/projects/${project}/fleet/runs`, { title, order: { engine, ...more } }),
      /** Waits until a run is in a state. */
      reaches: (id, state) => until(`${id} is ${state}`, async () => (await run(id)).run.state === state),
      address: (id) => `${server.base}/projects/${project}/runs/${id}`,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

export const command = (...argv) => ({ kind: "command", argv });
export const agent = (name, prompt) => ({ kind: "agent", name, prompt });
