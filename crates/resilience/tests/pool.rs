//! The rules S1 to S12 of SPEC.md.

use std::collections::{HashSet, VecDeque};

use kernel::Timestamp;
use proptest::prelude::*;
use resilience::pool::{AGENTS, Answer, Params, Pool, Slot, SlotId, Stats, Ticket, Wait};
use serde_json::json;

const T0: Timestamp = Timestamp(1_000_000);
const TWO: Params =
    Params { slots: 2, waiting: 3, patience_ms: 1_000, idle_ms: 500, sweep_ms: 100, kinds: 2 };

fn at(millis: i64) -> Timestamp {
    T0.plus_millis(millis)
}

fn lent(answer: Answer) -> Slot {
    match answer {
        Answer::Lent(slot) => slot,
        other => panic!("not lent: {other:?}"),
    }
}

fn waits(answer: Answer) -> Ticket {
    match answer {
        Answer::Waiting { ticket, .. } => ticket,
        other => panic!("does not wait: {other:?}"),
    }
}

fn called<K: Ord + Clone>(pool: &mut Pool<K>, ticket: Ticket) -> Slot {
    match pool.collect(ticket) {
        Wait::Lent(slot) => slot,
        other => panic!("its turn has not come: {other:?}"),
    }
}

/// A pool of which all slots of `story` are lent.
fn full() -> (Pool<&'static str>, [Slot; 2]) {
    let mut pool = Pool::new(TWO);
    let slots = [0, 1].map(|_| lent(pool.acquire(&"story", T0)));
    (pool, slots)
}

fn stats(pool: &Pool<&'static str>, kind: &str) -> Stats {
    pool.stats().find(|(known, _)| **known == kind).map_or_else(Stats::default, |(_, stats)| stats)
}

#[test]
fn s1_ten_agents_of_a_type_are_lent_at_once_and_types_do_not_touch_each_other() {
    let mut pool = Pool::new(AGENTS);
    let ids: HashSet<SlotId> = (0..10).map(|_| lent(pool.acquire(&"story", T0)).id).collect();
    assert_eq!(ids.len(), 10);
    waits(pool.acquire(&"story", T0));
    lent(pool.acquire(&"audio", T0));
}

#[test]
fn s2_an_idle_slot_is_lent_before_a_new_one_is_made_and_the_latest_first() {
    let (mut pool, [first, second]) = full();
    pool.release(first, at(1));
    pool.release(second, at(2));
    for expected in [second, first] {
        let slot = lent(pool.acquire(&"story", at(3)));
        assert_eq!((slot.id, slot.fresh), (expected.id, false));
    }
}

#[test]
fn s3_who_has_waited_longest_is_served_first_and_nobody_overtakes() {
    let (mut pool, [first, second]) = full();
    let [ada, ben] = [0, 1].map(|_| waits(pool.acquire(&"story", T0)));
    assert_eq!(pool.release(first, T0), Some(ada));
    let cy = waits(pool.acquire(&"story", T0));
    assert_eq!(pool.release(second, T0), Some(ben));
    assert_eq!(called(&mut pool, ada).id, first.id);
    assert_eq!(pool.collect(cy), Wait::Waiting);
}

#[test]
fn s4_a_full_queue_refuses_at_once() {
    let (mut pool, _) = full();
    for _ in 0..TWO.waiting {
        waits(pool.acquire(&"story", T0));
    }
    assert_eq!(pool.acquire(&"story", T0), Answer::Full);
    assert_eq!(pool.waiting(&"story"), TWO.waiting);
}

#[test]
fn s5_a_wait_ends_when_its_time_is_over_and_not_before() {
    let (mut pool, [first, _]) = full();
    let Answer::Waiting { ticket, until } = pool.acquire(&"story", T0) else { panic!("a slot was free") };
    assert_eq!((until, pool.due()), (at(1_000), Some(at(1_000))));
    assert_eq!(pool.tick(at(999)).expired, []);
    assert_eq!(pool.tick(at(1_000)).expired, [ticket]);
    assert_eq!(pool.collect(ticket), Wait::Over);
    assert_eq!(pool.release(first, at(1_000)), None, "nobody waits any more");
    assert_eq!(stats(&pool, "story").idle, 1);
}

#[test]
fn s6_who_leaves_gives_up_the_place_and_those_behind_move_up() {
    let (mut pool, [first, _]) = full();
    let [ada, ben] = [0, 1].map(|_| waits(pool.acquire(&"story", T0)));
    assert_eq!(pool.leave(ada, T0), None);
    assert_eq!(pool.release(first, T0), Some(ben));
    assert_eq!(pool.collect(ada), Wait::Over);
}

