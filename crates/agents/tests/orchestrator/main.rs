//! The orchestrator, on a real database and a model that speaks from a script.

mod modes;
mod stage;
mod streams;
