//! What a machine does with tasks, and what it keeps of them: the local half of a runner, which knows no network.
//!
//! A task is written down before it is begun, and its end before it is told. A folder for each is in the state folder, with
//! the order, what the task wrote and how it ended, until the task is forgotten. What an earlier start of the runner left
//! running has ended when a workshop is open: lost, with what it had written until then.

mod changes;
mod checkout;
mod collect;
mod conversations;
mod delivery;
mod engines;
mod execution;
mod git;
mod ground;
mod kept;
mod opening;
mod paths;
mod spool;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::{Ambient, ProjectId};
use tokio::sync::{Notify, oneshot, watch};
use wire::fleet::{AgentAskOption, Engine, Outcome, Stream};
use wire::runner::{ASKS, Ask, Progress, SLOTS, Say, Submit, Task};

pub use opening::OpenError;

use crate::Folders;
use conversations::Conversations;
use engines::Wish;
use spool::{Begun, Room, Spool};
use words::Words;

const MIB: u64 = 1024 * 1024;
/// The most tasks that a workshop has, running, ended and not yet forgotten: a runner says all of them in one message.
const TASKS: usize = 400;

/// The most that a task asks in all; the server keeps no more.
const ASKED: u32 = 500;

/// What a machine has for doing tasks.
#[derive(Debug, Clone)]
pub struct Tools {
    /// Whether it runs commands that the server names.
    pub commands: bool,
    /// Its coding agents: what each is started by, a program and its arguments, by its name.
    pub agents: BTreeMap<String, Vec<String>>,
    /// Its servers of tools, likewise.
    pub servers: BTreeMap<String, Vec<String>>,
    /// The program, and its arguments, that is [`crate::keeper::run`].
    pub keeper: Vec<OsString>,
    /// What tasks may use up.
    pub limits: Limits,
}

/// What tasks may use up of a machine, besides their own bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a command's processes have to end by themselves once they are asked to.
    pub grace: Duration,
    /// The most bytes on disk of what all tasks wrote; their checkouts are not counted. What comes after is dropped, and no
    /// task is begun.
    pub spool: u64,
    /// The most tasks at a time.
    pub at_once: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let at_once = usize::try_from(SLOTS).unwrap_or(usize::MAX);
        Self { grace: Duration::from_secs(10), spool: 2 * 1024 * MIB, at_once }
    }
}

/// A machine's tasks. A clone is another hold on the same.
#[derive(Clone)]
pub struct Workshop(Arc<Shared>);

struct Shared {
    /// A folder for each task.
    tasks: PathBuf,
    /// A folder for each checkout.
    checkouts: PathBuf,
    conversations: Conversations,
    folders: Folders,
    tools: Tools,
    ambient: Ambient,
    room: Arc<Room>,
    table: Mutex<Table>,
    /// How many tasks run.
    running: watch::Sender<usize>,
    changed: Arc<Notify>,
    /// Locked as long as this is there, so that no other process opens the same folder.
    _lock: File,
}

#[derive(Default)]
struct Table {
    entries: BTreeMap<Task, Entry>,
    closed: bool,
}

/// A task that is there.
struct Entry {
    spool: Arc<Spool>,
    wish: watch::Sender<Wish>,
    outcome: Option<Outcome>,
    progress: Option<Progress>,
    asks: Asks,
    /// What people say to it.
    words: Arc<Words>,
    runs: bool,
}

/// What a task asks people. They live no longer than the process that asks, and so they are not on disk.
#[derive(Default)]
struct Asks {
    asked: u32,
    /// What has no answer yet, with who waits for it.
    open: BTreeMap<u32, (Ask, oneshot::Sender<Option<String>>)>,
    /// What was withdrawn before it had one.
    withdrawn: BTreeSet<u32>,
}

impl Entry {
    fn is_forgotten(&self) -> bool {
        *self.wish.borrow() == Wish::Forget
    }

    /// Wishes at least that.
    fn want(&self, wish: Wish) {
        self.wish.send_if_modified(|now| {
            let more = wish > *now;
            *now = wish.max(*now);
            more
        });
    }
}

impl Shared {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spool(&self, task: Task) -> Option<Arc<Spool>> {
        let table = self.table();
        table.entries.get(&task).filter(|entry| !entry.is_forgotten()).map(|entry| Arc::clone(&entry.spool))
    }

