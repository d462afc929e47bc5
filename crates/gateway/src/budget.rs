//! What the fleet may still take of a project's day: looked at before each task, which is bounded by it.

use kernel::Result;
use store::Tenant;
use store::fleet::days::{self, Took};
use store::fleet::policy;
use wire::fleet::{Bounds, FleetPolicy};

const MINUTE_MS: u64 = 60_000;

/// What is left of a day's budgets; nothing of what is not bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    minutes: Option<u64>,
    tokens: Option<u64>,
    cost_micros: Option<u64>,
}

/// What is left of the project's day.
///
/// # Errors
/// When the database fails.
pub(crate) fn left(t: &mut Tenant<'_, '_>) -> Result<Left> {
    Ok(Left::of(&policy::get(t)?, days::today(t)?))
}

impl Left {
    fn of(policy: &FleetPolicy, took: Took) -> Self {
        let number = |number: i64| u64::try_from(number).unwrap_or(0);
        let of = |most: Option<u64>, took: u64| most.map(|most| most.saturating_sub(took));
        Self {
            // A minute that was begun is taken.
            minutes: of(policy.day_minutes, number(took.ran_ms).div_ceil(MINUTE_MS)),
            tokens: of(policy.day_tokens, number(took.tokens)),
            cost_micros: of(policy.day_cost_micros, number(took.cost_micros)),
        }
    }

    /// What is used up, and what that means for what is ordered, if something is.
    pub(crate) fn used_up(&self) -> Option<&'static str> {
        let told = [
            (
                self.minutes,
                "The fleet's minutes of this day are used up; it waits for the next, or until an owner gives more.",
            ),
            (
                self.tokens,
                "The agents' tokens of this day are used up; it waits for the next, or until an owner gives more.",
            ),
            (
                self.cost_micros,
                "The agents' money of this day is used up; it waits for the next, or until an owner gives more.",
            ),
        ];
        told.into_iter().find(|(left, _)| *left == Some(0)).map(|(_, why)| why)
    }

    /// Bounds a task by it, so that it takes no more than there is.
    pub(crate) fn bound(&self, bounds: &mut Bounds) {
        if let Some(minutes) = self.minutes {
            bounds.minutes = bounds.minutes.min(u32::try_from(minutes).unwrap_or(u32::MAX));
        }
        bounds.tokens = least(bounds.tokens, self.tokens);
        bounds.cost_micros = least(bounds.cost_micros, self.cost_micros);
    }
}

/// The smaller of two bounds, of which either may not be there.
pub(crate) fn least(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_day_bounds_the_next_task_until_nothing_is_left() {
        let policy = FleetPolicy {
            day_minutes: Some(10),
            day_tokens: Some(1_000),
            day_cost_micros: None,
            ..FleetPolicy::default()
        };
        let left = Left::of(&policy, Took { ran_ms: 61_000, tokens: 400, cost_micros: 9_999 });
        assert_eq!(left, Left { minutes: Some(8), tokens: Some(600), cost_micros: None });
        assert_eq!(left.used_up(), None);
        let mut bounds = Bounds { tokens: Some(700), cost_micros: Some(5), ..Bounds::default() };
        left.bound(&mut bounds);
        assert_eq!((bounds.minutes, bounds.tokens, bounds.cost_micros), (8, Some(600), Some(5)));
        let over = Left::of(&policy, Took { ran_ms: 0, tokens: 1_001, cost_micros: 0 });
        assert!(over.used_up().is_some_and(|why| why.contains("tokens")));
        let free =
            Left::of(&FleetPolicy::default(), Took { ran_ms: i64::MAX, tokens: i64::MAX, cost_micros: 0 });
        assert_eq!(free.used_up(), None);
    }
}
