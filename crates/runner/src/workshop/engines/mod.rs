//! Who does a task: an engine is a file each, over a keeper.

pub(crate) mod agent;
pub(crate) mod command;
pub(crate) mod mcp;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kernel::ProjectId;
use tokio::sync::watch;
use tokio::time::Instant;
use wire::fleet::{Bounds, End, Used};
use wire::runner::Task;

use super::conversations::Earlier;
use super::ground::Ground;
use super::spool::{Spool, Writer};
use super::words::Words;
use super::{Shared, Tools};
use crate::keeper::Verdict;

/// How long the last of an output may take once no process is there to write any.
const LAST: Duration = Duration::from_secs(2);

/// What people and the server want of a task that goes on. Each outdoes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wish {
    /// That it goes on.
    None,
    /// That it ends.
    Cancel,
    /// That it ends, for the runner does.
    Stop,
    /// That there is nothing of it any more.
    Forget,
}

/// A task as an engine is given it.
pub(crate) struct Job<'a> {
    pub(crate) task: Task,
    pub(crate) project: ProjectId,
    pub(crate) shared: &'a Arc<Shared>,
    pub(crate) tools: &'a Tools,
    /// The project's folder.
    pub(crate) ground: &'a Ground,
    /// What it goes on with.
    pub(crate) earlier: Option<&'a Earlier>,
    /// Where it writes.
    pub(crate) spool: &'a Arc<Spool>,
    /// Where it works.
    pub(crate) folder: PathBuf,
    pub(crate) bounds: Bounds,
    pub(crate) until: Instant,
    /// What people say to it.
    pub(crate) words: &'a Arc<Words>,
    pub(crate) wish: watch::Receiver<Wish>,
}

impl Job<'_> {
    /// How it ends when its time is over.
    fn late(&self) -> Ending {
        Ending::new(End::Timeout, format!("It took longer than {} min.", self.bounds.minutes))
    }

    /// How it ends when it has taken too much memory.
    fn too_large(&self) -> Ending {
        let bound = self.bounds.memory_mib.unwrap_or_default();
        Ending::new(End::Memory, format!("It took more than {bound} MiB of memory."))
    }
}

/// How an engine ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ending {
    pub(crate) end: End,
    pub(crate) message: String,
    pub(crate) exit_code: Option<i32>,
    pub(crate) used: Option<Used>,
    pub(crate) notes: Vec<String>,
}

impl Ending {
    pub(crate) fn new(end: End, message: impl Into<String>) -> Self {
        Self { end, message: message.into(), exit_code: None, used: None, notes: Vec::new() }
    }

    /// How what is no longer wanted ends.
    pub(crate) fn unwanted(wish: Wish) -> Self {
        match wish {
            Wish::None | Wish::Cancel => Self::new(End::Cancelled, "It was cancelled."),
            Wish::Stop | Wish::Forget => Self::new(End::Lost, "The runner was stopped while it ran."),
        }
    }
}

/// How a task ends whose words the disk does not take.
pub(crate) fn broken(error: &io::Error) -> Ending {
    Ending::new(End::Broken, format!("The runner could not write down what it did: {error}."))
}

fn with_remains(verdict: &Verdict, mut ending: Ending) -> Ending {
    if verdict.left > 0 {
        ending.notes.push(format!("{} of its processes could not be ended.", verdict.left));
    }
    ending
}

/// What there is to say of an output that was not kept whole.
fn left_out(writer: &Writer) -> Option<String> {
    let dropped = writer.dropped();
    let room = if writer.full() { "the runner has room for" } else { "it may be" };
    (dropped > 0)
        .then(|| format!("The output was longer than {room}: its last {dropped} bytes were left out."))
}

/// What is wanted, once that is more than what was heeded.
async fn wanted(wish: &mut watch::Receiver<Wish>, heeded: Wish) -> Wish {
    let heard = wish.wait_for(|wish| *wish > heeded).await.map(|wish| *wish);
    match heard {
        Ok(wish) => wish,
        // Whoever could wish is gone, and wishes nothing more.
        Err(_) => std::future::pending().await,
    }
}