    /// Says how far a task is.
    fn tell(&self, progress: Progress) {
        if let Some(entry) = self.table().entries.get_mut(&progress.task) {
            entry.progress = Some(progress);
        }
        self.changed.notify_one();
    }

    /// Asks people something; gives its number, and what comes when it is answered: an option's id, or none. A task that asks too
    /// much is not heard.
    fn ask(
        &self,
        task: Task,
        (title, detail): (String, String),
        options: Vec<AgentAskOption>,
    ) -> Option<(u32, oneshot::Receiver<Option<String>>)> {
        let mut table = self.table();
        let asks = &mut table.entries.get_mut(&task).filter(|entry| entry.runs)?.asks;
        if asks.open.len() >= ASKS || asks.asked >= ASKED {
            return None;
        }
        asks.asked += 1;
        let (ask_id, (answer, answered)) = (asks.asked, oneshot::channel());
        asks.open.insert(ask_id, (Ask { task, ask_id, title, detail, options }, answer));
        drop(table);
        self.changed.notify_one();
        Some((ask_id, answered))
    }

    /// Asks something no more.
    fn withdraw(&self, task: Task, ask: u32) {
        if let Some(entry) = self.table().entries.get_mut(&task)
            && entry.asks.open.remove(&ask).is_some()
        {
            entry.asks.withdrawn.insert(ask);
        }
        self.changed.notify_one();
    }

    /// Removes all that there is of a task.
    async fn remove(self: &Arc<Self>, task: Task, spool: Arc<Spool>) {
        checkout::remove(spool.folder()).await;
        let name = spool.name().to_owned();
        if let Err(error) = on_disk(move || spool.remove()).await {
            tracing::warn!(task = name, %error, "what is left of a task could not be removed");
        }
        self.table().entries.remove(&task);
        self.changed.notify_one();
    }
}

/// Does what waits for the disk where nothing else has to wait for it.
async fn on_disk<T: Send + 'static>(what: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(what).await.map_err(io::Error::from).flatten()
}

impl Workshop {
    /// The projects that it has a folder for.
    #[must_use]
    pub fn projects(&self) -> Vec<ProjectId> {
        self.0.folders.projects()
    }

    /// Whether it runs commands that the server names.
    #[must_use]
    pub fn runs_commands(&self) -> bool {
        self.0.tools.commands
    }

    /// The names of its coding agents.
    #[must_use]
    pub fn agents(&self) -> Vec<String> {
        self.0.tools.agents.keys().cloned().collect()
    }

    /// The names of its servers of tools.
    #[must_use]
    pub fn tools(&self) -> Vec<String> {
        self.0.tools.servers.keys().cloned().collect()
    }

    /// The tasks that it has: those that run, and those that have ended and are not forgotten.
    #[must_use]
    pub fn tasks(&self) -> Vec<Task> {
        let table = self.0.table();
        table.entries.iter().filter(|(_, entry)| !entry.is_forgotten()).map(|(task, _)| *task).collect()
    }

    /// Begins a task, which is on disk once this has returned; says whether it is new. One that it has already is left as
    /// it is. What this machine will not do ends at once, and its outcome says why. To be called within a runtime, which
    /// then does the task.
    ///
    /// # Errors
    /// When it cannot be written down, when there are too many, and once the workshop is closed. Then nothing is begun.
    pub fn begin(&self, submit: Submit) -> io::Result<bool> {
        let task = submit.task;
        let mut table = self.0.table();
        if let Some(entry) = table.entries.get(&task) {
            return if entry.is_forgotten() { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(false) };
        }
        if table.closed || table.entries.len() >= TASKS {
            return Err(io::Error::other("no more tasks are begun"));
        }
        let words = Arc::new(Words::new(matches!(submit.order.engine, Engine::Agent { .. })));
        let begun = Begun { submit, at: self.0.ambient.now() };
        let spool = Arc::new(Spool::create(&self.0.tasks, &begun, &self.0.room, &self.0.changed)?);
        let (wish, wished) = watch::channel(Wish::None);
        let entry = Entry {
            spool: Arc::clone(&spool),
            wish,
            outcome: None,
            progress: None,
            asks: Asks::default(),
            words: Arc::clone(&words),
            runs: true,
        };
        table.entries.insert(task, entry);
        self.0.running.send_modify(|running| *running += 1);
        drop(table);
        self.0.changed.notify_one();
        tokio::spawn(execution::run(Arc::clone(&self.0), spool, begun, words, wished));
        Ok(true)
    }

