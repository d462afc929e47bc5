//! The rules P1 to P6 of SPEC.md.

use kernel::Timestamp;
use proptest::prelude::*;
use resilience::pacing::{GITHUB_MS, OPENAI_MS, Pacing, Slot};

const PATIENT: u64 = 3_600_000;

fn start(pacing: &mut Pacing, now: i64) -> Timestamp {
    match pacing.book(Timestamp(now), PATIENT) {
        Slot::At(at) => at,
        Slot::TooFar { at } => panic!("too far: {at}"),
    }
}

proptest! {
    #[test]
    fn p1_and_p3_starts_are_an_interval_apart_in_the_order_of_asking(
        pauses in prop::collection::vec(0..3_000i64, 1..200), interval in 0..2_000u64,
    ) {
        let mut pacing = Pacing::new(interval);
        let mut now = 0;
        let mut before: Option<Timestamp> = None;
        for pause in pauses {
            now += pause;
            let at = start(&mut pacing, now);
            prop_assert!(at >= Timestamp(now));
            if let Some(before) = before {
                prop_assert!(at.since(before) >= i64::try_from(interval).unwrap());
            }
            before = Some(at);
        }
    }
}

#[test]
fn p1_the_defaults_are_a_second_for_openai_and_half_a_second_for_github() {
    for (interval, expected) in [(OPENAI_MS, 1_000), (GITHUB_MS, 500)] {
        let mut pacing = Pacing::new(interval);
        start(&mut pacing, 0);
        assert_eq!(start(&mut pacing, 0), Timestamp(expected));
    }
}

#[test]
fn p2_a_call_after_a_quiet_interval_starts_at_once() {
    let mut pacing = Pacing::new(1_000);
    start(&mut pacing, 0);
    assert_eq!(start(&mut pacing, 1_000), Timestamp(1_000));
    let mut unpaced = Pacing::new(0);
    assert!((0..10).all(|_| start(&mut unpaced, 7) == Timestamp(7)));
}

#[test]
fn p4_a_start_beyond_patience_is_not_booked() {
    let mut pacing = Pacing::new(1_000);
    start(&mut pacing, 0);
    start(&mut pacing, 0);
    assert_eq!(pacing.book(Timestamp(0), 1_999), Slot::TooFar { at: Timestamp(2_000) });
    assert_eq!(start(&mut pacing, 0), Timestamp(2_000));
}

#[test]
fn p5_the_latest_start_given_back_is_free_again() {
    let mut pacing = Pacing::new(1_000);
    let first = start(&mut pacing, 0);
    let second = start(&mut pacing, 0);
    pacing.give_back(first);
    pacing.give_back(second);
    assert_eq!(start(&mut pacing, 0), second);
}

#[test]
fn p6_a_clock_set_back_keeps_the_bookings_distance_from_now() {
    let mut pacing = Pacing::new(1_000);
    start(&mut pacing, 1_000_000);
    assert_eq!(start(&mut pacing, 0), Timestamp(1_000));
}
