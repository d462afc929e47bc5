//! The handle to the language model that the agents ask: there may be none, and it may be replaced while they run.

use std::sync::{Arc, PoisonError, RwLock};

use models::{Models, Route};

/// A language model to ask, or none. Clones share it, so settings that change reach every agent at once.
#[derive(Clone, Default)]
pub struct Language(Arc<RwLock<Option<Voice>>>);

/// A model that is set: the service, and which of its models to ask in which order.
#[derive(Clone)]
#[allow(missing_docs)]
pub struct Voice {
    pub models: Models,
    pub route: Route,
}

impl Voice {
    /// The name of the first choice, as answers and records name it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.route.first().model
    }
}

impl Language {
    /// No model: the agents work by rules.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Puts another model, or none, in the place of the present one. Calls under way go on with the one they have.
    pub fn set(&self, voice: Option<Voice>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = voice;
    }

    /// The model to ask now.
    #[must_use]
    pub fn current(&self) -> Option<Voice> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use kernel::Ambient;
    use models::{Options, Provider, Scripted, Target};

    use super::*;

    #[tokio::test]
    async fn a_model_that_is_set_reaches_every_clone_and_can_be_taken_away() {
        let language = Language::none();
        let clone = language.clone();
        assert!(clone.current().is_none());
        let models = Models::new(Options::default(), Ambient::system()).unwrap();
        let route = Target::new(Provider::Scripted(Scripted::saying("yes")), "parrot").into();
        language.set(Some(Voice { models, route }));
        assert_eq!(clone.current().unwrap().name(), "parrot");
        clone.set(None);
        assert!(language.current().is_none());
    }
}
