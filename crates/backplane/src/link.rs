//! The link to Redis: one place that connects, notices a loss and connects again; all parts are up or down together.
//!
//! There are two connections, so that large values do not delay the bus. Whoever asks while the link is down, or as it goes
//! down, is told so at once. A Redis that hangs is noticed by its silence, within [`PING`] and [`ANSWER`]. While it answers
//! that, everyone waits for their answer: to give up on one because this server is busy would open limits under load.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kernel::{Ambient, Id, NodeId};
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, FromRedisValue, IntoConnectionInfo, Pipeline,
    ProtocolVersion, PushInfo, PushKind, RedisError, RedisResult, ScriptInvocation, Value,
};
use resilience::retry::{Decision, Kind, Policy};
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

use crate::bus::{Batch, Bus, Message};
use crate::{Misconfigured, Unreachable};

/// How long Redis may take to be connected to.
const CONNECT: Duration = Duration::from_secs(2);
/// How long Redis may take to answer whether it is there.
const ANSWER: Duration = Duration::from_secs(2);
/// In so many naps this server waits for that. When it is so busy that its own tasks wait, the naps do, too, and the answer has
/// as many chances to be read: it is not Redis that is slow.
const NAPS: u32 = 8;
/// How often it is asked whether it is still there.
const PING: Duration = Duration::from_secs(1);
/// Pauses between attempts to connect: at first next to none, never more than two seconds.
const RECONNECT: Policy = Policy { attempts: u32::MAX, base_ms: 50, cap_ms: 2_000 };
/// What begins the names of the bus's channels, after the prefix.
const CHANNELS: &str = "bus:";
/// Bytes of a node's id before each message.
const NODE_BYTES: usize = 16;

/// The link; a cheap clone.
#[derive(Clone)]
pub(crate) struct Link(Arc<Shared>);

struct Shared {
    client: Client,
    prefix: String,
    ambient: Ambient,
    state: watch::Sender<State>,
}

#[derive(Clone, Default)]
struct State {
    /// For all but the bus; none while the link is down.
    commands: Option<MultiplexedConnection>,
    /// Grows with each change between up and down.
    epoch: u64,
}

impl Link {
    pub(crate) fn new(address: &str, prefix: String, ambient: Ambient) -> Result<Self, Misconfigured> {
        let client = info(address).and_then(Client::open).map_err(|_| Misconfigured::Address)?;
        Ok(Self(Arc::new(Shared { client, prefix, ambient, state: watch::Sender::default() })))
    }

    /// The name in Redis of what is called `name` here.
    pub(crate) fn key(&self, name: &str) -> String {
        format!("{}{name}", self.0.prefix)
    }

    pub(crate) fn is_up(&self) -> bool {
        self.0.state.borrow().commands.is_some()
    }

    /// Grows with each change between up and down.
    pub(crate) fn epoch(&self) -> u64 {
        self.0.state.borrow().epoch
    }

    pub(crate) async fn until_up(&self, up: bool) {
        let mut state = self.0.state.subscribe();
        // The sender lives as long as this.
        drop(state.wait_for(|state| state.commands.is_some() == up).await);
    }

    /// Runs commands in one round trip.
    pub(crate) async fn ask<T: FromRedisValue>(&self, pipeline: &Pipeline) -> Result<T, Unreachable> {
        let (mut commands, epoch) = self.commands()?;
        self.answered(epoch, pipeline.query_async(&mut commands)).await
    }

    /// Runs a script.
    pub(crate) async fn invoke<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, Unreachable> {
        let (mut commands, epoch) = self.commands()?;
        self.answered(epoch, script.invoke_async(&mut commands)).await
    }

    /// Waits for an answer, for as long as the link is up.
    async fn answered<T>(
        &self,
        epoch: u64,
        answer: impl Future<Output = RedisResult<T>>,
    ) -> Result<T, Unreachable> {
        let mut state = self.0.state.subscribe();
        tokio::select! {
            answer = answer => answer.map_err(failed),
            _ = state.wait_for(|state| state.epoch != epoch) => Err(Unreachable),
        }
    }

    /// Keeps the link until `stop` is done and what was published by then is sent.
    pub(crate) async fn run(&self, bus: &Bus, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let mut failures = 0;
        loop {
            let ended = self.session(bus, stop.as_mut()).await;
            let was_up = self.down(bus);
            let Err(error) = ended else { return };
            failures = if was_up { 1 } else { failures + 1 };
            let pause = self.pause(failures);
            tracing::warn!(%error, ?pause, "Redis is lost; this server goes on by itself");
            tokio::select! {
                () = stop.as_mut() => return,
                () = sleep(pause) => {}
            }
        }
    }

