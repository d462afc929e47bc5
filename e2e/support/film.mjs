/** Writes screenplays that are the same each time, and knows what it has written in them. */

const CAST = ["Mara", "Joss", "Ines", "Tove", "Quill", "Runa", "Sten", "Edda", "Pelle", "Hanne", "Birk", "Oda"];
/** In one scene of so many: what is asked about is rare, so that an answer can be checked scene by scene. */
const RARE = 16;
const PLACES = ["HARBOUR", "HARBOUR OFFICE", "FERRY", "MARKET", "CHURCH", "LIGHTHOUSE", "MILL", "SCHOOL"];
const TIMES = ["DAY", "NIGHT", "MORNING", "DAY", "EVENING"];
const WORDS =
  "rope lantern ledger storm window bread letter coat winter boat stone kettle ladder signal paper river gate market glass candle watches carries counts opens hides finds follows answers waits turns breaks mends forgets remembers under over behind before after without".split(
    " ",
  );

/** Chance that is the same each time (mulberry32, Tommy Ettinger 2017). */
function dice(seed) {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

/** A script of so many scenes in Fountain; 170 scenes are a feature film of more than 120 pages. */
export function film(scenes, seed = 1) {
  const roll = dice(seed);
  const sentence = (count) => {
    const words = Array.from({ length: count }, () => WORDS[roll(WORDS.length)]);
    return `${words[0][0].toUpperCase()}${words.join(" ").slice(1)}.`;
  };
  const rare = CAST.at(-1);
  const known = [];
  const lines = ["Title: The Long Tide", "Author: Nobody", "", "FADE IN:", ""];
  for (let number = 1; number <= scenes; number++) {
    // The first of the cast speak more often than the last.
    const cast = new Set(number % RARE === 0 ? [rare] : []);
    while (cast.size < 3) cast.add(CAST[Math.min(roll(CAST.length - 1), roll(CAST.length - 1))]);
    const place = PLACES[roll(PLACES.length)];
    const time = TIMES[roll(TIMES.length)];
    const heading = `${place === "HARBOUR" || place === "MARKET" ? "EXT" : "INT"}. ${place} - ${time}`;
    const spoken = {};
    lines.push(heading, "", sentence(26), "");
    const speakers = [...cast];
    for (let speech = 0; speech < 6; speech++) {
      const speaker = speakers[speech % speakers.length];
      const count = 9 + 2 * roll(6);
      spoken[speaker] = (spoken[speaker] ?? 0) + count;
      lines.push(speaker.toUpperCase(), sentence(count), "");
      if (speech % 3 === 2) lines.push(sentence(22), "");
    }
    known.push({ number, heading, place, time, spoken });
  }
  return {
    text: lines.join("\n"),
    scenes: known,
    cast: CAST,
    places: PLACES,
    rare,
    /** The scenes that someone speaks in. */
    with: (name) => known.filter(({ spoken }) => name in spoken),
    /** Words that each says, most first. */
    dialogue: () =>
      CAST.map((name) => [name, known.reduce((sum, { spoken }) => sum + (spoken[name] ?? 0), 0)]).sort(
        (a, b) => b[1] - a[1],
      ),
  };
}
