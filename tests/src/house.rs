//! Two servers of one installation: one Postgres, one Redis, and a data folder for each.

use std::io::Write as _;

use crate::{Actor, Atelier, Database};

/// Names the Redis server to test on; without it, the one on this machine is.
const REDIS: &str = "ATELIER_TEST_REDIS_URL";
const HERE: &str = "redis://127.0.0.1:6379";

/// Two servers that behave as one.
pub struct House {
    /// The one that was started first.
    pub one: Atelier,
    /// The other.
    pub two: Atelier,
    _names: Names,
}

/// A Redis for tests, if there is one. `None`, said aloud, if there is not and tests may be skipped.
pub fn redis() -> Option<String> {
    let url = std::env::var(REDIS).unwrap_or_else(|_| HERE.to_owned());
    if let Err(error) = std::net::TcpStream::connect(server(&url)) {
        assert!(!crate::strict(), "Redis ({REDIS}): {error}, and nothing may be skipped here");
        eprintln!("SKIPPED on Redis ({REDIS}): {error}");
        return None;
    }
    Some(url)
}

impl House {
    /// Two servers and the first person; nothing where there is no Postgres or no Redis.
    pub async fn open() -> Option<(Self, Actor)> {
        Self::open_with(&[("ATELIER_LIMITS_ORCHESTRATOR_PER_MINUTE", "100000")]).await
    }

    /// The same, with an environment for both.
    pub async fn open_with(environment: &[(&'static str, &str)]) -> Option<(Self, Actor)> {
        Self::open_over(&redis()?, environment).await
    }

    /// The same, over a Redis at that address and with an environment for both.
    pub async fn open_over(redis: &str, environment: &[(&'static str, &str)]) -> Option<(Self, Actor)> {
        let database = Database::postgres()?;
        let names = Names(format!("test-{}:", kernel::Ambient::system().id::<kernel::KeyId>()));
        let mut shared = vec![
            ("ATELIER_REDIS_URL", redis.to_owned()),
            ("ATELIER_REDIS_PREFIX", names.0.clone()),
            ("ATELIER_PUBLIC_URL", String::from("http://atelier.test")),
            // Thirty-two bytes of nothing.
            ("ATELIER_MASTER_KEY", format!("{}=", "A".repeat(43))),
        ];
        shared.extend(environment.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let one = Atelier::start_shared(&database, shared).await;
        let ada = one.first_person().await;
        let two = one.start_beside().await;
        Some((Self { one, two, _names: names }, ada))
    }

    /// A third server, for as long as the test wants it.
    pub async fn third(&self) -> Atelier {
        self.one.start_beside().await
    }

    /// Starts a server on a copy of the second one's data folder, and waits until it has ended.
    pub async fn start_copy_of_two(&self) -> std::process::Output {
        let copy = tempfile::TempDir::new().expect("a folder");
        std::fs::copy(self.two.data().join("server.id"), copy.path().join("server.id")).expect("a name");
        self.two.command_in(copy.path(), &["--listen", "127.0.0.1:0"]).await
    }
}

/// What the servers keep in Redis begins so, and goes with this.
struct Names(String);

impl Drop for Names {
    fn drop(&mut self) {
        let Ok(mut redis) =
            redis().map_or(Err(()), |url| std::net::TcpStream::connect(server(&url)).map_err(drop))
        else {
            return;
        };
        let script = "for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', key) end";
        // What is left in spite of this ends by itself.
        let _ = write!(redis, "EVAL \"{script}\" 0 {}*\r\n", self.0);
    }
}

/// The host and port in an address such as `redis://host:port/0`.
fn server(url: &str) -> &str {
    let rest = url.strip_prefix("redis://").unwrap_or(url);
    rest.split('/').next().unwrap_or(rest)
}
