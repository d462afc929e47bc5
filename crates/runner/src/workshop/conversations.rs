//! Conversations with coding agents that a later task may go on with: what was said, in which session of the agent's, where it worked,
//! and what it had changed. Each has a folder, by the step that had it. The oldest go when there are too many.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use kernel::StepId;
use serde::{Deserialize, Serialize};

use super::spool::{DIFF, read, write};

const ABOUT: &str = "conversation.json";
/// The most conversations.
const KEPT: usize = 100;
/// The most bytes of what all of them had changed.
const ROOM: u64 = 256 * 1024 * 1024;
/// The most exchanges of one, the latest.
const EXCHANGES: usize = 20;
/// The most bytes of either side of an exchange.
const SIDE: usize = 8 * 1024;

/// What was said once, and what the agent said to that at the end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Exchange {
    pub(crate) asked: String,
    pub(crate) answered: String,
}

/// What is there of what a task had changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Changes {
    /// Nobody could take it, or it was too much.
    #[default]
    Gone,
    /// Nothing was changed that would not be there anyway.
    None,
    /// It is a diff.
    Diff,
}

/// What an agent says that it used in a session so far, all of its tasks together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Spent {
    pub(crate) total: u64,
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) cost_micros: u64,
}

/// A conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Conversation {
    /// What the agent calls it.
    pub(crate) session: String,
    /// What the folder of its checkout was called: agents know their sessions by where they work.
    pub(crate) place: Option<String>,
    /// The commit that it began with.
    pub(crate) start: Option<String>,
    pub(crate) changes: Changes,
    /// All that was said, the latest last.
    pub(crate) said: Vec<Exchange>,
    pub(crate) spent: Spent,
    /// The step that has gone on with it. The session knows what was said there, too.
    pub(crate) went_on: Option<StepId>,
}

impl Conversation {
    /// Notes an exchange.
    pub(crate) fn says(&mut self, asked: &str, answered: &[u8]) {
        let asked = shortened(asked.as_bytes());
        self.said.push(Exchange { asked, answered: shortened(answered) });
        let more = self.said.len().saturating_sub(EXCHANGES);
        self.said.drain(..more);
    }

    /// What an agent is told that does not know the session.
    pub(crate) fn told(&self) -> String {
        let mut told =
            "You go on with work that was begun before. What was changed then is in the files already.\n"
                .to_owned();
        for Exchange { asked, answered } in &self.said {
            told.push_str("\nWhat was asked:\n");
            told.push_str(asked);
            if !answered.is_empty() {
                told.push_str("\n\nWhat was answered:\n");
                told.push_str(answered);
            }
            told.push('\n');
        }
        told.push_str("\nWhat is asked now:\n");
        told
    }
}

/// The beginning of a text, with a sign if there is more.
fn shortened(text: &[u8]) -> String {
    let beginning = String::from_utf8_lossy(&text[..text.len().min(SIDE)]);
    let more = if text.len() > SIDE { " …" } else { "" };
    format!("{}{more}", beginning.trim_end())
}

/// An earlier conversation that a task goes on with.
#[derive(Debug)]
pub(crate) struct Earlier {
    pub(crate) conversation: Conversation,
    /// Where its diff is, if there is one.
    pub(crate) diff: Option<PathBuf>,
    /// Whether its session is at what was said last there.
    pub(crate) is_there: bool,
}

/// The conversations that a machine has.
#[derive(Debug)]
pub(crate) struct Conversations {
    folder: PathBuf,
}

impl Conversations {
    /// Those of a state folder.
    ///
    /// # Errors
    /// When the disk does not let it.
    pub(crate) fn open(state: &Path) -> io::Result<Self> {
        let folder = state.join("conversations");
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        Ok(Self { folder })
    }

    fn of(&self, step: StepId) -> PathBuf {
        self.folder.join(step.to_string())
    }

