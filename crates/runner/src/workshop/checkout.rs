//! A task's own checkout of a project that git keeps: a worktree beside the project's, which is left as it is.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::conversations::{Changes, Earlier};
use super::git::{Failure, Git, LONG, SHORT};
use super::on_disk;
use super::spool::{Spool, write};

/// What says where the checkout comes from.
const ORIGIN: &str = "checkout.json";
/// The index that the changes are taken with. The command has another one, and does with it what it wants.
const INDEX: &str = "index";
/// Where the objects of a diff are, which nobody wants for longer.
const OBJECTS: &str = "objects";

/// A checkout.
#[derive(Debug)]
pub(crate) struct Checkout {
    /// The task's folder.
    folder: PathBuf,
    /// Its top.
    pub(crate) work: PathBuf,
    /// The repository that it is of.
    common: PathBuf,
    /// What that repository knows of it.
    git_dir: PathBuf,
    /// The project's folder within it; empty if that is the top.
    pub(crate) prefix: String,
    /// The commit that it began with.
    pub(crate) start: String,
}

/// What is to be known of a checkout in order to remove it.
#[derive(Serialize, Deserialize)]
struct Origin {
    common: PathBuf,
    work: PathBuf,
}

/// What becomes of a project's folder.
pub(crate) enum Made {
    /// A checkout, and what there is to say of it.
    Checkout(Checkout, Vec<String>),
    /// Git does not keep it, for this reason.
    Not(&'static str),
}

/// Makes a checkout of what the project's folder has as its last commit, with what an earlier conversation had changed.
///
/// # Errors
/// When git keeps the folder and does not do it.
pub(crate) async fn make(
    declared: &Path,
    spool: &Spool,
    checkouts: &Path,
    earlier: Option<&Earlier>,
) -> Result<Made, Failure> {
    let git = Git::at(declared);
    let about =
        ["rev-parse", "--path-format=absolute", "--is-inside-work-tree", "--git-common-dir", "--show-prefix"];
    let about = match git.text(&about, SHORT).await {
        Ok(about) => about,
        Err(Failure::Missing) => return Ok(Made::Not("there is no git on the runner's machine")),
        Err(Failure::Said(why)) if why.contains("not a git repository") => {
            return Ok(Made::Not("it is in no git repository"));
        }
        Err(failure) => return Err(failure),
    };
    let mut lines = about.split('\n');
    let (inside, common, prefix) = (lines.next(), lines.next(), lines.next().unwrap_or_default());
    let common = match (inside, common) {
        (Some("true"), Some(common)) => common,
        (Some("false"), _) => return Ok(Made::Not("it is in no git repository")),
        _ => return Err(Failure::Said("it is too old; 2.31 is needed".to_owned())),
    };
    let Some(start) = found(&git, "HEAD^{commit}").await? else {
        return Ok(Made::Not("its repository has no commit yet"));
    };
    if found(&git, &format!("{start}:./")).await?.is_none() {
        return Ok(Made::Not("it is in no commit of the repository around it"));
    }
    let status = ["status", "--porcelain", "-z", "--ignore-submodules=dirty", "--", "."];
    let dirty = git.run(&status, LONG).await.is_ok_and(|changes| !changes.is_empty());
    let unseen = "The project's folder has changes that are not committed. The task did not see them.";
    let mut notes: Vec<String> = dirty.then(|| unseen.to_owned()).into_iter().collect();
    let (folder, common) = (spool.folder().to_owned(), PathBuf::from(common));
    let work = place(checkouts, spool, earlier);
    write(&folder, ORIGIN, &Origin { common: common.clone(), work: work.clone() })?;
    let add = ["worktree".as_ref(), "add".as_ref(), "--detach".as_ref(), work.as_os_str(), start.as_ref()];
    git.run(&add, LONG).await?;
    let (git, prefix) = (Git::at(&work), prefix.trim_end_matches('/').to_owned());
    let start = match earlier {
        Some(earlier) => put_back(&git, &prefix, start, earlier, &mut notes).await?,
        None => start,
    };
    let git_dir = PathBuf::from(git.text(&["rev-parse", "--absolute-git-dir"], SHORT).await?);
    fs::copy(git_dir.join(INDEX), folder.join(INDEX))?;
    Ok(Made::Checkout(Checkout { folder, work, common, git_dir, prefix, start }, notes))
}

/// Where a task's checkout is: where that of the conversation was that it goes on with, since its agent knows that by the place; unless
/// another one is there.
fn place(checkouts: &Path, spool: &Spool, earlier: Option<&Earlier>) -> PathBuf {
    let before = earlier.and_then(|earlier| earlier.conversation.place.as_deref());
    let before = before.map(|name| checkouts.join(name)).filter(|place| !place.exists());
    before.unwrap_or_else(|| checkouts.join(spool.name()))
}

/// Makes the changes of an earlier conversation in a checkout of the project's last commit, unless they are in that already; gives
/// the commit that the checkout is of. If they do not go together with what the project is now, that is the one that they were made on.
///
/// # Errors
/// When git does not do it.
async fn put_back(
    git: &Git,
    prefix: &str,
    last: String,
    earlier: &Earlier,
    notes: &mut Vec<String>,
) -> Result<String, Failure> {
    if earlier.conversation.changes == Changes::Gone {
        notes.push("What was changed before could not be kept, and is not there.".to_owned());
    }
    let (Some(diff), Some(start)) = (&earlier.diff, &earlier.conversation.start) else { return Ok(last) };
    let directory = format!("--directory={prefix}");
    // Whether git does it.
    let apply = async |how: &[&str]| {
        let fixed = ["apply", "--whitespace=nowarn"].into_iter().chain(how.iter().copied());
        let within = (!prefix.is_empty()).then_some(&*directory);
        let arguments = fixed.chain(within).map(OsStr::new).chain([OsStr::new("--"), diff.as_os_str()]);
        match git.run(&arguments.collect::<Vec<_>>(), LONG).await {
            Ok(_) => Ok(true),
            Err(Failure::Said(_)) => Ok(false),
            Err(failure) => Err(failure),
        }
    };
    if *start != last && apply(&["--check", "--reverse"]).await? {
        notes.push("What was changed before is in the project already.".to_owned());
        return Ok(last);
    }
    if apply(&[]).await? {
        return Ok(last);
    }
    git.run(&["checkout", "--quiet", "--detach", start], LONG).await?;
    if !apply(&[]).await? {
        return Err(Failure::Said("what was changed before cannot be put back".to_owned()));
    }
    notes.push("The project has changed since in the same places: this is on what it was then.".to_owned());
    Ok(start.clone())
}

/// What a repository has by that name. That git cannot tell is not that there is nothing.
async fn found(git: &Git, name: &str) -> Result<Option<String>, Failure> {
    match git.text(&["rev-parse", "--verify", "--quiet", name], SHORT).await {
        Ok(found) => Ok(Some(found)),
        Err(Failure::Said(_)) => Ok(None),
        Err(failure) => Err(failure),
    }
}

impl Checkout {
    /// Git for the checkout, which does not ask the checkout which repository it is of. What is stored goes to the
    /// repository if it is `kept` there, else to the task's own folder.
    ///
    /// # Errors
    /// When the checkout is not where it was, or the disk fails.
    pub(crate) fn git(&self, kept: bool) -> Result<Git, Failure> {
        if self.work.canonicalize()? != self.work {
            return Err(Failure::Said("the checkout was put elsewhere".into()));
        }
        let git = Git::at(&self.work).with("GIT_DIR", &self.git_dir).with("GIT_WORK_TREE", &self.work);
        let git = git.with("GIT_INDEX_FILE", self.folder.join(INDEX));
        let objects = self.common.join("objects");
        // A list of folders, in which this sign stands between two.
        if kept || objects.as_os_str().as_encoded_bytes().contains(&b':') {
            return Ok(git);
        }
        let own = self.folder.join(OBJECTS);
        fs::create_dir_all(&own)?;
        Ok(git.with("GIT_OBJECT_DIRECTORY", own).with("GIT_ALTERNATE_OBJECT_DIRECTORIES", objects))
    }

