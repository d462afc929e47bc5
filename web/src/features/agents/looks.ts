/** How agents look by where they come from. */
export const ORIGINS = {
  "built-in": { name: "Built in", tone: "plain" },
  changed: { name: "Changed", tone: "accent" },
  added: { name: "Added", tone: "accent" },
} as const;