    /// The conversation of a step.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn get(&self, step: StepId) -> io::Result<Option<Conversation>> {
        match read(&self.of(step).join(ABOUT)) {
            Ok(conversation) => Ok(Some(conversation)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The conversation of a step, which another one goes on with.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn take_up(&self, step: StepId, by: StepId) -> io::Result<Option<Earlier>> {
        let Some(mut conversation) = self.get(step)? else { return Ok(None) };
        let is_there = conversation.went_on.is_none_or(|other| other == by);
        if conversation.went_on.is_none() {
            conversation.went_on = Some(by);
            self.put(step, &conversation)?;
        }
        let diff = (conversation.changes == Changes::Diff).then(|| self.of(step).join(DIFF));
        Ok(Some(Earlier { conversation, diff, is_there }))
    }

    /// Keeps a conversation as it is now.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn put(&self, step: StepId, conversation: &Conversation) -> io::Result<()> {
        let folder = self.of(step);
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        write(&folder, ABOUT, conversation)?;
        self.bound(&folder)
    }

    /// Notes what a step's task has changed, if there is a conversation of it: what is at `diff`, or nothing.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn changed(&self, step: StepId, diff: Option<&Path>) -> io::Result<()> {
        let Some(mut conversation) = self.get(step)? else { return Ok(()) };
        let (folder, kept) = (self.of(step), self.of(step).join(DIFF));
        match fs::remove_file(&kept) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => diff.map_or(Ok(()), |diff| fs::hard_link(diff, &kept))?,
        }
        conversation.changes = if diff.is_some() { Changes::Diff } else { Changes::None };
        write(&folder, ABOUT, &conversation)?;
        self.bound(&folder)
    }

    /// Removes the oldest until there are not too many; but not this one.
    fn bound(&self, but: &Path) -> io::Result<()> {
        let mut there = Vec::new();
        for folder in fs::read_dir(&self.folder)? {
            let folder = folder?.path();
            let when = fs::metadata(folder.join(ABOUT)).and_then(|about| about.modified());
            let bytes = fs::metadata(folder.join(DIFF)).map_or(0, |about| about.len());
            there.push((when.unwrap_or(SystemTime::UNIX_EPOCH), folder, bytes));
        }
        there.sort();
        let (mut count, mut bytes) = (there.len(), there.iter().map(|(.., bytes)| bytes).sum::<u64>());
        for (_, folder, size) in there.iter().filter(|(_, folder, _)| folder != but) {
            if count <= KEPT && bytes <= ROOM {
                break;
            }
            fs::remove_dir_all(folder)?;
            count -= 1;
            bytes -= size;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use kernel::Id;

    use super::*;

    fn step(number: u128) -> StepId {
        StepId::from_bits(number)
    }

    #[test]
    fn the_session_is_for_whoever_goes_on_first() {
        let state = tempfile::tempdir().unwrap();
        let all = Conversations::open(state.path()).unwrap();
        assert!(all.take_up(step(1), step(2)).unwrap().is_none());
        all.put(step(1), &Conversation::default()).unwrap();
        let is_there = |by| all.take_up(step(1), by).unwrap().unwrap().is_there;
        assert_eq!([is_there(step(2)), is_there(step(3)), is_there(step(2))], [true, false, true]);
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let state = tempfile::tempdir().unwrap();
        let all = Conversations::open(state.path()).unwrap();
        for number in 0..=KEPT as u128 {
            all.put(step(number), &Conversation::default()).unwrap();
            let about = all.of(step(number)).join(ABOUT);
            let at = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(number as u64);
            fs::File::options().append(true).open(about).unwrap().set_modified(at).unwrap();
        }
        assert!(all.get(step(0)).unwrap().is_none() && all.get(step(1)).unwrap().is_some());
        let large = state.path().join("large");
        fs::File::create(&large).unwrap().set_len(ROOM).unwrap();
        all.changed(step(1), Some(&large)).unwrap();
        assert!(all.get(step(2)).unwrap().is_some(), "it fits by itself");
        let small = state.path().join("small");
        fs::write(&small, "a").unwrap();
        all.changed(step(50), Some(&small)).unwrap();
        let left = (0..=KEPT as u128).filter(|n| all.get(step(*n)).unwrap().is_some()).collect::<Vec<_>>();
        assert_eq!(left, [50], "the large one was changed later than all but this");
    }

    #[test]
    fn what_was_said_is_told_within_bounds() {
        let mut conversation = Conversation::default();
        for n in 0..30 {
            conversation.says(&format!("ask {n}"), "ä".repeat(SIDE).as_bytes());
        }
        let told = conversation.told();
        assert!(!told.contains("ask 9\n") && told.contains("ask 10\n") && told.contains("ask 29\n"));
        assert!(told.len() < EXCHANGES * (SIDE + 100) && told.ends_with("What is asked now:\n"));
    }
}