    /// The project's folder as git names it in the checkout.
    pub(crate) fn project(&self) -> &str {
        if self.prefix.is_empty() { "." } else { &self.prefix }
    }
}

/// Removes the checkout that a task's folder has, from its repository, too.
pub(crate) async fn remove(folder: &Path) {
    let origin = fs::read(folder.join(ORIGIN)).ok();
    let origin = origin.and_then(|json| serde_json::from_slice(&json).ok());
    let Some(Origin { common, work }) = origin else { return };
    let git = Git::at(folder).with("GIT_DIR", common);
    // Twice, for one that somebody has locked.
    let arguments = ["worktree", "remove", "--force", "--force"].map(AsRef::as_ref);
    let arguments = [&arguments[..], &[work.as_os_str()]].concat();
    if git.run(&arguments, LONG).await.is_ok() {
        return;
    }
    // Git does not remove what the command has made unlike a checkout, but knows that what is gone is none.
    let left = work.clone();
    let removed = match on_disk(move || clear(&left)).await {
        Ok(()) => git.run(&arguments, SHORT).await.map(drop),
        Err(error) => Err(error.into()),
    };
    if let Err(failure) = removed {
        tracing::warn!(folder = %folder.display(), %failure, "a checkout is left in its repository");
    }
}

/// Removes a folder, also what is in folders that nothing may be removed from.
pub(crate) fn clear(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            unlock(folder)?;
            fs::remove_dir_all(folder)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Lets the owner do all with a folder and those in it.
fn unlock(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            unlock(&entry.path())?;
        }
    }
    Ok(())
}