#[test]
fn s7_who_leaves_when_the_turn_has_come_hands_the_slot_on() {
    let (mut pool, [first, second]) = full();
    let [ada, ben] = [0, 1].map(|_| waits(pool.acquire(&"story", T0)));
    assert_eq!(pool.release(first, T0), Some(ada));
    assert_eq!(pool.leave(ada, T0), Some(ben));
    assert_eq!(called(&mut pool, ben).id, first.id);

    let cy = waits(pool.acquire(&"story", T0));
    assert_eq!(pool.discard(second, T0), Some(cy));
    assert_eq!(pool.leave(cy, T0), None, "nothing was made for it, so nothing is idle");
    assert_eq!(stats(&pool, "story"), Stats { total: 1, in_use: 1, idle: 0, total_requests: 5 });
}

#[test]
fn s8_a_slot_whose_content_is_spoilt_makes_place_for_a_fresh_one() {
    let (mut pool, [first, _]) = full();
    let ada = waits(pool.acquire(&"story", T0));
    assert_eq!(pool.discard(first, T0), Some(ada));
    let slot = called(&mut pool, ada);
    assert!(slot.fresh && slot.id != first.id);
}

#[test]
fn s8_a_slot_that_is_given_back_twice_stays_with_whoever_has_it_now() {
    let (mut pool, [first, _]) = full();
    let ada = waits(pool.acquire(&"story", T0));
    pool.release(first, T0);
    called(&mut pool, ada);
    assert_eq!((pool.release(first, T0), pool.discard(first, T0)), (None, None));
    assert_eq!(stats(&pool, "story").in_use, 2);
}

#[test]
fn s9_a_sweep_each_minute_takes_agents_that_were_idle_for_five() {
    let mut pool = Pool::new(AGENTS);
    let [early, late] = [0, 1].map(|_| lent(pool.acquire(&"story", T0)));
    pool.release(early, T0);
    pool.release(late, at(30_000));
    assert_eq!(pool.due(), Some(at(60_000)));
    for minute in 1..5 {
        assert_eq!(pool.tick(at(minute * 60_000)).retired, []);
    }
    assert_eq!(pool.tick(at(299_999)).retired, [], "it is not time to sweep");
    assert_eq!(pool.tick(at(300_000)).retired, [early.id]);
    assert_eq!(pool.tick(at(360_000)).retired, [late.id]);
    assert_eq!(pool.due(), None, "nothing is left to sweep");
    assert!(lent(pool.acquire(&"story", at(360_000))).fresh);
}

#[test]
fn s10_what_is_there_is_counted_by_type_under_the_apis_names() {
    let (mut pool, [first, _]) = full();
    pool.release(first, T0);
    lent(pool.acquire(&"audio", T0));
    assert_eq!(
        serde_json::to_value(stats(&pool, "story")).unwrap(),
        json!({ "total": 2, "inUse": 1, "idle": 1, "totalRequests": 2 })
    );
    assert_eq!(stats(&pool, "audio").total, 1);
}

#[test]
fn s11_at_the_bound_of_types_one_that_has_nothing_is_forgotten_and_else_a_new_one_is_refused() {
    let (mut pool, _) = full();
    let audio = lent(pool.acquire(&"audio", T0));
    assert_eq!(pool.acquire(&"video", T0), Answer::Full);
    pool.discard(audio, T0);
    lent(pool.acquire(&"video", T0));
    assert_eq!(pool.stats().count(), 2);
}

#[test]
fn s12_a_clock_set_back_lets_nobody_wait_longer_than_the_patience_and_nothing_idle_longer() {
    let (mut pool, [first, _]) = full();
    let ada = waits(pool.acquire(&"story", at(1_000_000)));
    pool.acquire(&"audio", T0);
    assert_eq!(pool.due(), Some(at(1_000)));
    assert_eq!(pool.tick(at(1_000)).expired, [ada]);
    pool.release(first, at(1_000_000));
    pool.tick(T0);
    assert_eq!(pool.tick(at(500)).retired, [first.id]);
}

#[derive(Debug, Clone)]
enum Do {
    Acquire(u8),
    Collect(usize),
    Leave(usize),
    Release(usize),
    Discard(usize),
    Wait(i64),
}

