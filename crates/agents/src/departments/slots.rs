//! Slots: how many agents of a type are at work at once on this server. The pure pool of `resilience`, and those who wait for
//! their turn in it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::{Ambient, Timestamp};
use resilience::pool::{self, Answer, Params, Pool, Stats, Ticket, Wait};
use tokio::sync::oneshot;

/// Whoever got no slot comes again after so long, in milliseconds.
pub const AGAIN_MS: u64 = 5_000;

/// The slots of all types of agents; a type is `department/agent`. A cheap clone of one shared thing.
#[derive(Clone)]
pub struct Slots(Arc<Inner>);

struct Inner {
    ambient: Ambient,
    params: Params,
    /// How many wait at once, of all types together.
    waiting: usize,
    state: Mutex<State>,
}

struct State {
    pool: Pool<String>,
    /// Those who wait, each to be told when the turn has come or the wait is over.
    turns: HashMap<Ticket, oneshot::Sender<()>>,
}

/// What whoever asks for a slot is told at once.
pub enum Asked {
    /// Here it is.
    Lent(Slot),
    /// All are lent.
    Wait(Turn),
}

/// A slot that is lent. Dropped, it goes back, also when its borrower panics or is stopped.
pub struct Slot {
    slots: Slots,
    slot: pool::Slot,
}

/// A place in the queue. Dropped, it is given up, and those behind move up.
pub struct Turn {
    slots: Slots,
    kind: String,
    ticket: Ticket,
    until: Timestamp,
    turn: oneshot::Receiver<()>,
}

/// Why there is no slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Busy {
    kind: String,
    slots: usize,
    /// How long it was waited for, in milliseconds; nothing where as many wait as may.
    waited_ms: Option<i64>,
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, slots, waited_ms } = self;
        let (all, are) = match slots {
            1 => ("The one slot".to_owned(), "is"),
            _ => (format!("All {slots} slots"), "are"),
        };
        match waited_ms.map(|ms| ms / 1_000) {
            Some(s) => {
                write!(f, "{all} of the agent {kind} stayed taken for {s} s; it waits for another turn")
            }
            None => write!(f, "{all} of the agent {kind} {are} taken, and as many steps wait as may"),
        }
    }
}

impl Slots {
    /// Slots by `params`, for which at most `waiting` callers of all types together wait.
    #[must_use]
    pub fn new(ambient: Ambient, params: Params, waiting: usize) -> Self {
        let state = State { pool: Pool::new(params), turns: HashMap::new() };
        Self(Arc::new(Inner { ambient, params, waiting, state: Mutex::new(state) }))
    }

    /// Asks for a slot of a type.
    ///
    /// # Errors
    /// When as many wait as may.
    pub fn ask(&self, kind: &str) -> Result<Asked, Busy> {
        let now = self.0.ambient.now();
        let mut state = self.state();
        match state.pool.acquire(&kind.to_owned(), now) {
            Answer::Lent(slot) => Ok(Asked::Lent(Slot { slots: self.clone(), slot })),
            Answer::Waiting { ticket, .. } if state.turns.len() >= self.0.waiting => {
                state.leave(ticket, now);
                Err(self.busy(kind, None))
            }
            Answer::Waiting { ticket, until } => {
                let (tell, turn) = oneshot::channel();
                state.turns.insert(ticket, tell);
                Ok(Asked::Wait(Turn { slots: self.clone(), kind: kind.to_owned(), ticket, until, turn }))
            }
            Answer::Full => Err(self.busy(kind, None)),
        }
    }

    /// Every type that is remembered: its name, its numbers, and how many wait for it.
    #[must_use]
    pub fn stats(&self) -> Vec<(String, Stats, usize)> {
        self.sweep();
        let state = self.state();
        state.pool.stats().map(|(kind, stats)| (kind.clone(), stats, state.pool.waiting(kind))).collect()
    }

    /// Takes away what was idle for long, again and again, until it is dropped.
    pub async fn keep(&self) {
        let pause = Duration::from_millis(u64::try_from(self.0.params.sweep_ms).unwrap_or(1).max(1));
        loop {
            tokio::time::sleep(pause).await;
            self.sweep();
        }
    }

    /// Ends waits that are over, and takes away what was idle for long.
    fn sweep(&self) {
        let now = self.0.ambient.now();
        let mut state = self.state();
        for ticket in state.pool.tick(now).expired {
            // Who waited hears that by the other end's going away.
            state.turns.remove(&ticket);
        }
    }

    fn busy(&self, kind: &str, waited_ms: Option<i64>) -> Busy {
        Busy { kind: kind.to_owned(), slots: self.0.params.slots, waited_ms }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn leave(&mut self, ticket: Ticket, now: Timestamp) {
        self.turns.remove(&ticket);
        let next = self.pool.leave(ticket, now);
        self.call(next);
    }

    /// Tells the one whose turn has come.
    fn call(&mut self, next: Option<Ticket>) {
        if let Some(turn) = next.and_then(|ticket| self.turns.remove(&ticket)) {
            // Whoever has gone gives the turn on as their place is dropped.
            let _ = turn.send(());
        }
    }
}

impl Turn {
    /// Waits for the turn.
    ///
    /// # Errors
    /// When the wait is over without one.
    pub async fn come(mut self) -> Result<Slot, Busy> {
        let slots = self.slots.clone();
        loop {
            // A clock that was set back lets nobody wait for longer than the patience from then.
            let left = self.until.since(slots.0.ambient.now()).clamp(1, slots.0.params.patience_ms.max(1));
            tokio::select! {
                _ = &mut self.turn => {}
                () = tokio::time::sleep(Duration::from_millis(left.unsigned_abs())) => slots.sweep(),
            }
            let wait = slots.state().pool.collect(self.ticket);
            match wait {
                Wait::Lent(slot) => return Ok(Slot { slots: slots.clone(), slot }),
                Wait::Over => return Err(slots.busy(&self.kind, Some(slots.0.params.patience_ms))),
                Wait::Waiting => {}
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let now = self.slots.0.ambient.now();
        self.slots.state().leave(self.ticket, now);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let now = self.slots.0.ambient.now();
        let mut state = self.slots.state();
        let next = if std::thread::panicking() {
            // Whatever was in it is not to be trusted.
            state.pool.discard(self.slot, now)
        } else {
            state.pool.release(self.slot, now)
        };
        state.call(next);
    }
}
