//! Whom `he` and `she` mean in action, as far as the script or the records tell who is which.
//!
//! A person is `he` or `she` by their record's gender; or else by more votes for the one than for the other, from sentences
//! that name nobody else and those that follow them and begin with the pronoun. A pronoun then means who, of those that it
//! fits, was named or spoke last in the scene.

use super::film::Person;
use super::scene::Scene;
use super::words::words;

/// Which pronoun stands for someone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pronoun {
    He,
    She,
}

impl Pronoun {
    fn of_word(word: &str) -> Option<Self> {
        match word {
            "he" | "his" | "him" | "himself" => Some(Self::He),
            "she" | "her" | "hers" | "herself" => Some(Self::She),
            _ => None,
        }
    }

    /// The pronoun that a sentence begins with.
    pub(super) fn leading(sentence: &str) -> Option<Self> {
        Self::of_word(&words(sentence).first()?.lower)
    }

    fn of_gender(gender: &str) -> Option<Self> {
        match gender.to_lowercase().split_whitespace().next()?.trim_end_matches(['/', ',', ';']) {
            "male" | "m" | "man" | "boy" | "he" | "he/him" => Some(Self::He),
            "female" | "f" | "woman" | "girl" | "she" | "she/her" => Some(Self::She),
            _ => None,
        }
    }
}

/// The pronoun of each of the people.
pub(super) fn pronouns(people: &[Person], scenes: &[Scene]) -> Vec<Option<Pronoun>> {
    let mut votes = vec![[0_usize; 2]; people.len()];
    for scene in scenes {
        let mut before: Option<(usize, usize)> = None;
        for (at, sentence, named) in scene.sentences() {
            let who = match (named, before) {
                ([only], _) => Some(*only),
                ([], Some((paragraph, who))) if paragraph == at && Pronoun::leading(sentence).is_some() => {
                    Some(who)
                }
                _ => None,
            };
            let told: Vec<Pronoun> =
                words(sentence).iter().filter_map(|word| Pronoun::of_word(&word.lower)).collect();
            // A sentence with both pronouns speaks of two.
            if let (Some(who), Some(first)) = (who, told.first())
                && told.iter().all(|pronoun| pronoun == first)
            {
                votes[who][usize::from(*first == Pronoun::She)] += 1;
            }
            before = who.map(|who| (at, who));
        }
    }
    let of_votes = |[he, she]: [usize; 2]| match he.cmp(&she) {
        std::cmp::Ordering::Greater => Some(Pronoun::He),
        std::cmp::Ordering::Less => Some(Pronoun::She),
        std::cmp::Ordering::Equal => None,
    };
    let people = people.iter().zip(votes);
    people.map(|(person, votes)| Pronoun::of_gender(&person.gender).or_else(|| of_votes(votes))).collect()
}

/// Whom a pronoun means, of those who were named or spoke, the last of them last.
pub(super) fn meant(pronoun: Pronoun, recent: &[usize], pronouns: &[Option<Pronoun>]) -> Option<usize> {
    recent.iter().rev().copied().find(|who| pronouns[*who] == Some(pronoun))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::film::Film;
    use super::super::scripted::{film, rows, sample};
    use super::*;

    #[test]
    fn the_sample_tells_who_is_he_and_who_is_she() {
        let film = sample();
        let told = &film.pronouns;
        let of = |name: &str| told[film.people.iter().position(|person| person.name == name).unwrap()];
        for (name, pronoun) in [
            ("Mara", Some(Pronoun::She)),
            ("Pia", Some(Pronoun::She)),
            ("Dr. Quill", Some(Pronoun::He)),
            ("Joss", Some(Pronoun::He)),
            ("Old Tam", Some(Pronoun::He)),
            ("Radio Voice", None),
        ] {
            assert_eq!(of(name), pronoun, "{name}");
        }
    }

    #[test]
    fn a_record_knows_better_than_the_votes() {
        let script = "INT. A - DAY\n\nSam lifts his hat.\n\nSAM\nYes.\n";
        assert_eq!(film(script).pronouns, [Some(Pronoun::He)]);
        let mut rows = rows(script);
        rows.characters[0].metadata.insert("gender".into(), json!("Female"));
        assert_eq!(Film::of(&rows).pronouns, [Some(Pronoun::She)]);
    }

    #[test]
    fn a_pronoun_means_the_last_whom_it_fits() {
        let known = [Some(Pronoun::She), Some(Pronoun::He), None];
        assert_eq!(meant(Pronoun::She, &[0, 1, 2], &known), Some(0));
        assert_eq!(meant(Pronoun::He, &[0, 2], &known), None);
    }
}
