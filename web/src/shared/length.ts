/** Lengths of scenes and scripts as film people say them: in pages and eighths of a page. */

/** `2 3/8`; screenplays are measured in eighths of a page. */
export function pages(eighths: number): string {
  const whole = Math.floor(eighths / 8);
  const rest = eighths % 8;
  return [whole > 0 && whole, rest > 0 && `${rest}/8`].filter(Boolean).join(" ") || "0";
}
