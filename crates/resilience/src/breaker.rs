//! The circuit breaker: it stands before a dependency and lets no work through to one that keeps failing.

use std::collections::VecDeque;

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

/// Outcomes that a sliding window remembers at most. At the bound the oldest is forgotten: the rate is then that
/// of the latest 512 calls, which says as much.
pub const WINDOW_CALLS: usize = 512;

/// What opens the breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trip {
    /// A share of failures among the calls of a sliding window.
    Rate {
        /// Percent of failures that opens, 1 to 100.
        percent: u32,
        /// Calls that the window must hold before the rate means anything, at most [`WINDOW_CALLS`].
        calls: u32,
        /// Length of the window, in milliseconds.
        window_ms: i64,
    },
    /// Failures in a row.
    Consecutive {
        /// How many of them open.
        failures: u32,
    },
}

/// How a breaker behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    /// What opens it.
    pub trip: Trip,
    /// How long it stays open before it lets a probe through, in milliseconds.
    pub open_ms: i64,
    /// Probes that may be under way at once while it is half-open.
    pub probes: u32,
    /// Successful probes that close it.
    pub successes: u32,
    /// After this long, in milliseconds, a probe of which nothing was heard gives its slot back.
    pub probe_ms: i64,
}

/// For runners of the fleet: half of at least 10 calls in 10 minutes opens for a minute, three successes close.
/// Three probes at once, because a step on a runner can take an hour and three in a row would take three.
pub const RUNNERS: Params = Params {
    trip: Trip::Rate { percent: 50, calls: 10, window_ms: 600_000 },
    open_ms: 60_000,
    probes: 3,
    successes: 3,
    probe_ms: 3_600_000,
};

/// For engines and providers: five failures in a row open for 30 seconds, one success closes.
pub const ENGINES: Params = Params {
    trip: Trip::Consecutive { failures: 5 },
    open_ms: 30_000,
    probes: 1,
    successes: 1,
    probe_ms: 900_000,
};

/// The right to make one call. It can be stored beside the work, so that its outcome finds home after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permit {
    epoch: u64,
    probe: Option<u64>,
}

/// Whether a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It may; say how it went with [`Breaker::record`].
    Permit(Permit),
    /// It may not.
    Refused {
        /// When it is worth asking again. Before then the answer is the same.
        retry_at: Timestamp,
    },
}

/// How a call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The dependency did its work.
    Success,
    /// The dependency failed, or could not be reached.
    Failure,
    /// It says nothing of the dependency's health: a 429, a cancellation, a request that was at fault itself.
    Neutral,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Call {
    at: Timestamp,
    failed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Probe {
    id: u64,
    until: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
enum Phase {
    Closed { consecutive: u32, calls: VecDeque<Call> },
    Open { since: Timestamp },
    HalfOpen { successes: u32, next_probe: u64, probes: Vec<Probe> },
}

/// What a breaker remembers, to be stored and given to [`Breaker::restore`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    epoch: u64,
    #[serde(flatten)]
    phase: Phase,
}

/// In which of its three positions a breaker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// Calls pass.
    Closed,
    /// No call passes.
    Open,
    /// A few calls pass, to see whether the dependency has recovered.
    HalfOpen,
}

/// A breaker as a person sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct View {
    /// Where it stands. An open breaker whose time is over is shown as half-open.
    pub position: Position,
    /// Failures that count now: in the window, or in a row.
    pub failures: u32,
    /// Calls that count now; for failures in a row, the same number.
    pub calls: u32,
    /// When a call may pass again, if none may now because the breaker is open.
    pub retry_at: Option<Timestamp>,
    /// Probes under way.
    pub probes: u32,
    /// Probes that have succeeded since it became half-open.
    pub successes: u32,
}

/// A circuit breaker for one dependency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breaker {
    params: Params,
    state: State,
}

impl Breaker {
    /// A closed breaker without a history.
    #[must_use]
    pub fn new(params: Params) -> Self {
        Self::starting(params, 0)
    }

    /// The same, with its first epoch.
    pub(crate) fn starting(params: Params, epoch: u64) -> Self {
        Self { params, state: State { epoch, phase: Phase::closed() } }
    }

    /// The breaker that had this state.
    #[must_use]
    pub fn restore(params: Params, state: State) -> Self {
        Self { params, state }
    }

    /// What has to be stored for the breaker to survive a restart.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Asks to make a call now.
    pub fn admit(&mut self, now: Timestamp) -> Admission {
        self.heed(now);
        let params = self.params;
        if let Phase::Open { since } = self.state.phase {
            let retry_at = since.plus_millis(params.open_ms);
            if now < retry_at {
                return Admission::Refused { retry_at };
            }
            self.enter(Phase::HalfOpen { successes: 0, next_probe: 0, probes: Vec::new() });
        }
        let epoch = self.state.epoch;
        let Phase::HalfOpen { next_probe, probes, .. } = &mut self.state.phase else {
            return Admission::Permit(Permit { epoch, probe: None });
        };
        if probes.len() >= params.probes.max(1) as usize {
            // A probe may end at any time, so asking again after the usual pause is worth it even before a lease ends.
            let lease = probes.iter().map(|probe| probe.until).min().unwrap_or(now);
            return Admission::Refused { retry_at: lease.min(now.plus_millis(params.open_ms)) };
        }
        let id = *next_probe;
        *next_probe += 1;
        probes.push(Probe { id, until: now.plus_millis(params.probe_ms) });
        Admission::Permit(Permit { epoch, probe: Some(id) })
    }

