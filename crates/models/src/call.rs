//! Gets a model to begin its answer: breaker, pace, attempts and fallbacks, all before the first word is passed on.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use kernel::{Ambient, Timestamp};
use resilience::breakers::Ticket;
use resilience::retry::Decision;
use tokio::time::{Instant, sleep, timeout_at};

use crate::delta::{Adjustment, Fallback, Piece, Served, Usage};
use crate::engines::{Closed, Engine, Engines};
use crate::error::{Fault, ModelError, Wait, millis};
use crate::http::Http;
use crate::options::Options;
use crate::provider::{Call, Pieces, Route, Target};
use crate::request::Request;

/// What all calls share.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) ambient: Ambient,
    pub(crate) http: Http,
    pub(crate) engines: Arc<Engines>,
}

/// When a call has to be over, by both clocks.
#[derive(Clone, Copy)]
pub(crate) struct Deadline {
    instant: Instant,
    timestamp: Timestamp,
}

impl Deadline {
    pub(crate) fn after(within: Duration, ambient: &Ambient) -> Self {
        let millis = i64::try_from(within.as_millis()).unwrap_or(i64::MAX);
        Self { instant: Instant::now() + within, timestamp: ambient.now().plus_millis(millis) }
    }

    fn remaining(self) -> Duration {
        self.instant.saturating_duration_since(Instant::now())
    }
}

/// A model that has begun to answer.
pub(crate) struct Live {
    pub(crate) target: Target,
    pub(crate) served: Served,
    pub(crate) ticket: Ticket<Engine>,
    pub(crate) begun: Begun,
}

/// The frames up to the first that a person sees, and those to come.
pub(crate) struct Begun {
    pub(crate) seen: Vec<Piece>,
    pub(crate) usage: Option<Usage>,
    pub(crate) rest: Pieces,
}

impl Shared {
    /// The first model of the route that begins to answer, or the first choice's error.
    pub(crate) async fn begin(
        &self,
        route: &Route,
        request: &Request,
        deadline: Deadline,
    ) -> Result<Live, ModelError> {
        let mut first: Option<ModelError> = None;
        for target in route.targets() {
            match self.begin_with(target, request, deadline).await {
                Ok(mut live) => {
                    live.served.fallback =
                        first.map(|error| Fallback { instead_of: error.by().clone(), because: error.kind() });
                    return Ok(live);
                }
                Err(fault) => {
                    let error = ModelError::new(fault, target.named());
                    tracing::warn!(%error, "a model did not answer");
                    let over = matches!(error.fault(), Fault::Timeout(Wait::Overall));
                    first.get_or_insert(error);
                    if over {
                        break;
                    }
                }
            }
        }
        Err(first.unwrap_or_else(|| {
            ModelError::new(Fault::unreadable("the route has no model"), route.first().named())
        }))
    }

    async fn begin_with(
        &self,
        target: &Target,
        request: &Request,
        deadline: Deadline,
    ) -> Result<Live, Fault> {
        let engine = target.engine();
        let mut adjusted = self.engines.lessons(&engine, &target.model);
        let (mut attempt, mut calls) = (1, 0);
        loop {
            let ticket = self.enter(target, deadline).await?;
            calls += 1;
            let fault = match self.attempt(target, request, &adjusted, deadline).await {
                Ok(begun) => {
                    let served = Served {
                        by: target.named(),
                        fallback: None,
                        attempts: calls,
                        adjusted: adjusted.into_iter().collect(),
                    };
                    return Ok(Live { target: target.clone(), served, ticket, begun });
                }
                Err(fault) => fault,
            };
            ticket.record(fault.outcome());
            if self.learn(target, request, &fault, &mut adjusted) {
                continue;
            }
            let timestamp = Some(deadline.timestamp);
            let now = self.ambient.now();
            match self.options.retry.next(attempt, fault.retry(), timestamp, now, &self.ambient) {
                Decision::Stop(_) => return Err(fault),
                Decision::Retry { at } => {
                    tracing::debug!(%fault, attempt, "a model is asked again");
                    let pause = Duration::from_millis(u64::try_from(at.since(now)).unwrap_or(0));
                    if pause >= deadline.remaining() {
                        return Err(fault);
                    }
                    wait_for(pause).await;
                    attempt += 1;
                }
            }
        }
    }

