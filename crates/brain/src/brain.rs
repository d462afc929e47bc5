//! The brain itself: a store, the graphs and vectors of the projects that were asked last, and a model that may come later.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use embedding::Vector;
use kernel::{ProjectId, Result};
use store::{Scope, Store};

use crate::graph::Graph;
use crate::lexicon::Lexicon;
use crate::vectors::Vectors;

/// Projects whose graph is kept in memory; beyond that the one that was not asked for longest is read anew when it is.
const GRAPHS: usize = 32;

/// Why a model gave no vectors.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Gives texts their meaning as vectors.
pub trait Model: Send + Sync + 'static {
    /// The vectors of `texts`, in their order. Takes its time: not for a thread that answers requests.
    ///
    /// # Errors
    /// Why there are none.
    fn vectors(&self, texts: &[&str]) -> Result<Vec<Vector>, Failure>;

    /// Gives memory back if it was not called since the last time that this was asked.
    fn rest(&self) {}
}

/// The memory of all projects. A cheap clone of one shared thing.
#[derive(Clone)]
pub struct Brain {
    pub(crate) store: Store,
    pub(crate) vectors: Arc<Vectors>,
    /// What embeds questions; none until the weights are on this machine.
    pub(crate) model: Arc<RwLock<Option<Arc<dyn Model>>>>,
    graphs: Arc<Mutex<Graphs>>,
}

#[derive(Default)]
struct Graphs {
    by_project: HashMap<ProjectId, (Arc<Graph>, u64)>,
    uses: u64,
}

impl Graphs {
    fn get(&mut self, project: ProjectId) -> Option<Arc<Graph>> {
        self.uses += 1;
        let (graph, used) = self.by_project.get_mut(&project)?;
        *used = self.uses;
        Some(graph.clone())
    }

    fn keep(&mut self, project: ProjectId, graph: Arc<Graph>) {
        self.uses += 1;
        self.by_project.insert(project, (graph, self.uses));
        if self.by_project.len() > GRAPHS {
            let oldest =
                self.by_project.iter().min_by_key(|(_, (_, used))| *used).map(|(project, _)| *project);
            if let Some(oldest) = oldest {
                self.by_project.remove(&oldest);
            }
        }
    }
}

impl Brain {
    /// The memory over a store, by text and graph. An [`Indexer`](crate::indexer::Indexer) adds vectors when it can.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, vectors: Arc::default(), model: Arc::default(), graphs: Arc::default() }
    }

    /// The memory over a store, with a model that embeds questions; whoever gives it also embeds the passages.
    #[must_use]
    pub fn with_model(store: Store, model: Arc<dyn Model>) -> Self {
        let brain = Self::new(store);
        brain.use_model(Some(model));
        brain
    }

    pub(crate) fn use_model(&self, model: Option<Arc<dyn Model>>) {
        *self.model.write().unwrap_or_else(PoisonError::into_inner) = model;
    }

    /// The project's graph as it is now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn graph(&self, scope: &Scope, lexicon: &'static Lexicon) -> Result<Arc<Graph>> {
        let known = self.known(scope.project());
        let graph = self.store.read_in(scope, move |t| Graph::current(t, lexicon, known.as_ref())).await?;
        self.keep(scope.project(), &graph);
        Ok(graph)
    }

    pub(crate) fn known(&self, project: ProjectId) -> Option<Arc<Graph>> {
        self.graphs.lock().unwrap_or_else(PoisonError::into_inner).get(project)
    }

    pub(crate) fn keep(&self, project: ProjectId, graph: &Arc<Graph>) {
        self.graphs.lock().unwrap_or_else(PoisonError::into_inner).keep(project, graph.clone());
    }
}
