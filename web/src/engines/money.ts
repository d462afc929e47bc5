/** Money and counts: as the server has them, in millionths of a US dollar and in ones, and as people write and read them. */

const MICRO = 1_000_000;
/** The most that a budget may be. */
const MOST = 1e12;

/** `$1.25`; more digits where there is less than a cent, so that little is not told as nothing. */
export function usd(micro: number): string {
  const small = micro !== 0 && Math.abs(micro) < MICRO / 100;
  return (micro / MICRO).toLocaleString("en-US", {
    style: "currency",
    currency: "USD",
    minimumFractionDigits: 2,
    maximumFractionDigits: small ? 6 : 2,
  });
}

/** `20,000`. */
export function thousands(count: number): string {
  return count.toLocaleString("en-US");
}

/** What stands in a field for an amount; nothing if there is none. */
export function written(micro: number | null | undefined): string {
  return micro == null ? "" : String(micro / MICRO);
}

/** The amount that was written in dollars; null for none, which is another thing than 0. */
export function micro(text: string): number | null {
  return bounded(text, MICRO);
}

/** The count that was written; null for none. */
export function count(text: string): number | null {
  return bounded(text, 1);
}

function bounded(text: string, unit: number): number | null {
  const number = Number(text.trim());
  if (text.trim() === "" || !Number.isFinite(number) || number < 0) return null;
  return Math.min(Math.round(number * unit), MOST);
}
