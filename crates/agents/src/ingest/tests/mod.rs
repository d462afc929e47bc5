//! The rules of data mode, on a catalogue like that of films.

mod deciding;
mod film;
mod gating;
mod modelling;
mod reading;
