//! Who is in a screenplay: cues, their other names, how they are introduced, and who is named in action.

use std::collections::{HashMap, HashSet};

use super::capitals::Run;
use super::names::{key, titled};

/// Cues that are several people, or nobody in particular.
const EVERYONE: &[&str] = &["ALL", "BOTH", "EVERYONE", "EVERYBODY", "TOGETHER", "ENSEMBLE"];
/// What stands before a surname and is no name.
const TITLES: &[&str] = &[
    "DR.",
    "DR",
    "MR.",
    "MR",
    "MRS.",
    "MRS",
    "MS.",
    "MS",
    "CAPTAIN",
    "CAPT.",
    "DETECTIVE",
    "SERGEANT",
    "SGT.",
    "PROFESSOR",
];
/// Names that are also words with which a sentence can begin.
const AMBIGUOUS: &[&str] = &["WILL", "MAY", "MARK", "CHASE", "JUST", "EVEN"];

/// A person of the screenplay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Person {
    /// The key of the cue.
    pub(super) key: String,
    /// The name as a record bears it.
    pub(super) name: String,
    /// Other keys that mean the same person.
    pub(super) others: Vec<String>,
    /// The age, as written.
    pub(super) age: Option<String>,
    /// The sentence that introduces them.
    pub(super) introduction: String,
}

/// All people, and how to find them by a cue or in action.
#[derive(Debug, Default)]
pub(in crate::film) struct Cast {
    pub(super) people: Vec<Person>,
    by_key: HashMap<String, usize>,
    /// Names by their first word, for looking through action.
    by_first: HashMap<String, Vec<(Vec<String>, usize)>>,
}

/// The names that a cue gives: without `(V.O.)` and `(CONT'D)`; both, of two that speak as one.
pub(in crate::film) fn names_of_cue(cue: &str) -> Vec<String> {
    let bare = cue.find('(').map_or(cue, |at| &cue[..at]);
    let bare = bare.trim().trim_end_matches(['^', ':']).trim();
    let whole = key(bare);
    let whole =
        ["'S VOICE", "'S VOICE OVER"].iter().find_map(|end| whole.strip_suffix(end)).unwrap_or(&whole);
    let parts: Vec<&str> =
        whole.split(" AND ").flat_map(|part| part.split([',', '/', '&'])).map(str::trim).collect();
    let mut names = vec![whole.to_owned()];
    if parts.len() > 1 && parts.iter().all(|part| !part.is_empty()) {
        names.extend(parts.into_iter().map(str::to_owned));
    }
    names
}

impl Cast {
    /// Gathers the people from the cues of each scene (as [`names_of_cue`] gives them, with the name as written) and from
    /// those whom action introduces with an age.
    pub(super) fn gather(cues: &[Vec<(Vec<String>, String)>], introductions: &[(&Run, &str)]) -> Self {
        let mut cast = Self::default();
        let single: HashSet<&str> = cues
            .iter()
            .flatten()
            .filter(|(names, _)| names.len() == 1)
            .map(|(names, _)| names[0].as_str())
            .collect();
        let mut scenes_of: HashMap<String, HashSet<usize>> = HashMap::new();
        for (scene, cues) in cues.iter().enumerate() {
            for (names, written) in cues {
                // "MARA AND JOSS" is two people if both speak alone somewhere, else one with a long name.
                let parts = &names[1..];
                let known = !parts.is_empty() && parts.iter().all(|part| single.contains(part.as_str()));
                let own = if known { parts } else { &names[..1] };
                for name in own.iter().filter(|name| !name.is_empty() && !EVERYONE.contains(&name.as_str())) {
                    scenes_of.entry(name.clone()).or_default().insert(scene);
                    let written =
                        if known || key(written) != *name { name.as_str() } else { written.as_str() };
                    cast.add(name, written);
                }
            }
        }
        cast.join_short_names(&scenes_of);
        for (run, sentence) in introductions {
            cast.introduce(run, sentence);
        }
        cast.index();
        cast
    }

