//! The film studio: screenplays, what they break down into, and how they come in and go out.

pub mod breakdown;
pub mod catalogue;
pub mod crew;
pub mod departments;
pub mod import;
pub mod imports;
pub mod lexicon;
pub mod readiness;
pub mod screenplay;

mod export;
mod sample;

pub use catalogue::CATALOGUE;
pub use export::{export, export_episode};
pub use lexicon::LEXICON;
pub use sample::sample_project;

/// The screenplay that a new project can start from: "The Last Ferry", in Fountain.
pub const SAMPLE: &str = include_str!("sample.fountain");
