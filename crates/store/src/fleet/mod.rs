//! The fleet's work in a project: what waits for it, and what it took.

pub mod days;
pub mod queue;
