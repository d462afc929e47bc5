/** An action is one object that feeds menus, palette, shortcuts and help alike. */
import type { LucideIcon } from "lucide-react";
import { useEffect, useMemo } from "react";
import { create } from "zustand";

export interface Action {
  id: string;
  name: string;
  group: "Go to" | "Make" | "View" | "Orchestrator" | "Account";
  icon: LucideIcon;
  /** `Mod` is Ctrl, or Command on a Mac: `Mod+K`. */
  shortcut?: string;
  /** More words to find it by. */
  words?: string;
  /** Whether it can be done now; always if absent. */
  when?: () => boolean;
  run: () => void;
}

interface Registry {
  /** By the part of the screen that offers them. */
  offered: ReadonlyMap<symbol, readonly Action[]>;
}

const useRegistry = create<Registry>(() => ({ offered: new Map() }));

/** Offers actions while the component is on the screen. */
export function useOffer(actions: readonly Action[]): void {
  const owner = useMemo(() => Symbol("actions"), []);
  useEffect(() => {
    useRegistry.setState(({ offered }) => ({ offered: new Map(offered).set(owner, actions) }));
    return () =>
      useRegistry.setState(({ offered }) => {
        const rest = new Map(offered);
        rest.delete(owner);
        return { offered: rest };
      });
  }, [owner, actions]);
}

/** All actions that can be done now. */
export function useActions(): Action[] {
  const offered = useRegistry((registry) => registry.offered);
  return useMemo(() => flat(offered), [offered]);
}

function flat(offered: Registry["offered"]): Action[] {
  return [...offered.values()].flat().filter((action) => action.when?.() ?? true);
}

export const MAC = typeof navigator !== "undefined" && /mac|iphone|ipad/i.test(navigator.platform);

/** The keys as they are printed on this machine's keyboard. */
export function keycaps(shortcut: string): string[] {
  return shortcut.split("+").map((key) => (key === "Mod" ? (MAC ? "⌘" : "Ctrl") : key));
}

/** Whether a key press is this shortcut. */
export function pressed(shortcut: string, event: KeyboardEvent, mac = MAC): boolean {
  const parts = shortcut.split("+");
  const key = parts.at(-1)?.toLowerCase();
  const wanted = (name: string) => parts.includes(name);
  const mod = mac ? event.metaKey : event.ctrlKey;
  const other = mac ? event.ctrlKey : event.metaKey;
  if (mod !== wanted("Mod") || other || event.altKey !== wanted("Alt")) return false;
  // `?` and the like are typed with Shift on many keyboards, so Shift counts only where it is named.
  if (wanted("Shift") && !event.shiftKey) return false;
  return event.key.toLowerCase() === key;
}

function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/** Listens for the shortcuts of all actions; plain keys do not count while a person is typing. */
export function useShortcuts(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      const action = flat(useRegistry.getState().offered).find(
        ({ shortcut }) => shortcut !== undefined && pressed(shortcut, event),
      );
      if (!action || (!action.shortcut?.includes("Mod") && typing(event.target))) return;
      event.preventDefault();
      action.run();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}
