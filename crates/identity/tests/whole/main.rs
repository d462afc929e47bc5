//! Identity as a whole, on a real store in a folder of its own.

mod doubles;
mod elsewhere;
mod house;
mod rights;
mod secrets;
mod signing_in;
