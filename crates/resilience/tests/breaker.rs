//! The rules B1 to B17 of SPEC.md.

use kernel::Timestamp;
use proptest::prelude::*;
use resilience::breaker::{
    Admission, Breaker, ENGINES, Outcome, Params, Permit, Position, RUNNERS, State, WINDOW_CALLS,
};

const T0: Timestamp = Timestamp(1_000_000_000);

fn at(millis: i64) -> Timestamp {
    T0.plus_millis(millis)
}

fn permit(breaker: &mut Breaker, now: Timestamp) -> Permit {
    match breaker.admit(now) {
        Admission::Permit(permit) => permit,
        Admission::Refused { retry_at } => panic!("refused at {now} until {retry_at}"),
    }
}

fn refused_until(breaker: &mut Breaker, now: Timestamp) -> Timestamp {
    match breaker.admit(now) {
        Admission::Refused { retry_at } => retry_at,
        Admission::Permit(_) => panic!("admitted at {now}"),
    }
}

fn call(breaker: &mut Breaker, outcome: Outcome, now: Timestamp) {
    let permit = permit(breaker, now);
    breaker.record(permit, outcome, now);
}

fn opened(params: Params, now: Timestamp) -> Breaker {
    let mut breaker = Breaker::new(params);
    for _ in 0..10 {
        if breaker.view(now).position == Position::Closed {
            call(&mut breaker, Outcome::Failure, now);
        }
    }
    assert_eq!(breaker.view(now).position, Position::Open);
    breaker
}

#[test]
fn b1_a_new_breaker_is_closed_and_lets_every_call_through() {
    let mut breaker = Breaker::new(ENGINES);
    assert_eq!(breaker.view(T0).position, Position::Closed);
    for _ in 0..1_000 {
        permit(&mut breaker, T0);
    }
}

#[test]
fn b2_half_of_ten_failing_opens_a_runners_breaker_and_nine_calls_do_not() {
    let mut breaker = Breaker::new(RUNNERS);
    for _ in 0..9 {
        call(&mut breaker, Outcome::Failure, T0);
    }
    assert_eq!(breaker.view(T0).position, Position::Closed, "nine calls are too few");
    call(&mut breaker, Outcome::Failure, T0);
    assert_eq!(breaker.view(T0).position, Position::Open);

    let mut breaker = Breaker::new(RUNNERS);
    for _ in 0..6 {
        call(&mut breaker, Outcome::Success, T0);
    }
    for _ in 0..5 {
        call(&mut breaker, Outcome::Failure, T0);
    }
    assert_eq!(breaker.view(T0).position, Position::Closed, "5 of 11 is less than half");
    call(&mut breaker, Outcome::Failure, T0);
    assert_eq!(breaker.view(T0).position, Position::Open, "6 of 12 is half");
}

#[test]
fn b2_a_success_never_opens() {
    let mut breaker = Breaker::new(RUNNERS);
    for _ in 0..5 {
        call(&mut breaker, Outcome::Failure, T0);
    }
    for _ in 0..5 {
        call(&mut breaker, Outcome::Success, T0);
    }
    assert_eq!(breaker.view(T0).position, Position::Closed);
}

#[test]
fn b3_a_call_leaves_the_window_exactly_after_its_length() {
    let failures_at = |now| {
        let mut breaker = Breaker::new(RUNNERS);
        for _ in 0..9 {
            call(&mut breaker, Outcome::Failure, T0);
        }
        call(&mut breaker, Outcome::Failure, now);
        breaker.view(now).position
    };
    assert_eq!(failures_at(at(599_999)), Position::Open);
    assert_eq!(failures_at(at(600_000)), Position::Closed);
}

#[test]
fn b4_five_failures_in_a_row_open_an_engines_breaker() {
    let mut breaker = Breaker::new(ENGINES);
    for _ in 0..4 {
        call(&mut breaker, Outcome::Failure, T0);
    }
    call(&mut breaker, Outcome::Success, T0);
    for _ in 0..4 {
        call(&mut breaker, Outcome::Failure, T0);
    }
    assert_eq!(breaker.view(T0).position, Position::Closed);
    call(&mut breaker, Outcome::Failure, T0);
    assert_eq!(breaker.view(T0).position, Position::Open);
}

