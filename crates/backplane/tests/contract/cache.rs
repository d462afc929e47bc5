//! The cache: what is fetched, how often, and what is never given again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use backplane::Handle;
use bytes::Bytes;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use crate::stage::{CACHE, Stage, keep, until, within};

const KEY: &str = "project:7:stats";
const TAGS: &[&str] = &["project:7:scenes", "scene:12"];

/// A source that can be held up: a fetch begins, waits for a pass, and gives what the source held when it began.
#[derive(Clone, Default)]
struct Source(Arc<Inner>);

#[derive(Default)]
struct Inner {
    value: AtomicU64,
    fetches: AtomicU64,
    began: Notify,
    passes: Option<Semaphore>,
}

impl Source {
    fn open() -> Self {
        Self::default()
    }

    fn held() -> Self {
        Self(Arc::new(Inner { passes: Some(Semaphore::new(0)), ..Inner::default() }))
    }

    fn pass(&self, fetches: usize) {
        self.0.passes.as_ref().unwrap().add_permits(fetches);
    }

    fn change(&self) {
        self.0.value.fetch_add(1, Ordering::SeqCst);
    }

    fn fetches(&self) -> u64 {
        self.0.fetches.load(Ordering::SeqCst)
    }

    async fn began(&self) {
        within(self.0.began.notified()).await;
    }

    async fn read(&self) -> u64 {
        let value = self.0.value.load(Ordering::SeqCst);
        self.0.fetches.fetch_add(1, Ordering::SeqCst);
        self.0.began.notify_one();
        if let Some(passes) = &self.0.passes {
            passes.acquire().await.unwrap().forget();
        }
        value
    }

    /// The value of `KEY` as a server gives it.
    async fn through(&self, server: &Handle) -> u64 {
        let fetch = async { Ok::<_, std::convert::Infallible>(Bytes::from(self.read().await.to_string())) };
        let value = within(server.cache().get(KEY, TAGS, fetch)).await.unwrap();
        std::str::from_utf8(&value).unwrap().parse().unwrap()
    }

    /// The same in the background.
    fn ask(&self, server: &Handle) -> tokio::task::JoinHandle<u64> {
        let (source, server) = (self.clone(), server.clone());
        tokio::spawn(async move { source.through(&server).await })
    }
}

