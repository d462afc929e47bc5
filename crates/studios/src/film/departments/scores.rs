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
    /// What they were counted from, so that the scores of parts become those of the whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    shares: Vec<Share>,
}

/// Of `of` things, `met` are as they should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Share {
    met: usize,
    of: usize,
    what: String,
    /// Whether it counts for consistency; else for completeness.
    consistency: bool,
}

impl Share {
    /// What is met of it; only where there is something.
    fn part(&self) -> f64 {
        self.met as f64 / self.of as f64
    }

    fn told(&self) -> String {
        format!("{} of {} {}", self.met, self.of, self.what)
    }
}

impl Scores {
    /// The scores of what these are the scores of the parts of.
    #[must_use]
    pub fn together<'s>(parts: impl IntoIterator<Item = &'s Self>) -> Self {
        let mut tally = Tally::default();
        for share in parts.into_iter().flat_map(|scores| &scores.shares) {
            let same = |own: &&mut Share| own.what == share.what && own.consistency == share.consistency;
            match tally.shares.iter_mut().find(same) {
                Some(own) => (own.met, own.of) = (own.met + share.met, own.of + share.of),
                None => tally.shares.push(share.clone()),
            }
        }
        tally.scores()
    }
}

/// The shares that scores are made of.
#[derive(Debug, Default)]
pub(super) struct Tally {
    shares: Vec<Share>,
}

impl Tally {
    /// Of `of` things that should be so, `met` are. Nothing of none counts for nothing.
    pub(super) fn complete(self, met: usize, of: usize, what: &str) -> Self {
        self.share(met, of, what, false)
    }

    /// Of `of` things that could contradict, `met` do not.
    pub(super) fn consistent(self, met: usize, of: usize, what: &str) -> Self {
        self.share(met, of, what, true)
    }

    fn share(mut self, met: usize, of: usize, what: &str, consistency: bool) -> Self {
        self.shares.push(Share { met: met.min(of), of, what: what.to_owned(), consistency });
        self
    }

    /// The scores. What could contradict nothing is consistent, if there is something at all.
    pub(super) fn scores(self) -> Scores {
        let of = |consistency: bool| -> Vec<&Share> {
            let counted = self.shares.iter().filter(|share| share.of > 0 && share.consistency == consistency);
            let mut shares: Vec<&Share> = counted.collect();
            shares.sort_by(|a, b| a.part().total_cmp(&b.part()));
            shares
        };
        let (complete, consistent) = (of(false), of(true));
        let (completeness, consistency) = match (complete.as_slice(), consistent.as_slice()) {
            ([], _) => (0.0, 0.0),
            (complete, []) => (mean(complete), 1.0),
            (complete, consistent) => (mean(complete), mean(consistent)),
        };
        let nothing = complete.is_empty().then(|| "There is nothing to work on yet".to_owned());
        let (first, then) =
            if completeness <= consistency { (complete, consistent) } else { (consistent, complete) };
        let told = first.into_iter().chain(then).map(Share::told).chain(nothing);
        Scores { completeness, consistency, reasons: told.collect(), shares: self.shares }
    }
}

/// The mean, to the hundredth.
fn mean(shares: &[&Share]) -> f64 {
    (shares.iter().map(|share| share.part()).sum::<f64>() / shares.len() as f64 * 100.0).round() / 100.0
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
    fn the_scores_of_parts_are_counted_together_not_averaged() {
        let part = |met, of| {
            let tally = Tally::default().complete(met, of, "scenes have a place");
            tally.consistent(of, of, "names are one").scores()
        };
        let scores = Scores::together(&[part(0, 1), part(3, 3), part(0, 0)]);
        assert_eq!(scores.reasons, ["3 of 4 scenes have a place", "4 of 4 names are one"]);
        assert_eq!((scores.completeness, scores.consistency), (0.75, 1.0));
    }

    #[test]
    fn nothing_scores_nothing() {
        let scores = Tally::default().consistent(0, 0, "names").scores();
        assert_eq!((scores.completeness, scores.consistency), (0.0, 0.0));
    }
}
