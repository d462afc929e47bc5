//! A project's memory: text, vectors and graph, and questions answered from them.

pub mod analysis;
pub mod answer;
mod excerpt;
pub mod graph;
pub mod lexicon;
mod recall;
mod search;
mod words;

pub use recall::Brain;
