/** The orchestrator's four modes as they are shown: name, sign, and what each is for. */
import { Database, ListChecks, type LucideIcon, MessageCircle, Search } from "lucide-react";
import type { Mode } from "./wire";

export interface ModeLook {
  mode: Mode;
  name: string;
  icon: LucideIcon;
  /** What to do in it, as an order. */
  hint: string;
  placeholder: string;
}

/** In the order of Ctrl+1 to Ctrl+4. */
export const MODE_LOOKS: readonly ModeLook[] = [
  {
    mode: "query",
    name: "Query",
    icon: Search,
    hint: "ask the project",
    placeholder: "Ask about scenes, characters, places…",
  },
  {
    mode: "data",
    name: "Data",
    icon: Database,
    hint: "tell it something",
    placeholder: "Describe a character, a scene, a place… or paste JSON, CSV, YAML",
  },
  {
    mode: "task",
    name: "Task",
    icon: ListChecks,
    hint: "order work",
    placeholder: "What is to be done? Prepare the film for shooting…",
  },
  {
    mode: "chat",
    name: "Chat",
    icon: MessageCircle,
    hint: "talk of anything",
    placeholder: "Talk of anything; the project stays out of it",
  },
];
