//! Chance that can be repeated.

use std::cell::Cell;

use kernel::{Random, SeededRandom};

pub(crate) struct Chance {
    random: SeededRandom,
    drawn: Cell<u64>,
}

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: SeededRandom::new(seed), drawn: Cell::new(0) }
    }

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&self, bound: usize) -> usize {
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes);
        self.drawn.set(self.drawn.get() + 1);
        (u64::from_le_bytes(bytes) % bound as u64) as usize
    }

    /// Whether something happens that does so once in `times`.
    pub(crate) fn once_in(&self, times: usize) -> bool {
        self.below(times) == 0
    }
}
