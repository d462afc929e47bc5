//! Many orders in one transaction: what they need is loaded, each is decided by `machine`, and what changed is saved.

mod ahead;
mod book;
mod orders;
mod unwritten;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use kernel::{Ambient, Error, Random, Result, RunId, StepId, Timestamp};
use serde_json::Value;
use store::runs::{self, Claimable, Step, Taken};
use store::{Store, Tx};
use wire::runs::{Answer, Run};

use crate::machine::{Command, Refusal};
use book::{Book, Closed};

pub use orders::{LOG_BYTES, Order, TOOL_CALL};
pub use unwritten::{Unwritten, Writing};

/// How long a step may be reserved before its server has surely ended, or forgotten it: then the claim is written by whoever sees
/// that. In milliseconds.
const FORSAKEN: i64 = 1_000;
/// How many steps are looked at in one go.
const AT_ONCE: u32 = 256;

/// A claimed step, as its worker gets it.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct Claim {
    pub step: Step,
    /// What the step is given.
    pub input: Value,
    /// What all steps of its run may read.
    pub run_input: Value,
}

/// What came of an order.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// A run was made, or had been made before under the same key.
    Made {
        /// Its id.
        run: RunId,
        /// Whether it was there before.
        again: bool,
    },
    /// It is done; the worker is asked to stop if `stop` is set.
    Done {
        /// Whether the step is to be cancelled.
        stop: bool,
    },
    /// What was logged ends at this offset.
    Logged {
        /// In bytes.
        end: i64,
    },
    /// The worker still has the step.
    Kept(Box<Claim>),
}

/// Why an order was not done.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The step's state does not allow it.
    #[error(transparent)]
    Step(#[from] Refusal),
    /// What was asked for is not there, or makes no sense.
    #[error("{0}")]
    Order(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Order(error)
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Order(error) => error,
            Refused::Step(Refusal::Answered(Answer { by, at, .. })) => {
                Self::new(kernel::Code::AlreadyDecided, "This was answered before. Nothing more was done.")
                    .with_details(serde_json::json!({ "decidedBy": by, "decidedAt": at }))
            }
            Refused::Step(refusal) => {
                Self::new(kernel::Code::Conflict, format!("Nothing was changed: {refusal}."))
            }
        }
    }
}

/// Workers that want steps: of which queues, and how many each.
#[derive(Debug, Clone, Default)]
pub struct Demand {
    wants: HashMap<String, Vec<String>>,
    free: HashMap<String, u32>,
}

impl Demand {
    /// A worker wants at most `slots` steps, of whichever of these queues.
    pub fn add(&mut self, worker: &str, slots: u32, queues: impl IntoIterator<Item = impl Into<String>>) {
        self.free.insert(worker.to_owned(), slots);
        for queue in queues {
            self.wants.entry(queue.into()).or_default().push(worker.to_owned());
        }
    }

    /// Whether there are workers of that queue.
    fn is_for(&self, queue: &str) -> bool {
        self.wants.contains_key(queue)
    }

    /// Whether some of its workers are the server's own.
    fn is_for_own(&self, queue: &str) -> bool {
        self.wants.get(queue).into_iter().flatten().any(|worker| is_own(worker))
    }

    /// How many steps of a queue are wanted.
    fn slots(&self, queue: &str) -> u32 {
        let workers = self.wants.get(queue).into_iter().flatten();
        workers.map(|worker| self.free.get(worker).copied().unwrap_or(0)).fold(0, u32::saturating_add)
    }

    /// The worker of a queue that wants most; of equals, the one that came first.
    fn next(&self, queue: &str) -> Option<&String> {
        let free = |worker: &&String| self.free.get(*worker).copied().unwrap_or(0);
        let workers = self.wants.get(queue)?.iter().rev().filter(|worker| free(worker) > 0);
        workers.max_by_key(|worker| free(worker))
    }

    /// A worker was given a step.
    fn fill(&mut self, worker: &str) {
        if let Some(free) = self.free.get_mut(worker) {
            *free = free.saturating_sub(1);
        }
    }
}

/// Whether a worker is a server's own: then its name begins with that of the server.
fn is_own(worker: &str) -> bool {
    worker.contains('/')
}

