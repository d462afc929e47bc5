//! What the backplane promises, checked on both: every rule runs in memory and through Redis.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]

#[macro_use]
mod stage;
mod proxy;

mod bus;
mod cache;
mod faults;
mod lease;
mod limiter;
