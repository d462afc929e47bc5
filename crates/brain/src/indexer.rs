//! The indexer: gives passages their vectors in the background, and fetches the model's weights when someone asks for it.

use std::collections::HashSet;
use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backplane::Unreachable;
use backplane::lease::Lease;
use embedding::{Machine, OnDemand, Places, Precision, Progress, Vector, WeightsError};
use kernel::{Error, ProjectId, Result};
use store::passages::{self, Waiting};
use store::{Scope, Store};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, broadcast, watch};
use wire::settings::{EmbedderState, EmbedderStatus};

use crate::brain::{Brain, Failure, Model};
use crate::lexicon::Lexicon;
use crate::vectors::to_bytes;

/// Texts that are read at once.
const READ: u32 = 256;
/// Texts that are embedded and kept at once: about half a second's work, which is all that a stop loses.
const BATCH: usize = 32;
/// How long a server has a project's passages to itself after it last embedded some, in milliseconds.
const LEASE_MS: u32 = 20_000;
/// When work that failed, or that another server is at, is tried again.
const RETRY: Duration = Duration::from_secs(10);

/// How an [`Indexer`] works.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the weights are, or will be.
    pub places: Places,
    /// Where they may be fetched from.
    pub machine: Machine,
    /// How long a model that nobody calls stays in memory, at least; at most twice as long.
    pub idle: Duration,
}

impl Options {
    /// Weights in `cache`, fetched as this process' environment says, given back after a minute of rest.
    #[must_use]
    pub fn in_cache(cache: PathBuf) -> Self {
        Self {
            places: Places { given: None, cache },
            machine: Machine::of_this_process(),
            idle: Duration::from_secs(60),
        }
    }
}

enum Source {
    Weights(Places, Machine),
    Given(Arc<dyn Model>),
}

/// The background worker. Embeds each text once, by its hash; a stop loses at most the batch that it is at.
pub struct Indexer {
    brain: Brain,
    /// So that no two servers embed the same texts.
    backplane: backplane::Handle,
    /// Whose collections are embedded: what the memory does not find needs no vector.
    lexicon: &'static Lexicon,
    source: Source,
    idle: Duration,
    hints: broadcast::Receiver<ProjectId>,
    shared: Arc<Shared>,
}

/// Asks the worker, from anywhere.
#[derive(Clone)]
pub struct Handle {
    store: Store,
    lexicon: &'static Lexicon,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// Someone asked for the weights.
    asked: Notify,
    /// Counts the times that the worker had nothing left to do.
    rests: watch::Sender<u64>,
}

struct State {
    now: EmbedderState,
    progress: Progress,
    message: Option<String>,
}

impl Shared {
    fn new() -> Arc<Self> {
        let state =
            State { now: EmbedderState::Absent, progress: Progress { done: 0, total: 0 }, message: None };
        Arc::new(Self { state: Mutex::new(state), asked: Notify::new(), rests: watch::Sender::new(0) })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is(&self, now: EmbedderState) {
        let mut state = self.state();
        (state.now, state.message) = (now, None);
    }

    fn failed(&self, message: String) {
        tracing::warn!(message, "the embedder's weights cannot be had");
        let mut state = self.state();
        (state.now, state.message) = (EmbedderState::Failed, Some(message));
        drop(state);
        self.rested();
    }

    fn rested(&self) {
        self.rests.send_modify(|rests| *rests += 1);
    }
}

impl Handle {
    /// How the embedder is, and how many passages of all projects wait for it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn status(&self) -> Result<EmbedderStatus> {
        let collections = self.lexicon.names();
        let waiting = self.store.read(move |tx| passages::waiting(tx, &collections)).await?;
        let waiting = waiting.iter().map(|(_, waiting)| waiting).sum();
        let state = self.shared.state();
        Ok(EmbedderStatus {
            state: state.now,
            fetched: state.progress.done,
            total: state.progress.total,
            waiting,
            message: state.message.clone(),
        })
    }

    /// Starts to fetch the weights, unless they are here or on their way. The status tells how it goes.
    pub fn fetch(&self) {
        let mut state = self.shared.state();
        if matches!(state.now, EmbedderState::Absent | EmbedderState::Failed) {
            (state.now, state.message) = (EmbedderState::Fetching, None);
            self.shared.asked.notify_one();
        }
    }

