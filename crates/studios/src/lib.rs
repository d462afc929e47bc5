//! What the studios know of their craft: siblings that share no code and never import each other.

pub mod film;
