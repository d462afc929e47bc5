/** The main screens, each with its address, the sign that it is there, and what a hand does on it. */
import { film } from "./film.mjs";

/** A film of 120 pages with its people and places, and what the screens need of it. */
export async function furnished(api) {
  const project = await api.film("The Long Tide", film(170).text);
  const waiting = await api.post(`/projects/${project}/imports`, {
    filename: "second-draft.fountain",
    content: film(60, 2).text,
  });
  const first = async (collection) => (await api.get(`/projects/${project}/${collection}?limit=1`)).docs[0].id;
  const [scene, character] = await Promise.all(["scenes", "characters"].map(first));
  // Answered when it has ended, or after half a minute.
  const { taskId: run } = await api.post("/orchestrator/task", { projectId: project, task: "Prepare the film for shooting" });
  await api.post(`/projects/${project}/schedules`, {
    name: "Call sheets",
    order: { kind: "task", task: "Prepare tomorrow's call sheets" },
    when: { kind: "cron", cron: "30 17 * * mon-fri", timeZone: "Europe/Berlin" },
    missed: "run",
  });
  const { steps } = await api.get(`/projects/${project}/runs/${run}`);
  const step = steps.find(({ name }) => name === "visual/shots").id;
  return { project, importId: waiting.importId, scene, character, run, step };
}

/** Opens and closes the command palette. */
async function palette(page) {
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").pressSequentially("joss");
  await page.keyboard.press("Escape");
}

const tabs = (...names) => async (page) => {
  for (const name of names) await page.getByRole("tab", { name }).click();
};

