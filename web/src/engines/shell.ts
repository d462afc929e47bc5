/** Command lines: what a person typed as its arguments, and arguments as a line that a shell reads the same. */

export interface Line {
  /** The program and its arguments. */
  argv: string[];
  /** The quote that was not closed. */
  open: '"' | "'" | null;
  /** The first thing in it that only a shell would understand; it is given to the program as it is. */
  shell: string | null;
}

/** What means something to a shell, outside of quotes. */
const MEANT = /[|&;<>`*?$~]/;

/** A line as its arguments: quotes and backslashes are read as POSIX has them, and nothing else means anything. */
export function split(line: string): Line {
  const argv: string[] = [];
  let word: string | null = null;
  let open: Line["open"] = null;
  let shell: string | null = null;
  for (let at = 0; at < line.length; at++) {
    const char = line.charAt(at);
    const next = line.charAt(at + 1);
    if (open !== null) {
      if (char === open) open = null;
      else if (char === "\\" && open === '"' && (next === '"' || next === "\\")) word += line.charAt(++at);
      else word += char;
    } else if (char === '"' || char === "'") {
      open = char;
      word ??= "";
    } else if (/\s/.test(char)) {
      if (word !== null) argv.push(word);
      word = null;
    } else if (char === "\\" && next !== "") {
      word = (word ?? "") + line.charAt(++at);
    } else {
      if (MEANT.test(char)) shell ??= char;
      word = (word ?? "") + char;
    }
  }
  if (word !== null) argv.push(word);
  return { argv, open, shell };
}

/** Arguments as one line that a POSIX shell, and `split`, read as the same arguments. */
export function joined(argv: readonly string[]): string {
  return argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
}
