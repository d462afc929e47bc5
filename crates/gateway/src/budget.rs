//! What the fleet may still take of a project's day: looked at before each task, which is bounded by it.

use kernel::Result;
use store::Tenant;
use store::fleet::days::{self, Took};
use store::fleet::policy;
use wire::fleet::{FleetPolicy, RemoteOrder};

use crate::orders;

const MINUTE_MS: u64 = 60_000;

/// What is left of a day's budgets; nothing of what is not bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    policy: FleetPolicy,
    minutes: Option<u64>,
    tokens: Option<u64>,
    cost_micros: Option<u64>,
}

/// What is left of the project's day.
///
/// # Errors
/// When the database fails.
pub(crate) fn left(t: &mut Tenant<'_, '_>) -> Result<Left> {
    Left::of(policy::get(t)?, || days::today(t))
}

impl Left {
    /// What was taken is asked for only if that is bounded: most projects have no budget, and each step looks.
    fn of(policy: FleetPolicy, took: impl FnOnce() -> Result<Took>) -> Result<Self> {
        let budgets = [policy.day_minutes, policy.day_tokens, policy.day_cost_micros];
        let took = if budgets == [None; 3] { Took::default() } else { took()? };
        let number = |number: i64| u64::try_from(number).unwrap_or(0);
        let of = |most: Option<u64>, took: u64| most.map(|most| most.saturating_sub(took));
        Ok(Self {
            policy,
            // A minute that was begun is taken.
            minutes: of(policy.day_minutes, number(took.ran_ms).div_ceil(MINUTE_MS)),
            tokens: of(policy.day_tokens, number(took.tokens)),
            cost_micros: of(policy.day_cost_micros, number(took.cost_micros)),
        })
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

    /// Bounds a task as the policy has it now, and so that it takes no more than there is.
    pub(crate) fn bound(&self, order: &mut RemoteOrder) {
        orders::bound(&self.policy, order);
        let bounds = &mut order.bounds;
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
    use wire::fleet::{Bounds, Engine};

    use super::*;

    #[test]
    fn what_is_left_of_a_day_bounds_the_next_task_until_nothing_is_left() {
        let policy = FleetPolicy {
            day_minutes: Some(10),
            day_tokens: Some(1_000),
            day_cost_micros: None,
            ..FleetPolicy::default()
        };
        let of = |policy, took| Left::of(policy, || Ok(took)).unwrap();
        let left = of(policy, Took { ran_ms: 61_000, tokens: 400, cost_micros: 9_999 });
        assert_eq!((left.minutes, left.tokens, left.cost_micros), (Some(8), Some(600), None));
        assert_eq!(left.used_up(), None);
        let agent = Engine::Agent { name: "scribe".into(), prompt: "Write".into() };
        let bounds = Bounds { tokens: Some(700), cost_micros: Some(5), ..Bounds::default() };
        let mut order = RemoteOrder { bounds, ..RemoteOrder::of(agent) };
        left.bound(&mut order);
        let bounds = order.bounds;
        assert_eq!((bounds.minutes, bounds.tokens, bounds.cost_micros), (8, Some(600), Some(5)));
        let stricter = FleetPolicy { task_minutes: Some(3), task_tokens: Some(9), ..policy };
        of(stricter, Took::default()).bound(&mut order);
        assert_eq!((order.bounds.minutes, order.bounds.tokens), (3, Some(9)));
        let over = of(policy, Took { ran_ms: 0, tokens: 1_001, cost_micros: 0 });
        assert!(over.used_up().is_some_and(|why| why.contains("tokens")));
    }

    #[test]
    fn where_no_budget_is_set_nobody_asks_what_was_taken() {
        let policy = FleetPolicy { task_minutes: Some(3), ..FleetPolicy::default() };
        let left = Left::of(policy, || panic!("it was asked")).unwrap();
        assert_eq!(left.used_up(), None);
    }
}
