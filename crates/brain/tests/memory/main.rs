//! A project's memory over a store: search, questions and vectors.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod query;
mod search;
mod stage;
mod vectors;
