//! An embedder that is in memory only while it is of use: loaded by the first call, given back when it is idle.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::bert::Vector;
use crate::embedder::{Embedder, LoadError, Options};

/// A model that is loaded when it is first called. Share it in an `Arc`; calls do not wait for each other.
pub struct OnDemand {
    folder: PathBuf,
    options: Options,
    loaded: Mutex<Option<Arc<Embedder>>>,
}

impl OnDemand {
    /// The model in `folder` (see [`Places`](crate::Places)); nothing is read yet.
    #[must_use]
    pub fn new(folder: PathBuf, options: Options) -> Self {
        Self { folder, options, loaded: Mutex::new(None) }
    }

    /// The model, loaded if it is not (0.1 to 0.4 s). Who holds it keeps it in memory.
    ///
    /// # Errors
    /// When a file is missing or is not this model's; the next call tries again.
    pub fn embedder(&self) -> Result<Arc<Embedder>, LoadError> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(embedder) = &*loaded {
            return Ok(embedder.clone());
        }
        let embedder = Arc::new(Embedder::load(&self.folder, self.options)?);
        *loaded = Some(embedder.clone());
        Ok(embedder)
    }

    /// The vectors of `texts`, in their order.
    ///
    /// # Errors
    /// As [`embedder`](Self::embedder).
    pub fn embed(&self, texts: &[&str]) -> Result<Vec<Vector>, LoadError> {
        Ok(self.embedder()?.embed(texts))
    }

    /// Gives the model's memory and threads back once no call uses them. True if it was loaded.
    pub fn unload(&self) -> bool {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }

    /// Whether the model is in memory now.
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_is_not_there_is_missed_at_the_first_call_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let model = OnDemand::new(folder.path().to_owned(), Options::default());
        assert!(!model.is_loaded());
        assert!(matches!(model.embed(&["text"]), Err(LoadError::Io(_))));
        assert!(!model.unload());
    }
}
