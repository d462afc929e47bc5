//! The orchestrator and its agents: questions answered, data prepared, talk held, live. Nothing here knows HTTP.

pub mod budget;
pub mod catalogue;
pub mod deliverables;
pub mod departments;
pub mod ingest;
pub mod language;
pub mod messages;
pub mod orchestrator;
pub mod outside;
pub mod tools;

pub use catalogue::Catalogue;
pub use language::Language;