/// What a batch of orders led to, besides the replies.
#[derive(Debug, Default)]
#[allow(missing_docs)]
pub struct Outcome {
    /// In the order of the orders.
    pub replies: Vec<Result<Reply, Refused>>,
    /// What workers were given.
    pub claims: Vec<Claim>,
    /// Queues that may have ready steps which nobody was given.
    pub ready: BTreeSet<String>,
    /// Steps whose workers are to stop.
    pub stop: Vec<StepId>,
    /// When the clock next has something to say, as far as this batch knows; exact if it looked at the clock.
    pub wake: Option<Timestamp>,
    /// Runs whose logs have grown.
    pub logged: Vec<RunId>,
}

/// Does orders in a transaction of their own, as [`write`] does, and settles what becomes of the claims that are held back.
///
/// # Errors
/// When the database fails.
pub async fn transact(
    store: &Store,
    ambient: &Ambient,
    unwritten: &Unwritten,
    orders: &Arc<Vec<Order>>,
    (ready, demand): (BTreeSet<String>, Demand),
) -> Result<Outcome> {
    let (orders, ambient, writing) = (orders.clone(), ambient.clone(), unwritten.begin());
    let ended = writing.clone();
    let written = store.transact(move |tx| write(tx, &orders, &ready, &demand, &writing, &ambient)).await;
    ended.end(written.is_ok());
    written
}

/// Does the orders in one transaction, and then gives workers steps of the queues in `ready` and of those in which steps have
/// become ready. What is refused changes nothing; a failing database changes nothing at all.
///
/// # Errors
/// When the database fails.
pub fn write(
    tx: &mut Tx<'_>,
    orders: &[Order],
    ready: &BTreeSet<String>,
    demand: &Demand,
    writing: &Writing,
    random: &dyn Random,
) -> Result<Outcome> {
    writing.again();
    let mut book = Book::new(tx.now(), random, writing);
    book.load(tx, orders)?;
    let replies = orders.iter().map(|order| book.decide(tx, order)).collect::<Result<Vec<_>>>()?;
    let mut looked = BTreeSet::new();
    for order in orders {
        match order {
            Order::Tick => {
                let forsaken = runs::reserved_before(tx, book.now.plus_millis(-FORSAKEN), AT_ONCE)?;
                book.release_all(tx, forsaken)?;
                book.save_steps(tx)?;
                let due = runs::due(tx, book.now, AT_ONCE)?;
                each(tx, &mut book, due, |_| Command::Tick)?;
                book.save_steps(tx)?;
            }
            Order::Disown { server, present } => loop {
                let reserved = runs::reserved_by(tx, server, present, AT_ONCE)?;
                book.release_all(tx, reserved)?;
                book.save_steps(tx)?;
                let held = runs::held_by(tx, server, present, AT_ONCE)?;
                // Whoever holds one of their runs now is another server, which does not hold it for long.
                if held.is_empty() {
                    break;
                }
                each(tx, &mut book, held, |step| Command::GiveBack { fence: step.fence })?;
            },
            Order::Look { queues } => looked.extend(runs::ready_among(tx, queues)?),
            _ => {}
        }
    }
    book.save_ready(tx)?;
    let mut ready: BTreeSet<String> = ready.union(&std::mem::take(&mut book.ready)).cloned().collect();
    ready.extend(looked);
    let (mut claims, mut demand) = (Vec::new(), demand.clone());
    for queue in ready.clone() {
        if !demand.is_for(&queue) {
            continue;
        }
        let (given, all) = claim(tx, &mut book, &queue, &mut demand)?;
        if all {
            ready.remove(&queue);
        }
        claims.extend(given);
    }
    // If more was due than was looked at, that is the next thing to look at, at once.
    let ticked = orders.iter().any(|order| matches!(order, Order::Tick));
    let next = if ticked { runs::next_wake(tx)? } else { None };
    let Closed { stop, wake, logged } = book.close(tx)?;
    Ok(Outcome { replies, claims, ready, stop, wake: if ticked { next } else { wake }, logged })
}