    /// Waits for the provider's pace, and asks its breaker at the moment of the call.
    async fn enter(&self, target: &Target, deadline: Deadline) -> Result<Ticket<Engine>, Fault> {
        let engine = target.engine();
        let kind = target.provider.kind();
        let interval = self.options.pace_ms.get(&kind).copied().unwrap_or_else(|| target.default_pace_ms());
        let closed = |closed| match closed {
            Closed::Breaker { retry_at } => Fault::Refused { retry_at },
            Closed::Pace { at } => {
                let wait = u64::try_from(at.since(self.ambient.now())).unwrap_or(0);
                Fault::RateLimited { retry_after: Some(Duration::from_millis(wait)) }
            }
        };
        let booking = self.engines.book(&engine, interval, millis(deadline.remaining())).map_err(closed)?;
        wait_for(Duration::from_millis(booking.pause_ms())).await;
        let ticket = self.engines.admit(&engine).map_err(closed)?;
        booking.used();
        Ok(ticket)
    }

    /// Whether the model's refusal says what to leave out. It is remembered for the next call.
    fn learn(
        &self,
        target: &Target,
        request: &Request,
        fault: &Fault,
        adjusted: &mut BTreeSet<Adjustment>,
    ) -> bool {
        let Fault::BadRequest { message } = fault else { return false };
        let Some(adjustment) = target.adjustment(message, request, adjusted) else { return false };
        adjusted.insert(adjustment);
        self.engines.learn(&target.engine(), &target.model, adjusted);
        true
    }

    /// One call, up to the first piece that a person sees.
    async fn attempt(
        &self,
        target: &Target,
        request: &Request,
        adjusted: &BTreeSet<Adjustment>,
        deadline: Deadline,
    ) -> Result<Begun, Fault> {
        let timeouts = self.options.timeouts;
        let (http, bounds) = (&self.http, self.options.bounds);
        let call = Call { http, bounds, model: &target.model, request, adjusted };
        let first_token = Instant::now() + timeouts.first_token;
        let mut limit = first_token;
        let mut pieces = within(limit, deadline, Wait::FirstToken, target.open(&call)).await??;
        let mut usage = None;
        loop {
            let frame = within(limit, deadline, Wait::FirstToken, pieces.next()).await?;
            let batch = frame.unwrap_or(Err(Fault::Cut { received: 0 }))?;
            if let Some(last) = last_usage(&batch) {
                usage = Some(last);
            }
            if batch.iter().any(Piece::is_seen) {
                return Ok(Begun { seen: batch, usage, rest: pieces });
            }
            // A sign of life. Thoughts that are not shown can take longer than a first word may.
            limit = first_token.max(Instant::now() + timeouts.between_tokens);
        }
    }

    /// One call without breaker, pace, attempts or fallbacks; only what the model does not take is learnt.
    pub(crate) async fn begin_once(
        &self,
        target: &Target,
        request: &Request,
        deadline: Deadline,
    ) -> Result<Begun, Fault> {
        let mut adjusted = self.engines.lessons(&target.engine(), &target.model);
        loop {
            match self.attempt(target, request, &adjusted, deadline).await {
                Err(fault) if self.learn(target, request, &fault, &mut adjusted) => {}
                other => return other,
            }
        }
    }

    /// The next frame of an answer that has begun; nothing when it has ended.
    pub(crate) async fn next(
        &self,
        rest: &mut Pieces,
        deadline: Deadline,
    ) -> Result<Option<Vec<Piece>>, Fault> {
        let limit = Instant::now() + self.options.timeouts.between_tokens;
        within(limit, deadline, Wait::BetweenTokens, rest.next()).await?.transpose()
    }
}

/// Waits, but not at all for nothing: tokio rounds a sleep of 0 up to a millisecond.
async fn wait_for(pause: Duration) {
    if !pause.is_zero() {
        sleep(pause).await;
    }
}

/// Waits until `limit` or the call's deadline, whichever is first, and says which it was.
async fn within<T>(
    limit: Instant,
    deadline: Deadline,
    wait: Wait,
    future: impl Future<Output = T>,
) -> Result<T, Fault> {
    let wait = if deadline.instant <= limit { Wait::Overall } else { wait };
    timeout_at(limit.min(deadline.instant), future).await.map_err(|_| Fault::Timeout(wait))
}

pub(crate) fn last_usage(batch: &[Piece]) -> Option<Usage> {
    batch.iter().rev().find_map(|piece| match piece {
        Piece::Usage(usage) => Some(*usage),
        _ => None,
    })
}
