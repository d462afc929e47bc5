//! How good an import is, by stated rules.
//!
//! - *Data completeness*: of four things that a scene should have (inside or outside, location, time of day, a
//!   description), the share that the scenes have; times 0.8 if the structure was guessed from layout.
//! - *Brain consistency*: the share of the records that are already there and that the draft continues, less the share of
//!   names that differ from another by a single letter. A first import contradicts nothing.
//! - *Relationship quality*: the share of scenes that are tied to a location, and to a character; the mean of both.
//! - *Overall*: 0.4 × completeness + 0.3 × consistency + 0.3 × relationships. From 0.75 on it should be saved, from 0.50
//!   on looked through.

use wire::imports::{QualityScores, Recommendation};

use crate::film::breakdown::Breakdown;

/// From here on it should be saved as it is.
const INGEST: f64 = 0.75;
/// From here on it should be looked through; below, dropped.
const MODIFY: f64 = 0.50;

/// What the scores are made of, beside the breakdown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evidence {
    /// Whether the structure was guessed from layout.
    pub(super) guessed: bool,
    /// Records of the draft before.
    pub(super) before: usize,
    /// How many of them the draft continues.
    pub(super) continued: usize,
}

/// Scores, what they advise, and one reason in words.
pub(super) fn score(breakdown: &Breakdown, evidence: Evidence) -> (QualityScores, Recommendation, String) {
    let scenes = &breakdown.scenes;
    let share = |count: usize, of: usize| if of == 0 { 0.0 } else { count as f64 / of as f64 };
    let with = |has: &dyn Fn(&crate::film::breakdown::Scene) -> bool| {
        share(scenes.iter().filter(|scene| has(scene)).count(), scenes.len())
    };
    let (place, time) = (with(&|s| s.location.is_some()), with(&|s| s.time_of_day.is_some()));
    let told = (with(&|s| s.int_ext.is_some()) + place + time + with(&|s| !s.description.is_empty())) / 4.0;
    let completeness = if evidence.guessed { told * 0.8 } else { told };
    let doubtful = doubtful_names(breakdown);
    let kept = if evidence.before == 0 { 1.0 } else { share(evidence.continued, evidence.before) };
    let names = breakdown.characters.len();
    let consistency = if scenes.is_empty() { 0.0 } else { (kept - share(doubtful.len(), names)).max(0.0) };
    let somebody = with(&|s| !s.cast.is_empty());
    let relationships = (place + somebody) / 2.0;
    let overall = rounded(0.4 * completeness + 0.3 * consistency + 0.3 * relationships);
    let scores = QualityScores {
        data_completeness: rounded(completeness),
        brain_consistency: rounded(consistency),
        relationship_quality: rounded(relationships),
        overall,
    };
    let recommendation = if overall >= INGEST {
        Recommendation::Ingest
    } else if overall >= MODIFY {
        Recommendation::Modify
    } else {
        Recommendation::Discard
    };
    let missing = |share: f64| scenes.len() - (share * scenes.len() as f64).round() as usize;
    let weakest = completeness.min(consistency).min(relationships);
    let reason = if scenes.is_empty() {
        "No scene heading was found, so there is nothing to save but the text before the first scene."
            .to_owned()
    } else if weakest >= INGEST {
        format!(
            "{} of {} scenes have a location and {} a time of day; nothing contradicts what is there.",
            scenes.len() - missing(place),
            scenes.len(),
            scenes.len() - missing(time)
        )
    } else if weakest == consistency && kept < INGEST {
        format!(
            "The draft continues only {} of {} records of the one before; check that it is the same film.",
            evidence.continued, evidence.before
        )
    } else if weakest == consistency {
        format!("Some names differ by a single letter: {}.", doubtful.join(", "))
    } else if weakest == relationships {
        format!("{} scenes have nobody in them, and {} no location.", missing(somebody), missing(place))
    } else if evidence.guessed {
        "The structure was guessed from the layout; look through the scenes before saving.".to_owned()
    } else {
        format!("{} scenes have no time of day, and {} no location.", missing(time), missing(place))
    };
    (scores, recommendation, reason)
}

fn rounded(score: f64) -> f64 {
    (score.clamp(0.0, 1.0) * 100.0).round() / 100.0
}

/// Pairs of characters whose names differ by one letter: likely a slip. At most a few are told.
fn doubtful_names(breakdown: &Breakdown) -> Vec<String> {
    let names: Vec<&str> = breakdown
        .characters
        .iter()
        .map(|c| c.name.as_str())
        .filter(|name| name.chars().count() >= 5)
        .collect();
    let letters_only = |name: &str| !name.contains(|c: char| c.is_ascii_digit());
    let mut found = Vec::new();
    for (at, name) in names.iter().enumerate() {
        for other in &names[at + 1..] {
            let near = name.len().abs_diff(other.len()) <= 1 && strsim::osa_distance(name, other) == 1;
            if near && letters_only(name) && letters_only(other) && found.len() < 5 {
                found.push(format!("{name} and {other}"));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::film::breakdown::breakdown;
    use crate::film::screenplay::{Format, parse};

    fn of(text: &str, evidence: Evidence) -> (QualityScores, Recommendation, String) {
        score(&breakdown(&parse(Format::Fountain, text).unwrap()), evidence)
    }

    const FIRST: Evidence = Evidence { guessed: false, before: 0, continued: 0 };

    #[test]
    fn a_whole_script_is_advised_to_be_saved() {
        let (scores, advice, _) = of("INT. BARN - DAY\n\nHay.\n\nMARA\nHello.\n", FIRST);
        assert_eq!((scores.overall, advice), (1.0, Recommendation::Ingest));
    }

    #[test]
    fn a_text_without_scenes_is_advised_to_be_dropped() {
        let (scores, advice, reason) = of("Dear diary.\n", FIRST);
        assert_eq!((scores.overall, advice), (0.0, Recommendation::Discard));
        assert!(reason.contains("No scene heading"), "{reason}");
    }

    #[test]
    fn a_draft_that_continues_little_is_named_as_such() {
        let evidence = Evidence { guessed: false, before: 10, continued: 1 };
        let (scores, advice, reason) = of("INT. BARN - DAY\n\nHay.\n\nMARA\nHello.\n", evidence);
        assert_eq!((scores.brain_consistency, advice), (0.1, Recommendation::Modify));
        assert!(reason.contains("1 of 10"), "{reason}");
    }

    #[test]
    fn names_that_differ_by_a_letter_are_named() {
        let text = "INT. BARN - DAY\n\nHay.\n\nMARTA\nHello.\n\nMARIA\nHello.\n";
        let (scores, _, reason) = of(text, FIRST);
        assert!(scores.brain_consistency < 0.75 && reason.contains("Marta and Maria"), "{reason}");
    }
}
