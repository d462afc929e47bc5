//! The orchestrator and its agents: questions answered, data prepared, talk held, live. Nothing here knows HTTP.

pub mod catalogue;

pub use catalogue::Catalogue;