    /// Waits until no passage waits, or until there is no embedder to wait for.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn settled(&self) -> Result<EmbedderStatus> {
        let mut rests = self.shared.rests.subscribe();
        loop {
            let status = self.status().await?;
            let hopeless = matches!(status.state, EmbedderState::Absent | EmbedderState::Failed);
            // The worker looks for weights before its first rest: until then `Absent` says nothing.
            if (hopeless && *rests.borrow() > 0)
                || (status.state == EmbedderState::Ready && status.waiting == 0)
            {
                return Ok(status);
            }
            if rests.changed().await.is_err() {
                return Ok(status);
            }
        }
    }
}

/// The local model; its memory is given back when it is not called.
struct Local {
    model: OnDemand,
    called: AtomicBool,
}

impl Local {
    fn new(folder: PathBuf) -> Self {
        let options = embedding::Options { precision: Precision::default(), threads: 1 };
        Self { model: OnDemand::new(folder, options), called: AtomicBool::new(false) }
    }
}

impl Model for Local {
    fn vectors(&self, texts: &[&str]) -> Result<Vec<Vector>, Failure> {
        self.called.store(true, Ordering::Relaxed);
        Ok(self.model.embed(texts)?)
    }

    fn rest(&self) {
        if !self.called.swap(false, Ordering::Relaxed) {
            self.model.unload();
        }
    }
}

impl Indexer {
    /// A worker for a brain, which gets its model from it, and the handle to it.
    #[must_use]
    pub fn new(
        brain: &Brain,
        backplane: backplane::Handle,
        lexicon: &'static Lexicon,
        options: Options,
    ) -> (Self, Handle) {
        let source = Source::Weights(options.places, options.machine);
        Self::with_source(brain, backplane, lexicon, source, options.idle)
    }

    /// A worker with a model that is there already.
    #[must_use]
    pub fn with_model(
        brain: &Brain,
        backplane: backplane::Handle,
        lexicon: &'static Lexicon,
        model: Arc<dyn Model>,
    ) -> (Self, Handle) {
        Self::with_source(brain, backplane, lexicon, Source::Given(model), RETRY)
    }

    fn with_source(
        brain: &Brain,
        backplane: backplane::Handle,
        lexicon: &'static Lexicon,
        source: Source,
        idle: Duration,
    ) -> (Self, Handle) {
        let shared = Shared::new();
        let handle = Handle { store: brain.store.clone(), lexicon, shared: shared.clone() };
        // From here on no commit is missed: what was written before is found by looking.
        let hints = brain.store.hints();
        (Self { brain: brain.clone(), backplane, lexicon, source, idle, hints, shared }, handle)
    }

