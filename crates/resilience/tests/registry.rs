//! The rules K1 to K9 of SPEC.md.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::{Ambient, ManualClock, SeededRandom, Timestamp};
use proptest::prelude::*;
use resilience::breaker::{Admission, Breaker, ENGINES, Outcome, Params, Permit, Position, RUNNERS};
use resilience::breakers::{Breakers, Resting};
use resilience::registry::{Registry, Saved};

const T0: Timestamp = Timestamp(1_000_000_000);
const OUTCOMES: [Outcome; 3] = [Outcome::Success, Outcome::Failure, Outcome::Neutral];

fn at(millis: i64) -> Timestamp {
    T0.plus_millis(millis)
}

fn call(registry: &mut Registry<u8>, key: u8, outcome: Outcome, now: Timestamp) {
    let Admission::Permit(permit) = registry.admit(&key, now) else { panic!("{key} is refused at {now}") };
    registry.record(&key, permit, outcome, now);
}

fn open(registry: &mut Registry<u8>, key: u8) {
    while trouble(registry, key, T0) < 2 {
        call(registry, key, Outcome::Failure, T0);
    }
}

fn known(registry: &Registry<u8>) -> Vec<u8> {
    registry.views(T0).map(|(key, _)| *key).collect()
}

/// How much would be missed with a key's breaker.
fn trouble(registry: &Registry<u8>, key: u8, now: Timestamp) -> u8 {
    match registry.view(&key, now) {
        Some(view) if view.position != Position::Closed => 2,
        Some(view) => u8::from(view.failures > 0),
        None => 0,
    }
}

#[test]
fn k2_to_look_at_a_key_or_to_say_how_a_call_went_makes_none() {
    let mut registry = Registry::new(ENGINES, 1);
    call(&mut registry, 1, Outcome::Success, T0);
    let Admission::Permit(permit) = registry.admit(&1, T0) else { panic!("refused") };
    registry.record(&2, permit, Outcome::Failure, T0);
    registry.reset(&3);
    assert_eq!(registry.view(&4, T0), None);
    assert_eq!(known(&registry), [1]);
}

#[test]
fn k3_who_makes_up_keys_does_not_wash_off_that_others_failed() {
    let mut registry = Registry::new(ENGINES, 3);
    open(&mut registry, 1);
    call(&mut registry, 2, Outcome::Failure, T0);
    for key in 10..200 {
        call(&mut registry, key, Outcome::Success, T0);
    }
    assert_eq!(known(&registry), [1, 2, 199]);
    call(&mut registry, 199, Outcome::Failure, T0);
    call(&mut registry, 3, Outcome::Failure, T0);
    assert_eq!(known(&registry), [1, 3, 199], "of those with failures the one used least recently went");
    open(&mut registry, 3);
    open(&mut registry, 199);
    call(&mut registry, 4, Outcome::Success, T0);
    assert_eq!(known(&registry), [3, 4, 199], "where all are open the bound is what counts");
}

#[test]
fn k4_an_outcome_from_before_a_key_was_forgotten_changes_nothing() {
    let mut registry = Registry::new(ENGINES, 1);
    let late: Vec<Permit> = (0..5)
        .map(|_| match registry.admit(&1, T0) {
            Admission::Permit(permit) => permit,
            Admission::Refused { .. } => panic!("refused"),
        })
        .collect();
    call(&mut registry, 2, Outcome::Success, T0);
    call(&mut registry, 1, Outcome::Success, T0);
    for permit in late {
        registry.record(&1, permit, Outcome::Failure, T0);
    }
    assert_eq!(registry.view(&1, T0).map(|view| (view.position, view.failures)), Some((Position::Closed, 0)));
}

#[test]
fn k5_with_less_room_what_would_be_missed_is_kept() {
    let mut registry = Registry::new(ENGINES, 10);
    open(&mut registry, 1);
    for key in 2..10 {
        call(&mut registry, key, Outcome::Success, T0);
    }
    let stored = serde_json::to_string(&registry.saved()).unwrap();
    let saved: Vec<Saved<u8>> = serde_json::from_str(&stored).unwrap();
    assert_eq!(known(&Registry::restore(ENGINES, 3, saved)), [1, 8, 9]);
}

