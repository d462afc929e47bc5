//! How git is called: without hooks, helpers of a repository's own, pagers and questions, and never for longer than a deadline.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout_at};

/// How long git may take for what reads or writes a few of its own files.
pub(crate) const SHORT: Duration = Duration::from_secs(60);
/// How long it may take for all files of a project.
pub(crate) const LONG: Duration = Duration::from_secs(600);
/// The most bytes of an answer that is taken as a whole.
const LARGEST: usize = 4 * 1024 * 1024;
const BUFFER: usize = 64 * 1024;
/// The most bytes of what git complains of.
const COMPLAINT: u64 = 16 * 1024;

/// What holds for each call, whatever is configured.
const ALWAYS: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.quotePath=false",
    "core.safecrlf=false",
    "credential.interactive=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.ext.allow=never",
    "submodule.recurse=false",
];

/// What of the runner's environment would lead git elsewhere, or have it ask somebody.
const NEVER: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_ASKPASS",
    "GIT_COMMON_DIR",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_EXTERNAL_DIFF",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_WORK_TREE",
    "SSH_ASKPASS",
];

/// Why git did not do something.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// There is no git on this machine.
    #[error("git is not there")]
    Missing,
    /// It says why.
    #[error("git says: {0}")]
    Said(String),
    /// It took too long.
    #[error("git took longer than {} s", .0.as_secs())]
    Late(Duration),
    /// What is around it failed.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Git in a folder.
#[derive(Debug, Clone)]
pub(crate) struct Git {
    folder: PathBuf,
    environment: Vec<(&'static str, OsString)>,
}

impl Git {
    pub(crate) fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), environment: Vec::new() }
    }

    /// The same, with a variable of git's own.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// What git answers, with its last line's end left out.
    ///
    /// # Errors
    /// When it does not do it.
    pub(crate) async fn text(&self, arguments: &[&str], patience: Duration) -> Result<String, Failure> {
        let answer = self.run(arguments, patience).await?;
        let text = String::from_utf8_lossy(&answer);
        Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
    }

    /// What git answers, of which what is longer than anyone asks for is left out.
    ///
    /// # Errors
    /// When it does not do it.
    pub(crate) async fn run<A: AsRef<OsStr>>(
        &self,
        arguments: &[A],
        patience: Duration,
    ) -> Result<Vec<u8>, Failure> {
        let mut running = self.start(arguments, patience)?;
        let (mut answer, mut buffer) = (Vec::new(), vec![0; BUFFER]);
        while answer.len() < LARGEST {
            match running.read(&mut buffer).await? {
                0 => return running.end().await.map(|()| answer),
                read => answer.extend_from_slice(&buffer[..read]),
            }
        }
        Ok(answer)
    }

    /// Starts git.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start<A: AsRef<OsStr>>(
        &self,
        arguments: &[A],
        patience: Duration,
    ) -> Result<Running, Failure> {
        let mut command = Command::new("git");
        for setting in ALWAYS {
            command.args(["-c", setting]);
        }
        command.args(["--no-pager", "--literal-pathspecs"]).args(arguments).current_dir(&self.folder);
        for name in NEVER {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0").env("GIT_OPTIONAL_LOCKS", "0");
        command.env("SSH_ASKPASS_REQUIRE", "never");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        // Its own group, which no terminal asks anything, and which ends as a whole.
        command.process_group(0).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound if self.folder.is_dir() => Failure::Missing,
            _ => Failure::Io(error),
        })?;
        let complaint = child.stderr.take().map(|stderr| {
            tokio::spawn(async move {
                let (mut stderr, mut text) = (stderr, Vec::new());
                let _ = (&mut stderr).take(COMPLAINT).read_to_end(&mut text).await;
                // What is more is read, too, so that git is not held up.
                let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
                text
            })
        });
        Ok(Running { child, complaint, until: Instant::now() + patience, patience })
    }
}

/// A git that runs. All of its processes are killed when this is dropped before its end.
pub(crate) struct Running {
    child: Child,
    complaint: Option<tokio::task::JoinHandle<Vec<u8>>>,
    until: Instant,
    patience: Duration,
}

impl Running {
    /// Reads the next of what it answers; nothing once that was all.
    ///
    /// # Errors
    /// When it takes too long, or cannot be read.
    pub(crate) async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Failure> {
        let Some(output) = &mut self.child.stdout else { return Ok(0) };
        match timeout_at(self.until, output.read(buffer)).await {
            Ok(read) => Ok(read?),
            Err(_) => Err(Failure::Late(self.patience)),
        }
    }

    /// Waits until it has done what it should.
    ///
    /// # Errors
    /// When it has not.
    pub(crate) async fn end(mut self) -> Result<(), Failure> {
        let status = match timeout_at(self.until, self.child.wait()).await {
            Ok(status) => status?,
            Err(_) => return Err(Failure::Late(self.patience)),
        };
        if status.success() {
            return Ok(());
        }
        let complaint = match self.complaint.take() {
            // A helper of git's may have it open still.
            Some(complaint) => timeout_at(self.until, complaint).await.ok().and_then(Result::ok),
            None => None,
        };
        let text = complaint.unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        // What it says last is what it ends for; what comes before are warnings.
        let said = text.lines().rev().find(|line| line.starts_with("fatal: ") || line.starts_with("error: "));
        let said = said.or_else(|| text.lines().rfind(|line| !line.trim().is_empty())).unwrap_or("nothing");
        Err(Failure::Said(said.trim_start_matches("fatal: ").trim_start_matches("error: ").to_owned()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Once it was waited for it has no number any more, and what it left in its group is left.
        if let Some(id) = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
            let _ = kill_process_group(id, Signal::KILL);
        }
    }
}