    /// Those whom records already know, each by their own name and the others that they have.
    pub(in crate::film) fn known<'n>(people: impl Iterator<Item = (&'n str, &'n [String])>) -> Self {
        let mut cast = Self::default();
        for (name, others) in people {
            let others: Vec<String> = others.iter().map(|other| key(other)).collect();
            cast.people.push(Person { key: key(name), name: name.to_owned(), others, ..Person::default() });
        }
        // A name of one's own is stronger than another's second name.
        for (at, person) in cast.people.iter().enumerate() {
            cast.by_key.entry(person.key.clone()).or_insert(at);
        }
        for (at, person) in cast.people.iter().enumerate() {
            for other in &person.others {
                cast.by_key.entry(other.clone()).or_insert(at);
            }
        }
        cast.index();
        cast
    }

    fn add(&mut self, name: &str, written: &str) -> usize {
        if let Some(at) = self.by_key.get(name) {
            return *at;
        }
        self.people.push(Person { key: name.to_owned(), name: titled(written), ..Person::default() });
        self.by_key.insert(name.to_owned(), self.people.len() - 1);
        self.people.len() - 1
    }

    /// `MARA VOSS` is `MARA` if no one else's cue begins so and the two never speak in one scene.
    fn join_short_names(&mut self, scenes_of: &HashMap<String, HashSet<usize>>) {
        let keys: Vec<String> = self.people.iter().map(|person| person.key.clone()).collect();
        let mut gone: Vec<(String, String)> = Vec::new();
        for short in keys.iter().filter(|key| !key.contains(' ')) {
            let longer: Vec<&String> =
                keys.iter().filter(|long| long.split(' ').next() == Some(short) && *long != short).collect();
            let [long] = longer.as_slice() else { continue };
            let rest = &long[short.len()..];
            let numbered = rest.contains(|c: char| c.is_ascii_digit() || c == '#' || c == '\'');
            let apart = match (scenes_of.get(short), scenes_of.get(*long)) {
                (Some(a), Some(b)) => a.is_disjoint(b),
                _ => false,
            };
            if !numbered && apart {
                gone.push(((*long).clone(), short.clone()));
            }
        }
        for (long, short) in gone {
            if let (Some(person), Some(at)) = (
                self.people.iter_mut().find(|person| person.key == short),
                keys.iter().position(|k| *k == long),
            ) {
                person.others.push(long);
                self.people[at].key.clear();
            }
        }
        self.people.retain(|person| !person.key.is_empty());
        self.by_key = HashMap::new();
        for (at, person) in self.people.iter().enumerate() {
            for name in std::iter::once(&person.key).chain(&person.others) {
                self.by_key.insert(name.clone(), at);
            }
        }
    }

    /// Notes how someone is introduced: under their cue's name, or a longer one that holds it.
    fn introduce(&mut self, run: &Run, sentence: &str) {
        if run.possessive {
            return;
        }
        let at = self.by_key.get(&run.key).copied().or_else(|| self.longer(&run.key));
        let at = match at {
            Some(at) => at,
            // Nobody's cue; but who has an age is someone.
            None if run.age.is_some() => self.add(&run.key, &run.key),
            None => return,
        };
        let person = &mut self.people[at];
        if person.introduction.is_empty() {
            sentence.clone_into(&mut person.introduction);
        }
        if person.age.is_none() {
            person.age.clone_from(&run.age);
        }
        if person.key != run.key && !person.others.contains(&run.key) {
            person.others.push(run.key.clone());
            self.by_key.insert(run.key.clone(), at);
        }
    }

    /// The one person whose name begins or ends `run`: `MARA` for `MARA VOSS`.
    fn longer(&self, run: &str) -> Option<usize> {
        let words: Vec<&str> = run.split(' ').collect();
        if !(2..=3).contains(&words.len()) {
            return None;
        }
        let first = self.by_key.get(words[0]);
        let last = self.by_key.get(words[words.len() - 1]);
        match (first, last) {
            (Some(at), None) | (None, Some(at)) => Some(*at),
            (Some(a), Some(b)) if a == b => Some(*a),
            _ => None,
        }
    }

    fn index(&mut self) {
        let mut by_first: HashMap<String, Vec<(Vec<String>, usize)>> = HashMap::new();
        let mut put = |words: Vec<String>, at: usize| {
            if let Some(first) = words.first() {
                by_first.entry(first.clone()).or_default().push((words, at));
            }
        };
        for (at, person) in self.people.iter().enumerate() {
            for name in std::iter::once(&person.key).chain(&person.others) {
                let words: Vec<String> = name.split(' ').map(str::to_owned).collect();
                // "Quill" is Dr. Quill.
                if words.len() == 2
                    && TITLES.contains(&words[0].as_str())
                    && !self.by_key.contains_key(&words[1])
                {
                    put(vec![words[1].clone()], at);
                }
                put(words, at);
            }
        }
        for names in by_first.values_mut() {
            names.sort_by_key(|(words, _)| std::cmp::Reverse(words.len()));
        }
        self.by_first = by_first;
    }

    /// The people of a cue.
    pub(in crate::film) fn of_cue(&self, names: &[String]) -> Vec<usize> {
        if let Some(at) = names.first().and_then(|whole| self.by_key.get(whole)) {
            return vec![*at];
        }
        names.iter().skip(1).filter_map(|name| self.by_key.get(name).copied()).collect()
    }

    /// Whether a run of capitals is someone's name.
    pub(in crate::film) fn is_name(&self, run: &str) -> bool {
        self.by_key.contains_key(run)
            || run
                .split(" & ")
                .flat_map(|part| part.split(" AND "))
                .all(|part| self.by_key.contains_key(part))
    }

    /// The people whom a paragraph of action names with a capital; not those of whom it only names a possession.
    pub(in crate::film) fn named_in(&self, text: &str, found: &mut HashSet<usize>) {
        let tokens = tokens(text);
        let mut at = 0;
        while at < tokens.len() {
            let names = self.by_first.get(&tokens[at].key).map_or(&[][..], Vec::as_slice);
            let fit = names.iter().find(|(words, _)| {
                tokens.len() - at >= words.len()
                    && words.iter().zip(&tokens[at..]).all(|(word, token)| *word == token.key)
            });
            let Some((words, person)) = fit else {
                at += 1;
                continue;
            };
            let (first, last) = (&tokens[at], &tokens[at + words.len() - 1]);
            let doubtful =
                words.len() == 1 && first.begins && AMBIGUOUS.contains(&first.key.as_str()) && !first.shouted;
            if first.capital && !last.possessive && !doubtful {
                found.insert(*person);
            }
            at += words.len();
        }
    }
}

