//! What a task has on disk: what it was told, what it wrote, and how it ended.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;
use wire::fleet::{Outcome, Stream};
use wire::runner::Submit;

/// The stream of what a task writes as it runs.
pub(crate) const OUTPUT: &str = "output";
/// The stream of what its agent said to people in its last turn.
pub(crate) const ANSWER: &str = "answer";
/// The stream of what it changed.
pub(crate) const DIFF: &str = "diff";
/// The streams that are not files of the project.
const PLAIN: [&str; 3] = [OUTPUT, ANSWER, DIFF];
/// What stands before the path in the name of a file's stream.
pub(crate) const FILE: &str = "file:";
/// The file that the keeper of a task's command has locked.
pub(crate) const LOCK: &str = "keeper.lock";
const TASK: &str = "task.json";
const OUTCOME: &str = "outcome.json";
const HEARD: &str = "heard.json";

/// How much all streams of a runner may take on disk, and take.
#[derive(Debug)]
pub(crate) struct Room {
    most: u64,
    used: AtomicU64,
}

impl Room {
    pub(crate) fn new(most: u64) -> Self {
        Self { most, used: AtomicU64::new(0) }
    }

    /// Whether there is none any more.
    pub(crate) fn is_full(&self) -> bool {
        self.used.load(Ordering::Relaxed) >= self.most
    }

    /// Takes as much of `wanted` as there is.
    fn take(&self, wanted: u64) -> u64 {
        let grant = |used: u64| wanted.min(self.most.saturating_sub(used));
        let taken = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            Some(used.saturating_add(grant(used)))
        });
        taken.map_or(0, grant)
    }

    fn give(&self, back: u64) {
        let less = |used: u64| Some(used.saturating_sub(back));
        let _ = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

/// What is known of a task from its beginning on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Begun {
    pub(crate) submit: Submit,
    pub(crate) at: Timestamp,
}

/// A task's folder.
#[derive(Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
    /// What the folder is called: one of a task's step and lease.
    name: String,
    /// The files that were asked for, in the order in which their streams are numbered.
    collect: Vec<String>,
    lengths: Mutex<BTreeMap<String, u64>>,
    room: Arc<Room>,
    changed: Arc<Notify>,
}

impl Spool {
    /// Makes a task's folder, so that it is there after whatever happens next.
    ///
    /// # Errors
    /// When it is there already, or the disk does not take it.
    pub(crate) fn create(
        tasks: &Path,
        begun: &Begun,
        room: &Arc<Room>,
        changed: &Arc<Notify>,
    ) -> io::Result<Self> {
        let spool = Self::at(tasks, &begun.submit, room, changed);
        fs::create_dir(&spool.folder)?;
        let written = write(&spool.folder, TASK, begun).and_then(|()| File::open(tasks)?.sync_all());
        if let Err(error) = written {
            let _ = fs::remove_dir_all(&spool.folder);
            return Err(error);
        }
        Ok(spool)
    }

