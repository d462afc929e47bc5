//! The rules R1 to R7 of SPEC.md.

use kernel::{Random, SeededRandom, Timestamp};
use proptest::prelude::*;
use resilience::retry::{Decision, Kind, Policy, Reason};

const T0: Timestamp = Timestamp(5_000);

/// Chance that always falls on the same side.
struct Loaded(u8);

impl Random for Loaded {
    fn fill(&self, into: &mut [u8]) {
        into.fill(self.0);
    }
}

fn pause(policy: Policy, attempt: u32, kind: Kind, random: &dyn Random) -> i64 {
    match policy.next(attempt, kind, None, T0, random) {
        Decision::Retry { at } => at.since(T0),
        Decision::Stop(reason) => panic!("stopped: {reason:?}"),
    }
}

#[test]
fn r1_the_longest_pause_doubles_up_to_the_cap_and_the_shortest_is_none() {
    let policy = Policy { attempts: 99, base_ms: 500, cap_ms: 3_000 };
    let longest: Vec<i64> =
        (1..6).map(|attempt| pause(policy, attempt, Kind::Retryable, &Loaded(0xFF))).collect();
    assert_eq!(longest, [500, 1_000, 2_000, 3_000, 3_000]);
    assert_eq!(pause(policy, 5, Kind::Retryable, &Loaded(0)), 0);
}

#[test]
fn r1_pauses_are_spread_evenly() {
    let policy = Policy { attempts: 9, base_ms: 999, cap_ms: 999 };
    let random = SeededRandom::new(3);
    let mut tenths = [0; 10];
    for _ in 0..10_000 {
        tenths[(pause(policy, 1, Kind::Retryable, &random) / 100) as usize] += 1;
    }
    assert!(tenths.iter().all(|&count| (850..1_150).contains(&count)), "{tenths:?}");
}

#[test]
fn r2_it_stops_after_the_given_number_of_attempts() {
    let stop = Decision::Stop(Reason::Attempts);
    assert_ne!(Policy::TASKS.next(2, Kind::Retryable, None, T0, &Loaded(0)), stop);
    assert_eq!(Policy::TASKS.next(3, Kind::Retryable, None, T0, &Loaded(0)), stop);
    assert_eq!(Policy::TASKS.next(3, Kind::After { millis: 1 }, None, T0, &Loaded(0)), stop);
}

#[test]
fn r3_an_error_that_will_not_pass_stops_at_once() {
    assert_eq!(Policy::PROVIDERS.next(1, Kind::Fatal, None, T0, &Loaded(0)), Decision::Stop(Reason::Fatal));
}

#[test]
fn r4_the_other_sides_wish_is_a_least_pause_beyond_any_cap_with_jitter_added() {
    let policy = Policy { attempts: 3, base_ms: 500, cap_ms: 1_000 };
    let wish = Kind::After { millis: 20_000 };
    assert_eq!(pause(policy, 1, wish, &Loaded(0)), 20_000);
    assert_eq!(pause(policy, 1, wish, &Loaded(0xFF)), 20_500);
}

#[test]
fn r5_an_attempt_that_could_only_start_at_the_deadline_is_not_made() {
    let wish = Kind::After { millis: 1_000 };
    let by = |deadline| Policy::PROVIDERS.next(1, wish, Some(deadline), T0, &Loaded(0));
    assert_eq!(by(T0.plus_millis(1_000)), Decision::Stop(Reason::Deadline));
    assert_eq!(by(T0.plus_millis(1_001)), Decision::Retry { at: T0.plus_millis(1_000) });
}

proptest! {
    #[test]
    fn r6_the_same_chance_gives_the_same_decision(seed: u64, attempt in 1..3u32) {
        let decide = || Policy::TASKS.next(attempt, Kind::Retryable, None, T0, &SeededRandom::new(seed));
        prop_assert_eq!(decide(), decide());
    }

    #[test]
    fn r7_no_numbers_make_it_panic(
        attempts: u32, base_ms: u64, cap_ms: u64, attempt: u32, millis: u64, now: i64, deadline: i64, seed: u64,
    ) {
        let policy = Policy { attempts, base_ms, cap_ms };
        let kind = Kind::After { millis };
        let decision =
            policy.next(attempt, kind, Some(Timestamp(deadline)), Timestamp(now), &SeededRandom::new(seed));
        if let Decision::Retry { at } = decision {
            prop_assert!(at >= Timestamp(now) && at < Timestamp(deadline));
        }
    }
}