/// A word of action.
struct Token {
    key: String,
    capital: bool,
    shouted: bool,
    possessive: bool,
    /// Whether it begins a sentence.
    begins: bool,
}

fn tokens(text: &str) -> Vec<Token> {
    let mut begins = true;
    let mut out = Vec::new();
    for word in text.split(|c: char| c.is_whitespace() || matches!(c, '—' | '–' | '/')) {
        let bare = word.trim_matches(|c: char| !(c.is_alphanumeric() || c == '#'));
        if bare.is_empty() {
            continue;
        }
        let dotted = matches!(key(word).as_str(), "DR." | "MR." | "MRS." | "MS." | "CAPT." | "SGT.");
        let own = if dotted { word } else { bare };
        let stem = ["'s", "’s", "'S", "’S"].iter().find_map(|end| own.strip_suffix(end));
        let text = stem.unwrap_or(own);
        out.push(Token {
            key: key(text),
            capital: text.chars().find(|c| c.is_alphanumeric()).is_some_and(|c| !c.is_lowercase()),
            shouted: !text.chars().any(char::is_lowercase),
            possessive: stem.is_some(),
            begins,
        });
        begins = !dotted && word.ends_with(['.', '!', '?', '…', ':']);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::capitals::runs;
    use super::super::sentences::sentences;
    use super::*;

    fn cast(scenes: &[&[&str]], action: &str) -> Cast {
        let cues: Vec<Vec<(Vec<String>, String)>> = scenes
            .iter()
            .map(|cues| cues.iter().map(|cue| (names_of_cue(cue), (*cue).to_owned())).collect())
            .collect();
        let sentences = sentences(action);
        let runs = runs(&sentences);
        let introductions: Vec<(&Run, &str)> =
            runs.iter().map(|run| (run, sentences[run.sentence].as_str())).collect();
        Cast::gather(&cues, &introductions)
    }

    fn names(cast: &Cast) -> Vec<&str> {
        cast.people.iter().map(|person| person.name.as_str()).collect()
    }

    #[test]
    fn extensions_of_a_cue_are_no_part_of_the_name() {
        assert_eq!(names_of_cue("MARA (V.O.) (CONT'D)"), ["MARA"]);
        assert_eq!(names_of_cue("MARA’S VOICE"), ["MARA"]);
        assert_eq!(names_of_cue("MARA AND JOSS"), ["MARA AND JOSS", "MARA", "JOSS"]);
    }

    #[test]
    fn two_who_speak_as_one_are_two_if_each_speaks_alone() {
        let cast = cast(&[&["MARA", "JOSS", "MARA AND JOSS", "ALL"], &["SMITH AND WESSON"]], "");
        assert_eq!(names(&cast), ["Mara", "Joss", "Smith and Wesson"]);
        assert_eq!(cast.of_cue(&names_of_cue("MARA AND JOSS")), [0, 1]);
    }

    #[test]
    fn a_short_and_a_long_cue_are_one_person_unless_they_speak_together() {
        assert_eq!(names(&cast(&[&["MARA VOSS"], &["MARA"]], "")), ["Mara"]);
        assert_eq!(names(&cast(&[&["GUARD", "GUARD CAPTAIN"]], "")), ["Guard", "Guard Captain"]);
        assert_eq!(names(&cast(&[&["GUARD"], &["GUARD 2"]], "")), ["Guard", "Guard 2"]);
    }

    #[test]
    fn an_introduction_tells_the_full_name_the_age_and_a_sentence() {
        let cast =
            cast(&[&["MARA"]], "Rain. MARA VOSS (34, tired) ties a rope. An OLD MAN (80s) watches. A ROPE.");
        assert_eq!(names(&cast), ["Mara", "Old Man"]);
        assert_eq!(cast.people[0].others, ["MARA VOSS"]);
        assert_eq!(cast.people[0].age.as_deref(), Some("34"));
        assert_eq!(cast.people[0].introduction, "MARA VOSS (34, tired) ties a rope.");
    }

    #[test]
    fn action_names_people_by_capital_and_not_by_possession() {
        let cast = cast(&[&["MARA", "WILL", "DR. QUILL", "GUARD"]], "");
        let named = |text: &str| {
            let mut found = HashSet::new();
            cast.named_in(text, &mut found);
            let mut found: Vec<usize> = found.into_iter().collect();
            found.sort_unstable();
            found
        };
        assert_eq!(named("Mara waits for Quill."), [0, 2]);
        assert_eq!(named("Mara's boat. A guard. Will it hold?"), Vec::<usize>::new());
        assert_eq!(named("The Guard sees Will."), [1, 3]);
    }
}
