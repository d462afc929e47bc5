//! What keeps one failing part from felling the rest: pure state machines that are told the time and never wait. Only
//! [`breakers`] is shared by threads, and reads a clock; it does not wait either.
//!
//! The rules are numbered in `SPEC.md`; each has a test in `tests/` that bears its number.

pub mod breaker;
pub mod breakers;
pub mod limiter;
pub mod pacing;
pub mod pool;
pub mod registry;
pub mod retry;
