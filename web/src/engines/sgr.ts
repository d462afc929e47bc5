/** Styles of terminal text in one number each, as the sequences of ECMA-48 (`ESC [ … m`) change them, and as they are seen. */

/** A colour of the 256, one higher, so that 0 is none. */
const COLOUR = 0x1ff;
const BACK = 9;
export const BOLD = 1 << 18;
const DIM = 1 << 19;
export const ITALIC = 1 << 20;
export const UNDERLINE = 1 << 21;
const INVERSE = 1 << 22;
export const STRUCK = 1 << 23;
const HIDDEN = 1 << 24;

const ON: Record<number, number> = {
  1: BOLD,
  2: DIM,
  3: ITALIC,
  4: UNDERLINE,
  7: INVERSE,
  8: HIDDEN,
  9: STRUCK,
  21: UNDERLINE,
};
const OFF: Record<number, number> = { 22: BOLD | DIM, 23: ITALIC, 24: UNDERLINE, 27: INVERSE, 28: HIDDEN, 29: STRUCK };

/** The style after a sequence's parameters; what is not known changes nothing. */
export function applied(style: number, parameters: string): number {
  const rest = parameters.split(";");
  let now = style;
  for (let at = 0; at < rest.length; at++) {
    const [code = 0, ...more] = (rest[at] ?? "").split(":").map(Number);
    if (code === 0) now = 0;
    else if (code === 38 || code === 48) {
      // With colons all of it is one parameter, and may name a colour space before the three colours.
      const told = more.length > 0 ? more : rest.slice(at + 1).map(Number);
      const [kind] = told;
      const colour =
        kind === 5 ? told[1] : kind === 2 ? nearest(more.length > 3 ? more.slice(-3) : told.slice(1, 4)) : undefined;
      if (colour !== undefined && colour >= 0 && colour < 256) now = painted(now, code === 48, colour + 1);
      if (more.length === 0) at += kind === 5 ? 2 : kind === 2 ? 4 : 0;
    } else if (code === 4 && more[0] === 0) now &= ~UNDERLINE;
    else if (ON[code]) now |= ON[code];
    else if (OFF[code]) now &= ~OFF[code];
    else if (code === 39 || code === 49) now = painted(now, code === 49, 0);
    else if (code % 10 > 7) continue;
    else if (code >= 30 && code <= 47) now = painted(now, code >= 40, (code % 10) + 1);
    else if (code >= 90 && code <= 107) now = painted(now, code >= 100, (code % 10) + 9);
  }
  return now;
}

function painted(style: number, back: boolean, colour: number): number {
  return back ? (style & ~(COLOUR << BACK)) | (colour << BACK) : (style & ~COLOUR) | colour;
}

/** Steps of the colour cube; 24 bits would be more styles than can be kept. */
const STEPS = [0, 95, 135, 175, 215, 255];

function nearest([r = 0, g = 0, b = 0]: readonly number[]): number {
  const step = (value: number) =>
    STEPS.reduce((best, one, at) => (Math.abs(one - value) < Math.abs((STEPS[best] ?? 0) - value) ? at : best), 0);
  if (Math.max(r, g, b) - Math.min(r, g, b) < 8)
    return r < 4 ? 16 : r > 246 ? 231 : 232 + Math.min(23, Math.round((r - 8) / 10));
  return 16 + 36 * step(r) + 6 * step(g) + step(b);
}

type Rgb = readonly [number, number, number];

/** Dark in both themes: programs choose their colours for that. */
export const GROUND: Rgb = [20, 18, 16];
const INK: Rgb = [226, 222, 216];
/** The sixteen that have names; the 240 others follow from their numbers. */
const NAMED: readonly Rgb[] = [
  [62, 60, 58],
  [240, 110, 100],
  [120, 200, 120],
  [222, 184, 90],
  [110, 160, 250],
  [214, 130, 220],
  [90, 198, 205],
  [205, 200, 194],
  [128, 124, 120],
  [255, 145, 135],
  [155, 225, 150],
  [245, 215, 130],
  [150, 190, 255],
  [235, 165, 240],
  [140, 225, 230],
  [250, 248, 245],
];

function rgb(colour: number): Rgb {
  const grey = 8 + (colour - 232) * 10;
  if (colour >= 232) return [grey, grey, grey];
  const at = (unit: number) => STEPS[Math.floor((colour - 16) / unit) % 6] ?? 0;
  return NAMED[colour] ?? [at(36), at(6), at(1)];
}

function luminance(colour: Rgb): number {
  const [r = 0, g = 0, b = 0] = colour.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** How well one is read on the other, from 1 to 21 (WCAG 2.2). */
export function contrast(one: Rgb, other: Rgb): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

const mixed = (from: Rgb, to: Rgb, share: number): Rgb => {
  const part = (at: 0 | 1 | 2) => Math.round(from[at] + (to[at] - from[at]) * share);
  return [part(0), part(1), part(2)];
};

/** The colours in which a style is seen; a program may choose what nobody can read, and is not followed in that. */
export function seen(style: number): { ink: Rgb; ground: Rgb } {
  const [front, back] = [style & COLOUR, (style >> BACK) & COLOUR];
  // Bold letters in one of the first eight colours are bright by custom.
  const bright = style & BOLD && front > 0 && front <= 8 ? 8 : 0;
  let ink = front > 0 ? rgb(front - 1 + bright) : INK;
  let ground = back > 0 ? rgb(back - 1) : GROUND;
  if (style & INVERSE) [ink, ground] = [ground, ink];
  if (style & HIDDEN) return { ink: ground, ground };
  if (style & DIM) ink = mixed(ink, ground, 0.4);
  const towards: Rgb = luminance(ground) > 0.18 ? [0, 0, 0] : [255, 255, 255];
  for (let share = 0.1; contrast(ink, ground) < 4.5 && share <= 1; share += 0.1) ink = mixed(ink, towards, share);
  return { ink, ground };
}

/** A colour as style sheets write it. */
export function written([r, g, b]: Rgb): string {
  return `rgb(${r} ${g} ${b})`;
}
