//! Faults: a Redis that is lost, hangs, forgets or was never there fells no server, and what was missed is told.

use backplane::bus::{Delivery, Missed};
use backplane::{Handle, Misconfigured, Options, Service, Unreachable};
use kernel::Ambient;
use redis::Commands;
use resilience::limiter::{ORCHESTRATOR, Verdict};

use crate::proxy::Proxy;
use crate::stage::{
    Place, Server, connect, keep, linked, next, options, subscribe, text, until, within, world,
};

const TAGS: &[&str] = &["scene:12"];

/// Two servers, of which `one` reaches Redis through a proxy.
struct Stage {
    one: Handle,
    two: Handle,
    proxy: Proxy,
    place: Place,
    servers: [Server; 2],
}

impl Stage {
    async fn new() -> Option<Self> {
        let place = Place::redis()?;
        let proxy = Proxy::before(&place.url).await;
        let (_, ambient) = world();
        let servers = [place.options_through(proxy.url.clone()), place.options()]
            .map(|options| Server::start(options, ambient.clone()));
        let [one, two] = servers.each_ref().map(|server| server.handle.clone());
        linked(&one, &two).await;
        Some(Self { one, two, proxy, place, servers })
    }

    async fn cut(&self) {
        self.proxy.cut();
        within(self.one.until_linked(false)).await;
    }