/// Does the same to each of these steps.
fn each(
    tx: &mut Tx<'_>,
    book: &mut Book<'_>,
    taken: Vec<Taken>,
    command: impl Fn(&Step) -> Command,
) -> Result<()> {
    let runs: Vec<RunId> = taken.iter().map(|taken| taken.run.id).collect();
    let commands: Vec<(StepId, Command)> =
        taken.iter().map(|taken| (taken.step.id, command(&taken.step))).collect();
    taken.into_iter().for_each(|taken| book.hold(taken));
    book.release(tx, &runs)?;
    for (id, command) in commands {
        // What is refused has changed since, by another order of this batch.
        let _ = book.apply(id, &command, None);
    }
    Ok(())
}

/// Gives the steps of a queue whose turn is next to its workers, to each as many as it wants. Tells, too, whether that were all
/// that could be had.
fn claim(
    tx: &mut Tx<'_>,
    book: &mut Book<'_>,
    queue: &str,
    demand: &mut Demand,
) -> Result<(Vec<Claim>, bool)> {
    let mut claims = Vec::new();
    // Nothing more can be had of it before the lease of that one is over.
    let in_turn = runs::is_in_turn(queue);
    if in_turn && !runs::turn_is_free(tx, queue)? {
        return Ok((claims, true));
    }
    while demand.slots(queue) > 0
        && let Some(next) = book.next(queue)
    {
        claims.extend(give(book, queue, demand, next)?);
    }
    let (slots, mut last) = (if in_turn { 1 } else { demand.slots(queue) }, None);
    if slots > 0 {
        let mut found = runs::claimable(tx, queue, slots, &book.held_back())?;
        let all = in_turn || found.len() < slots as usize;
        // Another transaction may have reserved some after this one had begun to look.
        let runs: Vec<RunId> = found.iter().map(|found| found.taken.run.id).collect();
        let reserved: HashSet<StepId> =
            runs::reserved(tx, &runs)?.into_iter().map(|reserved| reserved.step).collect();
        if !reserved.is_empty() {
            found.retain(|found| !reserved.contains(&found.taken.step.id));
            let runs: Vec<Run> = found.iter().map(|found| found.taken.run.clone()).collect();
            book.release_all(tx, runs)?;
        }
        last = found.last().and_then(|found| Some((found.taken.step.rank?, found.taken.step.id)));
        for found in found {
            claims.extend(give(book, queue, demand, found)?);
        }
        if all {
            return Ok((claims, true));
        }
    }
    let all = !in_turn && demand.is_for_own(queue) && book.read_ahead(tx, queue, last)?;
    Ok((claims, all))
}

/// Gives a worker of the queue a step that is ready, if it is.
fn give(book: &mut Book<'_>, queue: &str, demand: &mut Demand, next: Claimable) -> Result<Option<Claim>> {
    let Claimable { taken, input, run_input } = next;
    let (id, Some(worker)) = (taken.step.id, demand.next(queue).cloned()) else { return Ok(None) };
    book.hold_claimable(taken);
    if book.claim(id, &worker).is_err() {
        return Ok(None);
    }
    let Some(step) = book.step(id).cloned() else { return Ok(None) };
    demand.fill(&worker);
    Ok(Some(Claim { step, input: json(&input)?, run_input: json(&run_input)? }))
}

/// Gives a server's own workers steps that were read ahead, without the database. One whose input makes no sense is given to
/// nobody, and is lost when its lease is over.
pub fn give_ahead(unwritten: &Unwritten, ambient: &Ambient, demand: &mut Demand) -> Outcome {
    let (now, mut outcome) = (ambient.now(), Outcome::default());
    for queue in unwritten.ahead() {
        while let Some(worker) = demand.next(&queue).cloned() {
            let claim = |taken: &mut Taken| book::claim(taken, &worker, now, ambient);
            let Some(Claimable { taken, input, run_input }) = unwritten.claim(&queue, claim) else { break };
            outcome.wake = [outcome.wake, taken.step.wake_at].into_iter().flatten().min();
            let (Ok(input), Ok(run_input)) = (json(&input), json(&run_input)) else {
                tracing::error!(step = %taken.step.id, "what a step is given is not JSON");
                continue;
            };
            demand.fill(&worker);
            outcome.claims.push(Claim { step: taken.step, input, run_input });
        }
    }
    outcome
}

fn json(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(Error::internal)
}
