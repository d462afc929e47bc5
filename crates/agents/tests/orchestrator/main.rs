//! The orchestrator, on a real database and a model that speaks from a script.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what tests are set up with must work")]

mod modes;
mod stage;
mod streams;