    /// The folder that an earlier start left, with how the task ended if it has.
    ///
    /// # Errors
    /// When it is none: it was left before it was whole.
    pub(crate) fn open(
        folder: &Path,
        room: &Arc<Room>,
        changed: &Arc<Notify>,
    ) -> io::Result<(Self, Begun, Option<Outcome>)> {
        let begun: Begun = read(&folder.join(TASK))?;
        let spool = Self::at(folder.parent().unwrap_or(folder), &begun.submit, room, changed);
        let names = PLAIN.map(str::to_owned).into_iter();
        for name in names.chain(spool.collect.iter().map(|path| format!("{FILE}{path}"))) {
            if let Some(file) = spool.file(&name)
                && let Ok(about) = fs::metadata(file)
            {
                room.used.fetch_add(about.len(), Ordering::Relaxed);
                spool.lengths().insert(name, about.len());
            }
        }
        let outcome = match read(&folder.join(OUTCOME)) {
            Ok(outcome) => Some(outcome),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok((spool, begun, outcome))
    }

    fn at(tasks: &Path, submit: &Submit, room: &Arc<Room>, changed: &Arc<Notify>) -> Self {
        let name = format!("{}-{}", submit.task.step_id, submit.task.fence);
        Self {
            folder: tasks.join(&name),
            name,
            collect: submit.order.collect.clone(),
            lengths: Mutex::default(),
            room: Arc::clone(room),
            changed: Arc::clone(changed),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What tells the task's processes from all others of the machine.
    pub(crate) fn mark(&self) -> String {
        self.folder.display().to_string()
    }

    fn lengths(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.lengths.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where a stream is; a file's by its number, since a path may be longer than a file's name.
    fn file(&self, stream: &str) -> Option<PathBuf> {
        let name = match stream.strip_prefix(FILE) {
            Some(path) => format!("file-{}", self.collect.iter().position(|one| one == path)?),
            None if PLAIN.contains(&stream) => stream.to_owned(),
            None => return None,
        };
        Some(self.folder.join(name))
    }

    /// The streams that there are.
    pub(crate) fn streams(&self) -> Vec<Stream> {
        let lengths = self.lengths();
        lengths.iter().map(|(name, length)| Stream { name: name.clone(), length: *length }).collect()
    }

    /// A part of a stream: `most` bytes at the most, fewer at its end.
    ///
    /// # Errors
    /// When there is no such stream, or the disk fails.
    pub(crate) fn read(&self, stream: &str, offset: u64, most: usize) -> io::Result<Vec<u8>> {
        let length = *self.lengths().get(stream).ok_or(io::ErrorKind::NotFound)?;
        let mut file = File::open(self.file(stream).ok_or(io::ErrorKind::NotFound)?)?;
        file.seek(SeekFrom::Start(offset))?;
        let most = length.saturating_sub(offset).min(u64::try_from(most).unwrap_or(u64::MAX));
        let mut part = Vec::new();
        file.take(most).read_to_end(&mut part)?;
        Ok(part)
    }

    /// Makes how the task ended last, after all that it wrote.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub(crate) fn end(&self, outcome: &Outcome) -> io::Result<()> {
        for Stream { name, .. } in self.streams() {
            if let Some(file) = self.file(&name) {
                File::open(file)?.sync_all()?;
            }
        }
        write(&self.folder, OUTCOME, outcome)
    }

    /// Makes what the task has heard last.
    ///
    /// # Errors
    /// When the disk does not take it; then it is as before.
    pub(crate) fn hear(&self, heard: &BTreeSet<u32>) -> io::Result<()> {
        write(&self.folder, HEARD, heard)
    }

    /// What the task has heard.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn heard(&self) -> io::Result<BTreeSet<u32>> {
        match read(&self.folder.join(HEARD)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
            heard => heard,
        }
    }

    /// Removes the folder.
    ///
    /// # Errors
    /// When something in it cannot be removed; the room that its streams took is free all the same.
    pub(crate) fn remove(&self) -> io::Result<()> {
        self.room.give(std::mem::take(&mut *self.lengths()).values().sum());
        // First what makes it a task's folder: whatever is left of it is removed at the next start.
        fs::remove_file(self.folder.join(TASK))?;
        super::checkout::clear(&self.folder)
    }
}

/// Writes a stream, within its bounds.
pub(crate) struct Writer {
    spool: Arc<Spool>,
    stream: String,
    file: tokio::fs::File,
    /// How many bytes it may still write.
    left: u64,
    dropped: u64,
    full: bool,
}

impl Writer {
    /// Begins a stream of at most `limit` bytes.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub(crate) fn open(spool: &Arc<Spool>, stream: &str, limit: u64) -> io::Result<Self> {
        let path = spool.file(stream).ok_or(io::ErrorKind::NotFound)?;
        let file = File::options().create(true).append(true).open(path)?;
        spool.lengths().entry(stream.to_owned()).or_insert(0);
        spool.changed.notify_one();
        Ok(Self {
            spool: Arc::clone(spool),
            stream: stream.to_owned(),
            file: tokio::fs::File::from_std(file),
            left: limit,
            dropped: 0,
            full: false,
        })
    }

    /// Writes what there is room for, and counts what there is none for.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub(crate) async fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        // Nothing is written after a gap.
        let allowed = if self.dropped == 0 { length.min(self.left) } else { 0 };
        let taken = self.spool.room.take(allowed);
        self.full |= taken < allowed;
        self.dropped += length - taken;
        self.left -= taken;
        let part = &bytes[..usize::try_from(taken).unwrap_or(bytes.len())];
        if part.is_empty() {
            return Ok(());
        }
        let mut written = self.file.write_all(part).await;
        if written.is_ok() {
            written = self.file.flush().await;
        }
        if let Err(error) = written {
            self.spool.room.give(taken);
            return Err(error);
        }
        if let Some(length) = self.spool.lengths().get_mut(&self.stream) {
            *length += taken;
        }
        self.spool.changed.notify_one();
        Ok(())
    }

    /// How many bytes were left out.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Whether that was for the sake of all tasks, not by its own bound.
    pub(crate) fn full(&self) -> bool {
        self.full
    }
}

/// Writes a file so that it is there as a whole, or not at all.
///
/// # Errors
/// When the disk fails.
pub(crate) fn write(folder: &Path, name: &str, what: &impl Serialize) -> io::Result<()> {
    let draft = folder.join(format!("{name}.draft"));
    let mut file = File::create(&draft)?;
    file.write_all(&serde_json::to_vec(what)?)?;
    file.sync_all()?;
    fs::rename(draft, folder.join(name))?;
    File::open(folder)?.sync_all()
}

/// Reads what was written so.
///
/// # Errors
/// When it is not there, or is something else.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> io::Result<T> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}
