//! The generations of tags as this server knows them.

use std::sync::atomic::{AtomicU64, Ordering};

/// The tag that every value has.
pub(crate) const EVERYTHING: &str = "";

/// A number for each tag that is remembered. None comes twice, so a tag that is forgotten and seen again is changed.
pub(crate) struct Generations {
    next: AtomicU64,
    tags: moka::sync::Cache<String, u64>,
}

impl Generations {
    pub(crate) fn new(bound: u64) -> Self {
        Self { next: AtomicU64::new(0), tags: moka::sync::Cache::new(bound) }
    }

    /// The generations of `tags`, and of everything.
    pub(crate) fn of(&self, tags: &[&str]) -> impl Iterator<Item = u64> {
        let one = |tag: &&str| self.tags.get_with_by_ref(*tag, || self.number());
        [EVERYTHING].iter().chain(tags).map(one)
    }

    /// Begins a new generation of each.
    pub(crate) fn renew(&self, tags: &[impl AsRef<str>]) {
        for tag in tags {
            self.tags.insert(tag.as_ref().to_owned(), self.number());
        }
    }

    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn no_number_comes_twice_even_when_tags_were_forgotten_at_the_bound() {
        let generations = Generations::new(4);
        let mut whose: HashMap<u64, String> = HashMap::new();
        for n in 0..300 {
            let tag = format!("scene:{}", n % 100);
            let number = generations.of(&[&tag]).last().unwrap();
            assert_eq!(*whose.entry(number).or_insert_with(|| tag.clone()), tag);
            generations.renew(&[&tag]);
            generations.tags.run_pending_tasks();
            assert!(generations.tags.entry_count() <= 4);
            assert!(!whose.contains_key(&generations.of(&[&tag]).last().unwrap()));
        }
    }
}