    /// Says how the call of `permit` went. An outcome of an earlier epoch, or a second one, changes nothing.
    pub fn record(&mut self, permit: Permit, outcome: Outcome, now: Timestamp) {
        self.heed(now);
        if permit.epoch != self.state.epoch {
            return;
        }
        match (&mut self.state.phase, permit.probe) {
            (Phase::Closed { consecutive, calls }, None) => {
                let failed = match outcome {
                    Outcome::Neutral => return,
                    Outcome::Success => false,
                    Outcome::Failure => true,
                };
                *consecutive = if failed { consecutive.saturating_add(1) } else { 0 };
                if let Trip::Rate { .. } = self.params.trip {
                    if calls.len() == WINDOW_CALLS {
                        calls.pop_front();
                    }
                    calls.push_back(Call { at: now, failed });
                }
                if failed && self.trips() {
                    self.enter(Phase::Open { since: now });
                }
            }
            (Phase::HalfOpen { successes, probes, .. }, Some(id)) => {
                let Some(slot) = probes.iter().position(|probe| probe.id == id) else { return };
                probes.swap_remove(slot);
                match outcome {
                    Outcome::Neutral => {}
                    Outcome::Failure => self.enter(Phase::Open { since: now }),
                    Outcome::Success => {
                        *successes += 1;
                        if *successes >= self.params.successes {
                            self.enter(Phase::closed());
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// Closes the breaker and forgets its history, because a person knows better.
    pub fn reset(&mut self) {
        self.enter(Phase::closed());
    }

    /// Gives every probe's slot back: whoever held them is gone, as after a restart.
    pub fn release_probes(&mut self) {
        if let Phase::HalfOpen { probes, .. } = &mut self.state.phase {
            probes.clear();
            self.state.epoch += 1;
        }
    }

    /// The breaker as it is at `now`, without changing it.
    #[must_use]
    pub fn view(&self, now: Timestamp) -> View {
        let mut at_now = self.clone();
        at_now.heed(now);
        let mut view = View {
            position: Position::Closed,
            failures: 0,
            calls: 0,
            retry_at: None,
            probes: 0,
            successes: 0,
        };
        match &at_now.state.phase {
            Phase::Closed { consecutive, calls } => match self.params.trip {
                Trip::Rate { .. } => {
                    view.calls = bounded(calls.len());
                    view.failures = bounded(calls.iter().filter(|call| call.failed).count());
                }
                Trip::Consecutive { .. } => (view.failures, view.calls) = (*consecutive, *consecutive),
            },
            Phase::Open { since } => {
                let retry_at = since.plus_millis(self.params.open_ms);
                if now < retry_at {
                    view.position = Position::Open;
                    view.retry_at = Some(retry_at);
                } else {
                    view.position = Position::HalfOpen;
                }
            }
            Phase::HalfOpen { successes, probes, .. } => {
                view.position = Position::HalfOpen;
                view.probes = bounded(probes.len());
                view.successes = *successes;
            }
        }
        view
    }

    fn trips(&self) -> bool {
        let Phase::Closed { consecutive, calls } = &self.state.phase else { return false };
        match self.params.trip {
            Trip::Consecutive { failures } => *consecutive >= failures,
            Trip::Rate { percent, calls: least, .. } => {
                let failed = calls.iter().filter(|call| call.failed).count();
                calls.len() >= least as usize && failed * 100 >= calls.len() * percent as usize
            }
        }
    }

    /// Forgets what time has taken; what lies in the future (the clock was set back) is taken as happening now.
    fn heed(&mut self, now: Timestamp) {
        match &mut self.state.phase {
            Phase::Closed { calls, .. } => {
                let Trip::Rate { window_ms, .. } = self.params.trip else { return };
                calls.iter_mut().for_each(|call| call.at = call.at.min(now));
                while calls.front().is_some_and(|call| now.since(call.at) >= window_ms) {
                    calls.pop_front();
                }
            }
            Phase::Open { since } => *since = (*since).min(now),
            Phase::HalfOpen { probes, .. } => {
                let latest = now.plus_millis(self.params.probe_ms);
                probes.iter_mut().for_each(|probe| probe.until = probe.until.min(latest));
                probes.retain(|probe| now < probe.until);
            }
        }
    }

    fn enter(&mut self, phase: Phase) {
        self.state = State { epoch: self.state.epoch + 1, phase };
    }
}

impl State {
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// How much would be lost with it: 0 nothing, 1 failures that have not opened it, 2 that it is not closed.
    pub fn trouble(&self) -> u8 {
        match &self.phase {
            Phase::Closed { consecutive: 0, calls } if calls.iter().all(|call| !call.failed) => 0,
            Phase::Closed { .. } => 1,
            Phase::Open { .. } | Phase::HalfOpen { .. } => 2,
        }
    }
}

impl Phase {
    fn closed() -> Self {
        Self::Closed { consecutive: 0, calls: VecDeque::new() }
    }
}

fn bounded(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
