/** In which units agents tell their numbers; what is in no list here is a plain number. */

export type Unit = "eighths" | "clock" | "milliseconds" | "share";

/** By the name of a number, or by the name of what it stands in and its own: `calls.starts`. */
export type Units = Readonly<Record<string, Unit>>;

/** As `crates/studios/src/film/departments` documents its outputs. */
const UNITS: Readonly<Record<string, Units>> = {
  "production/plan": {
    eighths: "eighths",
    "sheets.starts": "eighths",
    "scenes.starts": "clock",
    crewCall: "clock",
    wrap: "clock",
    call: "clock",
    onSet: "clock",
  },
  "video/animatic": {
    millis: "milliseconds",
    byPagesMillis: "milliseconds",
    starts: "milliseconds",
    ends: "milliseconds",
    dialogue: "milliseconds",
    action: "milliseconds",
  },
  "story/structure": { eighths: "eighths", starts: "eighths", dialogueShare: "share", tension: "share" },
  "character/cast": { share: "share" },
};

/** The units of an agent, named `department/name`. */
export function unitsOf(agent: string): Units {
  return UNITS[agent] ?? {};
}

/** A number for people: `2 3/8 pages`, `07:00`, `1:04.2`, `32 %`. */
export function told(value: number, unit: Unit | undefined): string {
  switch (unit) {
    case "eighths": {
      const whole = Math.floor(value / 8);
      const rest = value % 8;
      const pages = [whole > 0 && whole, rest > 0 && `${rest}/8`].filter(Boolean).join(" ") || "0";
      return `${pages} ${value === 8 ? "page" : "pages"}`;
    }
    case "clock":
      return `${two(Math.floor(value / 60) % 24)}:${two(value % 60)}`;
    case "milliseconds": {
      const tenths = Math.round(value / 100);
      return `${Math.floor(tenths / 600)}:${two(Math.floor(tenths / 10) % 60)}.${tenths % 10}`;
    }
    case "share":
      return `${Math.round(value * 100)} %`;
    case undefined:
      return Number.isInteger(value) ? String(value) : String(Math.round(value * 100) / 100);
  }
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
