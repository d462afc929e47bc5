//! Finds, for each scene of a new draft, the scene of the draft before that it continues.

use std::collections::{HashMap, HashSet};

/// From this share of common words on, two scenes at the same place are taken for the same scene.
const ALIKE: f64 = 0.5;
/// From this share on, whatever their headings say.
const VERY_ALIKE: f64 = 0.75;

/// The most pairs of scenes whose words are compared; beyond that only text, number and heading tell.
const MOST_PAIRS: usize = 250_000;

/// What is compared of a scene.
#[derive(Debug, Clone, Copy)]
pub(super) struct Compared<'a> {
    /// The heading.
    pub(super) heading: &'a str,
    /// The number that the script gives it.
    pub(super) number: Option<&'a str>,
    /// The whole scene in Fountain.
    pub(super) body: &'a str,
}

/// For each new scene the place of the old one, each old one at most once: first what is word for word the same, then
/// the same number, then the same heading, then what is alike.
pub(super) fn scenes(old: &[Compared<'_>], new: &[Compared<'_>], numbered: bool) -> Vec<Option<usize>> {
    let mut pairing = Pairing { of_new: vec![None; new.len()], taken: vec![false; old.len()] };
    pairing.by_key(old, new, |scene| Some(scene.body.trim().to_owned()));
    if numbered {
        pairing.by_key(old, new, |scene| scene.number.map(str::to_lowercase));
    }
    pairing.by_words(old, new);
    // What is left under the same heading was rewritten, in the same order.
    pairing.by_key(old, new, |scene| Some(heading(scene)));
    pairing.of_new
}

fn heading(scene: &Compared<'_>) -> String {
    scene.heading.to_uppercase()
}

struct Pairing {
    of_new: Vec<Option<usize>>,
    taken: Vec<bool>,
}

impl Pairing {
    fn pair(&mut self, new: usize, old: usize) {
        if self.of_new[new].is_none() && !self.taken[old] {
            self.of_new[new] = Some(old);
            self.taken[old] = true;
        }
    }

    /// Pairs what is alike, the most alike first; among equals what stands nearest.
    fn by_words(&mut self, old: &[Compared<'_>], new: &[Compared<'_>]) {
        let prepare = |scenes: &[Compared<'_>],
                       open: &dyn Fn(usize) -> bool|
         -> Vec<(usize, String, HashSet<String>)> {
            let open = scenes.iter().enumerate().filter(|(at, _)| open(*at));
            open.map(|(at, scene)| (at, heading(scene), words(scene.body))).collect()
        };
        let new = prepare(new, &|at| self.of_new[at].is_none());
        let old = prepare(old, &|at| !self.taken[at]);
        if old.len() * new.len() > MOST_PAIRS {
            return;
        }
        let mut likely: Vec<(f64, usize, usize)> = Vec::new();
        for (at_new, heading, words) in &new {
            for (at_old, heading_before, words_before) in &old {
                let alike = dice(words, words_before);
                let same_heading = heading == heading_before;
                if alike >= VERY_ALIKE || (same_heading && alike >= ALIKE) {
                    likely.push((alike + f64::from(u8::from(same_heading)), *at_new, *at_old));
                }
            }
        }
        let apart = |pair: &(f64, usize, usize)| pair.1.abs_diff(pair.2);
        likely.sort_by(|a, b| b.0.total_cmp(&a.0).then(apart(a).cmp(&apart(b))).then(a.1.cmp(&b.1)));
        for (_, at_new, at_old) in likely {
            self.pair(at_new, at_old);
        }
    }

    /// Pairs what has the same key, in order.
    fn by_key(
        &mut self,
        old: &[Compared<'_>],
        new: &[Compared<'_>],
        key: impl Fn(&Compared<'_>) -> Option<String>,
    ) {
        let mut waiting: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, scene) in old.iter().enumerate().rev().filter(|(at, _)| !self.taken[*at]) {
            if let Some(key) = key(scene) {
                waiting.entry(key).or_default().push(at);
            }
        }
        for (at, scene) in new.iter().enumerate() {
            if self.of_new[at].is_some() {
                continue;
            }
            let found = key(scene).and_then(|key| waiting.get_mut(&key)?.pop());
            if let Some(found) = found {
                self.pair(at, found);
            }
        }
    }
}

fn words(text: &str) -> HashSet<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() > 3);
    words.map(str::to_lowercase).collect()
}

/// The share of words that two sets have in common (Dice's coefficient).
fn dice(a: &HashSet<String>, b: &HashSet<String>) -> f64 {
    let both = a.intersection(b).count();
    if both == 0 { 0.0 } else { 2.0 * both as f64 / (a.len() + b.len()) as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene(text: &str) -> Compared<'_> {
        Compared { heading: text.lines().next().unwrap_or_default(), number: None, body: text }
    }

    #[test]
    fn a_scene_that_moved_or_was_rewritten_is_the_same_scene() {
        let ferry = "EXT. FERRY - NIGHT\n\nMara pulls the heavy rope over the wooden rail.";
        let office = "INT. OFFICE - DAY\n\nJoss sorts letters beside the window.";
        let pier = "EXT. PIER - DAY\n\nGulls.";
        let rewritten = "EXT. FERRY - NIGHT\n\nMara pulls the heavy rope over the broken rail.";
        let moved = "INT. POST OFFICE - DAY\n\nJoss sorts letters beside the window.";
        let new = "EXT. CHURCH - DAY\n\nBells over the empty market.";
        let old = [scene(ferry), scene(office), scene(pier)];
        let found = scenes(
            &old,
            &[scene(new), scene(moved), scene("EXT. PIER - DAY\n\nSnow."), scene(rewritten)],
            false,
        );
        assert_eq!(found, [None, Some(1), Some(2), Some(0)]);
    }

    #[test]
    fn no_scene_is_continued_twice() {
        let old = [scene("INT. A - DAY\n\nOne.")];
        let twice = [scene("INT. A - DAY\n\nOne."), scene("INT. A - DAY\n\nOne.")];
        assert_eq!(scenes(&old, &twice, false), [Some(0), None]);
    }

    #[test]
    fn a_number_of_the_script_stands_for_its_scene() {
        let numbered = |number, body| Compared { heading: "x", number: Some(number), body };
        let old = [numbered("1", "aaaa"), numbered("2A", "bbbb")];
        let new = [numbered("2a", "cccc"), numbered("3", "dddd")];
        assert_eq!(scenes(&old, &new, true)[0], Some(1));
    }
}
