//! The film studio: screenplays and, later, what departments make of them.

pub mod screenplay;

/// The screenplay that a new project can start from: "The Last Ferry", in Fountain.
pub const SAMPLE: &str = include_str!("sample.fountain");
