/** The addresses of the interface; each screen comes when it is first asked for. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { api } from "@/shared/api";
import { token } from "@/shared/session";
import { Failure, Skeleton } from "@/shared/ui/parts";
import { Toaster } from "@/shared/ui/toaster";
import { TipProvider } from "@/shared/ui/tip";
import type { Schemas } from "@/shared/wire";
import { Lost } from "./lost";

const root = createRootRoute({
  component: () => (
    <TipProvider>
      <Outlet />
      <Toaster />
    </TipProvider>
  ),
  notFoundComponent: Lost,
});

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  component: lazyRouteComponent(() => import("@/features/account/setup"), "Setup"),
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (search: Record<string, unknown>): { next?: string } =>
    typeof search["next"] === "string" ? { next: search["next"] } : {},
  beforeLoad: async () => {
    const { required } = await api.get<Schemas["SetupStatus"]>("/setup");
    if (required) throw redirect({ to: "/setup" });
  },
  component: lazyRouteComponent(() => import("@/features/account/sign-in"), "SignIn"),
});

const invite = createRoute({
  getParentRoute: () => root,
  path: "/invite",
  // Someone who is signed in joins as who they are.
  beforeLoad: async () => void (await token()),
  component: lazyRouteComponent(() => import("@/features/account/invite"), "Invite"),
});

const workspace = () => import("./workspace");

/** Everything that needs a person. */
const inside = createRoute({
  getParentRoute: () => root,
  id: "inside",
  beforeLoad: async ({ location }) => {
    // Fetched while the server is asked who this is; the screens before the sign-in need none of it.
    void workspace();
    if ((await token()) === null) throw redirect({ to: "/sign-in", search: { next: location.href } });
  },
  component: lazyRouteComponent(workspace, "Workspace"),
});

const index = createRoute({
  getParentRoute: () => inside,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/projects", replace: true });
  },
});

const projects = createRoute({
  getParentRoute: () => inside,
  path: "/projects",
  component: lazyRouteComponent(() => import("@/features/projects/list"), "ProjectList"),
});

const settings = createRoute({
  getParentRoute: () => inside,
  path: "/settings/$section",
  component: lazyRouteComponent(() => import("@/features/settings/settings"), "Settings"),
});

const home = createRoute({
  getParentRoute: () => inside,
  path: "/projects/$project",
  component: lazyRouteComponent(() => import("@/features/projects/home"), "ProjectHome"),
});

const records = createRoute({
  getParentRoute: () => inside,
  path: "/projects/$project/records/$collection",
  validateSearch: (search: Record<string, unknown>): { name?: string; bin?: boolean } => ({
    ...(typeof search["name"] === "string" && search["name"] !== "" && { name: search["name"] }),
    ...(search["bin"] === true && { bin: true }),
  }),
  component: lazyRouteComponent(() => import("@/features/records/list"), "RecordList"),
});

const record = createRoute({
  getParentRoute: () => inside,
  path: "/projects/$project/records/$collection/$record",
  component: lazyRouteComponent(() => import("@/features/records/detail"), "RecordDetail"),
});

const imports = createRoute({
  getParentRoute: () => inside,
  path: "/projects/$project/imports",
  component: lazyRouteComponent(() => import("@/features/imports/list"), "ImportList"),
});

const newImport = createRoute({
  getParentRoute: () => inside,
  path: "/projects/$project/imports/new",
  component: lazyRouteComponent(() => import("@/features/imports/new"), "NewImport"),
});

const oneImport = createRoute({
  getParentRoute: () => inside,
  path: "/projects/$project/imports/$import",
  component: lazyRouteComponent(() => import("@/features/imports/preview"), "ImportPreview"),
});

const runs = createRoute({
  getParentRoute: () => inside,
  path: "/projects/$project/runs",
  component: lazyRouteComponent(() => import("@/features/runs/list"), "RunList"),
});

const oneRun = createRoute({
  getParentRoute: () => inside,
  path: "/projects/$project/runs/$run",
  validateSearch: (search: Record<string, unknown>): { step?: string } =>
    typeof search["step"] === "string" ? { step: search["step"] } : {},
  component: lazyRouteComponent(() => import("@/features/runs/page"), "RunPage"),
});

const schedules = createRoute({
  getParentRoute: () => inside,
  path: "/projects/$project/schedules",
  component: lazyRouteComponent(() => import("@/features/schedules/page"), "SchedulesPage"),
});

const fleet = createRoute({
  getParentRoute: () => inside,
  path: "/projects/$project/fleet",
  validateSearch: (search: Record<string, unknown>): { schedule?: string } =>
    typeof search["schedule"] === "string" ? { schedule: search["schedule"] } : {},
  component: lazyRouteComponent(() => import("@/features/fleet/page"), "FleetPage"),
});

const fleetConsole = createRoute({
  getParentRoute: () => inside,
  path: "/projects/$project/fleet/console",
  component: lazyRouteComponent(() => import("@/features/fleet/console/page"), "ConsolePage"),
});

const admit = createRoute({
  getParentRoute: () => inside,
  path: "/runners/admit",
  component: lazyRouteComponent(() => import("@/features/fleet/admit"), "Admit"),
});

const reviews = createRoute({
  getParentRoute: () => inside,
  path: "/projects/$project/reviews",
  validateSearch: (search: Record<string, unknown>): { review?: string; run?: string; decided?: boolean } => ({
    ...(typeof search["review"] === "string" && { review: search["review"] }),
    ...(typeof search["run"] === "string" && { run: search["run"] }),
    ...(search["decided"] === true && { decided: true }),
  }),
  component: lazyRouteComponent(() => import("./reviews"), "Reviews"),
});

const readiness = createRoute({
  getParentRoute: () => inside,
  path: "/projects/$project/readiness",
  component: lazyRouteComponent(() => import("@/features/readiness/page"), "ReadinessPage"),
});

const agents = createRoute({
  getParentRoute: () => inside,
  path: "/projects/$project/agents",
  validateSearch: (search: Record<string, unknown>): { agent?: string; add?: string } => ({
    ...(typeof search["agent"] === "string" && { agent: search["agent"] }),
    ...(typeof search["add"] === "string" && { add: search["add"] }),
  }),
  component: lazyRouteComponent(() => import("@/features/agents/page"), "AgentsPage"),
});

const notifications = createRoute({
  getParentRoute: () => inside,
  path: "/projects/$project/notifications",
  component: lazyRouteComponent(() => import("@/features/workspace/notifications"), "Notifications"),
});

const projectSettings = createRoute({
  getParentRoute: () => inside,
  path: "/projects/$project/settings/$section",
  component: lazyRouteComponent(() => import("@/features/settings/project"), "ProjectSettings"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    setup,
    signIn,
    invite,
    inside.addChildren([
      index,
      projects,
      settings,
      home,
      records,
      record,
      imports,
      newImport,
      oneImport,
      runs,
      oneRun,
      schedules,
      fleet,
      fleetConsole,
      admit,
      reviews,
      readiness,
      agents,
      notifications,
      projectSettings,
    ]),
  ]),
  defaultPreload: "intent",
  defaultPendingComponent: () => <Skeleton className="p-6" />,
  defaultErrorComponent: ({ error, reset }) => <Failure error={error} onRetry={reset} />,
  scrollRestoration: false,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
