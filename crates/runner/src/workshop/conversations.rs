//! Conversations with coding agents that a later task may go on with: what was said, in which session of the agent's, where it worked,
//! and what it had changed. Each has a folder, by the step that had it. The oldest go when there are too many.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use kernel::{ProjectId, StepId};
use serde::{Deserialize, Serialize};

use super::spool::{DIFF, read, write};

const ABOUT: &str = "conversation.json";
/// The most conversations.
const KEPT: usize = 100;
/// The most bytes of what all of them had changed.
const ROOM: u64 = 256 * 1024 * 1024;
/// The most exchanges of one, the latest.
const EXCHANGES: usize = 10;
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Conversation {
    /// Whose files it was about.
    pub(crate) project: ProjectId,
    /// What the runner calls the agent.
    pub(crate) agent: String,
    /// What the agent calls it; nothing, once a later task has it. The session knows what is said there, too.
    pub(crate) session: Option<String>,
    /// What the folder of its checkout was called: agents know their sessions by where they work.
    pub(crate) place: Option<String>,
    /// The commit that it began with.
    pub(crate) start: Option<String>,
    pub(crate) changes: Changes,
    /// All that was said, the latest last.
    pub(crate) said: Vec<Exchange>,
    pub(crate) spent: Spent,
}

impl Conversation {
    /// One in which nothing was said.
    pub(crate) fn new(project: ProjectId, agent: &str) -> Self {
        Self {
            project,
            agent: agent.to_owned(),
            session: None,
            place: None,
            start: None,
            changes: Changes::default(),
            said: Vec::new(),
            spent: Spent::default(),
        }
    }

    /// Notes an exchange.
    pub(crate) fn says(&mut self, asked: &str, answered: &[u8]) {
        let asked = shortened(asked.as_bytes());
        self.said.push(Exchange { asked, answered: shortened(answered) });
        let more = self.said.len().saturating_sub(EXCHANGES);
        self.said.drain(..more);
    }

    /// What an agent is told first that goes on with it: what it cannot see by itself, and all that was said unless it knows that.
    pub(crate) fn told(&self, knows: bool) -> Option<String> {
        let files = match self.changes {
            Changes::Gone => "What was changed before could not be kept: it is not in the files.\n",
            Changes::None => "",
            Changes::Diff => "What was changed before is in the files already.\n",
        };
        if knows {
            return (self.changes == Changes::Gone).then(|| files.to_owned());
        }
        let mut told = format!("You go on with work that was begun before. {files}");
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
        Some(told)
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

    fn get(&self, step: StepId) -> io::Result<Option<Conversation>> {
        match read(&self.of(step).join(ABOUT)) {
            Ok(conversation) => Ok(Some(conversation)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The conversation that a step had with that agent about that project. Its session is that of the step `by` from now on, which has
    /// all of it even if it says nothing.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn take_up(
        &self,
        step: StepId,
        project: ProjectId,
        agent: &str,
        by: StepId,
    ) -> io::Result<Option<Earlier>> {
        let found = self.get(step)?.filter(|one| one.project == project && one.agent == agent);
        let Some(conversation) = found else { return Ok(None) };
        // Written first, it is not among the oldest.
        self.put(step, &Conversation { session: None, ..conversation.clone() })?;
        self.put(by, &conversation)?;
        let has_diff = conversation.changes == Changes::Diff;
        if has_diff {
            self.changed(by, Some(&self.of(step).join(DIFF)))?;
        }
        let diff = has_diff.then(|| self.of(by).join(DIFF));
        Ok(Some(Earlier { conversation, diff }))
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
            _ => diff.map_or(Ok(()), |diff| link(diff, &kept))?,
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

/// The same file once more; a copy, where the disk knows no such thing.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop))
}

#[cfg(test)]
mod tests {
    use kernel::Id;

    use super::*;

    fn step(number: u128) -> StepId {
        StepId::from_bits(number)
    }

    fn empty() -> Conversation {
        Conversation::new(ProjectId::from_bits(1), "scribe")
    }

    #[test]
    fn the_session_is_for_whoever_goes_on_first() {
        let state = tempfile::tempdir().unwrap();
        let all = Conversations::open(state.path()).unwrap();
        let session = |project, agent, from, by| {
            let earlier = all.take_up(step(from), ProjectId::from_bits(project), agent, step(by)).unwrap();
            earlier.map(|earlier| earlier.conversation.session)
        };
        assert_eq!(session(1, "scribe", 1, 2), None);
        let there = Some("session".to_owned());
        all.put(step(1), &Conversation { session: there.clone(), ..empty() }).unwrap();
        assert_eq!((session(2, "scribe", 1, 2), session(1, "poet", 1, 2)), (None, None), "it is another's");
        assert_eq!(session(1, "scribe", 1, 2), Some(there.clone()));
        assert_eq!(session(1, "scribe", 1, 3), Some(None));
        // The second said nothing, and is gone on with all the same.
        assert_eq!(session(1, "scribe", 2, 4), Some(there));
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let state = tempfile::tempdir().unwrap();
        let all = Conversations::open(state.path()).unwrap();
        for number in 0..=KEPT as u128 {
            all.put(step(number), &empty()).unwrap();
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
        let mut conversation = empty();
        for n in 0..30 {
            conversation.says(&format!("ask {n}"), "ä".repeat(SIDE).as_bytes());
        }
        let told = conversation.told(false).unwrap();
        assert!(!told.contains("ask 19\n") && told.contains("ask 20\n") && told.contains("ask 29\n"));
        assert!(told.len() < EXCHANGES * (SIDE + 100) && told.ends_with("What is asked now:\n"));
    }
}
