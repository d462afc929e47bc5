//! Lag: when a listener whose queue was full is tried again. One who reads is so at once; one who does not, ever more seldom.

use std::time::Duration;

use tokio::time::Instant;

/// The first pause: a listener who reads has made room in it.
const SOON: Duration = Duration::from_millis(5);
/// The longest one.
const SELDOM: Duration = Duration::from_secs(1);

/// Of a listener whose queue was full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lag {
    /// When they are tried again.
    pub(super) until: Instant,
    pause: Duration,
}

impl Lag {
    /// The queue is full: of one who lagged as `before` says and has taken something since then, or has not.
    pub(super) fn of(before: Option<Self>, took: bool, now: Instant) -> Self {
        let pause = match before {
            Some(before) if !took => (before.pause * 2).min(SELDOM),
            _ => SOON,
        };
        Self { until: now + pause, pause }
    }

    /// Whether they are to be left alone still.
    pub(super) fn holds(lag: Option<Self>, now: Instant) -> bool {
        lag.is_some_and(|lag| lag.until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_makes_room_is_tried_again_at_once_and_who_does_not_ever_more_seldom() {
        let now = Instant::now();
        let mut lag = Lag::of(None, false, now);
        assert_eq!(lag.until - now, SOON);
        assert!(Lag::holds(Some(lag), now) && !Lag::holds(Some(lag), now + SOON) && !Lag::holds(None, now));
        let mut pauses = vec![lag.pause];
        for _ in 0..9 {
            lag = Lag::of(Some(lag), false, lag.until);
            pauses.push(lag.pause);
        }
        assert!(pauses.is_sorted() && pauses[1] == SOON * 2);
        assert_eq!(pauses[9], SELDOM);
        assert_eq!(Lag::of(Some(lag), true, now).pause, SOON);
    }
}
