//! The fleet's work in a project: who may order it, what waits, and what it took.

pub mod days;
pub mod policy;
pub mod queue;
