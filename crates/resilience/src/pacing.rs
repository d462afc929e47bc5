//! Pacing: a least interval between the starts of two calls to the same provider.

use kernel::Timestamp;

/// Least interval between two calls to OpenAI, in milliseconds.
pub const OPENAI_MS: u64 = 1_000;
/// Least interval between two calls to GitHub, in milliseconds.
pub const GITHUB_MS: u64 = 500;

/// What a caller is told who asks for a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// The call may start then; the start is booked.
    At(Timestamp),
    /// The next free start is further away than the caller would wait; nothing is booked.
    TooFar {
        /// When the next free start is.
        at: Timestamp,
    },
}

/// The pace of one provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pacing {
    interval_ms: i64,
    /// The latest start that was booked.
    latest: Option<Timestamp>,
    /// The latest instant seen, to notice a clock that was set back.
    seen: Timestamp,
}

impl Pacing {
    /// A pace of one call every `interval_ms` milliseconds; 0 does not slow at all.
    #[must_use]
    pub fn new(interval_ms: u64) -> Self {
        Self {
            interval_ms: i64::try_from(interval_ms).unwrap_or(i64::MAX),
            latest: None,
            seen: Timestamp(i64::MIN),
        }
    }

    /// Changes the interval, from the next booking on.
    pub fn set_interval(&mut self, interval_ms: u64) {
        self.interval_ms = i64::try_from(interval_ms).unwrap_or(i64::MAX);
    }

    /// The latest start that was booked: from an interval after it, the pace is as one that booked none.
    #[must_use]
    pub fn latest(&self) -> Option<Timestamp> {
        self.latest
    }

    /// Books the next free start, unless it is more than `patience_ms` milliseconds away. Starts are given out in
    /// the order in which they are asked for.
    pub fn book(&mut self, now: Timestamp, patience_ms: u64) -> Slot {
        let patience = i64::try_from(patience_ms).unwrap_or(i64::MAX);
        if now < self.seen {
            // The clock was set back: the bookings keep their distance from now.
            let back = self.seen.since(now);
            self.latest = self.latest.map(|latest| latest.plus_millis(-back));
        }
        self.seen = now;
        let at = self.latest.map_or(now, |latest| latest.plus_millis(self.interval_ms).max(now));
        if at.since(now) > patience {
            return Slot::TooFar { at };
        }
        self.latest = Some(at);
        Slot::At(at)
    }

    /// Gives a start back that will not be used, if it is the latest that was booked; else its interval is lost.
    pub fn give_back(&mut self, start: Timestamp) {
        if self.latest == Some(start) {
            self.latest = Some(start.plus_millis(-self.interval_ms));
        }
    }
}
