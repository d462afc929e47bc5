/** What agents call the things that they tell of, as film people call them, and in which units they count. */
import { spaced, type Unit } from "./units";

/**
 * How a field is called, and in which unit it is told; null leaves it out, because its neighbours say it. A collection says
 * where the record is that its thing names.
 */
export type Term = readonly [label: string, unit?: Unit | { of: string }] | null;

/** By the name of a field, or by the name of what it stands in and its own: `calls.starts`. */
export type Terms = Readonly<Record<string, Term>>;

/** What means the same whoever says it. */
const FILM: Terms = {
  scene: ["Scene"],
  scenes: ["Scenes", "scenes"],
  eighths: ["Length", "eighths"],
  side: ["Int./Ext."],
  daypart: ["Time of day"],
  set: ["Set"],
  place: ["Place"],
  kind: ["Kind", "word"],
  sources: ["Where"],
};

/** As `crates/studios/src/film/departments` documents its outputs, and heads the columns of its tables. */
const AGENTS: Readonly<Record<string, Terms>> = {
  "character/cast": {
    "cast.name": ["Name", { of: "characters" }],
    lines: ["Lines"],
    words: ["Words spoken"],
    share: ["Share of all words", "share"],
    first: ["First scene"],
    last: ["Last scene"],
    presence: ["Through the film", "course"],
    together: ["Who is with whom"],
    talks: ["Who speaks to whom"],
    slips: ["Names that may be slips"],
    written: ["Written"],
    meant: ["Perhaps meant"],
  },
  "story/structure": {
    dialogueShare: ["Dialogue", "share"],
    pacing: ["Pacing, scene by scene"],
    starts: ["On page", "page"],
    words: ["Words spoken"],
    tension: ["Tension", "share"],
    from: ["From scene"],
    to: ["To scene"],
    turn: ["What turns"],
    looseEnds: ["Loose ends"],
    "looseEnds.name": ["What"],
  },
  "visual/shots": {
    number: ["Shot"],
    size: ["Size", "word"],
    movement: ["Movement", "word"],
    words: ["Words spoken"],
    looks: ["Looks of places"],
    cues: ["In the script", "quotes"],
  },
  "audio/cues": {
    cues: ["Sounds, music and voices"],
    "cues.name": ["What"],
    marked: ["In the script"],
    ambience: ["Ambience of places"],
    bed: ["What lies under it"],
    "ambience.sources": ["In the script", "quotes"],
    sheet: ["Dialogue sheet"],
    lines: ["Lines"],
    words: ["Words spoken"],
    offScreen: ["Off screen"],
    voiceOver: ["Voice-over"],
  },
  "image-quality/references": {
    checks: ["People and places"],
    described: ["Described"],
    look: ["Look is told"],
    references: ["References"],
    missing: ["What is missing"],
    attribute: ["What", "word"],
    one: ["Here"],
    other: ["There"],
  },
  "video/animatic": {
    millis: ["Length by what is said and done", "lasting"],
    byPagesMillis: ["Length at a minute a page", "lasting"],
    starts: ["Begins at", "time"],
    ends: ["Ends at", "time"],
    dialogue: ["Dialogue", "time"],
    action: ["Action", "time"],
    clips: ["Shots, one after the other"],
  },
  "production/plan": {
    title: null,
    cast: ["Cast"],
    sheets: ["Breakdown sheets"],
    storyDay: ["Story day"],
    "sheets.side": null,
    "sheets.set": null,
    "sheets.daypart": null,
    "sheets.light": null,
    "sheet.side": null,
    "sheet.set": null,
    "sheet.daypart": null,
    "sheet.light": null,
    light: ["Light", "word"],
    starts: ["On page", "page"],
    "scenes.starts": ["At", "clock"],
    "sheet.starts": null,
    voices: ["Voices"],
    special: ["Vehicles, animals, effects"],
    schedule: ["Schedule"],
    days: ["Days"],
    "days.number": ["Day"],
    over: ["Longer than a day should be"],
    strips: ["Scenes in the order of shooting"],
    "strips.at": null,
    moves: ["Moves to another place"],
    movesInScriptOrder: ["Moves in the order of the script"],
    daysInScriptOrder: ["Days in the order of the script"],
    daysOut: ["Day-out-of-days"],
    rows: ["Cast"],
    number: ["No."],
    symbols: ["Day by day", "days"],
    start: ["First day"],
    finish: ["Last day"],
    worked: ["Days of work"],
    held: ["Days on hold"],
    calls: ["Call sheets"],
    of: ["Days in all"],
    crewCall: ["Crew call", "clock"],
    wrap: ["Wrap", "clock"],
    status: ["Status"],
    call: ["Call", "clock"],
    onSet: ["On set", "clock"],
    needs: ["To bring"],
    notes: ["To mind"],
    next: ["The day after"],
  },
  "production/continuity": {
    findings: ["Findings"],
    fault: ["What", "word"],
    severity: ["How sure", "word"],
    message: ["In words"],
  },
};

/** The terms of an agent, named `department/name`. */
export function termsOf(agent: string): Terms {
  const own = AGENTS[agent];
  return own ? { ...FILM, ...own } : {};
}

/** What a field is called: as its agent calls it, or as its name reads. `within` is the name of what it stands in. */
export function called(terms: Terms, within: string, name: string): string {
  return termOf(terms, within, name)?.[0] ?? label(name);
}

/** The term of a field; undefined if its agent has none for it. */
export function termOf(terms: Terms, within: string, name: string): Term | undefined {
  const own = terms[`${within}.${name}`];
  return own === undefined ? terms[name] : own;
}

/** `dayOutOfDays` and `day_out_of_days` as `Day out of days`. */
export function label(key: string): string {
  const words = spaced(key);
  return words.charAt(0).toUpperCase() + words.slice(1);
}
