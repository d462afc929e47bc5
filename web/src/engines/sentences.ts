/** Cuts a text that is still growing into sentences that can be read aloud without being taken back. */

/** A pause after which a listener can follow: the end of a sentence or of a line. */
const END = /[.!?…:]["'”’)\]]*\s+|\n+/g;

/** The sentences that are whole; the rest too, once the text is. */
export function sentences(text: string, whole: boolean): string[] {
  const found: string[] = [];
  let start = 0;
  for (const match of text.matchAll(END)) {
    const end = match.index + match[0].length;
    found.push(text.slice(start, end));
    start = end;
  }
  if (whole) found.push(text.slice(start));
  return found.map((sentence) => sentence.trim()).filter((sentence) => sentence !== "");
}
