/** The four parts of the screen: top bar, navigation, page, orchestrator. */
import { Outlet, useNavigate, useParams, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect } from "react";
import { Banner } from "@/features/workspace/banner";
import { Sidebar } from "@/features/workspace/sidebar";
import { TopBar } from "@/features/workspace/top-bar";
import { useShortcuts } from "@/shared/actions";
import { layout, NARROW, useLayout, WIDE } from "@/shared/layout";
import { connect, tellPlace } from "@/shared/live";
import { useMedia } from "@/shared/media";
import { useSession } from "@/shared/session";
import { Dialog } from "@/shared/ui/dialog";
import { Skeleton } from "@/shared/ui/parts";
import { useWorkspaceActions } from "./actions";

const Orchestrator = lazy(() =>
  import("@/features/orchestrator/panel").then((module) => ({ default: module.Orchestrator })),
);
const Palette = lazy(() => import("@/features/workspace/palette").then((module) => ({ default: module.Palette })));
const Help = lazy(() => import("@/features/workspace/help").then((module) => ({ default: module.Help })));

export function Workspace() {
  const { project } = useParams({ strict: false });
  const palette = useLayout((state) => state.palette);
  const help = useLayout((state) => state.help);
  useWorkspaceActions();
  useShortcuts();
  useSignedInOnly();
  useEffect(() => (project === undefined ? undefined : connect(project)), [project]);
  useWhereabouts(project);
  return (
    <div className="flex h-dvh flex-col">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:absolute focus:top-2 focus:left-2 focus:z-50 focus:rounded-md focus:bg-raised focus:px-3 focus:py-2"
      >
        Skip to the page
      </a>
      <TopBar />
      <Banner />
      <div className="relative flex min-h-0 grow">
        <Sidebar />
        <main id="main" tabIndex={-1} className="min-w-0 grow overflow-y-auto outline-none">
          <Outlet />
        </main>
        {project !== undefined && <Right project={project} />}
      </div>
      <Suspense>
        {palette && <Palette />}
        {help && <Help />}
      </Suspense>
    </div>
  );
}

/** The orchestrator: beside the page, over it, or a sheet, as the window allows. */
function Right({ project }: { project: string }) {
  const open = useLayout((state) => state.orchestrator);
  const wide = useMedia(`(min-width: ${WIDE}px)`);
  const sheet = useMedia(`(max-width: ${NARROW - 1}px)`);
  const path = useRouterState({ select: (state) => state.location.pathname });
  useEffect(() => {
    // What lies over the page comes only when it is called.
    if (!wide) useLayout.setState({ orchestrator: false });
  }, [wide]);
  useEffect(() => {
    // A sheet that stays would cover the page that was asked for.
    if (sheet) useLayout.setState({ orchestrator: false });
  }, [path, sheet]);
  if (!open) return null;
  const panel = (
    <Suspense fallback={<Skeleton className="p-4" />}>
      <Orchestrator key={project} project={project} />
    </Suspense>
  );
  if (sheet) {
    return (
      <Dialog open onClose={layout.toggleOrchestrator} title="Orchestrator" side="right">
        <div className="flex min-h-0 grow flex-col">{panel}</div>
      </Dialog>
    );
  }
  return (
    <aside
      aria-label="Orchestrator"
      className={
        wide
          ? "flex w-[400px] shrink-0 flex-col border-l border-line bg-surface"
          : "slide-in absolute inset-y-0 right-0 z-20 flex w-[400px] max-w-full flex-col border-l border-line bg-surface shadow-float"
      }
    >
      {panel}
    </aside>
  );
}

/** Leaves for the sign-in as soon as nobody is signed in any more. */
function useSignedInOnly(): void {
  const state = useSession((session) => session.state);
  const navigate = useNavigate();
  useEffect(() => {
    if (state === "out") void navigate({ to: "/sign-in", search: { next: window.location.pathname } });
  }, [state, navigate]);
}

/** Tells the others where in the project one is. */
function useWhereabouts(project: string | undefined): void {
  const path = useRouterState({ select: (state) => state.location.pathname });
  const { record } = useParams({ strict: false });
  useEffect(() => {
    if (project === undefined) return;
    const view = path.replace(`/projects/${project}`, "").slice(0, 200) || "/";
    tellPlace({ view, ...(record !== undefined && { record }) });
  }, [project, path, record]);
}
