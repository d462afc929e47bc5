/** Finds the names of records in a text, so that each can lead to its record. */

export interface Named {
  name: string;
  collection: string;
  record: string;
}

/** A piece of a text: plain, or the name of a record. */
export type Piece = { text: string; named: Named | null };

/** A name of one letter would be found in too many places. */
const SHORTEST = 2;

/** A finder for these names; longer names win over shorter ones within them, and a name that two records bear leads nowhere. */
export function finder(names: readonly Named[]): (text: string) => Piece[] {
  const known = new Map<string, Named | null>();
  for (const named of names) {
    if (named.name.length < SHORTEST) continue;
    const other = known.get(named.name);
    known.set(named.name, other === undefined || other?.record === named.record ? named : null);
  }
  const certain = [...known].filter(([, named]) => named !== null).map(([name]) => name);
  if (certain.length === 0) return (text) => [{ text, named: null }];
  const words = certain
    .toSorted((a, b) => b.length - a.length)
    .map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(?:${words.join("|")})(?![\\p{L}\\p{N}])`, "gu");
  return (text) => {
    const pieces: Piece[] = [];
    let end = 0;
    for (const match of text.matchAll(pattern)) {
      if (match.index > end) pieces.push({ text: text.slice(end, match.index), named: null });
      pieces.push({ text: match[0], named: known.get(match[0]) ?? null });
      end = match.index + match[0].length;
    }
    if (end < text.length) pieces.push({ text: text.slice(end), named: null });
    return pieces;
  };
}