#[test]
fn b5_an_open_breaker_refuses_and_says_when_to_come_back() {
    for (params, pause) in [(RUNNERS, 60_000), (ENGINES, 30_000)] {
        let mut breaker = opened(params, T0);
        assert_eq!(refused_until(&mut breaker, T0), at(pause));
        assert_eq!(refused_until(&mut breaker, at(pause - 1)), at(pause));
        permit(&mut breaker, at(pause));
    }
}

#[test]
fn b7_successful_probes_close_it_with_a_clean_history() {
    let mut breaker = opened(RUNNERS, T0);
    for _ in 0..2 {
        call(&mut breaker, Outcome::Success, at(60_000));
        assert_eq!(breaker.view(at(60_000)).position, Position::HalfOpen);
    }
    call(&mut breaker, Outcome::Success, at(60_000));
    let view = breaker.view(at(60_000));
    assert_eq!((view.position, view.calls), (Position::Closed, 0));

    let mut breaker = opened(ENGINES, T0);
    call(&mut breaker, Outcome::Success, at(30_000));
    assert_eq!(breaker.view(at(30_000)).position, Position::Closed);
}

#[test]
fn b8_one_failed_probe_opens_it_again_for_the_full_time() {
    let mut breaker = opened(RUNNERS, T0);
    call(&mut breaker, Outcome::Success, at(60_000));
    call(&mut breaker, Outcome::Failure, at(61_000));
    assert_eq!(refused_until(&mut breaker, at(61_001)), at(121_000));
}

#[test]
fn b9_a_neutral_outcome_counts_neither_way_and_frees_its_slot() {
    let mut breaker = Breaker::new(ENGINES);
    for _ in 0..4 {
        call(&mut breaker, Outcome::Failure, T0);
    }
    call(&mut breaker, Outcome::Neutral, T0);
    call(&mut breaker, Outcome::Failure, T0);
    assert_eq!(breaker.view(T0).position, Position::Open, "the row was not broken by the neutral one");

    for _ in 0..100 {
        call(&mut breaker, Outcome::Neutral, at(30_000));
    }
    assert_eq!(breaker.view(at(30_000)).position, Position::HalfOpen);
    permit(&mut breaker, at(30_000));
}

#[test]
fn b10_an_outcome_of_an_earlier_epoch_or_a_second_one_changes_nothing() {
    let mut breaker = Breaker::new(ENGINES);
    let late: Vec<Permit> = (0..20).map(|_| permit(&mut breaker, T0)).collect();
    for _ in 0..5 {
        call(&mut breaker, Outcome::Failure, T0);
    }
    let probe = permit(&mut breaker, at(30_000));
    let before = breaker.clone();
    for permit in &late {
        breaker.record(*permit, Outcome::Success, at(30_000));
        breaker.record(*permit, Outcome::Failure, at(30_000));
    }
    assert_eq!(breaker, before, "half-open, and only the probe decides");

    breaker.record(probe, Outcome::Success, at(30_000));
    let closed = breaker.clone();
    breaker.record(probe, Outcome::Failure, at(30_000));
    for permit in late {
        breaker.record(permit, Outcome::Failure, at(30_000));
    }
    assert_eq!(breaker, closed);
}

#[test]
fn b11_a_silent_probe_gives_its_slot_back_after_its_lease() {
    let mut breaker = opened(ENGINES, T0);
    let silent = permit(&mut breaker, at(30_000));
    assert!(refused_until(&mut breaker, at(30_001)) > at(30_001));
    let lease_ends = at(30_000 + ENGINES.probe_ms);
    permit(&mut breaker, lease_ends);
    let before = breaker.clone();
    breaker.record(silent, Outcome::Failure, lease_ends);
    assert_eq!(breaker, before);
}

#[test]
fn b12_it_survives_being_stored() {
    let mut breaker = opened(RUNNERS, T0);
    let probe = permit(&mut breaker, at(60_000));
    let stored = serde_json::to_string(&(breaker.state(), probe)).unwrap();
    let (state, probe): (State, Permit) = serde_json::from_str(&stored).unwrap();
    let mut restored = Breaker::restore(RUNNERS, state);
    assert_eq!(restored, breaker);
    restored.record(probe, Outcome::Failure, at(61_000));
    assert_eq!(refused_until(&mut restored, at(61_000)), at(121_000));
}

