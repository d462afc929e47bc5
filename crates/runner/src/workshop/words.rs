//! What people say to a task while it goes on: each is heard once, on disk before it is acknowledged, and brought in as its verb says.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use wire::fleet::{SAY_BYTES, Verb};
use wire::runner::{SAYS, Say};

use super::spool::Spool;

/// What was said to one task.
#[derive(Debug)]
pub(crate) struct Words {
    state: Mutex<State>,
    /// Told when something was said, or a boundary was passed. For one listener.
    stirred: Notify,
}

#[derive(Debug)]
struct State {
    /// By their numbers, what of them is on disk.
    heard: BTreeSet<u32>,
    /// What is not brought in yet, in its order, with the boundaries that there were before it.
    waiting: VecDeque<(Say, u64)>,
    /// Boundaries that the agent has passed.
    boundaries: u64,
    /// Whether there is somebody who brings in what is heard.
    open: bool,
}

impl Words {
    /// Nothing was said yet to a task whose engine listens, or does not.
    pub(crate) fn new(open: bool) -> Self {
        Self::of(BTreeSet::new(), open)
    }

    /// What an earlier start has heard for a task that it left.
    pub(crate) fn left(heard: BTreeSet<u32>) -> Self {
        Self::of(heard, false)
    }

    fn of(heard: BTreeSet<u32>, open: bool) -> Self {
        let state = State { heard, waiting: VecDeque::new(), boundaries: 0, open };
        Self { state: Mutex::new(state), stirred: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hears something, unless nobody is there any more who would bring it in; says whether it is heard, now or before. What is
    /// heard is on disk.
    ///
    /// # Errors
    /// When the disk does not take it; then it is not heard.
    pub(crate) fn hear(&self, say: Say, spool: &Spool) -> io::Result<bool> {
        let mut state = self.state();
        if state.heard.contains(&say.said_id) {
            return Ok(true);
        }
        let fits = state.heard.len() < SAYS && say.text.len() <= SAY_BYTES;
        if !state.open || !fits {
            return Ok(false);
        }
        let mut heard = state.heard.clone();
        heard.insert(say.said_id);
        spool.hear(&heard)?;
        state.heard = heard;
        let boundaries = state.boundaries;
        state.waiting.push_back((say, boundaries));
        drop(state);
        self.stirred.notify_one();
        Ok(true)
    }

    /// The agent has come to a place where it may be steered.
    pub(crate) fn boundary(&self) {
        self.state().boundaries += 1;
        self.stirred.notify_one();
    }

    /// Comes when the turn under way is to be broken off for what was said. May be given up and called again.
    pub(crate) async fn due(&self) {
        let is_due = || {
            let state = self.state();
            state.waiting.iter().any(|(say, before)| match say.verb {
                Verb::Interrupt => true,
                Verb::Steer => *before < state.boundaries,
                Verb::Queue => false,
            })
        };
        while !is_due() {
            self.stirred.notified().await;
        }
    }

    /// Whether something is heard that is not brought in.
    pub(crate) fn wait(&self) -> bool {
        !self.state().waiting.is_empty()
    }

    /// What the next prompt is made of, once a turn is over: all that could not wait, else the first of what was queued. If there is
    /// nothing, nothing more is heard.
    pub(crate) fn next(&self) -> Vec<Say> {
        let mut state = self.state();
        let (urgent, queued): (VecDeque<_>, VecDeque<_>) =
            state.waiting.drain(..).partition(|(say, _)| say.verb != Verb::Queue);
        state.waiting = queued;
        if !urgent.is_empty() {
            return urgent.into_iter().map(|(say, _)| say).collect();
        }
        let next = state.waiting.pop_front().map(|(say, _)| say);
        state.open = next.is_some();
        next.into_iter().collect()
    }

    /// Hears nothing more; gives how much of what was heard is not brought in.
    pub(crate) fn close(&self) -> usize {
        let mut state = self.state();
        state.open = false;
        state.waiting.drain(..).count()
    }
}
