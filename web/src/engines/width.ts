/** How many columns of a terminal a letter takes up. */

/** East Asian letters that are twice as wide, as Unicode's `EastAsianWidth.txt` has them, in blocks. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x20000, 0x3fffd],
];
const PICTURE = /\p{Emoji_Presentation}/u;
/** Accents, joiners, and what tells how the letter before it looks. */
const JOINED = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** 0, 1 or 2. */
export function widthOf(letter: string): number {
  const code = letter.codePointAt(0) ?? 0;
  if (code < 0x300) return code === 0xad ? 0 : 1;
  if (JOINED.test(letter)) return 0;
  return WIDE.some(([from, to]) => code >= from && code <= to) || PICTURE.test(letter) ? 2 : 1;
}