    /// Connects and serves the bus, until `stop` is done or the link is lost.
    async fn session(&self, bus: &Bus, mut stop: Pin<&mut impl Future<Output = ()>>) -> RedisResult<()> {
        let lost = Arc::new(Notify::new());
        let (mut feed, commands) = tokio::select! {
            () = stop.as_mut() => return Ok(()),
            connections = self.connect(bus, &lost) => connections?,
        };
        tracing::info!("Redis is reached");
        bus.link_up();
        self.0.state.send_modify(|state| {
            state.commands = Some(commands.clone());
            state.epoch += 1;
        });
        let mut pings = [feed.clone(), commands];
        tokio::select! {
            sent = self.send(bus, &mut feed, stop) => sent,
            error = ping(&mut pings) => Err(error),
            () = lost.notified() => Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset).into()),
        }
    }

    async fn connect(
        &self,
        bus: &Bus,
        lost: &Arc<Notify>,
    ) -> RedisResult<(MultiplexedConnection, MultiplexedConnection)> {
        let (bus, lost, channels) = (bus.clone(), lost.clone(), self.key(CHANNELS));
        let pattern = format!("{channels}*");
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(None)
            .set_push_sender(move |push: PushInfo| -> Result<(), std::convert::Infallible> {
                match push.kind {
                    PushKind::PMessage => hear(&bus, &channels, push.data),
                    PushKind::Disconnection => lost.notify_one(),
                    _ => {}
                }
                Ok(())
            });
        let client = &self.0.client;
        let (mut feed, commands) = tokio::try_join!(
            client.get_multiplexed_async_connection_with_config(&config),
            client.get_multiplexed_async_connection_with_config(&config),
        )?;
        unless_silent(feed.psubscribe(pattern)).await?;
        Ok((feed, commands))
    }

    /// Sends what is published, until that fails, or `stop` is done and what was published by then is sent.
    async fn send(
        &self,
        bus: &Bus,
        feed: &mut MultiplexedConnection,
        mut stop: Pin<&mut impl Future<Output = ()>>,
    ) -> RedisResult<()> {
        loop {
            while let Some(batch) = bus.batch() {
                self.publish(bus, &batch, feed).await?;
            }
            tokio::select! {
                () = stop.as_mut() => break,
                () = bus.waiting() => {}
            }
        }
        if let Some(batch) = bus.batch()
            && let Err(error) = self.publish(bus, &batch, feed).await
        {
            tracing::warn!(%error, "what was published last did not reach the other servers");
        }
        Ok(())
    }

    async fn publish(&self, bus: &Bus, batch: &Batch, over: &mut MultiplexedConnection) -> RedisResult<()> {
        let (channels, node) = (self.key(CHANNELS), bus.node().bits().to_be_bytes());
        let mut pipeline = Pipeline::with_capacity(batch.messages.len() + 1);
        for Message { topic, payload, .. } in &batch.messages {
            let body = [&node, payload.as_ref()].concat();
            pipeline.cmd("PUBLISH").arg(format!("{channels}{topic}")).arg(body).ignore();
        }
        if batch.missed {
            // No topic is empty: this tells all others that something is missing.
            pipeline.cmd("PUBLISH").arg(&channels).arg(&node).ignore();
        }
        pipeline.exec_async(over).await
    }

    /// The link is down; and whether it was up until now.
    fn down(&self, bus: &Bus) -> bool {
        bus.link_down();
        self.0.state.send_if_modified(|state| {
            let was_up = state.commands.take().is_some();
            state.epoch += u64::from(was_up);
            was_up
        })
    }

    fn pause(&self, failures: u32) -> Duration {
        let now = self.0.ambient.now();
        match RECONNECT.next(failures, Kind::Retryable, None, now, &self.0.ambient) {
            Decision::Retry { at } => Duration::from_millis(at.since(now).unsigned_abs()),
            Decision::Stop(_) => Duration::from_millis(RECONNECT.cap_ms),
        }
    }

    /// The connection for all but the bus, and the epoch in which it is good.
    fn commands(&self) -> Result<(MultiplexedConnection, u64), Unreachable> {
        let state = self.0.state.borrow();
        state.commands.clone().map(|commands| (commands, state.epoch)).ok_or(Unreachable)
    }
}

fn info(address: &str) -> RedisResult<ConnectionInfo> {
    let info = address.into_connection_info()?;
    if !info.addr().is_supported() {
        return Err((redis::ErrorKind::InvalidClientConfig, "no such connection").into());
    }
    // Its third version of the protocol sends messages and answers over one connection.
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Ok(info.set_redis_settings(settings))
}

/// Asks again and again whether Redis is there, until it is not.
async fn ping(connections: &mut [MultiplexedConnection]) -> RedisError {
    loop {
        sleep(PING).await;
        for connection in &mut *connections {
            if let Err(error) = unless_silent(redis::cmd("PING").exec_async(connection)).await {
                return error;
            }
        }
    }
}

/// Waits for an answer for [`ANSWER`], in naps.
async fn unless_silent<T>(answer: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    let naps = async {
        for _ in 0..NAPS {
            sleep(ANSWER / NAPS).await;
        }
    };
    tokio::select! {
        answered = answer => answered,
        () = naps => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
    }
}

/// Hands what Redis sent (pattern, channel, body) to the bus, unless it is this server's own.
fn hear(bus: &Bus, channels: &str, sent: Vec<Value>) {
    let Ok([_, Value::BulkString(channel), Value::BulkString(body)]) = <[Value; 3]>::try_from(sent) else {
        return;
    };
    let topic = std::str::from_utf8(&channel).ok().and_then(|channel| channel.strip_prefix(channels));
    let (Some(topic), Some((node, _))) = (topic, body.split_first_chunk::<NODE_BYTES>()) else { return };
    let node = NodeId::from_bits(u128::from_be_bytes(*node));
    if node == bus.node() {
        return;
    }
    if topic.is_empty() {
        return bus.missed();
    }
    let payload = Bytes::from(body).slice(NODE_BYTES..);
    bus.heard(&Message { topic: topic.into(), payload, node });
}

/// An answer that did not come, or was a refusal. A refusal (no memory, no permission) is logged: it needs a person.
#[expect(clippy::needless_pass_by_value, reason = "this is what errors are mapped by")]
fn failed(error: RedisError) -> Unreachable {
    if error.is_unrecoverable_error() || error.is_timeout() {
        tracing::debug!(%error, "Redis did not answer");
    } else {
        tracing::warn!(%error, "Redis refused a command");
    }
    Unreachable
}
