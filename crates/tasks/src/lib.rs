//! Durable runs: graphs of steps that survive crashes, with leases, fences, retries and a reason for all that waits.
//!
//! `SPEC.md` says what holds. What a step does is its worker's business.

mod handle;
mod service;

pub mod graph;
pub mod ledger;
pub mod machine;
pub mod schedules;

pub use handle::{Lease, Tasks, Worker};
pub use ledger::TOOL_CALL;
pub use service::{Options, Service};