#[test]
fn k6_only_what_is_worth_storing_is_counted_as_a_change() {
    let mut registry = Registry::new(ENGINES, 2);
    call(&mut registry, 1, Outcome::Success, T0);
    call(&mut registry, 1, Outcome::Neutral, T0);
    call(&mut registry, 2, Outcome::Success, T0);
    call(&mut registry, 3, Outcome::Success, T0);
    assert_eq!(registry.changes(), 0, "all are well, and one that was well is forgotten");
    call(&mut registry, 3, Outcome::Failure, T0);
    assert_eq!(registry.changes(), 1);
    registry.reset(&3);
    assert_eq!(registry.changes(), 2);
}

fn breakers(saved: Vec<Saved<String>>) -> (Breakers<String>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(T0));
    let ambient = Ambient::new(clock.clone(), Arc::new(SeededRandom::new(1)));
    (Breakers::new(ambient, ENGINES, 4, saved), clock)
}

fn fail(breakers: &Breakers<String>, key: &str) {
    for _ in 0..5 {
        breakers.admit(&key.to_owned()).ok().unwrap().record(Outcome::Failure);
    }
}

#[test]
fn k6_whoever_keeps_the_breakers_is_told_of_a_change_and_only_then() {
    let (breakers, _) = breakers(Vec::new());
    let (mut changes, a) = (breakers.changes(), "a".to_owned());
    breakers.admit(&a).ok().unwrap().record(Outcome::Success);
    drop(breakers.admit(&a));
    assert!(!changes.has_changed().unwrap(), "a dependency that is well changes nothing");
    breakers.admit(&a).ok().unwrap().record(Outcome::Failure);
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    breakers.reset("a");
    assert!(changes.has_changed().unwrap());
}

#[test]
fn k7_a_dropped_ticket_counts_neither_way_and_frees_its_probe() {
    let (breakers, clock) = breakers(Vec::new());
    let a = "a".to_owned();
    fail(&breakers, "a");
    assert_eq!(breakers.admit(&a).err(), Some(Resting { retry_at: at(30_000), wait_ms: 30_000 }));
    clock.advance(30_000);
    let probe = breakers.admit(&a).ok().unwrap();
    assert!(breakers.admit(&a).is_err(), "one probe at a time");
    drop(probe);
    breakers.admit(&a).ok().unwrap().record(Outcome::Success);
    assert_eq!(breakers.view("a").unwrap().position, Position::Closed);
}

#[test]
fn k8_after_a_restart_the_probes_of_the_old_process_hold_nobody_up() {
    let (before, clock) = breakers(Vec::new());
    fail(&before, "a");
    clock.advance(30_000);
    let lost = before.admit(&"a".to_owned()).ok().unwrap();
    let (after, clock) = breakers(before.saved());
    clock.advance(30_000);
    let probe = after.admit(&"a".to_owned()).ok().unwrap();
    assert_eq!(after.views(), [("a".to_owned(), after.view("a").unwrap())]);
    probe.record(Outcome::Success);
    assert_eq!(after.view("a").unwrap().position, Position::Closed);
    drop(lost);
}

#[test]
fn k9_a_breaker_goes_on_as_it_was_kept_elsewhere_and_begins_anew_where_nothing_was() {
    let (there, _) = breakers(Vec::new());
    let (here, clock) = breakers(Vec::new());
    let (changes, a) = (here.changes(), "a".to_owned());
    here.put(&a, None);
    assert!(!changes.has_changed().unwrap(), "it is as good as one that nobody knows");
    fail(&there, "a");
    here.put(&a, there.saved().pop().map(|saved| saved.state));
    assert!(changes.has_changed().unwrap());
    assert_eq!(here.view("a").unwrap().retry_at, Some(at(30_000)));
    clock.advance(30_000);
    let lost = here.admit(&a).ok().unwrap();
    here.put(&a, here.saved().pop().map(|saved| saved.state));
    let probe = here.admit(&a).ok().unwrap();
    drop((lost, probe));
    here.put(&a, None);
    assert_eq!(here.view("a").unwrap().position, Position::Closed);
}

#[derive(Debug, Clone)]
enum Do {
    Admit(u8),
    Record(usize, usize),
    Reset(u8),
    Wait(i64),
    Restart,
}

fn doing() -> impl Strategy<Value = Do> {
    prop_oneof![
        8 => (0..6u8).prop_map(Do::Admit),
        8 => (any::<usize>(), 0..3usize).prop_map(|(which, how)| Do::Record(which, how)),
        1 => (0..6u8).prop_map(Do::Reset),
        1 => prop_oneof![0..100i64, 0..100_000i64].prop_map(Do::Wait),
        1 => Just(Do::Restart),
    ]
}