on_both! {
    async fn what_was_fetched_once_is_given_by_every_server(stage) {
        let source = Source::open();
        for server in [&stage.one, &stage.one, &stage.two, &stage.two] {
            assert_eq!(source.through(server).await, 0);
        }
        assert_eq!(source.fetches(), 1);
    }

    async fn of_many_who_ask_at_once_one_fetches(stage) {
        let source = Source::held();
        let mut asking = JoinSet::new();
        for _ in 0..200 {
            let (source, server) = (source.clone(), stage.one.clone());
            asking.spawn(async move { source.through(&server).await });
        }
        source.began().await;
        source.pass(200);
        assert!(within(asking.join_all()).await.iter().all(|value| *value == 0));
        assert_eq!(source.fetches(), 1);
    }

    async fn a_fetch_that_fails_is_told_to_who_made_it_and_the_next_one_fetches(stage) {
        let (failing, source) = (Source::held(), Source::open());
        let (server, began) = (stage.one.clone(), failing.clone());
        let failed = tokio::spawn(async move {
            let fetch = async {
                began.read().await;
                Err("the source is ill")
            };
            server.cache().get(KEY, TAGS, fetch).await
        });
        failing.began().await;
        let waiting = source.ask(&stage.one);
        failing.pass(1);
        assert_eq!(within(failed).await.unwrap(), Err("the source is ill"));
        assert_eq!(within(waiting).await.unwrap(), 0);
        assert_eq!(source.fetches(), 1);
    }

    async fn a_fetch_whose_caller_goes_is_made_by_the_next_one(stage) {
        let (left, source) = (Source::held(), Source::open());
        let gone = left.ask(&stage.one);
        left.began().await;
        let waiting = source.ask(&stage.one);
        gone.abort();
        assert_eq!(within(waiting).await.unwrap(), 0);
        assert_eq!(source.fetches(), 1);
    }

    async fn a_change_of_what_a_value_depends_on_forgets_it_on_every_server(stage) {
        for tag in TAGS {
            let source = Source::open();
            stage.one.cache().invalidate(TAGS).await;
            for change in 1..4 {
                source.through(&stage.one).await;
                source.through(&stage.two).await;
                source.change();
                stage.one.cache().invalidate(&[tag]).await;
                assert_eq!(source.through(&stage.one).await, change);
                until(async || source.through(&stage.two).await == change).await;
            }
        }
    }

    async fn what_does_not_depend_on_a_change_is_kept(stage) {
        let source = Source::open();
        source.through(&stage.one).await;
        source.through(&stage.two).await;
        for n in 0..10 {
            let heard = format!("heard:{n}");
            keep(&stage.one, &heard, &["scene:1"], "old").await;
            stage.two.cache().invalidate(&["project:7", "scene:1", "project:7:scenes:12"]).await;
            until(async || keep(&stage.one, &heard, &["scene:1"], "new").await == "new").await;
            assert_eq!((source.through(&stage.one).await, source.through(&stage.two).await), (0, 0));
        }
        assert_eq!(source.fetches(), 1);
    }

    async fn what_was_fetched_before_a_change_is_not_kept(stage) {
        let source = Source::held();
        let early = source.ask(&stage.one);
        source.began().await;
        source.change();
        stage.two.cache().invalidate(TAGS).await;
        source.pass(1);
        assert_eq!(within(early).await.unwrap(), 0, "it asked before the change");
        source.pass(2);
        assert_eq!(source.through(&stage.two).await, 1);
        until(async || { source.pass(1); source.through(&stage.one).await == 1 }).await;
    }

    async fn who_asks_after_a_change_is_not_given_what_was_fetched_before_it(stage) {
        let source = Source::held();
        let early = source.ask(&stage.one);
        source.began().await;
        source.change();
        stage.one.cache().invalidate(TAGS).await;
        let late = source.ask(&stage.one);
        source.pass(2);
        assert_eq!((within(early).await.unwrap(), within(late).await.unwrap()), (0, 1));
    }

    async fn a_server_never_gives_what_is_older_than_a_change_that_it_was_told_of(stage) {
        let (source, told) = (Source::open(), Arc::new(AtomicU64::new(0)));
        let mut asking = JoinSet::new();
        for n in 0..4 {
            let (source, told) = (source.clone(), told.clone());
            let server = if n == 0 { stage.two.clone() } else { stage.one.clone() };
            asking.spawn(async move {
                for _ in 0..200 {
                    let least = told.load(Ordering::SeqCst);
                    let value = source.through(&server).await;
                    // The other server fills what both share, and is heard of later.
                    assert!(n == 0 || value >= least, "{value} after {least}");
                }
            });
        }
        for change in 1..100 {
            source.change();
            stage.one.cache().invalidate(&TAGS[..1]).await;
            told.store(change, Ordering::SeqCst);
        }
        within(asking.join_all()).await;
        assert_eq!(source.through(&stage.one).await, 99);
        until(async || source.through(&stage.two).await == 99).await;
    }

    async fn a_value_is_kept_for_its_time_and_no_longer(stage) {
        let source = Source::open();
        source.through(&stage.one).await;
        source.change();
        stage.pass(CACHE.memory_ms - 1);
        assert_eq!(source.through(&stage.one).await, 0);
        stage.pass(CACHE.shared_ms - CACHE.memory_ms);
        source.through(&stage.one).await;
        stage.pass(1);
        assert_eq!(source.through(&stage.one).await, 1);
    }

    async fn a_value_that_must_not_be_old_is_kept_no_longer_than_its_caller_says(stage) {
        let source = Source::open();
        let get = async |server: &Handle| {
            let fetch = async { Ok::<_, std::convert::Infallible>(Bytes::from(source.read().await.to_string())) };
            let cache = server.cache().at_most(CACHE.memory_ms / 2);
            within(cache.get(KEY, TAGS, fetch)).await.unwrap()
        };
        get(&stage.one).await;
        source.change();
        assert_eq!((get(&stage.one).await, get(&stage.two).await), ("0".into(), "0".into()));
        stage.pass(CACHE.memory_ms / 2);
        assert_eq!((get(&stage.one).await, get(&stage.two).await), ("1".into(), "1".into()));
    }

    async fn a_clock_set_back_keeps_no_value_longer_than_its_time(stage) {
        let source = Source::open();
        source.through(&stage.one).await;
        source.change();
        stage.one.cache().invalidate(TAGS).await;
        source.through(&stage.one).await;
        source.change();
        stage.pass(-1_000_000_000);
        stage.pass(CACHE.shared_ms + 1_000_000_000);
        assert_eq!(source.through(&stage.one).await, 2);
    }

    async fn a_value_that_is_too_large_is_handed_on_and_not_kept(stage) {
        for (bytes, fetches) in [(CACHE.value_bytes, 1), (CACHE.value_bytes + 1, 4)] {
            let source = Source::open();
            for server in [&stage.one, &stage.one, &stage.two, &stage.two] {
                let fetch = async {
                    source.read().await;
                    Ok::<_, std::convert::Infallible>(Bytes::from(vec![7; bytes]))
                };
                let value = server.cache().get(&bytes.to_string(), TAGS, fetch).await.unwrap();
                assert_eq!(value.len(), bytes);
            }
            assert_eq!(source.fetches(), fetches);
        }
    }

    async fn more_changes_than_can_be_named_forget_everything(stage) {
        let source = Source::open();
        source.through(&stage.one).await;
        source.through(&stage.two).await;
        source.change();
        let many: Vec<String> = (0..300).map(|n| format!("scene:{}", 1_000 + n)).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        stage.one.cache().invalidate(&many).await;
        assert_eq!(source.through(&stage.one).await, 1);
        until(async || source.through(&stage.two).await == 1).await;
    }

    async fn names_that_are_too_long_to_be_told_forget_everything(stage) {
        let source = Source::open();
        source.through(&stage.two).await;
        source.change();
        let long = "scene:".repeat(20_000);
        stage.one.cache().invalidate(&[TAGS[0], &long]).await;
        assert_eq!(source.through(&stage.one).await, 1);
        until(async || source.through(&stage.two).await == 1).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_from_redis_is_kept_in_memory_no_longer_than_it_would_be_there() {
    let Some(stage) = Stage::redis().await else { return };
    let source = Source::open();
    source.through(&stage.one).await;
    source.change();
    stage.pass(CACHE.shared_ms - CACHE.memory_ms / 2);
    assert_eq!(source.through(&stage.two).await, 0);
    stage.pass(CACHE.memory_ms / 2);
    assert_eq!(source.through(&stage.two).await, 1);
}
