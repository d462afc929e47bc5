//! Claims that workers have and the database has not: a step that is done within a few milliseconds is then written once, as it
//! ended.
//!
//! Only claims of a server's own workers are held back: both are gone when it is. Each transaction that has to do with a run
//! begins by writing its claims that are held back, and one that has to do with all steps begins with all of them, so that
//! whatever is decided is decided on what is so.
//!
//! The one server of a database needs nothing else: if it ends, the step is ready again, as if nobody had claimed it. A server
//! that has others beside it reserves the step (see [`store::runs::Reserved`]), and whoever takes the run next writes the claim
//! from that. So what is remembered here may be out of date, and counts only if the reservation is still there.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::{RunId, StepId};
use store::runs::{Claimable, Step, Taken};
use wire::runs::Run;

use super::ahead::{Ahead, Wanted};

/// A transaction, while it is not known whether it is committed.
#[derive(Debug, Clone)]
pub struct Writing {
    all: Unwritten,
    mark: u64,
}

/// The claims of one run that are held back, with the run as they made it.
#[derive(Debug, Clone)]
struct Held {
    run: Run,
    steps: Vec<Step>,
    /// Who claimed them: a transaction, or 0 for none.
    by: u64,
    /// Whether other transactions may see them.
    seen: bool,
    /// Who writes them.
    written_by: Option<u64>,
    /// How often it was asked for what is old when they were claimed.
    age: u64,
    /// Whether what came of one is to be written.
    said: bool,
}

#[derive(Debug, Default)]
struct Inner {
    /// Whether there are other servers.
    beside: bool,
    runs: HashMap<RunId, Held>,
    ahead: Ahead,
    marks: u64,
    age: u64,
}

/// The claims that are held back. A cheap clone, of the same ones.
#[derive(Debug, Clone, Default)]
pub struct Unwritten(Option<Arc<Mutex<Inner>>>);

/// A run with the claims of it that are held back.
pub(super) type Claimed = (Run, Vec<Step>);

impl Unwritten {
    /// For the only server of a database. [`Unwritten::default`] holds nothing back.
    #[must_use]
    pub fn alone() -> Self {
        Self(Some(Arc::default()))
    }

    /// For one of several servers of a database that can keep steps from the others.
    #[must_use]
    pub fn reserved() -> Self {
        Self(Some(Arc::new(Mutex::new(Inner { beside: true, ..Inner::default() }))))
    }

    /// A transaction begins. It ends with [`Writing::end`].
    #[must_use]
    pub fn begin(&self) -> Writing {
        let mark = self.inner().map_or(0, |mut inner| {
            inner.marks += 1;
            inner.marks
        });
        Writing { all: self.clone(), mark }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner().is_none_or(|inner| inner.runs.is_empty())
    }

    /// What came of a step of this run is said, and will be written.
    pub(crate) fn said(&self, run: RunId) {
        if let Some(held) = self.inner().as_mut().and_then(|inner| inner.runs.get_mut(&run)) {
            held.said = true;
        }
    }

    /// The queues of which steps are read ahead.
    pub(crate) fn ahead(&self) -> Vec<String> {
        self.inner().map(|inner| inner.ahead.queues()).unwrap_or_default()
    }

    /// Has the next step of a queue, if it was read ahead, claimed outside a transaction. All at once, so that a transaction that
    /// has to do with its run either takes it back before or meets the claim.
    pub(super) fn claim(&self, queue: &str, claim: impl Fn(&mut Taken) -> bool) -> Option<Claimable> {
        let inner = &mut *self.inner()?;
        loop {
            let mut next = inner.ahead.pop_committed(queue, |run| inner.runs.contains_key(&run))?;
            if claim(&mut next.taken) {
                let Taken { run, step } = next.taken.clone();
                let (steps, age) = (vec![step], inner.age);
                let held = Held { run, steps, by: 0, seen: true, written_by: None, age, said: false };
                inner.runs.insert(next.taken.run.id, held);
                return Some(next);
            }
        }
    }