fn stored(registry: &Registry<u8>, params: Params, most: usize) -> Registry<u8> {
    let text = serde_json::to_string(&registry.saved()).unwrap();
    Registry::restore(params, most, serde_json::from_str::<Vec<Saved<u8>>>(&text).unwrap())
}

proptest! {
    #[test]
    fn k1_k5_each_key_has_a_breaker_that_behaves_as_it_would_alone_also_after_it_was_stored(
        runners: bool,
        steps in prop::collection::vec(doing(), 1..300),
    ) {
        let params = if runners { RUNNERS } else { ENGINES };
        let mut registry = Registry::new(params, 6);
        let mut alone: BTreeMap<u8, Breaker> = BTreeMap::new();
        let (mut now, mut held) = (T0, Vec::<(u8, Permit)>::new());
        for step in steps {
            match step {
                Do::Wait(millis) => now = now.plus_millis(millis),
                Do::Restart => registry = stored(&registry, params, 6),
                Do::Reset(key) => {
                    registry.reset(&key);
                    if let Some(breaker) = alone.get_mut(&key) {
                        breaker.reset();
                    }
                }
                Do::Admit(key) => {
                    let admission = registry.admit(&key, now);
                    let breaker = alone.entry(key).or_insert_with(|| Breaker::new(params));
                    prop_assert_eq!(admission, breaker.admit(now));
                    if let Admission::Permit(permit) = admission {
                        held.push((key, permit));
                    }
                }
                Do::Record(which, how) if !held.is_empty() => {
                    let (key, permit) = held.swap_remove(which % held.len());
                    registry.record(&key, permit, OUTCOMES[how], now);
                    alone.get_mut(&key).unwrap().record(permit, OUTCOMES[how], now);
                }
                Do::Record(..) => {}
            }
            let together: Vec<_> = registry.views(now).map(|(key, view)| (*key, view)).collect();
            let apart: Vec<_> = alone.iter().map(|(key, breaker)| (*key, breaker.view(now))).collect();
            prop_assert_eq!(together, apart);
        }
    }

    #[test]
    fn k2_k3_k4_at_the_bound_the_one_least_missed_is_forgotten_and_its_outcomes_with_it(
        most in 1..4usize,
        steps in prop::collection::vec(doing(), 1..300),
    ) {
        let mut registry = Registry::new(ENGINES, most);
        let (mut now, mut uses) = (T0, Vec::<u8>::new());
        // Permits with how often their key had been forgotten when they were given.
        let (mut held, mut forgotten) = (Vec::<(u8, Permit, u32)>::new(), [0u32; 6]);
        for step in steps {
            match step {
                Do::Wait(millis) => now = now.plus_millis(millis),
                Do::Reset(key) => registry.reset(&key),
                Do::Admit(key) => {
                    let before = known(&registry);
                    let least = before.iter().copied().min_by_key(|known| {
                        (trouble(&registry, *known, now), uses.iter().rposition(|used| used == known))
                    });
                    let full = before.len() == most && !before.contains(&key);
                    if let Admission::Permit(permit) = registry.admit(&key, now) {
                        held.push((key, permit, forgotten[key as usize]));
                    }
                    uses.push(key);
                    let expected = before.iter().copied().filter(|known| !full || Some(*known) != least);
                    for known in expected {
                        prop_assert!(registry.view(&known, now).is_some(), "{known} was forgotten");
                    }
                    if let Some(least) = least.filter(|_| full) {
                        prop_assert!(registry.view(&least, now).is_none(), "{least} was kept");
                        forgotten[least as usize] += 1;
                    }
                }
                Do::Record(which, how) if !held.is_empty() => {
                    let (key, permit, life) = held.swap_remove(which % held.len());
                    let before = registry.saved();
                    let changes = registry.changes();
                    registry.record(&key, permit, OUTCOMES[how], now);
                    if life != forgotten[key as usize] {
                        let positions = |registry: &Registry<u8>| {
                            registry.views(now).map(|(_, view)| view).collect::<Vec<_>>()
                        };
                        let as_before = Registry::restore(ENGINES, most, before);
                        prop_assert_eq!(positions(&registry), positions(&as_before));
                    } else if registry.saved() == before {
                        prop_assert_eq!(registry.changes(), changes);
                    }
                }
                Do::Record(..) | Do::Restart => {}
            }
            prop_assert!(registry.views(now).count() <= most);
        }
    }
}
