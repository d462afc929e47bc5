/** The actions that are there on every screen. */
import { useNavigate, useParams } from "@tanstack/react-router";
import {
  Bell,
  CalendarClock,
  CircleHelp,
  FileDown,
  Gauge,
  House,
  Inbox,
  LayoutGrid,
  LogOut,
  Monitor,
  Moon,
  PanelLeft,
  PanelRight,
  Search,
  Server,
  Settings,
  SlidersHorizontal,
  SquareTerminal,
  Sun,
  Users,
  Workflow,
} from "lucide-react";
import { useMemo } from "react";
import { signOut } from "@/features/workspace/sign-out";
import { type Action, useOffer } from "@/shared/actions";
import { collectionIcon } from "@/shared/icons";
import { layout } from "@/shared/layout";
import { MODE_LOOKS } from "@/shared/modes";
import { setTheme } from "@/shared/theme";

const ALWAYS: readonly Action[] = [
  {
    id: "palette",
    name: "Search or do",
    group: "View",
    icon: Search,
    shortcut: "Mod+K",
    run: () => layout.setPalette(true),
  },
  {
    id: "help",
    name: "Shortcuts",
    group: "View",
    icon: CircleHelp,
    shortcut: "?",
    words: "help keys",
    run: () => layout.setHelp(true),
  },
  {
    id: "sidebar",
    name: "Fold or unfold the navigation",
    group: "View",
    icon: PanelLeft,
    shortcut: "Mod+B",
    run: layout.toggleSidebar,
  },
  { id: "theme.light", name: "Light theme", group: "View", icon: Sun, run: () => setTheme("light") },
  { id: "theme.dark", name: "Dark theme", group: "View", icon: Moon, run: () => setTheme("dark") },
  { id: "theme.system", name: "Theme as the system", group: "View", icon: Monitor, run: () => setTheme("system") },
  { id: "sign-out", name: "Sign out", group: "Account", icon: LogOut, words: "log out", run: () => void signOut() },
];

const SPEAK: readonly Action[] = [
  {
    id: "orchestrator",
    name: "Show or hide the orchestrator",
    group: "Orchestrator",
    icon: PanelRight,
    shortcut: "Mod+/",
    run: layout.toggleOrchestrator,
  },
  ...MODE_LOOKS.map(({ mode, name, icon, hint }, at) => ({
    id: `mode.${mode}`,
    name: `${name}: ${hint}`,
    group: "Orchestrator" as const,
    icon,
    shortcut: `Mod+${at + 1}`,
    run: () => layout.speak(mode),
  })),
];

const COLLECTIONS = ["scenes", "characters", "locations", "episodes", "concepts"];

export function useWorkspaceActions(): void {
  const navigate = useNavigate();
  const { project } = useParams({ strict: false });
  const actions = useMemo<Action[]>(() => {
    const offered: Action[] = [
      ...ALWAYS,
      {
        id: "go.projects",
        name: "All projects",
        group: "Go to",
        icon: LayoutGrid,
        run: () => void navigate({ to: "/projects" }),
      },
      {
        id: "go.settings",
        name: "Settings",
        group: "Go to",
        icon: Settings,
        words: "model memory keys sessions account runners machines slack",
        run: () => void navigate({ to: "/settings/$section", params: { section: "account" } }),
      },
    ];
    if (project === undefined) return offered;
    const params = { project };
    return [
      {
        id: "go.home",
        name: "Project home",
        group: "Go to",
        icon: House,
        run: () => void navigate({ to: "/projects/$project", params }),
      },
      ...COLLECTIONS.map((collection) => ({
        id: `go.${collection}`,
        name: collection.replace(/^./, (first) => first.toUpperCase()),
        group: "Go to" as const,
        icon: collectionIcon(collection),
        run: () => void navigate({ to: "/projects/$project/records/$collection", params: { project, collection } }),
      })),
      {
        id: "import",
        name: "Import a screenplay",
        group: "Make",
        icon: FileDown,
        words: "fountain fdx upload paste",
        run: () => void navigate({ to: "/projects/$project/imports/new", params }),
      },
      {
        id: "go.runs",
        name: "Runs",
        group: "Go to",
        icon: Workflow,
        words: "work orders tasks departments",
        run: () => void navigate({ to: "/projects/$project/runs", params }),
      },
      {
        id: "go.schedules",
        name: "Schedules",
        group: "Go to",
        icon: CalendarClock,
        words: "cron time later again every day",
        run: () => void navigate({ to: "/projects/$project/schedules", params }),
      },
      {
        id: "go.fleet",
        name: "Fleet",
        group: "Go to",
        icon: Server,
        words: "runners machines remote command agent queue",
        run: () => void navigate({ to: "/projects/$project/fleet", params }),
      },
      {
        id: "go.console",
        name: "Console",
        group: "Go to",
        icon: SquareTerminal,
        words: "commands type terminal fleet status cancel retry logs",
        run: () => void navigate({ to: "/projects/$project/fleet/console", params }),
      },
      {
        id: "go.reviews",
        name: "Reviews",
        group: "Go to",
        icon: Inbox,
        words: "decide ingest approve outputs deliverables",
        run: () => void navigate({ to: "/projects/$project/reviews", params }),
      },
      {
        id: "go.readiness",
        name: "Readiness",
        group: "Go to",
        icon: Gauge,
        words: "ready lacking score next",
        run: () => void navigate({ to: "/projects/$project/readiness", params }),
      },
      {
        id: "go.agents",
        name: "Agents",
        group: "Go to",
        icon: Users,
        words: "departments heads specialists definitions prompts tools",
        run: () => void navigate({ to: "/projects/$project/agents", params }),
      },
      {
        id: "go.notifications",
        name: "Notifications",
        group: "Go to",
        icon: Bell,
        run: () => void navigate({ to: "/projects/$project/notifications", params }),
      },
      {
        id: "go.people",
        name: "Project settings",
        group: "Go to",
        icon: SlidersHorizontal,
        words: "people members invite audit budgets usage tokens money",
        run: () =>
          void navigate({ to: "/projects/$project/settings/$section", params: { project, section: "people" } }),
      },
      ...SPEAK,
      ...offered,
    ];
  }, [navigate, project]);
  useOffer(actions);
}
