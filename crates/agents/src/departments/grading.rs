//! Grades: how good a piece of work is, and what becomes of it.

use serde::{Deserialize, Serialize};

/// What work is graded by; each from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// How complete it is, and how well it is backed by what it cites.
    pub quality: f64,
    /// How much it is about what was asked.
    pub relevance: f64,
    /// How well it agrees with what is known.
    pub consistency: f64,
    /// How much it offers beyond the obvious.
    pub creativity: f64,
}

/// What becomes of a specialist's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is kept.
    Accept,
    /// It is done once more, with the head's reasons.
    Revise,
    /// It is not kept.
    Discard,
}

/// What a person is advised to do with a whole result (F10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Advice {
    /// Good as it is.
    Ingest,
    /// Worth looking at.
    Modify,
    /// Not worth keeping.
    Discard,
}

impl Scores {
    /// 0.4 quality, 0.3 relevance, 0.2 consistency, 0.1 creativity (issue 3).
    #[must_use]
    pub fn overall(&self) -> f64 {
        let unit = |score: f64| if score.is_finite() { score.clamp(0.0, 1.0) } else { 0.0 };
        0.4 * unit(self.quality)
            + 0.3 * unit(self.relevance)
            + 0.2 * unit(self.consistency)
            + 0.1 * unit(self.creativity)
    }

    /// What a head says to it: from 0.60 on it is accepted, from 0.40 on revised, below discarded. Work that was revised once
    /// is accepted or discarded.
    #[must_use]
    pub fn verdict(&self, revised: bool) -> Verdict {
        match rounded(self.overall()) {
            60.. => Verdict::Accept,
            40.. if !revised => Verdict::Revise,
            _ => Verdict::Discard,
        }
    }
}

/// In hundredths, so that sums of fractions which should meet a bound do.
fn rounded(score: f64) -> u32 {
    (score * 100.0 + 1e-6) as u32
}

/// What a whole result is worth: from 0.75 on ingest, from 0.50 on modify, below discard (F10).
#[must_use]
pub fn advice(overall: f64) -> Advice {
    match rounded(overall) {
        75.. => Advice::Ingest,
        50.. => Advice::Modify,
        _ => Advice::Discard,
    }
}

/// Puts scores together: the first counts half, the others share the rest; one alone counts whole.
#[must_use]
pub fn together(scores: &[f64]) -> f64 {
    match scores {
        [] => 0.0,
        [only] => *only,
        [first, others @ ..] => 0.5 * first + 0.5 * others.iter().sum::<f64>() / others.len() as f64,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(score: f64) -> Scores {
        Scores { quality: score, relevance: score, consistency: score, creativity: score }
    }

    #[test]
    fn work_is_accepted_from_60_and_revised_once_from_40() {
        for (score, first, second) in [
            (1.0, Verdict::Accept, Verdict::Accept),
            (0.60, Verdict::Accept, Verdict::Accept),
            (0.599, Verdict::Revise, Verdict::Discard),
            (0.40, Verdict::Revise, Verdict::Discard),
            (0.399, Verdict::Discard, Verdict::Discard),
        ] {
            assert_eq!((all(score).verdict(false), all(score).verdict(true)), (first, second), "{score}");
        }
    }

    #[test]
    fn each_score_has_its_weight() {
        let zero = all(0.0);
        assert!((Scores { quality: 1.0, ..zero }.overall() - 0.4).abs() < 1e-9);
        assert!((Scores { relevance: 1.0, ..zero }.overall() - 0.3).abs() < 1e-9);
        assert!((Scores { consistency: 1.0, ..zero }.overall() - 0.2).abs() < 1e-9);
        assert!((Scores { creativity: 1.0, ..zero }.overall() - 0.1).abs() < 1e-9);
    }

    #[test]
    fn advice_follows_the_gates() {
        assert_eq!(
            [0.75, 0.749, 0.50, 0.499].map(advice),
            [Advice::Ingest, Advice::Modify, Advice::Modify, Advice::Discard]
        );
    }

    #[test]
    fn the_first_counts_half() {
        assert_eq!(together(&[]), 0.0);
        assert_eq!(together(&[0.3]), 0.3);
        assert!((together(&[1.0, 0.0, 0.0]) - 0.5).abs() < 1e-9);
        assert!((together(&[0.0, 1.0, 0.5]) - 0.375).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn a_grade_is_from_0_to_1_whatever_the_scores(quality: f64, relevance: f64, consistency: f64, creativity: f64) {
            let overall = Scores { quality, relevance, consistency, creativity }.overall();
            prop_assert!((0.0..=1.0 + 1e-9).contains(&overall));
        }
    }
}
