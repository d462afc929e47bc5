//! The rules of data mode, on a catalogue like that of films.

pub(crate) mod deciding;
pub(crate) mod film;
mod gating;
mod modelling;
mod reading;
