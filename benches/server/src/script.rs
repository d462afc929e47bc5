//! A long-running series, the same each time: scripts of 120 pages with a standing cast, guests, and words that are as
//! unevenly frequent as those of a language are.

use std::fmt::Write;

/// Scenes of a script: about 120 pages.
pub(crate) const SCENES: usize = 150;
/// People and places that every script may use, and those that only one does.
const REGULARS: usize = 30;
const GUESTS: usize = 8;
const STANDING: usize = 12;
const VISITED: usize = 5;
/// Words that carry meaning. As the logarithm of its rank is equally spread, the n-th is n times rarer than the first.
const VOCABULARY: usize = 5_000;

const FIRST: [&str; 25] = [
    "Ada", "Ben", "Cleo", "Dov", "Esme", "Finn", "Gwen", "Hugo", "Iris", "Joss", "Kit", "Lena", "Mara",
    "Nils", "Orla", "Pia", "Quin", "Rhea", "Sten", "Tova", "Ugo", "Vera", "Wim", "Xenia", "Yves",
];
const FAMILY: [&str; 24] = [
    "Voss", "Weir", "Quill", "Tamm", "Ines", "Otten", "Ruth", "Svensson", "Nellis", "Hart", "Moor", "Lund",
    "Kerr", "Jansen", "Iliev", "Holt", "Grau", "Fenn", "Eames", "Dahl", "Corr", "Brandt", "Arden", "Zeller",
];
const PLACES: [&str; 24] = [
    "Harbour",
    "Ferry",
    "Lighthouse",
    "Boathouse",
    "Market",
    "Church",
    "School",
    "Station",
    "Cliff",
    "Archive",
    "Hospital",
    "Mill",
    "Tower",
    "Bridge",
    "Island",
    "Kitchen",
    "Garage",
    "Office",
    "Cellar",
    "Garden",
    "Bakery",
    "Library",
    "Court",
    "Prison",
];
const QUARTERS: [&str; 14] = [
    "", "North ", "South ", "East ", "West ", "Old ", "New ", "Upper ", "Lower ", "Little ", "Great ",
    "Royal ", "Inner ", "Outer ",
];
const TIMES: [&str; 5] = ["DAY", "NIGHT", "MORNING", "EVENING", "DAY"];
const FUNCTION: [&str; 20] = [
    "the", "a", "of", "to", "and", "in", "is", "it", "you", "that", "was", "for", "on", "are", "with", "as",
    "he", "she", "they", "not",
];

/// Chance that is the same each time (SplitMix64, Steele, Lea and Flood 2014).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// Equally spread from 0 to 1.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn sentence(&mut self, count: usize) -> String {
        let words: Vec<String> = (0..count)
            .map(|_| match self.below(2) {
                0 => FUNCTION[self.below(FUNCTION.len())].to_owned(),
                _ => word((VOCABULARY as f64).powf(self.share()) as usize),
            })
            .collect();
        let text = words.join(" ");
        let (first, rest) = text.split_at(1);
        format!("{}{rest}.", first.to_uppercase())
    }
}

/// The meaningful word of that rank.
pub(crate) fn word(rank: usize) -> String {
    const CONSONANTS: &[u8; 20] = b"bcdfghjklmnpqrstvwxz";
    const VOWELS: &[u8; 5] = b"aeiou";
    let mut text = String::new();
    for syllable in [rank % 100, rank / 100 % 100] {
        text.push(CONSONANTS[syllable / 5].into());
        text.push(VOWELS[syllable % 5].into());
    }
    text.push('n');
    text
}

/// A person by number.
pub(crate) fn person(number: usize) -> String {
    format!("{} {}", FIRST[number % FIRST.len()], FAMILY[number / FIRST.len() % FAMILY.len()])
}

/// A place by number.
pub(crate) fn place(number: usize) -> String {
    format!("{}{}", QUARTERS[number / PLACES.len() % QUARTERS.len()], PLACES[number % PLACES.len()])
}

/// The script of an episode, in Fountain.
pub(crate) fn episode(number: usize) -> String {
    let mut dice = Dice(number as u64);
    let mut out = format!("Title: The Long Tide {number}\nAuthor: Nobody\n\nFADE IN:\n\n");
    for _ in 0..SCENES {
        // A few people are in many scenes, most in few.
        let mut cast: Vec<usize> = Vec::new();
        while cast.len() < 3 {
            let who = match dice.below(4) {
                0 => REGULARS + number * GUESTS + dice.below(GUESTS),
                _ => (REGULARS as f64).powf(dice.share()) as usize - 1,
            };
            if !cast.contains(&who) {
                cast.push(who);
            }
        }
        let location = match dice.below(3) {
            0 => STANDING + number * VISITED + dice.below(VISITED),
            _ => dice.below(STANDING),
        };
        let side = if dice.below(3) == 0 { "EXT" } else { "INT" };
        let _ = writeln!(out, "{side}. {} - {}\n", place(location).to_uppercase(), TIMES[dice.below(5)]);
        let _ = writeln!(out, "{} comes in. {}\n", person(cast[0]), dice.sentence(26));
        for speech in 0..6 {
            let who = person(cast[speech % 3]).to_uppercase();
            let _ = writeln!(out, "{who}\n{}\n", dice.sentence(9 + speech * 2));
            if speech % 3 == 2 {
                let _ = writeln!(out, "{}\n", dice.sentence(22));
            }
        }
    }
    out
}
