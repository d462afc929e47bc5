//! A project's memory: text, vectors and graph, and questions answered from them.

pub mod analysis;
pub mod answer;
mod brain;
mod dress;
mod excerpt;
pub mod fusion;
pub mod graph;
pub mod indexer;
pub mod lexicon;
mod recall;
mod search;
mod vectors;
mod words;

pub use brain::{Brain, Failure, Model};
