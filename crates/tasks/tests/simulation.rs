//! The rules marked (S) in `SPEC.md`, under chance: workers crash, pause and repeat themselves, what they say comes late,
//! twice or never, the clock jumps, transactions are lost, the server starts again. A seed that failed once stays here.
//!
//! Each seed does 13,000 things, eight of them more than 100,000; `ATELIER_NIGHTLY=1` does twenty times as many.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]

#[path = "simulation/chance.rs"]
mod chance;
#[path = "simulation/witness.rs"]
mod witness;
#[path = "simulation/world.rs"]
mod world;

use world::World;

const DEEDS: u32 = 13_000;

fn deeds() -> u32 {
    let nightly = std::env::var_os("ATELIER_NIGHTLY").is_some_and(|value| value == "1");
    if nightly { DEEDS * 20 } else { DEEDS }
}

macro_rules! seeds {
    ($($name:ident: $seed:literal),* $(,)?) => {$(
        #[tokio::test]
        async fn $name() {
            let mut world = World::begin($seed).await;
            for _ in 0..deeds() {
                world.act().await;
            }
            world.end().await;
        }
    )*};
}

seeds![
    nothing_is_lost_or_done_twice_under_seed_1: 1,
    nothing_is_lost_or_done_twice_under_seed_2: 2,
    nothing_is_lost_or_done_twice_under_seed_3: 3,
    nothing_is_lost_or_done_twice_under_seed_4: 4,
    nothing_is_lost_or_done_twice_under_seed_5: 5,
    nothing_is_lost_or_done_twice_under_seed_6: 6,
    nothing_is_lost_or_done_twice_under_seed_7: 7,
    nothing_is_lost_or_done_twice_under_seed_8: 8,
];
