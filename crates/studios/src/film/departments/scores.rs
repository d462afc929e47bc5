//! How good an output is: two scores from counted shares, with the reasons in words, for the gates to weigh.

use serde::{Deserialize, Serialize};

/// How good a department's output is.
///
/// *Completeness* is the mean of the shares of what should be there and is; *consistency* the mean of the shares of what
/// could contradict and does not. Each share is told in `reasons` with its counts, and each output says which it takes.
/// Where there is nothing to work on, both are 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Scores {
    /// 0 to 1, to the hundredth.
    pub completeness: f64,
    /// 0 to 1, to the hundredth.
    pub consistency: f64,
    /// One for each share: `12 of 13 scenes have a time of day`.
    pub reasons: Vec<String>,
}

/// The shares that scores are made of.
#[derive(Debug, Default)]
pub(super) struct Tally {
    complete: Vec<f64>,
    consistent: Vec<f64>,
    reasons: Vec<String>,
}

impl Tally {
    /// Of `of` things that should be so, `met` are. Nothing of none counts for nothing.
    pub(super) fn complete(mut self, met: usize, of: usize, what: &str) -> Self {
        Self::share(&mut self.complete, &mut self.reasons, met, of, what);
        self
    }

    /// Of `of` things that could contradict, `met` do not.
    pub(super) fn consistent(mut self, met: usize, of: usize, what: &str) -> Self {
        Self::share(&mut self.consistent, &mut self.reasons, met, of, what);
        self
    }

    fn share(shares: &mut Vec<f64>, reasons: &mut Vec<String>, met: usize, of: usize, what: &str) {
        if of > 0 {
            let met = met.min(of);
            shares.push(met as f64 / of as f64);
            reasons.push(format!("{met} of {of} {what}"));
        }
    }

    /// The scores. What could contradict nothing is consistent, if there is something at all.
    pub(super) fn scores(mut self) -> Scores {
        if self.complete.is_empty() {
            self.reasons.push("There is nothing to work on yet".to_owned());
            return Scores { completeness: 0.0, consistency: 0.0, reasons: self.reasons };
        }
        let consistency = if self.consistent.is_empty() { 1.0 } else { mean(&self.consistent) };
        Scores { completeness: mean(&self.complete), consistency, reasons: self.reasons }
    }
}

/// The mean, to the hundredth.
fn mean(shares: &[f64]) -> f64 {
    (shares.iter().sum::<f64>() / shares.len() as f64 * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_the_mean_of_its_shares_and_says_them() {
        let scores = Tally::default()
            .complete(3, 4, "scenes have a place")
            .complete(0, 0, "ghosts")
            .complete(1, 4, "people speak")
            .consistent(1, 2, "names are one")
            .scores();
        assert_eq!((scores.completeness, scores.consistency), (0.5, 0.5));
        assert_eq!(scores.reasons[0], "3 of 4 scenes have a place");
        assert_eq!(scores.reasons.len(), 3);
    }

    #[test]
    fn nothing_scores_nothing() {
        let scores = Tally::default().consistent(0, 0, "names").scores();
        assert_eq!((scores.completeness, scores.consistency), (0.0, 0.0));
    }
}