#[test]
fn b13_after_a_restart_the_probes_can_be_freed_at_once() {
    let mut breaker = opened(ENGINES, T0);
    let lost = permit(&mut breaker, at(30_000));
    breaker.release_probes();
    let probe = permit(&mut breaker, at(30_000));
    breaker.record(lost, Outcome::Failure, at(30_000));
    assert_eq!(breaker.view(at(30_000)).position, Position::HalfOpen, "the lost probe's outcome is late");
    breaker.record(probe, Outcome::Success, at(30_000));
    assert_eq!(breaker.view(at(30_000)).position, Position::Closed);
}

#[test]
fn b14_a_person_can_close_it() {
    let mut breaker = opened(RUNNERS, T0);
    breaker.reset();
    permit(&mut breaker, T0);
    assert_eq!(breaker.view(T0).position, Position::Closed);
}

#[test]
fn b15_it_can_be_looked_at_without_being_changed() {
    let breaker = opened(ENGINES, T0);
    let before = breaker.clone();
    assert_eq!(breaker.view(T0).retry_at, Some(at(30_000)));
    assert_eq!(breaker.view(at(30_000)).position, Position::HalfOpen);
    assert_eq!(breaker, before);
}

#[test]
fn b16_the_window_holds_a_bounded_number_of_outcomes() {
    let mut breaker = Breaker::new(RUNNERS);
    for _ in 0..10 * WINDOW_CALLS {
        call(&mut breaker, Outcome::Success, T0);
    }
    assert_eq!(breaker.view(T0).calls as usize, WINDOW_CALLS);
}

#[test]
fn b17_a_clock_set_back_never_keeps_it_open_longer_than_its_full_time() {
    let mut breaker = opened(ENGINES, at(86_400_000));
    assert_eq!(refused_until(&mut breaker, T0), at(30_000));
    permit(&mut breaker, at(30_000));
}

#[derive(Debug, Clone)]
enum Do {
    Admit,
    Record(usize, u8),
    Wait(i64),
}

fn doing() -> impl Strategy<Value = Do> {
    prop_oneof![
        4 => Just(Do::Admit),
        4 => (any::<usize>(), 0..3u8).prop_map(|(which, how)| Do::Record(which, how)),
        1 => prop_oneof![0..100i64, 0..4_000_000i64].prop_map(Do::Wait),
    ]
}

proptest! {
    #[test]
    fn b6_no_more_probes_than_the_bound_are_ever_under_way(
        runners: bool,
        steps in prop::collection::vec(doing(), 1..400),
    ) {
        let params = if runners { RUNNERS } else { ENGINES };
        let mut breaker = Breaker::new(params);
        let mut now = T0;
        let mut held: Vec<(Permit, Timestamp, bool)> = Vec::new();
        for step in steps {
            match step {
                Do::Wait(millis) => now = now.plus_millis(millis),
                Do::Admit => {
                    if let Admission::Permit(permit) = breaker.admit(now) {
                        let probing = breaker.view(now).position == Position::HalfOpen;
                        held.push((permit, now, probing));
                    }
                }
                Do::Record(which, how) if !held.is_empty() => {
                    let (permit, ..) = held.swap_remove(which % held.len());
                    let outcome = [Outcome::Success, Outcome::Failure, Outcome::Neutral][how as usize];
                    let position = breaker.view(now).position;
                    breaker.record(permit, outcome, now);
                    if breaker.view(now).position != position {
                        held.iter_mut().for_each(|(_, _, probing)| *probing = false);
                    }
                }
                Do::Record(..) => {}
            }
            let under_way = held
                .iter()
                .filter(|(_, since, probing)| *probing && now.since(*since) < params.probe_ms)
                .count();
            if breaker.view(now).position == Position::HalfOpen {
                prop_assert!(under_way <= params.probes as usize, "{under_way} probes");
                prop_assert_eq!(breaker.view(now).probes as usize, under_way);
            }
        }
    }
}
