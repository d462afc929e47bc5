//! Slots of agents: waiting is fair, bounded and ends, and no slot is lost with its borrower; on virtual time.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use agents::departments::slots::{Asked, Busy, Slot, Slots, Turn};
use kernel::{Ambient, Clock, SeededRandom, Timestamp};
use resilience::pool::{AGENTS, Params, Stats};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

/// Ten of each type, as agents have them.
const CUES: &str = "audio/cues";

/// A clock that shows what tokio's clock shows, so that a paused test has one time.
struct Together {
    began: Instant,
}

impl Clock for Together {
    fn now(&self) -> Timestamp {
        Timestamp(1_800_000_000_000 + i64::try_from(self.began.elapsed().as_millis()).unwrap())
    }
}

fn slots_by(params: Params, waiting: usize) -> Slots {
    let clock = Arc::new(Together { began: Instant::now() });
    Slots::new(Ambient::new(clock, Arc::new(SeededRandom::new(7))), params, waiting)
}

fn lent(asked: Result<Asked, Busy>) -> Slot {
    match asked {
        Ok(Asked::Lent(slot)) => slot,
        Ok(Asked::Wait(_)) => panic!("it has to wait"),
        Err(busy) => panic!("{busy}"),
    }
}

fn waits(asked: Result<Asked, Busy>) -> Turn {
    match asked {
        Ok(Asked::Wait(turn)) => turn,
        Ok(Asked::Lent(_)) => panic!("a slot was free"),
        Err(busy) => panic!("{busy}"),
    }
}

/// Slots of which all ten of one type are lent.
fn full() -> (Slots, Vec<Slot>) {
    let slots = slots_by(AGENTS, 100);
    let held = (0..10).map(|_| lent(slots.ask(CUES))).collect();
    (slots, held)
}

fn stats(slots: &Slots, kind: &str) -> (Stats, usize) {
    slots
        .stats()
        .into_iter()
        .find(|(known, ..)| known == kind)
        .map(|(_, stats, waiting)| (stats, waiting))
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn ten_of_a_type_are_at_work_and_other_types_are_not_touched() {
    let (slots, _held) = full();
    let _turn = waits(slots.ask(CUES));
    let _other = lent(slots.ask("audio/head"));
    let (stats, waiting) = stats(&slots, CUES);
    assert_eq!((stats.total, stats.in_use, stats.idle, stats.total_requests, waiting), (10, 10, 0, 10, 1));
}

#[tokio::test(start_paused = true)]
async fn who_has_waited_longest_comes_first() {
    let (slots, mut held) = full();
    let order: Arc<Mutex<Vec<u32>>> = Arc::default();
    let tasks: Vec<_> = (0..5)
        .map(|n| {
            let (turn, order) = (waits(slots.ask(CUES)), order.clone());
            tokio::spawn(async move {
                let _slot = turn.come().await.unwrap();
                order.lock().unwrap().push(n);
                sleep(Duration::from_secs(1)).await;
            })
        })
        .collect();
    sleep(Duration::from_secs(1)).await;
    held.truncate(9);
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_after_a_minute_and_not_before() {
    let (slots, held) = full();
    let (turn, began) = (waits(slots.ask(CUES)), Instant::now());
    let busy = turn.come().await.err().unwrap();
    let waited = began.elapsed();
    assert!((Duration::from_secs(60)..Duration::from_secs(61)).contains(&waited), "{waited:?}");
    assert_eq!(
        busy.to_string(),
        "All 10 slots of the agent audio/cues stayed taken for 60 s; it waits for another turn"
    );
    // Its place is gone: the next slot that comes back is idle.
    drop(held);
    assert_eq!(stats(&slots, CUES).0.idle, 10);
}

#[tokio::test(start_paused = true)]
async fn no_more_wait_than_may_be_it_of_one_type_or_of_all() {
    let slots = slots_by(Params { slots: 1, waiting: 2, ..AGENTS }, 3);
    let _held = [lent(slots.ask(CUES)), lent(slots.ask("story/head"))];
    let turns = [waits(slots.ask(CUES)), waits(slots.ask(CUES))];
    assert!(slots.ask(CUES).is_err(), "two of a type");
    let _third = waits(slots.ask("story/head"));
    let busy = slots.ask("story/head").err().unwrap();
    assert_eq!(
        busy.to_string(),
        "The one slot of the agent story/head is taken, and as many steps wait as may"
    );
    assert_eq!(stats(&slots, "story/head").1, 1, "who was refused has no place");
    drop(turns);
    let _again = waits(slots.ask("story/head"));
}

#[tokio::test(start_paused = true)]
async fn a_slot_comes_back_when_its_borrower_panics_or_is_stopped() {
    let slots = slots_by(Params { slots: 1, ..AGENTS }, 10);
    let borrow = |end: oneshot::Receiver<()>| {
        let slot = lent(slots.ask(CUES));
        tokio::spawn(async move {
            let _slot = slot;
            end.await.unwrap();
            panic!("the lamp broke");
        })
    };
    let (end, ended) = oneshot::channel();
    let panics = borrow(ended);
    end.send(()).unwrap();
    assert!(panics.await.unwrap_err().is_panic());
    let (_end, ended) = oneshot::channel();
    let stopped = borrow(ended);
    tokio::task::yield_now().await;
    stopped.abort();
    assert!(stopped.await.unwrap_err().is_cancelled());
    drop(lent(slots.ask(CUES)));
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_nobody_takes_goes_to_the_next() {
    let slots = slots_by(Params { slots: 1, ..AGENTS }, 10);
    let held = lent(slots.ask(CUES));
    let (gone, next) = (waits(slots.ask(CUES)), waits(slots.ask(CUES)));
    // Its turn has come, and it is stopped before it hears of that.
    drop(held);
    drop(gone);
    let _slot = next.come().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_idle_for_five_minutes_is_swept() {
    let (slots, held) = full();
    let keeper = tokio::spawn({
        let slots = slots.clone();
        async move { slots.keep().await }
    });
    drop(held);
    sleep(Duration::from_secs(4 * 60)).await;
    assert_eq!(stats(&slots, CUES).0.total, 10);
    sleep(Duration::from_secs(3 * 60)).await;
    let (stats, _) = stats(&slots, CUES);
    assert_eq!((stats.total, stats.total_requests), (0, 10));
    keeper.abort();
}
