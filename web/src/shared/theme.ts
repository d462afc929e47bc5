/** The theme: the system's unless the person chose one. `public/theme.js` reads the same key before the first paint. */
import { create } from "zustand";

export type Theme = "system" | "light" | "dark";

const KEY = "atelier.theme";

function kept(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    return "system";
  }
}

export const useTheme = create<{ theme: Theme }>(() => ({ theme: kept() }));

/** Chooses a theme, at once and for the next visit. */
export function setTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  try {
    if (theme === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // It holds for this visit.
  }
  useTheme.setState({ theme });
}