    /// What is done under this lock cannot fail midway.
    fn inner(&self) -> Option<MutexGuard<'_, Inner>> {
        Some(self.0.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Writing {
    /// It has ended. Unless it was committed, what it claimed was not, and what it wrote is not written.
    pub fn end(self, committed: bool) {
        if !committed {
            return self.again();
        }
        let Some(mut inner) = self.all.inner() else { return };
        inner.ahead.committed(self.mark);
        inner.runs.retain(|_, held| held.written_by != Some(self.mark));
        inner.runs.values_mut().filter(|held| held.by == self.mark).for_each(|held| held.seen = true);
    }

    /// It begins from the beginning, as a database may ask for that.
    pub(super) fn again(&self) {
        let Some(mut inner) = self.all.inner() else { return };
        let claimed = inner.runs.extract_if(|_, held| held.by == self.mark).count() > 0;
        inner.ahead.lost(self.mark, claimed);
        for held in inner.runs.values_mut().filter(|held| held.written_by == Some(self.mark)) {
            held.written_by = None;
        }
    }

    /// Whether other servers are told what is held back.
    pub(super) fn is_reserved(&self) -> bool {
        self.all.inner().is_some_and(|inner| inner.beside)
    }

    /// Steps of these runs that were read ahead are taken back; without any, all are. Gives the queues that have to be looked
    /// into again.
    pub(super) fn withdraw(&self, runs: Option<&BTreeSet<RunId>>) -> Vec<String> {
        let Some(mut inner) = self.all.inner() else { return Vec::new() };
        match runs {
            Some(runs) => inner.ahead.withdraw(runs),
            None => inner.ahead.clear(),
        }
    }

    /// A step has become ready.
    pub(super) fn readied(&self, step: &Step) {
        if let (Some(mut inner), Some(rank)) = (self.all.inner(), step.rank) {
            inner.ahead.readied(&step.queue, (rank, step.id));
        }
    }

    /// The next step of a queue, if it was read ahead.
    pub(super) fn pop(&self, queue: &str) -> Option<Claimable> {
        self.all.inner()?.ahead.pop(queue, self.mark)
    }

    /// What is to be read ahead of a queue, once all as far as `last` has been claimed.
    pub(super) fn wanted(&self, queue: &str, last: Option<(i64, StepId)>) -> Option<Wanted> {
        let mut inner = self.all.inner().filter(|inner| !inner.beside)?;
        inner.ahead.wanted(queue, last, self.mark)
    }

    /// What was read ahead of it. Whether those were all that it looked at.
    pub(super) fn put(&self, queue: &str, steps: Vec<Claimable>, all: bool) {
        if let Some(mut inner) = self.all.inner() {
            inner.ahead.put(queue, steps, self.mark, all);
        }
    }

    /// The claims of a run, which are written now.
    pub(super) fn of(&self, run: RunId) -> Option<Claimed> {
        self.all.inner()?.runs.get_mut(&run)?.take(self.mark)
    }

    /// All claims of these runs, which are written now.
    pub(super) fn of_all(&self, runs: &BTreeSet<RunId>) -> Vec<Claimed> {
        let Some(mut inner) = self.all.inner() else { return Vec::new() };
        runs.iter().filter_map(|run| inner.runs.get_mut(run)?.take(self.mark)).collect()
    }

    /// All claims, which are written now.
    pub(super) fn all(&self) -> Vec<Claimed> {
        self.those(|_, _| true)
    }

    /// The claims that were there already when this was last asked. They are written now.
    pub(super) fn old(&self) -> Vec<Claimed> {
        let old = self.those(|held, age| !held.said && held.age < age);
        if let Some(mut inner) = self.all.inner() {
            inner.age += 1;
        }
        old
    }

    /// Those of all at once, so that of two transactions that want the same one has all.
    fn those(&self, which: impl Fn(&Held, u64) -> bool) -> Vec<Claimed> {
        let Some(mut inner) = self.all.inner() else { return Vec::new() };
        let age = inner.age;
        let those = inner.runs.values_mut().filter(|held| which(held, age));
        those.filter_map(|held| held.take(self.mark)).collect()
    }

    /// Steps that the database may have for ready, but a worker has: all but those that are written now. If other servers are
    /// told of them, the database knows them.
    pub(super) fn steps(&self) -> Vec<StepId> {
        let Some(inner) = self.all.inner().filter(|inner| !inner.beside) else { return Vec::new() };
        let others = inner.runs.values().filter(|held| held.written_by != Some(self.mark));
        others.flat_map(|held| held.steps.iter().map(|step| step.id)).collect()
    }

    /// What is remembered of a run is out of date.
    pub(super) fn forget(&self, run: RunId) {
        if let Some(mut inner) = self.all.inner() {
            inner.runs.remove(&run);
        }
    }

    /// Whether claims of a run may be held back: those of one transaction at a time.
    pub(super) fn has_room(&self, run: RunId) -> bool {
        self.all.inner().is_some_and(|inner| !inner.runs.contains_key(&run))
    }

    /// Holds back what was claimed of a run.
    pub(super) fn hold(&self, run: Run, steps: Vec<Step>) {
        if let Some(mut inner) = self.all.inner() {
            let (age, seen) = (inner.age, !inner.beside);
            inner
                .runs
                .insert(run.id, Held { run, steps, by: self.mark, seen, written_by: None, age, said: false });
        }
    }
}

impl Held {
    fn take(&mut self, mark: u64) -> Option<Claimed> {
        if self.written_by.is_some() || !self.seen {
            return None;
        }
        self.written_by = Some(mark);
        Some((self.run.clone(), self.steps.clone()))
    }
}
