//! A script of 120 pages for measurements, the same each time: made by counting, from a few words.

use std::fmt::Write;

const PEOPLE: [&str; 12] =
    ["MARA", "JOSS", "QUILL", "PIA", "TAM", "INES", "OTTO", "RUTH", "SVEN", "NELL", "HUGO", "VERA"];
const PLACES: [&str; 16] = [
    "HARBOUR",
    "FERRY",
    "LIGHTHOUSE",
    "CAFÉ",
    "BOATHOUSE",
    "MARKET",
    "CHURCH",
    "SCHOOL",
    "STATION",
    "CLIFF",
    "ARCHIVE",
    "HOSPITAL",
    "MILL",
    "TOWER",
    "BRIDGE",
    "ISLAND",
];
const AREAS: [&str; 4] = ["", " - UPPER FLOOR", " - YARD", " - BACK ROOM"];
const TIMES: [&str; 6] = ["DAY", "NIGHT", "DAWN", "DUSK", "CONTINUOUS", "LATER"];
const WORDS: [&str; 24] = [
    "the", "tide", "carries", "every", "letter", "home", "before", "anyone", "asks", "why", "a", "lantern",
    "was", "left", "on", "water", "until", "morning", "and", "nobody", "counts", "what", "silence", "weighs",
];
const THINGS: [&str; 8] = ["KEY", "LANTERN", "ROPE", "LETTER", "BELL", "RADIO", "MAP", "KNIFE"];

/// `count` words of a sentence, which differ with `seed`.
fn sentence(seed: usize, count: usize) -> String {
    let words: Vec<&str> = (0..count).map(|at| WORDS[(seed * 7 + at * 5 + at * at) % WORDS.len()]).collect();
    let text = words.join(" ");
    let (first, rest) = text.split_at(1);
    format!("{}{rest}.", first.to_uppercase())
}

/// A script of 150 scenes, which is about 120 pages.
pub(crate) fn long_script() -> String {
    let mut out = String::from("Title: The Long Tide\nAuthor: Nobody\n\nFADE IN:\n\n");
    for scene in 0..150 {
        let side = if scene % 3 == 0 { "EXT" } else { "INT" };
        let (place, area) = (PLACES[scene * 5 % PLACES.len()], AREAS[scene % AREAS.len()]);
        let _ = writeln!(out, "{side}. {place}{area} - {}\n", TIMES[scene % TIMES.len()]);
        let who = |n: usize| PEOPLE[(scene * 3 + n * 5) % PEOPLE.len()];
        let thing = THINGS[scene % THINGS.len()];
        if scene < PEOPLE.len() {
            let _ = writeln!(
                out,
                "{} ({}s) holds a {thing}. {}\n",
                PEOPLE[scene],
                20 + scene,
                sentence(scene, 12)
            );
        }
        let title = |name: &str| format!("{}{}", &name[..1], name[1..].to_lowercase());
        let _ = writeln!(out, "{} takes the {thing}. {}\n", title(who(0)), sentence(scene + 1, 30));
        for speech in 0..6 {
            let _ = writeln!(out, "{}\n{}\n", who(speech % 3), sentence(scene + speech, 9 + speech * 2));
            if speech % 3 == 2 {
                let _ = writeln!(out, "{}\n", sentence(scene * speech, 24));
            }
        }
    }
    out
}
