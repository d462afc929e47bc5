/** What this browser remembers between visits, and what it does when it may remember nothing. */

const PREFIX = "atelier.";

/** The value that was kept under a name; null if there is none or it cannot be read. */
export function recall<T>(name: string): T | null {
  try {
    const text = localStorage.getItem(PREFIX + name);
    return text === null ? null : (JSON.parse(text) as T);
  } catch {
    return null;
  }
}

/** Keeps a value; null forgets it. A browser that keeps nothing loses only comfort. */
export function remember(name: string, value: unknown): void {
  try {
    if (value === null) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Full, or forbidden by the browser's settings.
  }
}
