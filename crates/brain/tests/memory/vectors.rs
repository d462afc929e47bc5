//! Vectors: made in the background, found by meaning, never across projects, and never in the way.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use brain::indexer::{Handle, Indexer, Options};
use brain::{Brain, Failure, Model};
use embedding::{DIMENSIONS, Machine, Places, Vector};
use tokio::sync::oneshot;
use wire::orchestrator::QueryFilters;
use wire::settings::EmbedderState;

use crate::stage::{LEXICON, Stage, plain, project};

/// Words that mean the same, by the direction that they point in.
const MEANINGS: [&[&str]; 3] =
    [&["ferry", "ship", "boat"], &["ledger", "accounts"], &["storm", "tempest", "gale"]];

/// A model that knows a few words, and counts how many texts it was given.
#[derive(Default)]
struct Few {
    texts: AtomicUsize,
    broken: bool,
}

impl Model for Few {
    fn vectors(&self, texts: &[&str]) -> Result<Vec<Vector>, Failure> {
        if self.broken {
            return Err("no such file".into());
        }
        self.texts.fetch_add(texts.len(), Ordering::SeqCst);
        Ok(texts.iter().map(|text| vector(text)).collect())
    }
}

fn vector(text: &str) -> Vector {
    let mut vector = [0.0; DIMENSIONS];
    vector[DIMENSIONS - 1] = 0.1;
    for word in text.to_lowercase().split(|c: char| !c.is_alphabetic()) {
        if let Some(direction) = MEANINGS.iter().position(|words| words.contains(&word)) {
            vector[direction] += 1.0;
        }
    }
    let length = vector.iter().map(|n| n * n).sum::<f32>().sqrt();
    vector.map(|n| n / length)
}

/// A worker that runs until this is dropped.
struct Working {
    handle: Handle,
    _stop: oneshot::Sender<()>,
}

fn start(indexer: Indexer, handle: Handle) -> Working {
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(indexer.run(async move {
        // A dropped sender is the sign to stop, too.
        let _ = stopped.await;
    }));
    Working { handle, _stop: stop }
}

fn working(brain: &Brain, model: Arc<Few>) -> Working {
    let (indexer, handle) =
        Indexer::with_model(brain, backplane::Handle::alone(kernel::Ambient::system()), &LEXICON, model);
    start(indexer, handle)
}

async fn film() -> Stage {
    let stage = Stage::empty().await;
    stage
        .write(&[
            ("scenes", "ONE", "The ferry leaves.", plain()),
            ("scenes", "TWO", "A ledger burns.", plain()),
            ("scenes", "THREE", "The gale rises.", plain()),
            ("screenplays", "Hidden", "A boat.", plain()),
        ])
        .await;
    stage
}

#[tokio::test]
async fn what_means_the_same_is_found_without_a_common_word() {
    let stage = film().await;
    assert_eq!(stage.ask("a ship in a tempest").await.titles(), Vec::<&str>::new());
    let working = working(&stage.brain, Arc::default());
    assert_eq!(working.handle.settled().await.unwrap().waiting, 0);
    let asked = stage.ask("a ship").await;
    assert_eq!(asked.titles(), ["ONE"]);
    assert_eq!(asked.arms(), ["vectors"]);
    assert_eq!(asked.0.results[0].excerpt, "The ferry leaves.");
    assert_eq!(stage.ask("the accounts").await.titles(), ["TWO"]);
}

#[tokio::test]
async fn vectors_follow_what_is_written_and_removed() {
    let stage = film().await;
    let working = working(&stage.brain, Arc::default());
    working.handle.settled().await.unwrap();
    assert_eq!(stage.ask("ship").await.titles(), ["ONE"]);
    let ids = stage.write(&[("scenes", "FOUR", "A boat, a ship.", plain())]).await;
    working.handle.settled().await.unwrap();
    assert_eq!(stage.ask("a ship").await.titles(), ["FOUR", "ONE"]);
    stage.remove(ids[0]).await;
    assert_eq!(stage.ask("a ship").await.titles(), ["ONE"]);
}

#[tokio::test]
async fn equal_texts_are_embedded_once() {
    let stage = Stage::empty().await;
    stage
        .write(&[
            ("scenes", "SAME", "The ferry leaves.", plain()),
            ("scenes", "SAME", "The ferry leaves.", plain()),
        ])
        .await;
    let model = Arc::new(Few::default());
    let working = working(&stage.brain, model.clone());
    working.handle.settled().await.unwrap();
    assert_eq!(model.texts.load(Ordering::SeqCst), 2);
    assert_eq!(stage.ask("ship").await.titles(), ["SAME", "SAME"]);
}

#[tokio::test]
async fn the_vectors_of_another_project_are_never_found() {
    let stage = film().await;
    let other = project(&stage.store, "ben@example.org").await;
    stage.write_in(&other, &[("scenes", "THEIRS", "The boat, the ship.", plain())]).await;
    let working = working(&stage.brain, Arc::default());
    working.handle.settled().await.unwrap();
    assert_eq!(stage.ask("ship").await.titles(), ["ONE"]);
    let theirs = stage.brain.query(&other, &LEXICON, "ferry", QueryFilters::default(), 10).await.unwrap();
    assert_eq!(theirs.results.len(), 1);
}

#[tokio::test]
async fn a_model_that_breaks_is_told_of_and_text_carries_recall() {
    let stage = film().await;
    let working = working(&stage.brain, Arc::new(Few { broken: true, ..Few::default() }));
    let status = working.handle.settled().await.unwrap();
    assert_eq!(status.state, EmbedderState::Failed);
    assert!(status.message.unwrap().contains("no such file"));
    assert_eq!(status.waiting, 6, "the name and the text of each scene; what is hidden needs no vector");
    assert_eq!(stage.ask("a burning ledger").await.arms(), ["text"]);
}

#[tokio::test]
async fn weights_are_never_fetched_unasked_and_a_fetch_that_fails_says_why() {
    let stage = film().await;
    let cache = tempfile::tempdir().unwrap();
    let options = Options {
        places: Places { given: None, cache: cache.path().to_owned() },
        machine: Machine { index: None, certificates: Vec::new() },
        idle: std::time::Duration::from_secs(60),
    };
    let (indexer, handle) =
        Indexer::new(&stage.brain, backplane::Handle::alone(stage.ambient.clone()), &LEXICON, options);
    let working = start(indexer, handle);
    assert_eq!(working.handle.settled().await.unwrap().state, EmbedderState::Absent);
    working.handle.fetch();
    let status = working.handle.settled().await.unwrap();
    assert_eq!(status.state, EmbedderState::Failed);
    assert!(status.message.unwrap().contains("no package index"));
    assert_eq!(stage.ask("a burning ledger").await.arms(), ["text"]);
}
