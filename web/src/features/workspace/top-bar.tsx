/** The bar on top: where one is, search, who else is here, what happened, the account. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import {
  ChevronsUpDown,
  CircleHelp,
  LayoutGrid,
  LogOut,
  Menu as MenuIcon,
  Monitor,
  Moon,
  PanelRight,
  Search,
  Settings,
  Sun,
} from "lucide-react";
import { layout, useLayout } from "@/shared/layout";
import { useLive } from "@/shared/live";
import { projectsQuery } from "@/shared/queries";
import { useSession } from "@/shared/session";
import { setTheme, type Theme, useTheme } from "@/shared/theme";
import { IconButton } from "@/shared/ui/button";
import { Keys } from "@/shared/ui/keys";
import { Menu, MenuChoice, MenuItem, MenuLine } from "@/shared/ui/menu";
import { Avatar } from "@/shared/ui/parts";
import { Bell } from "./bell";
import { Crumbs } from "./crumbs";
import { signOut } from "./sign-out";

const THEMES: readonly { value: Theme; name: string; icon: React.ReactNode }[] = [
  { value: "system", name: "As the system", icon: <Monitor /> },
  { value: "light", name: "Light", icon: <Sun /> },
  { value: "dark", name: "Dark", icon: <Moon /> },
];

export function TopBar() {
  const { project } = useParams({ strict: false });
  const orchestrator = useLayout((state) => state.orchestrator);
  return (
    <header className="flex h-16 shrink-0 items-center gap-2 border-b border-line bg-surface px-3 sm:px-4">
      <IconButton label="Navigation" className="md:hidden" onClick={layout.toggleSidebar}>
        <MenuIcon />
      </IconButton>
      <Link to="/projects" aria-label="Atelier: all projects" className="mr-1 hidden size-7 shrink-0 sm:block">
        <img src="/icon.svg" alt="" className="size-7" />
      </Link>
      {project !== undefined && <ProjectSelector current={project} />}
      <div className="hidden min-w-0 shrink md:block">
        <Crumbs />
      </div>
      <div className="grow" />
      <button
        type="button"
        onClick={() => layout.setPalette(true)}
        className="hidden h-8 w-56 items-center gap-2 rounded-md border border-line bg-ground px-2.5 text-sm text-ink-3 transition-colors hover:border-line-strong lg:flex"
      >
        <Search className="size-4" />
        <span className="grow text-left">Search or do</span>
        <Keys shortcut="Mod+K" />
      </button>
      <IconButton label="Search or do" shortcut="Mod+K" className="lg:hidden" onClick={() => layout.setPalette(true)}>
        <Search />
      </IconButton>
      {project !== undefined && <Present />}
      {project !== undefined && <Bell project={project} />}
      {project !== undefined && (
        <IconButton
          label="Orchestrator"
          shortcut="Mod+/"
          aria-pressed={orchestrator}
          onClick={layout.toggleOrchestrator}
        >
          <PanelRight />
        </IconButton>
      )}
      <Account />
    </header>
  );
}

function ProjectSelector({ current }: { current: string }) {
  const list = useInfiniteQuery(projectsQuery());
  const navigate = useNavigate();
  const projects = list.data?.pages.flatMap((page) => page.docs) ?? [];
  const name = projects.find(({ id }) => id === current)?.name ?? "Project";
  return (
    <Menu
      trigger={
        <button
          type="button"
          aria-label={`Project: ${name}`}
          className="flex h-8 max-w-44 items-center gap-1 rounded-md px-2 text-sm font-semibold hover:bg-hover"
        >
          <span className="truncate">{name}</span>
          <ChevronsUpDown className="size-3.5 shrink-0 text-ink-3" />
        </button>
      }
    >
      {projects.slice(0, 20).map((project) => (
        <MenuItem
          key={project.id}
          onSelect={() => void navigate({ to: "/projects/$project", params: { project: project.id } })}
        >
          <span className="truncate">{project.name}</span>
          {project.id === current && <span className="ml-auto text-ink-3">✓</span>}
        </MenuItem>
      ))}
      <MenuLine />
      <MenuItem onSelect={() => void navigate({ to: "/projects" })}>
        <LayoutGrid /> All projects
      </MenuItem>
    </Menu>
  );
}

/** More faces than this become a number. */
const FACES = 4;

function Present() {
  const present = useLive((live) => live.present);
  const me = useSession((session) => session.user?.id);
  const others = present.filter(({ userId }) => userId !== me);
  if (others.length === 0) return null;
  return (
    <ul aria-label="Also here" className="hidden items-center -space-x-1.5 sm:flex">
      {others.slice(0, FACES).map((person) => (
        <li key={person.userId} className="rounded-full ring-2 ring-surface">
          <Avatar name={person.userName} color={person.color} title={`${person.userName} is here`} />
        </li>
      ))}
      {others.length > FACES && <li className="pl-3 text-xs text-ink-3">+{others.length - FACES}</li>}
    </ul>
  );
}

function Account() {
  const user = useSession((session) => session.user);
  const theme = useTheme((state) => state.theme);
  const navigate = useNavigate();
  if (!user) return null;
  return (
    <Menu
      align="end"
      trigger={
        <button type="button" aria-label="Account" className="ml-1 rounded-full">
          <Avatar name={user.name} color={0} title={user.name} />
        </button>
      }
    >
      <div className="px-2 py-1.5 text-sm">
        <p className="font-medium">{user.name}</p>
        <p className="text-xs text-ink-3">{user.email}</p>
      </div>
      <MenuLine />
      <MenuItem onSelect={() => void navigate({ to: "/settings/$section", params: { section: "account" } })}>
        <Settings /> Settings
      </MenuItem>
      <MenuItem onSelect={() => layout.setHelp(true)}>
        <CircleHelp /> Shortcuts
        <span className="ml-auto">
          <Keys shortcut="?" />
        </span>
      </MenuItem>
      <MenuLine />
      <MenuChoice label="Theme" value={theme} options={THEMES} onChange={setTheme} />
      <MenuLine />
      <MenuItem onSelect={() => void signOut()}>
        <LogOut /> Sign out
      </MenuItem>
    </Menu>
  );
}
