//! What a runner and a keeper say to each other, a line of JSON each.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The variable in the environment of all of a command's processes that says whose they are.
pub(crate) const MARK: &str = "ATELIER_TASK";

/// What a runner says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Asked {
    /// What is to be kept. Said first.
    Keep(Order),
    /// Start it.
    Go,
    /// End it: its processes are asked to, and killed after the grace.
    End,
    /// Kill it.
    Kill,
}

/// A command as a keeper is told it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    /// The program and its arguments.
    pub(crate) argv: Vec<String>,
    /// Where it begins.
    pub(crate) folder: PathBuf,
    /// The most bytes of memory of all its processes together.
    pub(crate) memory: Option<u64>,
    /// Whether its standard input and output are the keeper's standard output, a socket on which somebody speaks with it. Else
    /// it has no input, and its output goes where its errors go.
    pub(crate) talks: bool,
    /// How long its processes have to end when they are asked to, in milliseconds.
    pub(crate) grace_ms: u64,
    /// The file that the keeper has locked for as long as it is there.
    pub(crate) lock: PathBuf,
    /// What [`MARK`] says.
    pub(crate) mark: String,
}

/// What a keeper says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Said {
    /// It has its order, and its lock.
    Ready,
    /// The command could not be started.
    NotStarted {
        /// What the system says of it.
        why: String,
    },
    /// The command is gone, with all that it started. Said last.
    Ended(Verdict),
}

/// How a command ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Verdict {
    /// What it ended with, if it did so itself.
    pub(crate) code: Option<i32>,
    /// The signal that ended it.
    pub(crate) signal: Option<i32>,
    /// Why.
    pub(crate) cause: Cause,
    /// How many processes could not be killed.
    pub(crate) left: u32,
}

/// Why a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Cause {
    /// By itself.
    Own,
    /// It was asked to: by the runner, by its absence, or by the system.
    Asked,
    /// It took more memory than it may.
    Memory,
}
