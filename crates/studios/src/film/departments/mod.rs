//! The engines of the film's departments: each a pure function from one snapshot of the film to a typed output, by
//! stated rules and without a model. Every line of an output says where it comes from, and every output how good it is.
//!
//! | department | engine | gives |
//! |---|---|---|
//! | story | [`story`] | structure, pacing, loose ends |
//! | character | [`character`] | cast, who is with whom and speaks to whom, slips of names |
//! | visual | [`visual`] | shot list, looks |
//! | image-quality | [`image`] | what is described and shown of people and places, contradictions |
//! | video | [`video`] | animatic timing |
//! | audio | [`audio`] | cues, ambience, dialogue sheet |
//! | production | [`production`] | breakdown sheets, schedule, day-out-of-days, call sheets |
//! | all | [`continuity`] | what cannot be as it is written |
//!
//! [`tables`] makes rows of an output, for CSV; [`pages`] makes PDF pages of what a set has on paper.

pub mod audio;
pub mod character;
pub mod continuity;
pub mod image;
pub mod pages;
pub mod production;
pub mod story;
pub mod tables;
pub mod video;
pub mod visual;

mod attributes;
mod cited;
mod film;
mod scene;
mod scores;
#[cfg(test)]
mod scripted;
mod words;

pub use cited::Citation;
pub use film::{Daypart, Film, Person, Place, Side};
pub use scene::{Paragraph, Presence, Scene, Speech, Voice};
pub use scores::Scores;
