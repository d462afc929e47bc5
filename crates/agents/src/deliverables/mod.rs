//! Deliverables: what departments make waits as reviews, is decided once, and becomes records with versions.
//!
//! When a run's result is put together, [`offering`] keeps each output that a head accepted as a proposal, weighed by
//! [`gate`]; [`service`] takes a person's decision on it, and [`saving`] makes a record of it. What an output holds is
//! kept once, with its review; a version of the record names the review that it was made from.

mod gate;
mod offer;
mod offering;
mod saving;
mod service;

pub use offering::{Offered, offer};
pub use service::{Content, Deliverables};

/// The collection that deliverables are saved in.
pub const COLLECTION: &str = "deliverables";
/// That a deliverable rests on a record.
pub const CITES: &str = "cites";