    async fn heal(&self) {
        self.proxy.heal();
        within(self.one.until_linked(true)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscribers_are_told_of_a_cut_when_it_is_over_and_then_hear_again() {
    let Some(stage) = Stage::new().await else { return };
    for _ in 0..3 {
        let mut subscriber = subscribe(&stage.one, "scene.*");
        stage.cut().await;
        stage.two.bus().publish("scene.changed", "lost").unwrap();
        stage.heal().await;
        assert_eq!(next(&mut subscriber).await, Delivery::Missed(Missed::Link));
        stage.two.bus().publish("scene.changed", "heard").unwrap();
        assert_eq!(text(&mut subscriber).await, "heard");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_says_while_it_is_cut_off_is_heard_by_its_own_and_told_to_others_as_missing() {
    let Some(stage) = Stage::new().await else { return };
    let (mut own, mut other) = (subscribe(&stage.one, "scene.*"), subscribe(&stage.two, "scene.*"));
    stage.cut().await;
    stage.one.bus().publish("scene.changed", "cut off").unwrap();
    assert_eq!(text(&mut own).await, "cut off");
    stage.heal().await;
    assert_eq!(next(&mut other).await, Delivery::Missed(Missed::Link));
    stage.one.bus().publish("scene.changed", "back").unwrap();
    assert_eq!(text(&mut other).await, "back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_says_before_it_first_reaches_redis_is_told_to_others_as_missing() {
    let Some(place) = Place::redis() else { return };
    let proxy = Proxy::before(&place.url).await;
    proxy.cut();
    let late = Server::start(place.options_through(proxy.url.clone()), Ambient::system());
    let early = Server::start(place.options(), Ambient::system());
    within(early.handle.until_linked(true)).await;
    let mut subscriber = subscribe(&early.handle, "scene.*");
    late.handle.bus().publish("scene.changed", "too early").unwrap();
    proxy.heal();
    assert_eq!(next(&mut subscriber).await, Delivery::Missed(Missed::Link));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_hangs_is_taken_for_lost() {
    let Some(stage) = Stage::new().await else { return };
    stage.proxy.freeze();
    within(stage.one.until_linked(false)).await;
    assert_eq!(stage.one.leases().acquire("relay", 1_000).await.err(), Some(Unreachable));
    stage.heal().await;
    assert!(stage.one.leases().acquire("relay", 1_000).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_cut_off_asks_the_source_and_keeps_its_answer_for_a_second() {
    let Some(place) = Place::redis() else { return };
    let proxy = Proxy::before(&place.url).await;
    let (clock, ambient) = world();
    let server = Server::start(place.options_through(proxy.url.clone()), ambient);
    let one = &server.handle;
    within(one.until_linked(true)).await;
    assert_eq!(keep(one, "scenes", TAGS, "early").await, "early");
    proxy.cut();
    within(one.until_linked(false)).await;
    assert_eq!(keep(one, "scenes", TAGS, "late").await, "late", "nobody would tell of a change");
    assert_eq!(keep(one, "scenes", TAGS, "later").await, "late");
    clock.advance(1_000);
    assert_eq!(keep(one, "scenes", TAGS, "latest").await, "latest");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_a_server_could_not_tell_of_is_made_known_when_it_is_back() {
    let Some(stage) = Stage::new().await else { return };
    for server in [&stage.one, &stage.two] {
        assert_eq!(keep(server, "scenes", TAGS, "old").await, "old");
    }
    stage.cut().await;
    stage.one.cache().invalidate(TAGS).await;
    assert_eq!(keep(&stage.one, "scenes", TAGS, "new").await, "new");
    stage.heal().await;
    assert_eq!(keep(&stage.one, "scenes", TAGS, "new").await, "new", "what Redis has is old");
    until(async || keep(&stage.two, "scenes", TAGS, "new").await == "new").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_a_server_did_not_hear_of_while_it_was_cut_off_is_not_overlooked() {
    let Some(stage) = Stage::new().await else { return };
    assert_eq!(keep(&stage.one, "scenes", TAGS, "old").await, "old");
    stage.cut().await;
    stage.two.cache().invalidate(TAGS).await;
    stage.heal().await;
    assert_eq!(keep(&stage.one, "scenes", TAGS, "new").await, "new");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_generation_that_redis_forgot_makes_a_miss_and_never_an_old_value() {
    let Some(stage) = Stage::new().await else { return };
    assert_eq!(keep(&stage.one, "scenes", TAGS, "old").await, "old");
    stage.two.cache().invalidate(TAGS).await;
    stage
        .place
        .script("for _, key in ipairs(KEYS) do if key:find('tag') then redis.call('DEL', key) end end", 0);
    assert_eq!(keep(&stage.two, "scenes", TAGS, "new").await, "new");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_cannot_be_had_or_renewed_without_redis_and_one_that_is_held_lasts_its_time() {
    let Some(stage) = Stage::new().await else { return };
    let mut lease = stage.one.leases().acquire("relay", 600_000).await.unwrap().unwrap();
    stage.cut().await;
    assert_eq!(stage.one.leases().acquire("sweep", 1_000).await.err(), Some(Unreachable));
    let until = lease.until();
    assert_eq!((lease.renew().await, lease.until()), (Err(Unreachable), until));
    assert!(stage.two.leases().acquire("relay", 1_000).await.unwrap().is_none());
    stage.heal().await;
    assert_eq!(lease.renew().await, Ok(true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fence_grows_even_when_redis_has_lost_its_data() {
    let Some(stage) = Stage::new().await else { return };
    let mut early = stage.one.leases().acquire("relay", 600_000).await.unwrap().unwrap();
    stage.place.script("for _, key in ipairs(KEYS) do redis.call('DEL', key) end", 0);
    let late = stage.two.leases().acquire("relay", 600_000).await.unwrap().unwrap();
    assert!(late.fence() > early.fence());
    assert_eq!(early.renew().await, Ok(false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_counts_on_each_server_while_it_is_cut_off_and_gives_no_fresh_start() {
    let Some(stage) = Stage::new().await else { return };
    let limiter = stage.one.limiter("chat", ORCHESTRATOR);
    let pass = async |times| {
        let mut passed = 0;
        for _ in 0..times {
            passed += u32::from(matches!(limiter.check("ada").await, Verdict::Allowed { .. }));
        }
        passed
    };
    assert_eq!(pass(4).await, 4);
    stage.cut().await;
    assert_eq!(pass(100).await, 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_published_before_the_stop_is_sent() {
    let Some(mut stage) = Stage::new().await else { return };
    let mut subscriber = subscribe(&stage.two, "scene.*");
    for n in 0..50 {
        stage.one.bus().publish("scene.changed", n.to_string()).unwrap();
    }
    let server = &mut stage.servers[0];
    drop(server.stop.take());
    within(&mut server.run).await.unwrap();
    for n in 0..50 {
        assert_eq!(text(&mut subscriber).await, n.to_string());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_from_the_start_a_server_works_by_itself() {
    // Port 1 is one that nobody listens on.
    let options = Options { redis: Some("redis://127.0.0.1:1".into()), ..options() };
    let server = Server::start(options, Ambient::system());
    let one = &server.handle;
    let mut subscriber = subscribe(one, "**");
    one.bus().publish("scene.changed", "here").unwrap();
    assert_eq!(text(&mut subscriber).await, "here");
    assert_eq!(keep(one, "scenes", TAGS, "value").await, "value");
    one.cache().invalidate(TAGS).await;
    assert_eq!(keep(one, "scenes", TAGS, "changed").await, "changed");
    assert_eq!(one.leases().acquire("relay", 1_000).await.err(), Some(Unreachable));
    assert!(matches!(one.limiter("chat", ORCHESTRATOR).check("ada").await, Verdict::Allowed { .. }));
    assert!(!one.is_linked());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_write_on_the_channels_harms_nobody() {
    let Some(stage) = Stage::new().await else { return };
    let mut subscriber = subscribe(&stage.one, "scene.**");
    let mut connection = connect(&stage.place.url).unwrap();
    for body in [&b""[..], b"short", &[0xff; 15]] {
        for topic in ["scene.changed", "", "\u{fffd}"] {
            let _: () = connection.publish(format!("{}bus:{topic}", stage.place.prefix), body).unwrap();
        }
    }
    // Redis hands on what it is given in that order.
    let known = [&[7; 16], &b"known"[..]].concat();
    let _: () = connection.publish(format!("{}bus:scene.changed", stage.place.prefix), known).unwrap();
    assert_eq!(text(&mut subscriber).await, "known");
}

#[test]
fn options_that_cannot_be_used_are_refused_without_repeating_a_password() {
    for address in
        ["", "127.0.0.1:6379", "http://127.0.0.1", "rediss://ada:secret@127.0.0.1", "redis://:secret@[::1"]
    {
        let options = Options { redis: Some(address.into()), ..options() };
        let refused = Service::new(options, Ambient::system()).err().unwrap();
        assert_eq!(refused, Misconfigured::Address, "{address}");
        assert!(!refused.to_string().contains("secret"));
    }
    for prefix in ["*", "a b", &"a".repeat(65)] {
        let options = Options { prefix: prefix.into(), ..options() };
        assert_eq!(Service::new(options, Ambient::system()).err(), Some(Misconfigured::Prefix), "{prefix}");
    }
}