    /// Ends a task that is no longer wanted, unless it has ended by itself.
    pub fn cancel(&self, task: Task) {
        if let Some(entry) = self.0.table().entries.get(&task) {
            entry.want(Wish::Cancel);
        }
    }

    /// Removes a task with all that it wrote, and its own checkout; kills it if it runs. To be called within a runtime.
    pub fn forget(&self, task: Task) {
        let table = self.0.table();
        let Some(entry) = table.entries.get(&task).filter(|entry| !entry.is_forgotten()) else { return };
        entry.want(Wish::Forget);
        // One that runs is removed when it has ended.
        if !entry.runs {
            let (shared, spool) = (Arc::clone(&self.0), Arc::clone(&entry.spool));
            tokio::spawn(async move { shared.remove(task, spool).await });
        }
        drop(table);
        self.0.changed.notify_one();
    }

    /// What a task has written so far, by its streams.
    #[must_use]
    pub fn streams(&self, task: Task) -> Vec<Stream> {
        self.0.spool(task).map(|spool| spool.streams()).unwrap_or_default()
    }

    /// A part of a stream: `most` bytes from `offset` on, fewer where it ends.
    ///
    /// # Errors
    /// When there is no such stream, or the disk fails.
    pub fn read(&self, task: Task, stream: &str, offset: u64, most: usize) -> io::Result<Vec<u8>> {
        self.0.spool(task).ok_or(io::ErrorKind::NotFound)?.read(stream, offset, most)
    }

    /// How a task ended, once it has and that is on disk.
    #[must_use]
    pub fn outcome(&self, task: Task) -> Option<Outcome> {
        let table = self.0.table();
        table.entries.get(&task).filter(|entry| !entry.is_forgotten())?.outcome.clone()
    }

    /// How far a task is, if that was not asked for since it changed.
    #[must_use]
    pub fn progress(&self, task: Task) -> Option<Progress> {
        self.0.table().entries.get_mut(&task)?.progress.take()
    }

    /// What a task asks people, and has no answer to.
    #[must_use]
    pub fn asks(&self, task: Task) -> Vec<Ask> {
        let table = self.0.table();
        let entry = table.entries.get(&task).filter(|entry| !entry.is_forgotten());
        entry.map(|entry| entry.asks.open.values().map(|(ask, _)| ask.clone()).collect()).unwrap_or_default()
    }

    /// What a task has asked, and withdrew before it was answered.
    #[must_use]
    pub fn withdrawn(&self, task: Task) -> Vec<u32> {
        let table = self.0.table();
        let entry = table.entries.get(&task).filter(|entry| !entry.is_forgotten());
        entry.map(|entry| entry.asks.withdrawn.iter().copied().collect()).unwrap_or_default()
    }

    /// Answers what a task asks, with one of its options or with none. What it does not ask, or not any more, is passed over.
    pub fn answer(&self, task: Task, ask: u32, option: Option<String>) {
        let mut table = self.0.table();
        let asked = table.entries.get_mut(&task).and_then(|entry| entry.asks.open.remove(&ask));
        if let Some((ask, answer)) = asked {
            let known = |id: &String| ask.options.iter().any(|option| option.id == *id);
            // Who has asked may have ended just now.
            let _ = answer.send(option.filter(known));
        }
    }

    /// Hears what people say to a task's agent, which turns to it as the verb says; says whether it is heard. What is heard once is
    /// not brought in twice, and stays heard after a new start. What has ended, or hears nothing, does not hear it.
    ///
    /// # Errors
    /// When the disk does not take it; then it is not heard.
    pub fn say(&self, say: Say) -> io::Result<bool> {
        let found = {
            let table = self.0.table();
            let entry = table.entries.get(&say.task).filter(|entry| !entry.is_forgotten());
            entry.map(|entry| (Arc::clone(&entry.words), Arc::clone(&entry.spool)))
        };
        found.map_or(Ok(false), |(words, spool)| words.hear(say, &spool))
    }

    /// Comes when any of the above may have changed since this came last. For one listener.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// Ends all that runs, as lost, and begins nothing more. What has ended stays on disk, to be told after the next start.
    pub async fn close(&self) {
        {
            let mut table = self.0.table();
            table.closed = true;
            for entry in table.entries.values() {
                entry.want(Wish::Stop);
            }
        }
        // The sender is here.
        let _ = self.0.running.subscribe().wait_for(|running| *running == 0).await;
    }
}
