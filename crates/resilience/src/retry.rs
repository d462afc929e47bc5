//! Whether and when to try again: exponential backoff with full jitter, by kind of error, within a deadline.

use kernel::{Random, Timestamp};

/// How often and how patiently to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Attempts in all, the first included; 1 means never again.
    pub attempts: u32,
    /// The longest pause after the first attempt, in milliseconds; it doubles with each further one.
    pub base_ms: u64,
    /// No pause of our own choosing is longer than this, in milliseconds.
    pub cap_ms: u64,
}

impl Policy {
    /// For the steps of a run: three attempts, exponential from two seconds.
    pub const TASKS: Self = Self { attempts: 3, base_ms: 2_000, cap_ms: 60_000 };
    /// For calls to providers while a person waits: three attempts, exponential from half a second.
    pub const PROVIDERS: Self = Self { attempts: 3, base_ms: 500, cap_ms: 8_000 };
}

/// What kind of error an attempt ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It may pass by itself.
    Retryable,
    /// It will be the same next time.
    Fatal,
    /// The other side said how long to stay away.
    After {
        /// How long, in milliseconds from now.
        millis: u64,
    },
}

/// What to do after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Try again then, and not before.
    Retry {
        /// When the next attempt may start.
        at: Timestamp,
    },
    /// Give up.
    Stop(Reason),
}

/// Why no further attempt is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The error is not one that passes.
    Fatal,
    /// All attempts are used up.
    Attempts,
    /// The next attempt would start at or after the deadline.
    Deadline,
}

impl Policy {
    /// Decides after attempt number `attempt` (the first is 1) has failed with an error of `kind`.
    pub fn next(
        &self,
        attempt: u32,
        kind: Kind,
        deadline: Option<Timestamp>,
        now: Timestamp,
        random: &dyn Random,
    ) -> Decision {
        let least = match kind {
            Kind::Fatal => return Decision::Stop(Reason::Fatal),
            Kind::Retryable => 0,
            Kind::After { millis } => millis,
        };
        if attempt >= self.attempts {
            return Decision::Stop(Reason::Attempts);
        }
        // Also added to what the other side asked for: else all that were sent away come back in the same moment.
        let jitter = below(self.longest_pause(attempt).saturating_add(1), random);
        let pause = i64::try_from(least.saturating_add(jitter)).unwrap_or(i64::MAX);
        let at = now.plus_millis(pause);
        if deadline.is_some_and(|deadline| at >= deadline) {
            return Decision::Stop(Reason::Deadline);
        }
        Decision::Retry { at }
    }

    /// The longest pause after attempt number `attempt`, in milliseconds.
    #[must_use]
    pub fn longest_pause(&self, attempt: u32) -> u64 {
        let doubled = 2u64.checked_pow(attempt.saturating_sub(1)).unwrap_or(u64::MAX);
        self.base_ms.saturating_mul(doubled).min(self.cap_ms)
    }
}

/// A number below `bound`, all about equally likely (the bias is below bound / 2^64).
fn below(bound: u64, random: &dyn Random) -> u64 {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    let scaled = (u128::from(u64::from_le_bytes(bytes)) * u128::from(bound)) >> 64;
    u64::try_from(scaled).unwrap_or(0)
}
