//! Two servers of one installation, and a way to let time pass for them.

use std::sync::Arc;
use std::time::Duration;

use backplane::bus::{Delivery, Pattern, Subscription};
use backplane::{Handle, Options, Service, cache};
use bytes::Bytes;
use kernel::{Ambient, KeyId, ManualClock, SeededRandom, Timestamp};
use redis::{RedisResult, Script};
use tokio::sync::oneshot;

/// Names the Redis server to test on; without it, the one on this machine is.
const REDIS: &str = "ATELIER_TEST_REDIS_URL";
const HERE: &str = "redis://127.0.0.1:6379";
/// By then a test has failed that waits for something.
const PATIENCE: Duration = Duration::from_secs(20);
/// Messages that wait for one subscriber in these tests.
pub(crate) const QUEUE: usize = 64;
pub(crate) const CACHE: cache::Params =
    cache::Params { bytes: 1 << 20, value_bytes: 1_000, tags: 1_000, memory_ms: 10_000, shared_ms: 60_000 };

/// Writes each rule as two tests, `memory` and `redis`.
macro_rules! on_both {
    ($(async fn $rule:ident($stage:ident) $body:block)*) => {$(
        mod $rule {
            #[allow(unused_imports)]
            use super::*;

            async fn rule($stage: &$crate::stage::Stage) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn memory() {
                rule(&$crate::stage::Stage::memory()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn redis() {
                if let Some(stage) = $crate::stage::Stage::redis().await {
                    rule(&stage).await;
                }
            }
        }
    )*};
}

/// A server that runs until it is dropped.
pub(crate) struct Server {
    pub(crate) handle: Handle,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) run: tokio::task::JoinHandle<()>,
}

impl Server {
    pub(crate) fn start(options: Options, ambient: Ambient) -> Self {
        let (service, handle) = Service::new(options, ambient).unwrap();
        let (stop, stopped) = oneshot::channel();
        let run = tokio::spawn(service.run(async move { drop(stopped.await) }));
        Self { handle, stop: Some(stop), run }
    }
}

/// A Redis server, and the prefix of what a test keeps there.
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) prefix: String,
}

impl Place {
    /// A fresh prefix on the test server. `None`, said aloud, if there is no server and tests may be skipped.
    pub(crate) fn redis() -> Option<Self> {
        let url = std::env::var(REDIS).unwrap_or_else(|_| HERE.to_owned());
        let prefix = format!("test-{}:", Ambient::system().id::<KeyId>());
        if let Err(error) = connect(&url) {
            let strict = std::env::var_os("ATELIER_NO_SKIP").is_some_and(|value| value == "1");
            assert!(!strict, "Redis ({REDIS}): {error}, and nothing may be skipped here");
            eprintln!("SKIPPED on Redis ({REDIS}): {error}");
            return None;
        }
        Some(Self { url, prefix })
    }

    pub(crate) fn options(&self) -> Options {
        self.options_through(self.url.clone())
    }

    pub(crate) fn options_through(&self, url: String) -> Options {
        Options { redis: Some(url), prefix: self.prefix.clone(), ..options() }
    }

    /// Runs a script behind the servers' backs; `KEYS` are all keys of this test.
    pub(crate) fn script(&self, code: &str, millis: i64) {
        self.try_script(code, millis).unwrap();
    }

    fn try_script(&self, code: &str, millis: i64) -> RedisResult<()> {
        let mut connection = connect(&self.url)?;
        let keys: Vec<String> = redis::cmd("KEYS").arg(format!("{}*", self.prefix)).query(&mut connection)?;
        Script::new(code).key(keys).arg(millis).invoke(&mut connection)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let undo = "for _, key in ipairs(KEYS) do redis.call('DEL', key) end";
        if let Err(error) = self.try_script(undo, 0) {
            eprintln!("left behind on the test server: {}* ({error})", self.prefix);
        }
    }
}

pub(crate) fn connect(url: &str) -> RedisResult<redis::Connection> {
    redis::Client::open(url)?.get_connection_with_timeout(Duration::from_secs(2))
}

pub(crate) fn options() -> Options {
    Options { queue: QUEUE, cache: CACHE, ..Options::default() }
}

/// A world whose clock stands still.
pub(crate) fn world() -> (Arc<ManualClock>, Ambient) {
    let clock = Arc::new(ManualClock::at(Timestamp(1_800_000_000_000)));
    (clock.clone(), Ambient::new(clock, Arc::new(SeededRandom::new(7))))
}

/// Two servers that reach each other; in memory they are one.
pub(crate) struct Stage {
    pub(crate) one: Handle,
    pub(crate) two: Handle,
    clock: Arc<ManualClock>,
    place: Option<Place>,
    _servers: Vec<Server>,
}

impl Stage {
    pub(crate) fn memory() -> Self {
        let (clock, ambient) = world();
        let server = Server::start(options(), ambient);
        let one = server.handle.clone();
        Self { two: one.clone(), one, clock, place: None, _servers: vec![server] }
    }

    pub(crate) async fn redis() -> Option<Self> {
        let place = Place::redis()?;
        let (clock, ambient) = world();
        let servers = [0, 1].map(|_| Server::start(place.options(), ambient.clone()));
        let [one, two] = servers.each_ref().map(|server| server.handle.clone());
        linked(&one, &two).await;
        Some(Self { one, two, clock, place: Some(place), _servers: servers.into() })
    }

    /// Whether the two are two.
    pub(crate) fn is_shared(&self) -> bool {
        self.place.is_some()
    }

    /// Lets time pass on the servers' clock and, by making all that is there older, in Redis. Back, if it is negative.
    pub(crate) fn pass(&self, millis: i64) {
        self.clock.advance(millis);
        if let Some(place) = &self.place {
            place.script(include_str!("age.lua"), millis);
        }
    }
}

/// Waits until two servers hear each other, and have nothing more to hear of how that came about.
pub(crate) async fn linked(one: &Handle, two: &Handle) {
    for (from, to) in [(one, two), (two, one)] {
        within(from.until_linked(true)).await;
        within(to.until_linked(true)).await;
        until(async || {
            // What its cache hears of last, it has forgotten.
            keep(to, "linked", &["linked"], "old").await;
            from.cache().invalidate(&["linked"]).await;
            keep(to, "linked", &["linked"], "new").await == "new"
        })
        .await;
    }
}

/// What a cache gives for a key whose source has `value`.
pub(crate) async fn keep(on: &Handle, key: &str, tags: &[&str], value: &'static str) -> Bytes {
    let fetch = async { Ok::<_, std::convert::Infallible>(Bytes::from_static(value.as_bytes())) };
    on.cache().get(key, tags, fetch).await.unwrap()
}

pub(crate) fn subscribe(on: &Handle, pattern: &str) -> Subscription {
    on.bus().subscribe(Pattern::parse(pattern).unwrap())
}

/// What a subscriber is handed next.
pub(crate) async fn next(subscription: &mut Subscription) -> Delivery {
    within(subscription.next()).await
}

/// The payload of the next message.
pub(crate) async fn text(subscription: &mut Subscription) -> String {
    match next(subscription).await {
        Delivery::Message(message) => String::from_utf8(message.payload.to_vec()).unwrap(),
        missed @ Delivery::Missed(_) => panic!("{missed:?}"),
    }
}

/// Waits for something that comes.
pub(crate) async fn within<T>(coming: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, coming).await.unwrap()
}

/// Asks again and again until it holds.
pub(crate) async fn until(mut holds: impl AsyncFnMut() -> bool) {
    within(async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
