//! What a text means, as 384 numbers: all-MiniLM-L6-v2 in plain Rust, and where its weights come from.

mod bert;
mod embedder;
mod linear;
mod tensors;
mod tokens;

pub use bert::{DIMENSIONS, Vector};
pub use embedder::{Embedder, LoadError, MAX_TOKENS, Options};
pub use linear::Precision;
pub use tensors::BadTensors;
pub use tokens::BadVocabulary;