/** `ready` waits until the screen shows what it is for; `hand` does what people do there. */
export function screens({ project, importId, scene, character, run, step }) {
  const within = `/projects/${project}`;
  return [
    {
      name: "projects",
      path: "/projects",
      ready: (page) => page.getByRole("link", { name: /The Long Tide/ }).waitFor(),
      hand: async (page) => {
        await page.getByRole("button", { name: "New project" }).click();
        await page.getByRole("dialog").getByLabel("Name").pressSequentially("Tide");
        await page.keyboard.press("Escape");
      },
    },
    {
      name: "home",
      path: within,
      ready: (page) => page.getByRole("region", { name: "Scenes" }).getByRole("link").nth(1).waitFor(),
      hand: palette,
    },
    {
      name: "question",
      path: within,
      ready: (page) => page.getByRole("button", { name: /most dialogue/ }).waitFor(),
      hand: async (page) => {
        await page.getByRole("textbox", { name: /^Message/ }).pressSequentially("Who has the most dialogue?");
        await page.keyboard.press("Enter");
        await page.getByLabel("Sources", { exact: true }).waitFor();
      },
    },
    {
      name: "scenes",
      path: `${within}/records/scenes`,
      ready: (page) => page.getByRole("table", { name: "Scenes" }).getByRole("link").first().waitFor(),
      hand: (page) => page.getByRole("searchbox", { name: "Filter by name" }).pressSequentially("INT."),
    },
    {
      name: "scene",
      path: `${within}/records/scenes/${scene}`,
      ready: (page) => page.getByRole("tab", { name: "Script", selected: true }).waitFor(),
      hand: async (page) => {
        await tabs("Details", "Relationships", "History", "Script")(page);
        await page.getByRole("button", { name: "Write" }).click();
        await page.getByLabel("Script in Fountain").pressSequentially("He waits. ");
      },
    },
    {
      name: "character",
      path: `${within}/records/characters/${character}`,
      ready: (page) => page.getByRole("main").getByLabel("Description").waitFor(),
      hand: async (page) => {
        await page.getByRole("main").getByLabel("Description").pressSequentially("Waits for the ferry. ");
        await tabs("Relationships", "History")(page);
      },
    },
    {
      name: "import",
      path: `${within}/imports/${importId}`,
      ready: (page) => page.getByRole("region", { name: "Quality" }).waitFor(),
      hand: async (page) => {
        const box = page.getByRole("checkbox").first();
        await box.click();
        await box.click();
      },
    },
    {
      name: "runs",
      path: `${within}/runs`,
      ready: (page) => page.getByRole("main").getByRole("link", { name: /Prepare the film/ }).waitFor(),
      hand: palette,
    },
    {
      name: "run",
      path: `${within}/runs/${run}`,
      ready: (page) => page.getByRole("region", { name: "Graph" }).getByRole("button", { name: /^Production/ }).waitFor(),
      hand: async (page) => {
        await page.getByRole("region", { name: "Graph" }).getByRole("button", { name: /^Cue list/ }).click();
        await tabs("Attempts", "Output")(page);
        await page.getByRole("slider", { name: "Time in the run" }).focus();
        for (let back = 0; back < 5; back++) await page.keyboard.press("ArrowLeft");
      },
    },
    {
      name: "step",
      path: `${within}/runs/${run}?step=${step}`,
      ready: (page) => page.getByRole("region", { name: "Shots" }).getByRole("row").nth(3).waitFor(),
      hand: async (page) => {
        await tabs("Input", "Log", "Output")(page);
        await page.getByText("What the scores rest on").click();
        await page.getByRole("button", { name: /^\d+ more$/ }).first().click();
      },
    },
    {
      name: "reviews",
      path: `${within}/reviews`,
      ready: (page) => page.getByRole("navigation", { name: "Reviews" }).getByRole("link").nth(3).waitFor(),
      hand: async (page) => {
        await page.keyboard.press("j");
        await page.getByRole("button", { name: "Modify" }).click();
        await page.getByLabel("Notes").pressSequentially("Looked over. ");
      },
    },
    {
      name: "readiness",
      path: `${within}/readiness`,
      ready: (page) => page.getByRole("region", { name: "Departments" }).getByRole("meter").nth(6).waitFor(),
      hand: (page) => page.getByRole("region", { name: "Departments" }).locator("summary").first().click(),
    },
    {
      name: "agents",
      path: `${within}/agents`,
      ready: (page) => page.getByRole("navigation", { name: "Agents" }).getByRole("link").nth(14).waitFor(),
      hand: async (page) => {
        await page.getByRole("navigation", { name: "Agents" }).getByRole("link", { name: /Cue list/ }).click();
        await page.getByRole("textbox", { name: /^Definition of Cue list/ }).pressSequentially("# ");
        await tabs("History", "Definition")(page);
      },
    },
    {
      name: "schedules",
      path: `${within}/schedules`,
      ready: (page) => page.getByRole("listitem", { name: "Call sheets" }).waitFor(),
      hand: async (page) => {
        await page.getByRole("button", { name: "What became of it" }).click();
        await page.getByText("Its time has not come yet.").waitFor();
        await page.getByRole("button", { name: "New schedule" }).click();
        await page.getByRole("dialog").getByLabel("Name").pressSequentially("Shot list");
        await page.keyboard.press("Escape");
      },
    },
    {
      name: "budgets and usage",
      path: `${within}/settings/budgets`,
      ready: (page) => page.getByText("No language model was asked in this time").waitFor(),
      hand: async (page) => {
        await page.getByLabel("A run: tokens").pressSequentially("20000");
        await page.getByLabel("By", { exact: true }).selectOption("agent");
      },
    },
    {
      name: "notifications",
      path: `${within}/notifications`,
      ready: (page) => page.getByRole("main").getByText("second-draft.fountain").waitFor(),
      hand: palette,
    },
    {
      name: "people",
      path: `${within}/settings/people`,
      ready: (page) => page.getByLabel("Role of Ada Lind").waitFor(),
      hand: (page) => page.getByLabel("E-mail").pressSequentially("ben@example.org"),
    },
    {
      name: "keys",
      path: "/settings/keys",
      ready: (page) => page.getByText("No keys yet").waitFor(),
      hand: (page) => page.getByLabel("What for").pressSequentially("Nightly export"),
    },
    {
      name: "runners",
      path: "/settings/runners",
      ready: (page) => page.getByText("No runners yet").waitFor(),
      hand: (page) => page.getByLabel("What you call the machine").pressSequentially("forge"),
    },
    {
      name: "fleet",
      path: `${within}/fleet`,
      ready: (page) => page.getByText("No runner serves this project yet").waitFor(),
      hand: palette,
    },
    {
      name: "memory",
      path: "/settings/memory",
      ready: (page) => page.getByText("Local embedder", { exact: true }).waitFor(),
      hand: palette,
    },
  ];
}
