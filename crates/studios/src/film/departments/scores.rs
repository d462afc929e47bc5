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
    /// One for each share: `12 of 13 scenes have a time of day`. Those of the lower score come first, and of these the least.
    pub reasons: Vec<String>,
}

/// The shares that scores are made of.
#[derive(Debug, Default)]
pub(super) struct Tally {
    complete: Vec<Share>,
    consistent: Vec<Share>,
}

/// A share, and how it is told.
type Share = (f64, String);

impl Tally {
    /// Of `of` things that should be so, `met` are. Nothing of none counts for nothing.
    pub(super) fn complete(mut self, met: usize, of: usize, what: &str) -> Self {
        self.complete.extend(share(met, of, what));
        self
    }

    /// Of `of` things that could contradict, `met` do not.
    pub(super) fn consistent(mut self, met: usize, of: usize, what: &str) -> Self {
        self.consistent.extend(share(met, of, what));
        self
    }

    /// The scores. What could contradict nothing is consistent, if there is something at all.
    pub(super) fn scores(mut self) -> Scores {
        let least_first = |shares: &mut Vec<Share>| shares.sort_by(|a, b| a.0.total_cmp(&b.0));
        least_first(&mut self.complete);
        least_first(&mut self.consistent);
        let told = |shares: Vec<Share>| shares.into_iter().map(|(_, told)| told);
        if self.complete.is_empty() {
            let reasons =
                told(self.consistent).chain(["There is nothing to work on yet".to_owned()]).collect();
            return Scores { completeness: 0.0, consistency: 0.0, reasons };
        }
        let completeness = mean(&self.complete);
        let consistency = if self.consistent.is_empty() { 1.0 } else { mean(&self.consistent) };
        let (first, then) = if completeness <= consistency {
            (self.complete, self.consistent)
        } else {
            (self.consistent, self.complete)
        };
        Scores { completeness, consistency, reasons: told(first).chain(told(then)).collect() }
    }
}

/// The share of what is met; none of nothing.
fn share(met: usize, of: usize, what: &str) -> Option<Share> {
    let met = met.min(of);
    (of > 0).then(|| (met as f64 / of as f64, format!("{met} of {of} {what}")))
}

/// The mean, to the hundredth.
fn mean(shares: &[Share]) -> f64 {
    (shares.iter().map(|(share, _)| share).sum::<f64>() / shares.len() as f64 * 100.0).round() / 100.0
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
        let told = ["1 of 4 people speak", "3 of 4 scenes have a place", "1 of 2 names are one"];
        assert_eq!(scores.reasons, told, "what speaks most against it comes first");
        let slips =
            Tally::default().complete(1, 2, "people speak").consistent(1, 4, "names are one").scores();
        assert_eq!(slips.reasons, ["1 of 4 names are one", "1 of 2 people speak"]);
    }

    #[test]
    fn nothing_scores_nothing() {
        let scores = Tally::default().consistent(0, 0, "names").scores();
        assert_eq!((scores.completeness, scores.consistency), (0.0, 0.0));
    }
}
