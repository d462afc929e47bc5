//! What a text means, as 384 numbers: all-MiniLM-L6-v2 in plain Rust, and where its weights come from.

mod bert;
mod embedder;
mod linear;
mod on_demand;
mod tensors;
mod tokens;
mod weights;

pub use bert::{DIMENSIONS, Vector};
pub use embedder::{Embedder, LoadError, MAX_TOKENS, Options};
pub use linear::Precision;
pub use on_demand::OnDemand;
pub use tensors::BadTensors;
pub use tokens::BadVocabulary;
pub use weights::{DEFAULT_INDEX, Machine, Places, Progress, WeightsError};
