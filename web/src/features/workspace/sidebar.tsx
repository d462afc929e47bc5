/** The navigation on the left: words or icons only beside the page, a sheet on small screens. */
import { useQuery } from "@tanstack/react-query";
import { Link, type LinkProps, useParams, useRouterState } from "@tanstack/react-router";
import clsx from "clsx";
import {
  Bell,
  CalendarClock,
  FileDown,
  Gauge,
  House,
  Inbox,
  LayoutGrid,
  PanelLeft,
  Server,
  Settings,
  SlidersHorizontal,
  Users,
  Workflow,
  type LucideIcon,
} from "lucide-react";
import { useEffect } from "react";
import { collectionIcon } from "@/shared/icons";
import { layout, NARROW, useLayout } from "@/shared/layout";
import { useMedia } from "@/shared/media";
import { projectQuery, schemaQuery } from "@/shared/queries";
import { IconButton } from "@/shared/ui/button";
import { Dialog } from "@/shared/ui/dialog";
import { Tip } from "@/shared/ui/tip";

export function Sidebar() {
  const open = useLayout((state) => state.sidebar);
  const sheet = useMedia(`(max-width: ${NARROW - 1}px)`);
  const path = useRouterState({ select: (state) => state.location.pathname });
  useEffect(() => {
    // A sheet that stays would cover the page that was asked for.
    if (sheet) useLayout.setState({ sidebar: false });
  }, [path, sheet]);

  if (sheet) {
    return (
      <Dialog open={open} onClose={layout.toggleSidebar} title="Navigation" side="left">
        <div className="overflow-y-auto p-2">
          <Entries words />
        </div>
      </Dialog>
    );
  }
  return (
    <div
      className={clsx(
        "flex shrink-0 flex-col border-r border-line bg-surface transition-[width] duration-150",
        open ? "w-60" : "w-16",
      )}
    >
      <div className="min-h-0 grow overflow-x-hidden overflow-y-auto p-2">
        <Entries words={open} />
      </div>
      <div className={clsx("border-t border-line p-2", !open && "flex justify-center")}>
        <IconButton
          label={open ? "Fold the navigation" : "Unfold the navigation"}
          shortcut="Mod+B"
          onClick={layout.toggleSidebar}
        >
          <PanelLeft />
        </IconButton>
      </div>
    </div>
  );
}

function Entries({ words }: { words: boolean }) {
  const { project } = useParams({ strict: false });
  const enabled = project !== undefined;
  const stats = useQuery({ ...projectQuery(project ?? ""), enabled }).data?.stats as Record<string, number> | undefined;
  const schema = useQuery({ ...schemaQuery(project ?? ""), enabled });
  if (project === undefined) {
    return (
      <nav aria-label="Main" className="flex flex-col gap-0.5">
        <Entry words={words} icon={LayoutGrid} name="Projects" link={{ to: "/projects" }} exact />
        <Entry
          words={words}
          icon={Settings}
          name="Settings"
          link={{ to: "/settings/$section", params: { section: "account" } }}
        />
      </nav>
    );
  }
  const params = { project };
  return (
    <nav aria-label="Main" className="flex flex-col gap-0.5">
      <Entry words={words} icon={House} name="Home" link={{ to: "/projects/$project", params }} exact />
      <Entry words={words} icon={Workflow} name="Runs" link={{ to: "/projects/$project/runs", params }} />
      <Entry
        words={words}
        icon={CalendarClock}
        name="Schedules"
        link={{ to: "/projects/$project/schedules", params }}
      />
      <Entry words={words} icon={Server} name="Fleet" link={{ to: "/projects/$project/fleet", params }} />
      <Entry words={words} icon={Inbox} name="Reviews" link={{ to: "/projects/$project/reviews", params }} />
      <Entry words={words} icon={Gauge} name="Readiness" link={{ to: "/projects/$project/readiness", params }} />
      <Entry words={words} icon={FileDown} name="Imports" link={{ to: "/projects/$project/imports", params }} />
      <p className={clsx("px-2.5 pt-4 pb-1 text-xs font-medium text-ink-3", !words && "sr-only")}>Records</p>
      {schema.data?.map(({ name, label }) => (
        <Entry
          key={name}
          words={words}
          icon={collectionIcon(name)}
          name={label}
          count={stats?.[name]}
          link={{ to: "/projects/$project/records/$collection", params: { project, collection: name } }}
        />
      ))}
      <p className={clsx("px-2.5 pt-4 pb-1 text-xs font-medium text-ink-3", !words && "sr-only")}>Project</p>
      <Entry words={words} icon={Users} name="Agents" link={{ to: "/projects/$project/agents", params }} />
      <Entry words={words} icon={Bell} name="Notifications" link={{ to: "/projects/$project/notifications", params }} />
      <Entry
        words={words}
        icon={SlidersHorizontal}
        name="Project settings"
        link={{ to: "/projects/$project/settings/$section", params: { project, section: "people" } }}
      />
    </nav>
  );
}

interface EntryProps {
  words: boolean;
  icon: LucideIcon;
  name: string;
  count?: number | undefined;
  link: LinkProps;
  exact?: boolean;
}

function Entry({ words, icon: Icon, name, count, link, exact = false }: EntryProps) {
  const entry = (
    <Link
      {...link}
      activeOptions={{ exact, includeSearch: false }}
      aria-label={words ? undefined : name}
      className={clsx(
        "flex h-8 items-center gap-2.5 rounded-md text-sm text-ink-2 transition-colors hover:bg-hover hover:text-ink",
        "data-[status=active]:bg-pressed data-[status=active]:font-medium data-[status=active]:text-ink",
        words ? "px-2.5" : "justify-center",
      )}
    >
      <Icon className="size-4 shrink-0" />
      {words && <span className="grow truncate">{name}</span>}
      {words && count !== undefined && <span className="text-xs text-ink-3 tabular-nums">{count}</span>}
    </Link>
  );
  return words ? entry : <Tip text={name}>{entry}</Tip>;
}
