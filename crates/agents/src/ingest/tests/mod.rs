//! The rules of data mode, on a catalogue like that of films.

mod film;
mod reading;
