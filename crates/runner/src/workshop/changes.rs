//! What a task changed in its checkout: the diff as a stream, and the files as a list.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use wire::fleet::{Change, ChangedFile};

use super::MIB;
use super::checkout::Checkout;
use super::git::{Failure, Git, LONG};
use super::spool::{DIFF, Spool, Writer};

/// The most bytes of a diff.
const LONGEST: u64 = 16 * MIB;
/// The most files that are listed.
const FILES: usize = 1_000;
const BUFFER: usize = 64 * 1024;
/// What stands at the end of a diff that was cut.
const CUT: &[u8] = b"\n# The diff is longer, and was cut here.\n";

/// What a task changed.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) files: Vec<ChangedFile>,
    /// Whether the diff was cut.
    pub(crate) cut: bool,
    pub(crate) notes: Vec<String>,
}

/// Takes what was changed into the index, and tells it. What git cannot read is left out with a note, unless the changes
/// are to be `kept`.
///
/// # Errors
/// When git or the disk fails.
pub(crate) async fn take(checkout: &Checkout, spool: &Arc<Spool>, kept: bool) -> Result<Changes, Failure> {
    let git = checkout.git(kept)?;
    let mut changes = Changes::default();
    let add = ["add", "--all", "--ignore-errors", "--", checkout.project()];
    match git.run(&add, LONG).await {
        Err(Failure::Said(why)) if !kept => {
            changes.notes.push(format!("Not all that changed could be read: {why}."));
        }
        done => drop(done?),
    }
    if !checkout.prefix.is_empty() && changed_elsewhere(checkout, &git).await? {
        changes.notes.push("What changed outside of the project's folder was left out.".to_owned());
    }
    let numbers = numbers(&compare(&git, checkout, &["--numstat", "-z"]).await?);
    changes.files = files(&compare(&git, checkout, &["--name-status", "-z"]).await?, &numbers);
    if changes.files.len() > FILES {
        changes.notes.push(format!("More than {FILES} files changed: the diff has all of them."));
        changes.files.truncate(FILES);
    }
    changes.cut = !changes.files.is_empty() && !diff(&git, checkout, spool).await?;
    if changes.cut {
        changes.notes.push(format!(
            "The diff was cut: it is longer than {} MiB, or than the runner has room for.",
            LONGEST / MIB
        ));
    }
    Ok(changes)
}

/// Git's comparison of the index with the commit that the checkout began with, as the plumbing does it, which heeds no
/// one's taste.
fn comparison<'a>(checkout: &'a Checkout, how: &[&'a str]) -> Vec<String> {
    let fixed = ["diff-index", "--cached", "--no-color", "--no-ext-diff", "--no-textconv", "--find-renames"];
    let mut arguments: Vec<String> = fixed.iter().chain(how).map(ToString::to_string).collect();
    if !checkout.prefix.is_empty() {
        arguments.push(format!("--relative={}", checkout.prefix));
    }
    arguments.extend([checkout.start.clone(), "--".to_owned()]);
    arguments
}

async fn compare(git: &Git, checkout: &Checkout, how: &[&str]) -> Result<Vec<u8>, Failure> {
    git.run(&comparison(checkout, how), LONG).await
}

/// Writes the diff's stream; says whether it is whole.
async fn diff(git: &Git, checkout: &Checkout, spool: &Arc<Spool>) -> Result<bool, Failure> {
    let mut running = git.start(&comparison(checkout, &["--patch", "--binary"]), LONG)?;
    let most = LONGEST - u64::try_from(CUT.len()).unwrap_or(0);
    let mut writer = Writer::open(spool, DIFF, LONGEST)?;
    let (mut buffer, mut left) = (vec![0; BUFFER], most);
    loop {
        let read = running.read(&mut buffer).await?;
        if read == 0 {
            return running.end().await.map(|()| true);
        }
        let taken = usize::try_from(left).map_or(read, |left| read.min(left));
        writer.append(&buffer[..taken]).await?;
        left -= u64::try_from(taken).unwrap_or(left);
        if taken < read || writer.dropped() > 0 {
            writer.append(CUT).await?;
            return Ok(false);
        }
    }
}

