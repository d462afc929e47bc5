//! What `SPEC.md` promises, rule by rule, on both databases. A test's name begins with the number of its rule.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]

#[macro_use]
#[path = "../../../store/tests/contract/place.rs"]
#[allow(dead_code, reason = "the store's tests use more of it")]
mod place;
#[macro_use]
mod stage;

mod ahead;
mod cancelling;
mod claiming;
mod graphs;
mod late;
mod liveness;
mod reserved;
mod retention;
mod retries;
mod schedules;
mod service;
mod truth;
mod waiting;
