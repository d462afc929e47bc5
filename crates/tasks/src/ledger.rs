//! Many orders in one transaction: what they need is loaded, each is decided by `machine`, and what changed is saved.

mod book;
mod orders;

use kernel::{Error, Random, Result, RunId, StepId, Timestamp};
use serde_json::Value;
use store::Tx;
use store::runs::{self, Step};
use wire::runs::Answer;

use crate::machine::{Command, Refusal};
use book::Book;

pub use orders::{LOG_BYTES, Order};

/// How many steps one look at the clock takes.
const DUE_AT_ONCE: u32 = 256;

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
    /// Steps for a worker.
    Claimed(Vec<Claim>),
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

/// What a batch of orders led to, besides the replies.
#[derive(Debug, Default)]
#[allow(missing_docs)]
pub struct Outcome {
    /// In the order of the orders.
    pub replies: Vec<Result<Reply, Refused>>,
    /// Queues that have steps which became ready.
    pub ready: Vec<String>,
    /// Steps whose workers are to stop.
    pub stop: Vec<StepId>,
    /// When the clock next has something to say, as far as this batch knows; exact if it looked at the clock.
    pub wake: Option<Timestamp>,
    /// Runs whose logs have grown.
    pub logged: Vec<RunId>,
}

/// Does the orders in one transaction. Those that are refused change nothing; a failing database changes nothing at all.
///
/// # Errors
/// When the database fails.
pub fn write(tx: &mut Tx<'_>, orders: &[Order], random: &dyn Random) -> Result<Outcome> {
    let mut book = Book::new(tx.now(), random);
    book.load(tx, orders)?;
    let mut replies = Vec::with_capacity(orders.len());
    for order in orders {
        replies.push(match order {
            // These see what the others have changed.
            Order::Tick | Order::Claim { .. } => Ok(Reply::Claimed(Vec::new())),
            order => book.decide(tx, order)?,
        });
    }
    book.flush(tx)?;
    let ticked = orders.iter().any(|order| matches!(order, Order::Tick));
    if ticked {
        tick(tx, &mut book)?;
    }
    for (order, reply) in orders.iter().zip(&mut replies) {
        if let Order::Claim { queue, worker, slots } = order {
            *reply = Ok(Reply::Claimed(claim(tx, &mut book, queue, worker, *slots)?));
        }
    }
    let wake = if ticked { runs::next_wake(tx)? } else { book.wake };
    Ok(Outcome {
        replies,
        ready: book.ready.into_iter().collect(),
        stop: book.stop,
        wake,
        logged: book.logged.into_iter().collect(),
    })
}

/// Looks at the clock for all steps that it has something to say about (at most [`DUE_AT_ONCE`]).
fn tick(tx: &mut Tx<'_>, book: &mut Book<'_>) -> Result<()> {
    let due = runs::due(tx, book.now, DUE_AT_ONCE)?;
    for step in book.take_steps(tx, &due)? {
        // A tick is never refused.
        let _ = book.apply(step, &Command::Tick, None);
    }
    book.flush(tx)
}

/// Gives a worker the steps of its queue whose turn is next.
fn claim(tx: &mut Tx<'_>, book: &mut Book<'_>, queue: &str, worker: &str, slots: u32) -> Result<Vec<Claim>> {
    let wanted = runs::claimable(tx, queue, slots)?;
    let mut taken = Vec::with_capacity(wanted.len());
    for step in book.take_steps(tx, &wanted)? {
        if book.apply(step, &Command::Claim { worker: worker.to_owned() }, None).is_ok() {
            taken.push(step);
        }
    }
    book.flush(tx)?;
    let inputs = Step::inputs(tx, &taken)?;
    let given = inputs.into_iter().filter_map(|claimed| {
        let step = book.step(claimed.step)?.clone();
        Some((step, claimed.input, claimed.run_input))
    });
    let mut claims = given
        .map(|(step, input, run_input)| {
            Ok(Claim { step, input: json(&input)?, run_input: json(&run_input)? })
        })
        .collect::<Result<Vec<Claim>>>()?;
    claims.sort_by_key(|claim| taken.iter().position(|step| *step == claim.step.id));
    Ok(claims)
}

fn json(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(Error::internal)
}
