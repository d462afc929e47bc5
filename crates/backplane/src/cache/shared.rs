//! The layer of the cache that servers share: values and generations of tags in Redis.
//!
//! A tag's generation in Redis is a random number; who finds none makes one. A value stands there beside the generations
//! that it was made of, and is good while they are the tags'.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use kernel::Ambient;
use redis::Pipeline;

use crate::Unreachable;
use crate::cache::Params;
use crate::cache::generations::EVERYTHING;
use crate::link::Link;

/// What is behind the memory of this server.
pub(crate) enum Shared {
    None,
    Redis(Redis),
}

pub(crate) struct Redis {
    link: Link,
    ambient: Ambient,
    params: Params,
    /// Invalidations that did not reach Redis. Until everything there is invalidated, nothing of it is used.
    unsaid: AtomicU64,
}

/// What was found.
pub(crate) enum Found {
    /// The value, and for how long it would still be kept there, in milliseconds.
    Value { value: Bytes, left_ms: i64 },
    /// Nothing that is good; and the generations that a value fetched from now on is made of.
    Absent { made_of: String },
    /// Redis cannot be asked.
    Lost,
}

impl Shared {
    pub(crate) fn redis(link: Link, ambient: Ambient, params: Params) -> Self {
        Self::Redis(Redis { link, ambient, params, unsaid: AtomicU64::new(0) })
    }

    /// Another number each time that the other servers could not be heard, or can be again.
    pub(crate) fn epoch(&self) -> u64 {
        match self {
            Self::None => 0,
            Self::Redis(redis) => redis.link.epoch(),
        }
    }

    pub(crate) async fn read(&self, key: &str, tags: &[&str]) -> Found {
        match self {
            Self::None => Found::Absent { made_of: String::new() },
            Self::Redis(redis) => redis.read(key, tags).await.unwrap_or(Found::Lost),
        }
    }

    /// Keeps a value, for so many milliseconds at most. If that fails, it is fetched again.
    pub(crate) async fn write(&self, key: &str, made_of: &str, value: &Bytes, at_most_ms: i64) {
        let Self::Redis(redis) = self else { return };
        let (key, keep_ms) = (redis.value(key), redis.params.shared_ms.min(at_most_ms));
        let mut commands = Pipeline::new();
        commands.atomic();
        commands.cmd("HSET").arg(&key).arg("made_of").arg(made_of).arg("value").arg(value.as_ref()).ignore();
        commands.cmd("PEXPIRE").arg(&key).arg(keep_ms).ignore();
        let _ = redis.link.ask::<()>(&commands).await;
    }

    pub(crate) async fn invalidate(&self, tags: &[String]) {
        let Self::Redis(redis) = self else { return };
        if redis.renew(tags).await.is_err() {
            redis.unsaid.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Redis {
    async fn read(&self, key: &str, tags: &[&str]) -> Result<Found, Unreachable> {
        self.catch_up().await?;
        let tags: Vec<String> = [EVERYTHING].iter().chain(tags).map(|tag| self.tag(tag)).collect();
        let value = self.value(key);
        let mut commands = Pipeline::new();
        for tag in &tags {
            self.begin(&mut commands, tag).arg("NX").ignore();
        }
        commands.cmd("MGET").arg(&tags);
        commands.cmd("HMGET").arg(&value).arg("made_of").arg("value");
        commands.cmd("PTTL").arg(&value);
        type Answer = (Vec<Option<String>>, (Option<String>, Option<Vec<u8>>), i64);
        let (generations, (made_of, value), left_ms): Answer = self.link.ask(&commands).await?;
        // One that ended within these commands has no number: what is made of it is never good.
        let now: Vec<String> = generations.into_iter().map(Option::unwrap_or_default).collect();
        let now = now.join(" ");
        Ok(match value {
            Some(value) if made_of.as_ref() == Some(&now) => Found::Value { value: value.into(), left_ms },
            _ => Found::Absent { made_of: now },
        })
    }

    /// Makes up for invalidations that did not reach Redis.
    async fn catch_up(&self) -> Result<(), Unreachable> {
        let unsaid = self.unsaid.load(Ordering::SeqCst);
        if unsaid > 0 {
            self.renew(&[EVERYTHING.to_owned()]).await?;
            // If there are more by now, the next one does it again.
            let _ = self.unsaid.compare_exchange(unsaid, 0, Ordering::SeqCst, Ordering::SeqCst);
        }
        Ok(())
    }

    async fn renew(&self, tags: &[String]) -> Result<(), Unreachable> {
        let mut commands = Pipeline::new();
        for tag in tags {
            self.begin(&mut commands, &self.tag(tag)).ignore();
        }
        self.link.ask(&commands).await
    }

    /// Begins a new generation of a tag. It lasts longer than any value, or nothing would be kept to its end.
    fn begin<'a>(&self, commands: &'a mut Pipeline, tag: &str) -> &'a mut Pipeline {
        let number = u64::from_le_bytes(self.ambient.bytes());
        commands.cmd("SET").arg(tag).arg(format!("{number:x}")).arg("PX").arg(2 * self.params.shared_ms)
    }

    fn tag(&self, tag: &str) -> String {
        self.link.key(&format!("cache:tag:{tag}"))
    }

    fn value(&self, key: &str) -> String {
        self.link.key(&format!("cache:value:{key}"))
    }
}