fn doing() -> impl Strategy<Value = Do> {
    prop_oneof![
        6 => (0..2u8).prop_map(Do::Acquire),
        3 => any::<usize>().prop_map(Do::Collect),
        1 => any::<usize>().prop_map(Do::Leave),
        3 => any::<usize>().prop_map(Do::Release),
        1 => any::<usize>().prop_map(Do::Discard),
        2 => (0..700i64).prop_map(Do::Wait),
    ]
}

proptest! {
    /// S1, S3 to S8 for any interleaving, against a queue that is as simple as can be.
    #[test]
    fn s3_no_slot_is_lost_none_is_lent_twice_and_the_order_holds(steps in prop::collection::vec(doing(), 1..300)) {
        let mut pool: Pool<u8> = Pool::new(TWO);
        let mut now = T0;
        let mut held: Vec<(u8, Slot)> = Vec::new();
        let mut queues: [VecDeque<(Ticket, Timestamp)>; 2] = Default::default();
        let mut granted: Vec<(u8, Ticket)> = Vec::new();
        for step in steps {
            let handed = match step {
                Do::Acquire(kind) => {
                    let used = held.iter().filter(|(of, _)| *of == kind).count()
                        + granted.iter().filter(|(of, _)| *of == kind).count();
                    let queue = &mut queues[usize::from(kind)];
                    match pool.acquire(&kind, now) {
                        Answer::Lent(slot) => {
                            prop_assert!(used < TWO.slots && queue.is_empty());
                            prop_assert!(held.iter().all(|(_, other)| other.id != slot.id), "lent twice");
                            held.push((kind, slot));
                        }
                        Answer::Waiting { ticket, until } => {
                            prop_assert!(used == TWO.slots && queue.len() < TWO.waiting);
                            queue.push_back((ticket, until));
                        }
                        Answer::Full => prop_assert!(used == TWO.slots && queue.len() == TWO.waiting),
                    }
                    None
                }
                Do::Collect(which) if !granted.is_empty() => {
                    let (kind, ticket) = granted.swap_remove(which % granted.len());
                    let slot = called(&mut pool, ticket);
                    prop_assert!(held.iter().all(|(_, other)| other.id != slot.id), "lent twice");
                    held.push((kind, slot));
                    None
                }
                Do::Leave(which) => {
                    let kind = u8::from(which % 2 == 1);
                    let queue = &mut queues[usize::from(kind)];
                    if which % 3 == 0 && !granted.is_empty() {
                        let (kind, ticket) = granted.swap_remove(which % granted.len());
                        Some((kind, pool.leave(ticket, now)))
                    } else {
                        if !queue.is_empty() {
                            let (ticket, _) = queue.remove(which % queue.len()).unwrap();
                            prop_assert_eq!(pool.leave(ticket, now), None);
                        }
                        None
                    }
                }
                Do::Release(which) if !held.is_empty() => {
                    let (kind, slot) = held.swap_remove(which % held.len());
                    let next = pool.release(slot, now);
                    prop_assert_eq!(pool.release(slot, now), None, "a second return changes nothing");
                    Some((kind, next))
                }
                Do::Discard(which) if !held.is_empty() => {
                    let (kind, slot) = held.swap_remove(which % held.len());
                    Some((kind, pool.discard(slot, now)))
                }
                Do::Wait(millis) => {
                    now = now.plus_millis(millis);
                    let expired: HashSet<Ticket> = pool.tick(now).expired.into_iter().collect();
                    let mut expected = HashSet::new();
                    for queue in &mut queues {
                        expected.extend(queue.iter().filter(|(_, until)| *until <= now).map(|(ticket, _)| *ticket));
                        queue.retain(|(_, until)| *until > now);
                    }
                    prop_assert_eq!(expired, expected);
                    None
                }
                Do::Collect(_) | Do::Release(_) | Do::Discard(_) => None,
            };
            if let Some((kind, next)) = handed {
                let first = queues[usize::from(kind)].pop_front().map(|(ticket, _)| ticket);
                prop_assert_eq!(next, first, "whose turn it is");
                granted.extend(next.map(|ticket| (kind, ticket)));
            }
            for (kind, stats) in pool.stats() {
                let used = held.iter().filter(|(of, _)| of == kind).count()
                    + granted.iter().filter(|(of, _)| of == kind).count();
                prop_assert_eq!(stats.in_use, used);
                prop_assert!(stats.total <= TWO.slots);
                prop_assert_eq!(pool.waiting(kind), queues[usize::from(*kind)].len());
            }
        }
    }
}
