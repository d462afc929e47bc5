//! The rules marked (S) in `SPEC.md`, under chance: workers crash, pause and repeat themselves, what they say comes late,
//! twice or never, the clock jumps, transactions are lost, the server starts again. A seed that failed once stays here. On
//! SQLite there is one server, on Postgres there are two.
//!
//! Each seed does 13,000 things, eight of them more than 100,000, and on Postgres a quarter of that; `ATELIER_NIGHTLY=1` does twenty
//! times as many.

#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]

#[path = "simulation/chance.rs"]
mod chance;
#[path = "../../store/tests/contract/place.rs"]
#[allow(dead_code, unused_macros, reason = "the store's tests use more of it")]
mod place;
#[path = "simulation/witness.rs"]
mod witness;
#[path = "simulation/world.rs"]
mod world;

use place::Place;
use world::World;

const DEEDS: u32 = 13_000;

fn deeds() -> u32 {
    let nightly = std::env::var_os("ATELIER_NIGHTLY").is_some_and(|value| value == "1");
    if nightly { DEEDS * 20 } else { DEEDS }
}

/// So many things happen, and then everything ends.
async fn simulate(seed: u64, place: Place, deeds: u32) {
    let mut world = World::begin(seed, place).await;
    for _ in 0..deeds {
        world.act().await;
    }
    world.end(deeds).await;
}

macro_rules! seeds {
    ($($name:ident: $seed:literal),* $(,)?) => {$(
        #[tokio::test]
        async fn $name() {
            simulate($seed, Place::folder(), deeds()).await;
        }
    )*};
}

macro_rules! seeds_of_two_servers {
    ($($name:ident: $seed:literal),* $(,)?) => {$(
        #[tokio::test]
        async fn $name() {
            let Some(place) = Place::server().await else { return };
            simulate($seed, place, deeds() / 4).await;
        }
    )*};
}

seeds_of_two_servers![
    nothing_is_lost_or_done_twice_by_two_servers_under_seed_1: 1,
    nothing_is_lost_or_done_twice_by_two_servers_under_seed_2: 2,
];

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
