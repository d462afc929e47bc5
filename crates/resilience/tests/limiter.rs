//! The rules L1 to L11 of SPEC.md.

use kernel::Timestamp;
use proptest::prelude::*;
use resilience::limiter::{Limiter, ORCHESTRATOR, Params, Verdict};

const THREE: Params = Params { limit: 3, window_ms: 100, keys: 50 };

fn passes(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Allowed { .. })
}

fn retry_after(verdict: Verdict) -> u64 {
    match verdict {
        Verdict::Refused { retry_after_ms } => retry_after_ms,
        Verdict::Allowed { .. } => panic!("allowed"),
    }
}

proptest! {
    #[test]
    fn l1_and_l2_exactly_the_limit_passes_in_any_window_for_any_interleaving(
        calls in prop::collection::vec((0..4u8, 0..60i64), 1..400),
    ) {
        let mut limiter = Limiter::new(THREE);
        let mut now = Timestamp(0);
        let mut passed: Vec<(u8, Timestamp)> = Vec::new();
        for (key, pause) in calls {
            now = now.plus_millis(pause);
            let in_window = passed.iter().filter(|(k, at)| *k == key && now.since(*at) < THREE.window_ms).count();
            let allowed = passes(limiter.check(&key, now));
            prop_assert_eq!(allowed, in_window < THREE.limit as usize, "at {:?} with {} before", now, in_window);
            if allowed {
                passed.push((key, now));
            }
        }
        for (key, start) in &passed {
            let within = passed
                .iter()
                .filter(|(k, at)| k == key && at >= start && at.since(*start) < THREE.window_ms)
                .count();
            prop_assert!(within <= THREE.limit as usize);
        }
    }

    #[test]
    fn l4_a_refused_call_passes_exactly_after_the_given_time(pauses in prop::collection::vec(0..50i64, 3..60)) {
        let mut limiter = Limiter::new(THREE);
        let mut now = Timestamp(0);
        for pause in pauses {
            now = now.plus_millis(pause);
            if let Verdict::Refused { retry_after_ms } = limiter.clone().check(&0, now) {
                let after = i64::try_from(retry_after_ms).unwrap();
                prop_assert!(passes(limiter.clone().check(&0, now.plus_millis(after))));
                prop_assert!(!passes(limiter.clone().check(&0, now.plus_millis(after - 1))));
            }
            limiter.check(&0, now);
        }
    }

    #[test]
    fn l7_no_more_keys_than_the_bound_are_remembered(
        calls in prop::collection::vec((0..30u8, 0..40i64), 1..400),
    ) {
        let params = Params { keys: 5, ..THREE };
        let mut limiter = Limiter::new(params);
        let mut now = Timestamp(0);
        let mut passed: Vec<(u8, Timestamp)> = Vec::new();
        for (key, pause) in calls {
            now = now.plus_millis(pause);
            if passes(limiter.check(&key, now)) {
                passed.push((key, now));
            }
            prop_assert!(limiter.keys() <= params.keys);
            let within = passed.iter().filter(|(k, at)| *k == key && now.since(*at) < params.window_ms).count();
            prop_assert!(within <= params.limit as usize, "the bound washed off a record");
        }
    }
}

#[test]
fn l3_a_refused_call_is_not_counted() {
    let mut limiter = Limiter::new(THREE);
    for _ in 0..1_000 {
        limiter.check(&"ada", Timestamp(0));
    }
    assert_eq!(
        limiter.check(&"ada", Timestamp(100)),
        Verdict::Allowed { remaining: 2, reset: Timestamp(200) }
    );
}

#[test]
fn l5_an_allowed_call_is_told_what_remains_and_when_more_will() {
    let mut limiter = Limiter::new(THREE);
    assert_eq!(limiter.check(&"ada", Timestamp(0)), Verdict::Allowed { remaining: 2, reset: Timestamp(100) });
    assert_eq!(
        limiter.check(&"ada", Timestamp(30)),
        Verdict::Allowed { remaining: 1, reset: Timestamp(100) }
    );
    assert_eq!(
        limiter.check(&"ada", Timestamp(60)),
        Verdict::Allowed { remaining: 0, reset: Timestamp(100) }
    );
    assert_eq!(limiter.check(&"ada", Timestamp(90)), Verdict::Refused { retry_after_ms: 10 });
}

#[test]
fn l6_keys_do_not_touch_each_other() {
    let mut limiter = Limiter::new(THREE);
    for _ in 0..4 {
        limiter.check(&"ada", Timestamp(0));
    }
    assert!(passes(limiter.check(&"ben", Timestamp(0))));
}

#[test]
fn l7_at_the_bound_a_new_key_waits_for_the_first_free_place_and_known_keys_go_on() {
    let mut limiter = Limiter::new(Params { keys: 2, ..THREE });
    limiter.check(&"ada", Timestamp(0));
    limiter.check(&"ben", Timestamp(10));
    assert_eq!(retry_after(limiter.check(&"cy", Timestamp(20))), 80);
    assert!(passes(limiter.check(&"ada", Timestamp(20))));
    assert_eq!(retry_after(limiter.check(&"cy", Timestamp(20))), 90, "now ben's place is free first");
    assert!(passes(limiter.check(&"cy", Timestamp(110))));
}

#[test]
fn l8_a_key_without_calls_in_its_window_is_forgotten() {
    let mut limiter = Limiter::new(THREE);
    for key in 0..50 {
        limiter.check(&key, Timestamp(0));
    }
    limiter.check(&99, Timestamp(100));
    assert_eq!(limiter.keys(), 1);
}

#[test]
fn l9_a_clock_set_back_lets_nobody_pass_early_and_keeps_nobody_longer_than_a_window() {
    let mut limiter = Limiter::new(THREE);
    for _ in 0..3 {
        limiter.check(&"ada", Timestamp(1_000_000));
    }
    assert_eq!(retry_after(limiter.check(&"ada", Timestamp(500))), 100);
    assert!(!passes(limiter.check(&"ada", Timestamp(599))));
    assert!(passes(limiter.check(&"ada", Timestamp(600))));
}

#[test]
fn l10_the_orchestrator_is_open_to_ten_calls_a_minute() {
    let mut limiter = Limiter::new(ORCHESTRATOR);
    let passed = (0..100).filter(|i| passes(limiter.check(&("ada", "chat"), Timestamp(i * 599)))).count();
    assert_eq!(passed, 10);
    assert!(passes(limiter.check(&("ada", "chat"), Timestamp(60_000))));
}

proptest! {
    #[test]
    fn l11_a_call_that_is_taken_back_is_as_one_that_was_never_made(
        calls in prop::collection::vec((0..4u8, 0..60i64, any::<bool>()), 1..300),
    ) {
        let (mut limiter, mut without) = (Limiter::new(THREE), Limiter::new(THREE));
        let mut now = Timestamp(0);
        for (key, pause, counts) in calls {
            now = now.plus_millis(pause);
            let verdict = limiter.check(&key, now);
            if !counts && passes(verdict) {
                limiter.take_back(&key, now);
            } else {
                prop_assert_eq!(verdict, without.check(&key, now));
            }
        }
        prop_assert_eq!(limiter.check(&9, now), without.check(&9, now));
        prop_assert_eq!(limiter.keys(), without.keys());
    }
}
