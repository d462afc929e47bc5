//! Identity as a whole, on a real store in a folder of its own.

#![allow(clippy::unwrap_used, reason = "a test may panic; so may what it stands on")]

mod doubles;
mod elsewhere;
mod house;
mod rights;
mod runners;
mod secrets;
mod signing_in;
