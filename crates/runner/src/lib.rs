//! A machine's part in the fleet: it declares folders for projects, joins a server by its key, and does there what it is told.
//!
//! Only what is declared here is ever worked in; no server can name a folder. [`workshop`] does the work, and keeps what came of it
//! until the server has it; [`connection`] speaks with the server; [`delivery`] decides what is sent when. Without a connection the runner
//! works on, and tries again after 1 to 30 s, until it is told to end or its key is good no more.

mod address;
mod concealment;
mod connection;
mod delivery;
mod folders;
pub mod keeper;
mod workshop;

use std::time::Duration;

use kernel::{Ambient, ProjectId, Random};
use resilience::retry::{Decision, Kind, Policy};
use tokio::time::Instant;
use wire::runner::{Close, Welcome};

pub use address::Address;
pub use concealment::conceal;
pub use folders::{BadFolder, Folders};
pub use workshop::{Limits, OpenError, Tools, Workshop};

/// The shortest pause before a connection is tried again, in milliseconds. Chance is added, so that not all runners come at once
/// when a server has started.
const AGAIN_MS: u64 = 1_000;
/// How long that goes on to double: with the above, at most 30 s.
const PATIENCE: Policy = Policy { attempts: u32::MAX, base_ms: 1_000, cap_ms: 29_000 };

/// How long a runner that ends waits for the server to hear what came of its tasks, and how often it looks.
const FAREWELL: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(20);

/// How a runner joins, and with what.
pub struct Options {
    /// Where the server is.
    pub server: Address,
    /// The key that says which runner this is.
    pub key: String,
    /// What does the work.
    pub workshop: Workshop,
    /// How many steps it does at a time.
    pub slots: u32,
    /// The program's version.
    pub version: &'static str,
}

/// What a runner tells whoever started it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// It has joined.
    Joined {
        /// What people call it.
        name: String,
        /// The projects that it serves.
        serves: Vec<ProjectId>,
        /// Those that it declared and may not serve.
        refused: Vec<ProjectId>,
    },
    /// It is not connected, and will try again.
    Waits {
        /// Why.
        why: String,
        /// After how long.
        pause: Duration,
    },
}

/// Why a runner has ended by itself: to try again would be no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.reason())]
pub struct Ended(pub Close);

/// Asks a server what the bearer of a key is meant for: its name there, and the projects. None while it may not join.
///
/// # Errors
/// Why it cannot be asked.
pub async fn offered(
    server: &Address,
    key: &str,
    version: &str,
    ambient: &Ambient,
) -> Result<Option<(String, Vec<ProjectId>)>, String> {
    match connection::ask(server, key, version, ambient).await {
        Ok(welcome) => Ok(Some((welcome.name, welcome.offered))),
        Err(connection::Lost::Closed(Close::Unknown)) => Ok(None),
        Err(lost) => Err(lost.to_string()),
    }
}

/// Joins, and joins again whenever the connection is lost, until `end` comes. Then what runs is ended, and the server is told if it
/// can be; else it is told at the next start.
///
/// # Errors
/// When the server wants to hear nothing more of this runner.
pub async fn serve(
    options: &Options,
    ambient: &Ambient,
    mut tell: impl FnMut(Told),
    end: impl Future<Output = ()>,
) -> Result<(), Ended> {
    tokio::pin!(end);
    let mut attempt = 0;
    loop {
        let lost = {
            let joined = |welcome: Welcome| {
                attempt = 0;
                let Welcome { name, projects: serves, refused, .. } = welcome;
                tell(Told::Joined { name, serves, refused });
            };
            let mut kept = std::pin::pin!(connection::keep(options, ambient, joined));
            tokio::select! {
                lost = &mut kept => lost,
                () = &mut end => {
                    tokio::select! {
                        _ = kept => options.workshop.close().await,
                        () = leave(&options.workshop) => {}
                    }
                    return Ok(());
                }
            }
        };
        match lost {
            connection::Lost::Closed(close) if is_final(close) => {
                options.workshop.close().await;
                return Err(Ended(close));
            }
            lost => {
                attempt += 1;
                let pause = pause(attempt, ambient);
                tell(Told::Waits { why: lost.to_string(), pause });
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = &mut end => {
                        options.workshop.close().await;
                        return Ok(());
                    }
                }
            }
        }
    }
}

/// Ends what runs, and gives the server some time to hear of it.
async fn leave(workshop: &Workshop) {
    workshop.close().await;
    let until = Instant::now() + FAREWELL;
    while !workshop.tasks().is_empty() && Instant::now() < until {
        tokio::time::sleep(LOOK).await;
    }
}

/// Whether a runner that was closed so would be again. Two programs with one key would send each other away for ever.
fn is_final(close: Close) -> bool {
    match close {
        Close::Unknown | Close::Malformed | Close::Replaced => true,
        Close::Silent => false,
    }
}

/// How long to wait before attempt number `attempt`.
fn pause(attempt: u32, random: &impl Random) -> Duration {
    let now = kernel::Timestamp(0);
    match PATIENCE.next(attempt, Kind::After { millis: AGAIN_MS }, None, now, random) {
        Decision::Retry { at } => Duration::from_millis(u64::try_from(at.since(now)).unwrap_or(AGAIN_MS)),
        // There are as many attempts as can be counted.
        Decision::Stop(_) => Duration::from_millis(AGAIN_MS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_tried_again_after_one_to_thirty_seconds() {
        let random = kernel::SeededRandom::new(1);
        for attempt in 1..200 {
            let pause = pause(attempt, &random).as_millis();
            assert!((1_000..=30_000).contains(&pause), "{pause}");
            assert!(attempt > 1 || pause <= 2_000, "{pause}");
        }
    }
}
