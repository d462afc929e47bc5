//! Steps whose turn comes next, read before a worker is free for them: it is then given the next one at once, without the
//! database.
//!
//! Only the one server of a database reads ahead, and only steps that are the last of their runs: nothing changes such a step
//! but what is done with it, and each transaction that has to do with its run takes it back first. What is read of a queue is
//! always what comes first of it, so that nobody is overtaken: where one becomes ready that comes before others, those are
//! taken back.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use kernel::{RunId, StepId};
use store::runs::Claimable;

/// How many steps of a queue are read ahead at first, and at most.
const FIRST: u32 = 8;
const MOST: u32 = 512;

/// A step's place in its queue.
type Turn = (i64, StepId);

/// Of a queue.
#[derive(Debug, Default)]
struct Next {
    /// In the order of their turns, each with the transaction that read it, until that is committed.
    steps: VecDeque<(Turn, Option<u64>, Claimable)>,
    /// The last turn up to which all that are ready are here, or with workers.
    upto: Option<Turn>,
    /// How many are read the next time.
    count: u32,
}

/// Of all queues.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    queues: BTreeMap<String, Next>,
    /// In which queue the step of a run is.
    runs: HashMap<RunId, String>,
    /// The transactions of which it is not known whether they are committed, and which have read or taken something.
    readers: BTreeSet<u64>,
}

/// What is to be read ahead of a queue.
pub(super) struct Wanted {
    /// What comes after this turn.
    pub(super) after: Option<Turn>,
    pub(super) count: u32,
}

/// The place of a step that is ready.
fn turn(step: &Claimable) -> Turn {
    (step.taken.step.rank.unwrap_or(i64::MIN), step.taken.step.id)
}

impl Ahead {
    /// The queues of which there is something here.
    pub(super) fn queues(&self) -> Vec<String> {
        self.queues
            .iter()
            .filter(|(_, next)| !next.steps.is_empty())
            .map(|(queue, _)| queue.clone())
            .collect()
    }

    /// The next step of a queue, for a transaction.
    pub(super) fn pop(&mut self, queue: &str, by: u64) -> Option<Claimable> {
        let (_, _, step) = self.queues.get_mut(queue)?.steps.pop_front()?;
        self.runs.remove(&step.taken.run.id);
        self.readers.insert(by);
        Some(step)
    }

    /// The next step of a queue, if it is known to be so and its run is not `held`.
    pub(super) fn pop_committed(&mut self, queue: &str, held: impl Fn(RunId) -> bool) -> Option<Claimable> {
        let next = self.queues.get_mut(queue)?;
        let of_nobody =
            |(_, by, step): &mut (Turn, Option<u64>, Claimable)| by.is_none() && !held(step.taken.run.id);
        let (_, _, step) = next.steps.pop_front_if(of_nobody)?;
        self.runs.remove(&step.taken.run.id);
        Some(step)
    }

    /// What is to be read of a queue by now, once all as far as `last` has been claimed.
    pub(super) fn wanted(&mut self, queue: &str, last: Option<Turn>, by: u64) -> Option<Wanted> {
        self.readers.insert(by);
        let first = || Next { count: FIRST, ..Next::default() };
        let next = self.queues.entry(queue.to_owned()).or_insert_with(first);
        next.upto = next.upto.max(last);
        // Where nothing could be read ahead, one tries again the next time.
        if next.count == 0 {
            next.count = FIRST;
            return None;
        }
        let few = next.steps.len() < next.count as usize / 2 || next.steps.is_empty();
        few.then_some(Wanted { after: next.upto, count: next.count })
    }

    /// Keeps what `by` has read of a queue: steps that come after all that are here. Whether those were all that it looked at,
    /// and how many more there may be to read.
    pub(super) fn put(&mut self, queue: &str, steps: Vec<Claimable>, by: u64, all: bool) {
        let Some(next) = self.queues.get_mut(queue) else { return };
        let full = steps.len() >= next.count as usize;
        next.count = match (all, full) {
            (true, true) => (next.count * 2).min(MOST),
            (true, false) => next.count,
            (false, _) => u32::try_from(steps.len()).unwrap_or(MOST),
        };
        for step in steps {
            next.upto = Some(turn(&step));
            self.runs.insert(step.taken.run.id, queue.to_owned());
            next.steps.push_back((turn(&step), Some(by), step));
        }
    }

    /// Takes back what is here of these runs, and all that comes after it. Gives the queues that have to be looked into again.
    pub(super) fn withdraw(&mut self, runs: &BTreeSet<RunId>) -> Vec<String> {
        if self.runs.is_empty() {
            return Vec::new();
        }
        let mut queues = Vec::new();
        for run in runs {
            if let Some(queue) = self.runs.get(run).cloned() {
                self.cut(&queue, |(_, _, step)| step.taken.run.id == *run);
                queues.push(queue);
            }
        }
        queues
    }

    /// A step has become ready: what comes after it is taken back, if that had been read.
    pub(super) fn readied(&mut self, queue: &str, turn: Turn) {
        if self.queues.get(queue).is_some_and(|next| next.upto >= Some(turn)) {
            self.cut(queue, |(of, _, _)| *of > turn);
        }
    }

    /// Takes all back. Gives the queues that have to be looked into again.
    pub(super) fn clear(&mut self) -> Vec<String> {
        let queues = self.queues();
        self.queues.retain(|_, next| !next.steps.is_empty());
        for next in self.queues.values_mut() {
            next.steps.clear();
            next.upto = None;
        }
        self.runs.clear();
        queues
    }

    /// A transaction is committed: what it read is so.
    pub(super) fn committed(&mut self, by: u64) {
        if self.readers.remove(&by) {
            let all = self.queues.values_mut().flat_map(|next| next.steps.iter_mut().rev());
            all.filter(|(_, of, _)| *of == Some(by)).for_each(|(_, of, _)| *of = None);
        }
    }

    /// A transaction is not committed. If it has `claimed` steps, or read some, what comes next is another one.
    pub(super) fn lost(&mut self, by: u64, claimed: bool) {
        if self.readers.remove(&by) || claimed {
            self.clear();
        }
    }

    /// Takes back the first step of a queue that is so, and all after it.
    fn cut(&mut self, queue: &str, from: impl Fn(&(Turn, Option<u64>, Claimable)) -> bool) {
        let Some(next) = self.queues.get_mut(queue) else { return };
        let place = next.steps.iter().position(from).unwrap_or(next.steps.len());
        for (_, _, step) in next.steps.drain(place..) {
            self.runs.remove(&step.taken.run.id);
        }
        // From there on it is read again. What is with workers is known, and left out then.
        next.upto = next.steps.back().map(|(turn, _, _)| *turn);
    }
}
