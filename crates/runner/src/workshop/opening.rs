//! A workshop's opening: what an earlier start left is ended, and what had ended is there again.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kernel::Ambient;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, interval};
use wire::fleet::{End, Outcome};

use super::conversations::Conversations;
use super::engines::{Ending, Wish};
use super::kept::clear;
use super::spool::{Begun, LOCK, Room, Spool};
use super::words::Words;
use super::{Asks, Entry, Shared, Table, Tools, Workshop, checkout, execution};
use crate::Folders;
use crate::keeper::STUBBORN;

/// How long a keeper may take to see that its runner is gone, besides what it then does.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked whether it is done.
const LOOK: Duration = Duration::from_millis(50);

/// Why a workshop cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("another runner works with {}", .0.display())]
    InUse(PathBuf),
    /// The disk does not let it.
    #[error("{}: {source}", folder.display())]
    Disk {
        /// Where.
        folder: PathBuf,
        /// What the system says of it.
        source: io::Error,
    },
}

impl Workshop {
    /// Opens the state folder, which one process at a time may. Tasks that an earlier start left running have ended as lost
    /// once this has returned, and none of their processes is there any more; that may take as long as the earlier start's
    /// grace.
    ///
    /// # Errors
    /// When another process has it open, or the disk fails.
    pub async fn open(
        state: &Path,
        folders: Folders,
        tools: Tools,
        ambient: Ambient,
    ) -> Result<Self, OpenError> {
        let disk = |source| OpenError::Disk { folder: state.to_owned(), source };
        make(state).map_err(disk)?;
        let state = state.canonicalize().map_err(disk)?;
        let lock = File::options().create(true).append(true).open(state.join("lock")).map_err(disk)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse(state)),
            Err(TryLockError::Error(error)) => return Err(disk(error)),
        }
        let (tasks, checkouts) = (state.join("tasks"), state.join("checkouts"));
        make(&tasks).map_err(disk)?;
        make(&checkouts).map_err(disk)?;
        let conversations = Conversations::open(&state).map_err(disk)?;
        let (room, changed) = (Arc::new(Room::new(tools.limits.spool)), Arc::new(Notify::new()));
        let mut table = Table::default();
        let (mut left, mut torn) = (Vec::new(), Vec::new());
        for folder in fs::read_dir(&tasks).map_err(disk)? {
            let folder = folder.map_err(disk)?.path();
            match Spool::open(&folder, &room, &changed) {
                Ok((spool, begun, None)) => left.push((Arc::new(spool), begun)),
                Ok((spool, begun, outcome)) => {
                    let entry = entry(Arc::new(spool), outcome).map_err(disk)?;
                    table.entries.insert(begun.submit.task, entry);
                }
                // Left before it was whole, and so never acknowledged; or half removed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => torn.push(folder),
                Err(error) => {
                    tracing::warn!(folder = %folder.display(), %error, "what is no task is left as it is");
                }
            }
        }
        let until = Instant::now() + tools.limits.grace + STUBBORN + PATIENCE;
        for folder in torn {
            // A keeper may have been removed halfway.
            gone(&folder, until).await.map_err(disk)?;
            checkout::remove(&folder).await;
            checkout::clear(&folder).map_err(disk)?;
        }
        for (spool, begun) in left {
            gone(spool.folder(), until).await.map_err(disk)?;
            clear(&spool.mark()).await;
            let outcome = lost(&begun, &ambient);
            spool.end(&outcome).map_err(disk)?;
            table.entries.insert(begun.submit.task, entry(spool, Some(outcome)).map_err(disk)?);
        }
        let running = watch::Sender::new(0);
        let table = Mutex::new(table);
        let shared = Shared {
            tasks,
            checkouts,
            conversations,
            folders,
            tools,
            ambient,
            room,
            table,
            running,
            changed,
            _lock: lock,
        };
        Ok(Self(Arc::new(shared)))
    }
}

fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn entry(spool: Arc<Spool>, outcome: Option<Outcome>) -> io::Result<Entry> {
    Ok(Entry {
        words: Arc::new(Words::left(spool.heard()?)),
        spool,
        wish: watch::Sender::new(Wish::None),
        outcome,
        progress: None,
        asks: Asks::default(),
        runs: false,
    })
}

fn lost(begun: &Begun, ambient: &Ambient) -> Outcome {
    let ending = Ending::new(End::Lost, "The runner ended while it ran.");
    let duration = u64::try_from(ambient.now().since(begun.at)).unwrap_or(0);
    execution::outcome(ending, duration)
}

/// Waits until a task's keeper is gone: it has a file locked for as long as it is there, and knows when its runner is not.
async fn gone(folder: &Path, until: Instant) -> io::Result<()> {
    let file = match File::options().append(true).open(folder.join(LOCK)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut look = interval(LOOK);
    while Instant::now() < until {
        look.tick().await;
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    // It is stopped, or worse. What it kept is killed without it.
    Ok(())
}