/// Whether anything changed in the checkout, ignored files aside.
///
/// # Errors
/// When git fails.
pub(crate) async fn any(checkout: &Checkout) -> Result<bool, Failure> {
    let git = checkout.git(false)?;
    git.run(&["add", "--all", "--ignore-errors", "--", "."], LONG).await.map(drop)?;
    let arguments = ["diff-index", "--cached", "--name-only", "-z", checkout.start.as_str(), "--"];
    Ok(!git.run(&arguments, LONG).await?.is_empty())
}

/// Whether something changed in the checkout that is not the project's.
async fn changed_elsewhere(checkout: &Checkout, git: &Git) -> Result<bool, Failure> {
    let status = ["status", "--porcelain", "-z", "--no-renames", "--ignore-submodules=all"];
    let all = git.run(&status, LONG).await?;
    let own = format!("{}/", checkout.prefix);
    // Each is two letters, a space and a path.
    Ok(all
        .split(|byte| *byte == 0)
        .filter_map(|entry| entry.get(3..))
        .any(|path| !path.starts_with(own.as_bytes())))
}

/// Lines that came and went, by path; nothing of what is no text.
type Numbers = BTreeMap<Vec<u8>, (Option<u32>, Option<u32>)>;

/// Reads `--numstat -z`: `added TAB removed TAB path NUL`, and for what was renamed `added TAB removed TAB NUL from NUL to
/// NUL`.
fn numbers(text: &[u8]) -> Numbers {
    let mut numbers = Numbers::new();
    let mut entries = text.split(|byte| *byte == 0);
    while let Some(entry) = entries.next() {
        let mut fields = entry.splitn(3, |byte| *byte == b'\t');
        let (Some(added), Some(removed), Some(path)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        let path = if path.is_empty() { entries.nth(1).unwrap_or_default() } else { path };
        let number = |digits: &[u8]| std::str::from_utf8(digits).ok()?.parse().ok();
        numbers.insert(path.to_owned(), (number(added), number(removed)));
    }
    numbers
}

/// Reads `--name-status -z`: `letter NUL path NUL`, and for what was renamed `Rnumber NUL from NUL to NUL`.
fn files(text: &[u8], numbers: &Numbers) -> Vec<ChangedFile> {
    let mut files = Vec::new();
    let mut entries = text.split(|byte| *byte == 0).filter(|entry| !entry.is_empty());
    while let (Some(letter), Some(mut path)) = (entries.next(), entries.next()) {
        let change = match letter.first() {
            Some(b'A') => Change::Added,
            Some(b'D') => Change::Deleted,
            Some(b'R') => {
                let Some(to) = entries.next() else { break };
                path = to;
                Change::Renamed
            }
            _ => Change::Modified,
        };
        let (added, removed) = numbers.get(path).copied().unwrap_or_default();
        files.push(ChangedFile { path: String::from_utf8_lossy(path).into_owned(), change, added, removed });
    }
    files
}

/// What is to be said when the changes could not be taken.
pub(crate) fn unknown(failure: &Failure) -> String {
    match failure {
        Failure::Io(error) if error.kind() == io::ErrorKind::StorageFull => {
            "The runner's disk is full: what changed could not be written down.".to_owned()
        }
        failure => format!("What changed could not be told: {failure}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_lists_is_read_with_names_of_any_kind() {
        let numbers = numbers(b"1\t2\ta\tb.txt\0-\t-\tc.png\x003\t0\t\0old\nname\0new name\0");
        let files = files(b"M\0a\tb.txt\0A\0c.png\0R090\0old\nname\0new name\0D\0\xff\0", &numbers);
        let told: Vec<_> =
            files.iter().map(|file| (file.path.as_str(), file.change, file.added, file.removed)).collect();
        assert_eq!(
            told,
            [
                ("a\tb.txt", Change::Modified, Some(1), Some(2)),
                ("c.png", Change::Added, None, None),
                ("new name", Change::Renamed, Some(3), Some(0)),
                ("\u{fffd}", Change::Deleted, None, None),
            ]
        );
        assert!(self::files(b"R100\0only", &numbers).is_empty() && self::numbers(b"1\t2").is_empty());
    }
}
