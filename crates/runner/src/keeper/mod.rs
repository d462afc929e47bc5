//! The process between a runner and a command: it outlives the runner for as long as it takes to end what the command
//! started.
//!
//! Its standard input is a socket to the runner, on which lines of JSON go both ways ([`Asked`], [`Said`]). Its standard error is
//! the command's output; its standard output is what a command that is spoken with reads and writes. On Linux all descendants of the command are its own to wait for, whatever session they made
//! for themselves; elsewhere it knows the command's process group only.

mod line;
mod tree;
mod words;

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus};
use tokio::net::UnixStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

pub(crate) use line::{Lines, Say, split};
pub(crate) use tree::sweep;
pub(crate) use words::{Asked, Cause, MARK, Order, Said, Verdict};

/// How often the memory of the command's processes is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How often processes that are to be gone are killed again.
const AGAIN: Duration = Duration::from_millis(50);
/// How long that goes on. What is still there then cannot be killed by this one.
pub(crate) const STUBBORN: Duration = Duration::from_secs(30);

/// Is the keeper, until the command and all that it started are gone: what the hidden subcommand does. Started by hand it
/// only says that it is not for that.
#[must_use]
pub fn run() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.and_then(|runtime| runtime.block_on(keep())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write;
            let _ = writeln!(io::stderr(), "This is started by a runner, for a command ({error}).");
            ExitCode::FAILURE
        }
    }
}

async fn keep() -> io::Result<()> {
    let socket = std::os::unix::net::UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    socket.set_nonblocking(true)?;
    let (mut lines, mut writer) = split(UnixStream::from_std(socket)?);
    let Some(Asked::Keep(order)) = lines.hear().await else {
        return Err(io::Error::other("it was given no order"));
    };
    // As long as this is held, the command may be there.
    let lock = File::options().create(true).append(true).open(&order.lock)?;
    lock.try_lock()?;
    writer.say(&Said::Ready).await?;
    // A runner that ended before it said so has begun nothing.
    let Some(Asked::Go) = lines.hear().await else { return Ok(()) };
    let mut ended = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()]
        .into_iter()
        .map(signal)
        .collect::<io::Result<Vec<_>>>()?;
    tree::adopt()?;
    let main = match start(&order) {
        Ok(main) => main,
        Err(error) => return writer.say(&Said::NotStarted { why: error.to_string() }).await,
    };
    let verdict = watch(&order, main, &mut lines, &mut ended).await;
    // Nobody may be there to hear it.
    let _ = writer.say(&Said::Ended(verdict)).await;
    drop(lock);
    Ok(())
}

/// Starts the command in a process group of its own.
fn start(order: &Order) -> io::Result<Pid> {
    let (program, arguments) = order.argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(&order.folder).env(MARK, &order.mark).process_group(0);
    if order.talks {
        let socket = || io::stdout().as_fd().try_clone_to_owned().map(Stdio::from);
        command.stdin(socket()?).stdout(socket()?);
    } else {
        let output: OwnedFd = io::stderr().as_fd().try_clone_to_owned()?;
        command.stdin(Stdio::null()).stdout(Stdio::from(output));
    }
    let child = command.stderr(Stdio::inherit()).spawn()?;
    drop(command);
    if order.talks {
        // Whoever speaks with the command sees when it has closed its end.
        let nowhere = File::options().write(true).open("/dev/null")?;
        rustix::stdio::dup2_stdout(&nowhere)?;
    }
    // Waited for together with all that it leaves behind.
    Ok(Pid::from_child(&child))
}

/// What the thread that waits for processes tells.
enum Waited {
    /// The command itself ended.
    Main(WaitStatus),
    /// There are no children any more: on Linux, no descendants.
    None,
}

fn wait_for_all(main: Pid, tell: &mpsc::UnboundedSender<Waited>) {
    loop {
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == main => {
                let _ = tell.send(Waited::Main(status));
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => {
                let _ = tell.send(Waited::None);
                return;
            }
        }
    }
}

/// How far the end is.
enum Stage {
    Runs,
    /// Its processes were asked to end, and will be killed then.
    Asked(Instant),
    /// They are killed, until then at the longest.
    Killed(Instant),
}

/// Waits until the command and all of its processes are gone, and sees to it.
async fn watch(
    order: &Order,
    main: Pid,
    lines: &mut Lines,
    ended: &mut [tokio::signal::unix::Signal],
) -> Verdict {
    // Two messages at the most.
    let (tell, mut waited) = mpsc::unbounded_channel();
    std::thread::spawn(move || wait_for_all(main, &tell));
    let mut verdict = Verdict { code: None, signal: None, cause: Cause::Own, left: 0 };
    let mut stage = Stage::Runs;
    let mut listens = true;
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut again = interval(AGAIN);
    again.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let runs = matches!(stage, Stage::Runs);
        let kill_at = if let Stage::Asked(at) = stage { Some(at) } else { None };
        let mut end = None;
        tokio::select! {
            Some(what) = waited.recv() => match what {
                Waited::Main(status) => {
                    (verdict.code, verdict.signal) = (status.exit_status(), status.terminating_signal());
                    // What it left running has no one to run for.
                    end = Some(Cause::Own);
                }
                Waited::None => {
                    tree::signal(main, Signal::KILL);
                    return verdict;
                }
            },
            asked = lines.hear(), if listens => match asked {
                Some(Asked::End) => end = Some(Cause::Asked),
                Some(Asked::Kill) if !matches!(stage, Stage::Killed(_)) => {
                    if runs {
                        verdict.cause = Cause::Asked;
                    }
                    stage = Stage::Killed(Instant::now() + STUBBORN);
                }
                Some(_) => {}
                None => {
                    listens = false;
                    end = Some(Cause::Asked);
                }
            },
            () = any(ended), if runs => end = Some(Cause::Asked),
            _ = look.tick(), if runs => {
                if order.memory.is_some_and(tree::exceeds) {
                    end = Some(Cause::Memory);
                }
            }
            () = at(kill_at) => stage = Stage::Killed(Instant::now() + STUBBORN),
            _ = again.tick(), if matches!(stage, Stage::Killed(_)) => {
                if let Stage::Killed(until) = stage && Instant::now() >= until {
                    verdict.left = tree::count();
                    return verdict;
                }
                tree::signal(main, Signal::KILL);
            }
        }
        if let Some(cause) = end
            && matches!(stage, Stage::Runs)
        {
            verdict.cause = cause;
            stage = match cause {
                // It took too much already.
                Cause::Memory => Stage::Killed(Instant::now() + STUBBORN),
                Cause::Own | Cause::Asked => {
                    tree::signal(main, Signal::TERM);
                    Stage::Asked(Instant::now() + Duration::from_millis(order.grace_ms))
                }
            };
        }
    }
}

async fn at(when: Option<Instant>) {
    match when {
        Some(when) => sleep_until(when).await,
        None => std::future::pending().await,
    }
}

async fn any(signals: &mut [tokio::signal::unix::Signal]) {
    std::future::poll_fn(|context| {
        if signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready()) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}
