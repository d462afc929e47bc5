//! Those who wait for steps here, the steps that they have, and the queues that may have more for them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use kernel::{Code, Result, RunId, StepId};
use store::runs;
use tokio::sync::{mpsc, watch};

use crate::handle::{Dropped, Joining, Lease, Message};
use crate::ledger::{Claim, Demand, Refused, Reply};
use crate::machine::Command;

/// Those that wait for steps.
struct Worker {
    queues: Vec<String>,
    /// Whether its work goes on when it is not seen from here.
    elsewhere: bool,
    /// Its free slots, but for those that a transaction under way may fill.
    free: i64,
    to: mpsc::UnboundedSender<Box<Lease>>,
}

/// A step that is with one of our workers.
pub(super) struct Held {
    pub(super) run: RunId,
    pub(super) fence: i64,
    /// Whether its worker is elsewhere.
    pub(super) elsewhere: bool,
    worker: String,
    /// Whether its worker has said what came of it, and so has its slot free; that it is written is another matter.
    pub(super) said: bool,
    /// Tells it from earlier ones of the same step.
    hold: u64,
    stop: watch::Sender<bool>,
}

/// Slots that are reserved, by worker.
pub(super) type Reserved = Vec<(String, i64)>;

pub(super) struct Workers {
    /// What the names of this start's workers begin with.
    pub(super) present: String,
    handle: mpsc::WeakSender<Message>,
    give_back: mpsc::UnboundedSender<Dropped>,
    workers: HashMap<String, Worker>,
    /// The workers of each queue, by their names.
    by_queue: BTreeMap<String, BTreeSet<String>>,
    /// Workers that have joined, and leases that were given to them.
    joined: u64,
    held: HashMap<StepId, Held>,
    /// Queues that may have ready steps.
    ready: BTreeSet<String>,
}

impl Workers {
    pub(super) fn new(
        present: String,
        handle: mpsc::WeakSender<Message>,
        give_back: mpsc::UnboundedSender<Dropped>,
    ) -> Self {
        Self {
            present,
            handle,
            give_back,
            workers: HashMap::new(),
            by_queue: BTreeMap::new(),
            joined: 0,
            held: HashMap::new(),
            ready: BTreeSet::new(),
        }
    }

    pub(super) fn join(&mut self, Joining { name, queues, slots, to }: Joining) {
        let elsewhere = name.is_some();
        self.joined += 1;
        let name = name.unwrap_or_else(|| format!("{}/{}", self.present, self.joined));
        let has = self.held.values().filter(|held| held.worker == name && !held.said).count();
        let free = i64::from(slots) - i64::try_from(has).unwrap_or(i64::MAX);
        self.leave(&name);
        for queue in &queues {
            self.ready.insert(queue.clone());
            self.by_queue.entry(queue.clone()).or_default().insert(name.clone());
        }
        self.workers.insert(name, Worker { queues, elsewhere, free, to });
    }

