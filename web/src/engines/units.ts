/** Numbers, and words that stand for one of a few things, as people tell them. */

/**
 * In which unit something is told: `eighths` and `page` count eighths of a page, `clock` minutes after midnight, `time` and
 * `lasting` milliseconds, `share` and `course` from 0 to 1; `word` is one of a list, `scenes` are numbers of scenes,
 * `days` what each day of a shoot is to somebody, `quotes` places that are told by what stands there.
 */
export type Unit =
  "eighths" | "page" | "clock" | "time" | "lasting" | "share" | "course" | "word" | "scenes" | "days" | "quotes";

/** A number for people: `2 3/8 pages`, `07:00`, `1:04.2`, `32 %`. */
export function told(value: number, unit: Unit | undefined): string {
  switch (unit) {
    case "eighths":
      return `${pages(value)} ${value > 8 || value === 0 ? "pages" : "page"}`;
    case "page":
      return String(Math.floor(value / 8) + 1);
    case "clock": {
      const later = Math.floor(value / 1440);
      return `${two(Math.floor(value / 60) % 24)}:${two(value % 60)}${later > 0 ? ` (+${later})` : ""}`;
    }
    case "time": {
      const tenths = Math.round(value / 100);
      return `${Math.floor(tenths / 600)}:${two(Math.floor(tenths / 10) % 60)}.${tenths % 10}`;
    }
    case "lasting": {
      const seconds = Math.round(value / 1000);
      const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
      const parts = [
        hours > 0 && `${hours} h`,
        minutes > 0 && `${minutes} min`,
        seconds % 60 > 0 && `${seconds % 60} s`,
      ];
      return parts.filter(Boolean).join(" ") || "0 s";
    }
    case "share":
    case "course":
      return `${Math.round(value * 100)} %`;
    default:
      return Number.isInteger(value) ? String(value) : String(Math.round(value * 100) / 100);
  }
}

/** `2 3/8`; screenplays are measured in eighths of a page. */
export function pages(eighths: number): string {
  const whole = Math.floor(eighths / 8);
  const rest = eighths % 8;
  return [whole > 0 && whole, rest > 0 && `${rest}/8`].filter(Boolean).join(" ") || "0";
}

/** A score from 0 to 1 as people are told it: `74 %` of 0.746, because what is nearly good enough is not. */
export function percent(score: number): string {
  // What a float has lost is less than a millionth.
  return `${Math.floor(score * 100 + 1e-6)} %`;
}

/** A number of bytes: `640 B`, `12.3 KB`, `4.5 MB`. */
export function size(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** `mediumClose` as `medium close`. */
export function spaced(word: string): string {
  return word
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replaceAll(/[_-]/g, " ")
    .toLowerCase();
}

/** Numbers of scenes, in their order, with those that follow each other as one: `1–4, 6, 8A`. */
export function ranges(numbers: readonly string[]): string {
  const parts: string[][] = [];
  for (const number of numbers) {
    const last = parts.at(-1);
    const follows = last && /^\d+$/.test(number) && Number(last.at(-1)) + 1 === Number(number);
    if (follows) last.push(number);
    else parts.push([number]);
  }
  const whole = (part: string[]) => (part.length > 2 ? `${part[0]}–${part.at(-1)}` : part.join(", "));
  return parts.map(whole).join(", ");
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
