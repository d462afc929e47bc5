/** Which parts of the screen are open; remembered between visits. */
import { create } from "zustand";
import { recall, remember } from "./store";
import type { Mode } from "./wire";

export const MODES: readonly Mode[] = ["query", "data", "task", "chat"];

interface Layout {
  /** Wide with words, or narrow with icons only; on small screens: a sheet that is open or not. */
  sidebar: boolean;
  orchestrator: boolean;
  mode: Mode;
  palette: boolean;
  help: boolean;
  /** Counts how often the person asked to write; each time the input takes the focus, and never by itself. */
  calls: number;
  /** What another screen proposes to say; the input takes it once. */
  words: string | null;
}

const DEFAULT: Layout = {
  sidebar: true,
  orchestrator: true,
  mode: "query",
  palette: false,
  help: false,
  calls: 0,
  words: null,
};

/** At this width and above the orchestrator stands beside the page; below it lies over it. */
export const WIDE = 1280;
/** Below this width the sidebar is a sheet. */
export const NARROW = 768;

function initial(): Layout {
  const kept = recall<Partial<Layout>>("layout");
  const wide = window.innerWidth;
  return {
    ...DEFAULT,
    ...kept,
    sidebar: wide >= NARROW && (kept?.sidebar ?? wide >= 1024),
    orchestrator: wide >= WIDE && (kept?.orchestrator ?? true),
    palette: false,
    help: false,
    calls: 0,
    words: null,
  };
}

export const useLayout = create<Layout>(() => initial());

useLayout.subscribe(({ sidebar, orchestrator, mode }) => remember("layout", { sidebar, orchestrator, mode }));

export const layout = {
  toggleSidebar: () => useLayout.setState(({ sidebar }) => ({ sidebar: !sidebar })),
  toggleOrchestrator: () =>
    useLayout.setState(({ orchestrator, calls }) => ({
      orchestrator: !orchestrator,
      calls: orchestrator ? calls : calls + 1,
    })),
  /** Switches the mode and brings the orchestrator up, because that is what the person wants to write in. */
  speak: (mode: Mode, words: string | null = null) =>
    useLayout.setState(({ calls }) => ({ mode, orchestrator: true, calls: calls + 1, words })),
  /** Switches the mode and leaves the keys where they are. */
  choose: (mode: Mode) => useLayout.setState({ mode }),
  setPalette: (palette: boolean) => useLayout.setState({ palette }),
  setHelp: (help: boolean) => useLayout.setState({ help }),
};