    /// Forgets the workers that have left.
    pub(super) fn forget(&mut self) {
        let gone = self.workers.iter().filter(|(_, worker)| worker.to.is_closed());
        for name in gone.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
            self.leave(&name);
        }
    }

    fn leave(&mut self, name: &str) {
        for queue in self.workers.remove(name).into_iter().flat_map(|worker| worker.queues) {
            if let Entry::Occupied(mut workers) = self.by_queue.entry(queue) {
                workers.get_mut().remove(name);
                if workers.get().is_empty() {
                    workers.remove();
                }
            }
        }
    }

    /// The queues whose steps somebody here does.
    pub(super) fn queues(&self) -> Vec<String> {
        self.by_queue.keys().cloned().collect()
    }

    /// The steps that are with our workers.
    pub(super) fn held(&self) -> impl Iterator<Item = (&StepId, &Held)> {
        self.held.iter()
    }

    /// The step, if it is with one of our workers.
    pub(super) fn has(&self, step: StepId) -> Option<&Held> {
        self.held.get(&step)
    }

    /// The lease that was dropped, if it is still what we know of its step.
    pub(super) fn dropped(&self, lease: &Dropped) -> Option<&Held> {
        self.has(lease.step).filter(|held| held.hold == lease.hold)
    }

    /// Whether a worker has a free slot for a queue that may have ready steps.
    pub(super) fn are_wanted(&self) -> bool {
        self.ready
            .iter()
            .flat_map(|queue| self.of(queue))
            .any(|(_, worker)| worker.free > 0 && !worker.to.is_closed())
    }

    /// The workers of a queue.
    fn of(&self, queue: &str) -> impl Iterator<Item = (&String, &Worker)> {
        self.by_queue.get(queue).into_iter().flatten().filter_map(|name| self.workers.get_key_value(name))
    }

    /// What workers want; and the slots that are reserved for it.
    pub(super) fn demand(&mut self) -> (Demand, Reserved) {
        let (mut demand, mut reserved) = (Demand::default(), Vec::new());
        // Of those elsewhere there may be thousands: they are asked when one of their queues is known to have something.
        let mut asked: BTreeSet<&String> =
            self.ready.iter().flat_map(|queue| self.of(queue)).map(|(name, _)| name).collect();
        asked.extend(self.workers.iter().filter(|(_, worker)| !worker.elsewhere).map(|(name, _)| name));
        for name in asked {
            let Some(worker) = self.workers.get(name).filter(|worker| !worker.to.is_closed()) else {
                continue;
            };
            let free = u32::try_from(worker.free).unwrap_or(0);
            // What comes next is read for one of our own that is busy, too.
            if free > 0 || !worker.elsewhere {
                demand.add(name, free, worker.queues.iter().cloned());
                reserved.push((name.clone(), worker.free));
            }
        }
        for (name, _) in &reserved {
            if let Some(worker) = self.workers.get_mut(name) {
                worker.free = 0;
            }
        }
        (demand, reserved)
    }

    /// What our own workers of these queues want, if they want something.
    pub(super) fn demand_ahead(&self, queues: &[String]) -> Option<Demand> {
        let wants = |worker: &Worker| !worker.elsewhere && worker.free > 0 && !worker.to.is_closed();
        let of_them = queues.iter().flat_map(|queue| self.of(queue)).filter(|(_, worker)| wants(worker));
        let names: BTreeSet<&String> = of_them.map(|(name, _)| name).collect();
        let mut demand = Demand::default();
        for (name, worker) in names.iter().filter_map(|name| self.workers.get_key_value(*name)) {
            demand.add(name, u32::try_from(worker.free).unwrap_or(0), worker.queues.iter().cloned());
        }
        (!names.is_empty()).then_some(demand)
    }

    /// Slots that were reserved are as free as they were.
    pub(super) fn unreserve(&mut self, reserved: Reserved) {
        for (name, free) in reserved {
            if let Some(worker) = self.workers.get_mut(&name) {
                worker.free += free;
            }
        }
    }

    /// The queues that may have ready steps; they are looked into now.
    pub(super) fn take_ready(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.ready)
    }

    /// Queues may have ready steps after all.
    pub(super) fn look_again(&mut self, queues: BTreeSet<String>) {
        self.ready.extend(queues);
    }

    /// A queue has ready steps, and so may all that take turns with it.
    pub(super) fn readied(&mut self, queue: String) {
        if runs::is_in_turn(&queue) {
            let turn = runs::turn(&queue);
            let all = self.by_queue.range(turn.to_owned()..).map(|(other, _)| other);
            let all =
                all.take_while(|other| other.starts_with(turn)).filter(|other| runs::turn(other) == turn);
            self.ready.extend(all.cloned());
        }
        self.ready.insert(queue);
    }

    /// Hands a step to its worker. If that has left, the lease gives itself back as it is dropped.
    pub(super) fn give(&mut self, claim: Claim) {
        let name = claim.step.worker.clone().unwrap_or_default();
        let elsewhere = self.workers.get(&name).is_some_and(|worker| worker.elsewhere);
        let lease = self.hold(claim, elsewhere, false);
        if let Some(worker) = self.workers.get(&name) {
            let _ = worker.to.send(Box::new(lease));
        }
    }

    /// Notes that a worker has a step.
    pub(super) fn hold(&mut self, claim: Claim, elsewhere: bool, heard: bool) -> Lease {
        let (step, run, fence) = (claim.step.id, claim.step.run, claim.step.fence);
        let worker = claim.step.worker.clone().unwrap_or_default();
        self.release(step);
        self.joined += 1;
        let hold = self.joined;
        let (stop, stopped) = watch::channel(claim.step.asked_at.is_some());
        if let Some(worker) = self.workers.get_mut(&worker) {
            worker.free -= 1;
        }
        self.held.insert(step, Held { run, fence, elsewhere, worker, said: false, hold, stop });
        Lease::new(claim, self.handle.clone(), stopped, self.give_back.clone(), (hold, heard))
    }

    /// Forgets that a worker has a step.
    pub(super) fn release(&mut self, step: StepId) {
        if let Some(held) = self.held.remove(&step)
            && !held.said
            && let Some(worker) = self.workers.get_mut(&held.worker)
        {
            worker.free += 1;
        }
    }

    /// Tells who has a step to stop.
    pub(super) fn stop(&self, step: StepId) {
        if let Some(held) = self.held.get(&step) {
            held.stop.send_replace(true);
        }
    }

    /// A worker says what came of a step. Its slot is free from then on. Whether it is the lease that we know of.
    pub(super) fn said(&mut self, step: StepId, command: &Command) -> bool {
        let Some(held) = self.held.get_mut(&step) else { return false };
        let is_last = outcome_of(command) == Some(held.fence);
        if is_last
            && !std::mem::replace(&mut held.said, true)
            && let Some(worker) = self.workers.get_mut(&held.worker)
        {
            worker.free += 1;
        }
        is_last
    }

    /// What came of a step could not be written: its worker has it still.
    fn unsay(&mut self, step: StepId) {
        if let Some(held) = self.held.get_mut(&step)
            && std::mem::replace(&mut held.said, false)
            && let Some(worker) = self.workers.get_mut(&held.worker)
        {
            worker.free -= 1;
        }
    }

    /// Follows what a worker said, so that its slot is free when its lease is over.
    pub(super) fn heard(&mut self, step: StepId, command: &Command, reply: &Result<Reply, Refused>) {
        let (fence, last) = match (outcome_of(command), command) {
            (Some(fence), _) => (fence, is_over(reply)),
            (None, Command::Start { fence } | Command::Beat { fence } | Command::Progress { fence }) => {
                (*fence, false)
            }
            _ => return,
        };
        if self.held.get(&step).is_none_or(|held| held.fence != fence) {
            return;
        }
        if last {
            self.release(step);
        } else if !matches!(reply, Ok(Reply::Done { stop: false })) {
            // What it said before the last word tells nothing of that, which may be under way.
            if outcome_of(command).is_some() {
                self.unsay(step);
            }
            // Asked to stop, or the lease is over already.
            self.stop(step);
        }
    }
}

/// Whether a lease is over after this reply to its last word: it is not if that could not be written, or made no sense.
fn is_over(reply: &Result<Reply, Refused>) -> bool {
    !matches!(reply, Err(Refused::Order(error)) if error.code() != Code::NotFound)
}

/// The lease that a command ends, if it ends one.
fn outcome_of(command: &Command) -> Option<i64> {
    match command {
        Command::Complete { fence }
        | Command::Fail { fence, .. }
        | Command::Ask { fence, .. }
        | Command::Decline { fence }
        | Command::GiveBack { fence } => Some(*fence),
        _ => None,
    }
}
