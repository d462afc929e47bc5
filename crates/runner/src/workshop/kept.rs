//! A command under its keeper, as the runner sees it.

use std::io;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncRead;
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::{Instant, timeout};

use super::engines::Job;
use super::{MIB, spool};
use crate::keeper::{Asked, Lines, Order, STUBBORN, Said, Say, Verdict, split, sweep};

/// How long a keeper may take to be there, and to be gone.
const PATIENCE: Duration = Duration::from_secs(20);
/// What a program would take for its own if whoever started the runner had it: they speak of another repository.
const OTHERS: &[&str] = &["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"];
/// What begins so is the runner's own, its key above all.
const OWN: &str = "ATELIER_";

/// A command that runs, or did.
pub(crate) struct Kept {
    keeper: Child,
    lines: Lines,
    to: Say,
    mark: String,
    grace: Duration,
}

/// What a keeper says of its command.
pub(crate) enum Heard {
    /// It could not be started.
    NotStarted(String),
    /// It is gone, and so are all of its processes.
    Ended(Verdict),
    /// The keeper is gone without a word.
    Nothing,
}

impl Kept {
    /// Starts a command, and gives what it writes.
    ///
    /// # Errors
    /// When the keeper cannot be started, or is none.
    pub(crate) async fn start(
        job: &Job<'_>,
        argv: &[String],
    ) -> io::Result<(Self, impl AsyncRead + Unpin + use<>)> {
        Self::spawn(job, argv, None).await
    }

    /// Starts a command that is spoken with: gives its errors, and a socket that is its standard input and output.
    ///
    /// # Errors
    /// As [`Kept::start`].
    pub(crate) async fn talk(
        job: &Job<'_>,
        argv: &[String],
    ) -> io::Result<(Self, impl AsyncRead + Unpin + use<>, UnixStream)> {
        let (here, there) = std::os::unix::net::UnixStream::pair()?;
        here.set_nonblocking(true)?;
        let (kept, errors) = Self::spawn(job, argv, Some(there.into())).await?;
        Ok((kept, errors, UnixStream::from_std(here)?))
    }

    async fn spawn(job: &Job<'_>, argv: &[String], talk: Option<OwnedFd>) -> io::Result<(Self, ChildStderr)> {
        let (here, there) = std::os::unix::net::UnixStream::pair()?;
        here.set_nonblocking(true)?;
        let (program, arguments) = job.tools.keeper.split_first().ok_or(io::ErrorKind::NotFound)?;
        let mut command = Command::new(program);
        // Its own group: what is typed where the runner was started is not for the command.
        command.args(arguments).process_group(0).stdin(Stdio::from(OwnedFd::from(there)));
        let talks = talk.is_some();
        command.stdout(talk.map_or_else(Stdio::null, Stdio::from)).stderr(Stdio::piped());
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(OWN.as_bytes()) {
                command.env_remove(name);
            }
        }
        for name in OTHERS {
            command.env_remove(name);
        }
        let mut keeper = command.spawn()?;
        // Holds the other end of the socket, whose end is to be seen when the keeper's is closed.
        drop(command);
        let output = keeper.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let (lines, to) = split(UnixStream::from_std(here)?);
        let grace = job.tools.limits.grace;
        let mark = job.spool.mark();
        let mut kept = Self { keeper, lines, to, mark: mark.clone(), grace };
        let order = Order {
            argv: argv.to_vec(),
            folder: job.folder.clone(),
            memory: job.bounds.memory_mib.map(|mib| u64::from(mib) * MIB),
            talks,
            grace_ms: u64::try_from(grace.as_millis()).unwrap_or(u64::MAX),
            lock: job.spool.folder().join(spool::LOCK),
            mark,
        };
        let begun = async {
            kept.to.say(&Asked::Keep(order)).await?;
            match kept.lines.hear().await {
                Some(Said::Ready) => kept.to.say(&Asked::Go).await,
                _ => Err(io::Error::other("the keeper does not answer")),
            }
        };
        timeout(PATIENCE, begun).await??;
        Ok((kept, output))
    }

    /// The end of the command. May be given up and called again.
    pub(crate) async fn hear(&mut self) -> Heard {
        match self.lines.hear().await {
            Some(Said::Ended(verdict)) => Heard::Ended(verdict),
            Some(Said::NotStarted { why }) => Heard::NotStarted(why),
            Some(Said::Ready) | None => Heard::Nothing,
        }
    }

    /// Asks for the command's end. Says until when that may take.
    pub(crate) async fn end(&mut self) -> Instant {
        // A keeper that does not hear it is gone, and that is seen elsewhere.
        let _ = timeout(PATIENCE, self.to.say(&Asked::End)).await;
        Instant::now() + self.grace + STUBBORN + PATIENCE
    }

    /// Asks for the command's end without a grace.
    pub(crate) async fn kill(&mut self) {
        let _ = timeout(PATIENCE, self.to.say(&Asked::Kill)).await;
    }

    /// Waits until the keeper is gone; what a keeper that said nothing has left behind is killed.
    pub(crate) async fn close(mut self, heard: &Heard) {
        if timeout(PATIENCE, self.keeper.wait()).await.is_err() {
            let _ = self.keeper.kill().await;
        }
        if let Heard::Nothing = heard {
            clear(&self.mark).await;
        }
    }
}

/// Kills what bears `mark` and has no keeper, until nothing does.
pub(crate) async fn clear(mark: &str) {
    let until = Instant::now() + STUBBORN;
    let mut pause = tokio::time::interval(Duration::from_millis(50));
    while Instant::now() < until {
        pause.tick().await;
        let mark = mark.to_owned();
        if tokio::task::spawn_blocking(move || sweep(&mark)).await.unwrap_or(0) == 0 {
            return;
        }
    }
}
