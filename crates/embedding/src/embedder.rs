//! The embedder itself: texts in, vectors out, on the caller's time and on threads of its own.

use std::io;
use std::path::Path;

use rayon::ThreadPool;
use rayon::prelude::*;

use crate::bert::{Bert, VOCABULARY, Vector};
use crate::linear::{Kernels, Precision};
use crate::tensors::{BadTensors, Tensors};
use crate::tokens::{BadVocabulary, Tokenizer};

/// Tokens of a text that count, with the two that open and close it (`max_seq_length` of the model); the rest is cut.
pub const MAX_TOKENS: usize = 256;
/// Tokens that are computed together: enough to keep the kernels busy, few enough to stay in the cache.
const BATCH: usize = 256;

/// How an [`Embedder`] works.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// In which numbers it computes.
    pub precision: Precision,
    /// How many threads it keeps. Each takes whole batches, so the result does not depend on it.
    pub threads: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { precision: Precision::default(), threads: 1 }
    }
}

/// The model could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file of the model could not be read.
    #[error("the model's files cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The weights are not the model's.
    #[error(transparent)]
    Tensors(#[from] BadTensors),
    /// The vocabulary is not the model's.
    #[error(transparent)]
    Vocabulary(#[from] BadVocabulary),
    /// The threads could not be started.
    #[error("the embedder's threads cannot be started: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

/// all-MiniLM-L6-v2, loaded: about 27 MB in 8 bits, 93 MB in floats.
///
/// It computes for as long as it is called (50 to 100 texts of 128 tokens per core and second on a server's core), so it
/// belongs on a worker, never on a thread that answers requests. Equal texts give equal vectors, bit by bit, whatever
/// else is in the call and however many threads there are; machines with other instructions may differ in the last bits.
pub struct Embedder {
    tokenizer: Tokenizer,
    bert: Bert,
    precision: Precision,
    pool: ThreadPool,
}

impl Embedder {
    /// What vectors of this model are kept under: vectors of different models say nothing about each other.
    pub const MODEL: &str = "all-MiniLM-L6-v2";

    /// Loads the model from a folder with its `model.safetensors` and `tokenizer.json`.
    ///
    /// # Errors
    /// When a file is missing or is not this model's.
    pub fn load(folder: &Path, options: Options) -> Result<Self, LoadError> {
        let json = std::fs::read_to_string(folder.join("tokenizer.json"))?;
        let tokenizer = Tokenizer::from_json(&json, VOCABULARY)?;
        let bert = Bert::read(&mut Tensors::open(&folder.join("model.safetensors"))?, options.precision)?;
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(options.threads.max(1))
            .thread_name(|number| format!("embedder-{number}"))
            .build()?;
        Ok(Self { tokenizer, bert, precision: options.precision, pool })
    }

    /// The vectors of `texts`, in their order.
    #[must_use]
    pub fn embed(&self, texts: &[&str]) -> Vec<Vector> {
        self.pool.install(|| {
            let ids: Vec<Vec<u32>> =
                texts.par_iter().map(|text| self.tokenizer.ids(text, MAX_TOKENS)).collect();
            let batches = batches(&ids);
            batches.par_iter().map(|batch| self.bert.vectors(batch)).flatten_iter().collect()
        })
    }

    /// How many tokens of `text` count, with the two that open and close it.
    #[must_use]
    pub fn tokens(&self, text: &str) -> usize {
        self.tokenizer.ids(text, MAX_TOKENS).len()
    }

    /// What the arithmetic is done with, for logs: `x86_64-u8i8i32-avx512`.
    #[must_use]
    pub fn kernel(&self) -> String {
        Kernels::new().name(self.precision).to_owned()
    }
}

/// Neighbouring texts together, up to [`BATCH`] tokens; nothing is padded, so lengths may differ.
fn batches(texts: &[Vec<u32>]) -> Vec<Vec<&[u32]>> {
    let mut batches: Vec<Vec<&[u32]>> = Vec::new();
    let mut room = 0;
    for ids in texts {
        match batches.last_mut() {
            Some(batch) if ids.len() <= room => {
                room -= ids.len();
                batch.push(ids);
            }
            _ => {
                batches.push(vec![ids]);
                room = BATCH.saturating_sub(ids.len());
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_keep_the_order_and_their_bound() {
        let texts: Vec<Vec<u32>> = [200, 50, 6, 1, 256, 2].map(|length| vec![0; length]).into();
        let batches = batches(&texts);
        let lengths = |batch: &Vec<&[u32]>| batch.iter().map(|ids| ids.len()).collect::<Vec<_>>();
        assert_eq!(
            batches.iter().map(lengths).collect::<Vec<_>>(),
            [vec![200, 50, 6], vec![1], vec![256], vec![2]]
        );
    }

    #[test]
    fn an_embedder_may_be_shared_between_threads() {
        fn shareable<T: Send + Sync>() {}
        shareable::<Embedder>();
    }
}
