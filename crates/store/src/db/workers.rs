//! Threads that own a connection each and take jobs from one bounded queue.

use std::sync::Arc;
use std::time::Duration;

use kernel::{Code, Error, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// How many jobs may wait for a connection.
const WAITING: usize = 1024;
/// How long a job may wait for a place in the queue.
const PATIENCE: Duration = Duration::from_secs(5);

/// Lets a bounded number of jobs into the queue; beyond that callers wait, and after [`PATIENCE`] are told so.
#[derive(Clone)]
pub(super) struct Door(Arc<Semaphore>);

impl Door {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(WAITING)))
    }

    /// A place in the queue, held until the job is done.
    pub(super) async fn enter(&self) -> Result<OwnedSemaphorePermit> {
        match tokio::time::timeout(PATIENCE, self.0.clone().acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(Error::new(
                Code::Unavailable,
                "The server has more to do than it can. Nothing was done; try again in a moment.",
            )),
        }
    }
}

/// Waits for the answer of a job.
pub(super) async fn answer<T>(answer: oneshot::Receiver<Result<T>>) -> Result<T> {
    answer.await.unwrap_or_else(|_| {
        Err(Error::new(Code::Unavailable, "The server is stopping. Nothing of this request was saved."))
    })
}

/// What a job that panicked says to its caller; the panic itself is in the log.
pub(super) fn panicked() -> Error {
    Error::internal("a database job panicked")
}