    /// Works until `stop` is done.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        tokio::select! {
            () = stop => {}
            () = self.work() => {}
        }
    }

    async fn work(&mut self) {
        let (questions, passages): (Arc<dyn Model>, Arc<dyn Model>) = match &self.source {
            Source::Given(model) => (model.clone(), model.clone()),
            Source::Weights(places, machine) => {
                let folder = self.weights(places, machine).await;
                // Two, so that a question never waits for a batch of passages.
                (Arc::new(Local::new(folder.clone())), Arc::new(Local::new(folder)))
            }
        };
        self.brain.use_model(Some(questions.clone()));
        self.shared.is(EmbedderState::Ready);
        let mut due = self.all_waiting().await;
        loop {
            for project in due.clone() {
                match self.embed(project, &passages).await {
                    Ok(true) => {
                        due.remove(&project);
                    }
                    // Another server is at it. What it leaves is done here.
                    Ok(false) => {}
                    Err(error) => tracing::warn!(%error, %project, "passages could not be embedded"),
                }
            }
            self.shared.rested();
            let pause = if due.is_empty() { self.idle } else { RETRY };
            tokio::select! {
                hint = self.hints.recv() => match hint {
                    Ok(project) => {
                        due.insert(project);
                    }
                    Err(RecvError::Lagged(_)) => due.extend(self.all_waiting().await),
                    Err(RecvError::Closed) => return,
                },
                () = tokio::time::sleep(pause) => {
                    questions.rest();
                    passages.rest();
                    if self.backplane.is_shared() {
                        // What other servers said may have been lost.
                        due.extend(self.all_waiting().await);
                    }
                }
            }
            while let Ok(project) = self.hints.try_recv() {
                due.insert(project);
            }
        }
    }

    /// The folder of the weights: found on this machine, or fetched once someone asks for it.
    async fn weights(&self, places: &Places, machine: &Machine) -> PathBuf {
        let here = places.clone();
        match tokio::task::spawn_blocking(move || here.find()).await {
            Ok(Ok(Some(folder))) => return folder,
            Ok(Ok(None)) => self.shared.rested(),
            Ok(Err(error)) => self.shared.failed(told(&error)),
            Err(_) => self.shared.failed(told(&WeightsError::Stopped)),
        }
        loop {
            self.shared.asked.notified().await;
            let progress = |progress| self.shared.state().progress = progress;
            match places.fetch(machine, progress).await {
                Ok(folder) => return folder,
                Err(error) => self.shared.failed(told(&error)),
            }
        }
    }

    async fn all_waiting(&self) -> HashSet<ProjectId> {
        let collections = self.lexicon.names();
        match self.brain.store.read(move |tx| passages::waiting(tx, &collections)).await {
            Ok(waiting) => waiting.into_iter().map(|(project, _)| project).collect(),
            Err(error) => {
                tracing::warn!(%error, "it could not be seen which passages wait");
                HashSet::new()
            }
        }
    }

    /// Embeds what waits in a project, unless another server is at it: then it gives false.
    async fn embed(&self, project: ProjectId, model: &Arc<dyn Model>) -> Result<bool> {
        let mut lease = match self.backplane.leases().acquire(&format!("embed:{project}"), LEASE_MS).await {
            Ok(None) => return Ok(false),
            Ok(lease) => lease,
            // Done twice, it is only slower.
            Err(Unreachable) => None,
        };
        let done = self.embed_waiting(project, model, &mut lease).await;
        if let Some(lease) = lease {
            // Without Redis it ends with its time.
            let _ = lease.release().await;
        }
        done.map(|()| true)
    }

    async fn embed_waiting(
        &self,
        project: ProjectId,
        model: &Arc<dyn Model>,
        lease: &mut Option<Lease>,
    ) -> Result<()> {
        let scope = Scope::server(project);
        loop {
            let collections = self.lexicon.names();
            let waiting = self
                .brain
                .store
                .read_in(&scope, move |t| passages::without_vector(t, &collections, READ))
                .await?;
            if waiting.is_empty() {
                return Ok(());
            }
            for batch in waiting.chunks(BATCH) {
                let (model, batch) = (model.clone(), batch.to_vec());
                let embedded = tokio::task::spawn_blocking(move || embed(&*model, batch)).await;
                let vectors = match embedded.map_err(Error::internal)? {
                    Ok(vectors) => vectors,
                    Err(error) => {
                        self.shared.failed(format!("The model cannot be used: {error}."));
                        return Err(Error::internal(error));
                    }
                };
                if self.shared.state().now == EmbedderState::Failed {
                    self.shared.is(EmbedderState::Ready);
                }
                self.brain.store.transact_in(&scope, move |t| passages::keep_vectors(t, &vectors)).await?;
                if let Some(lease) = lease {
                    let _ = lease.renew().await;
                }
            }
        }
    }
}

fn embed(model: &dyn Model, batch: Vec<Waiting>) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let texts: Vec<&str> = batch.iter().map(|waiting| waiting.text.as_str()).collect();
    let vectors = model.vectors(&texts)?;
    Ok(batch.iter().zip(&vectors).map(|(waiting, vector)| (waiting.hash.clone(), to_bytes(vector))).collect())
}

/// What a person can do about it. An index' address may hold a password, so it is not told.
fn told(error: &WeightsError) -> String {
    match error {
        WeightsError::Network(_) => {
            "The package index cannot be reached. What has come so far is kept; try again, \
             or bring the weights to this machine and name their folder in the configuration."
                .to_owned()
        }
        other => other.to_string(),
    }
}
