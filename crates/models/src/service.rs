//! The models as the rest of Atelier uses them: ask, listen, and look at their health.

use std::pin::Pin;
use std::sync::Arc;

use async_stream::try_stream;
use futures_util::{Stream, StreamExt};
use kernel::Ambient;
use resilience::breaker::Outcome;
use resilience::breakers::Breakers;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;
use tracing::Instrument;

use crate::answer::{Answer, Completion};
use crate::call::{Deadline, Live, Shared, last_usage};
use crate::delta::{Delta, Named, Piece, Spent, Stop, Usage};
use crate::engines::{Engine, Engines};
use crate::error::{Fault, ModelError, millis};
use crate::http::{Http, NoClient};
use crate::options::Options;
use crate::price::Cost;
use crate::provider::{Route, Target};
use crate::request::{Echo, Message, Request, Turn};
use crate::schema::clip;

/// The language models. Clones share everything.
#[derive(Clone)]
pub struct Models {
    shared: Arc<Shared>,
}

/// What came of the small call of the settings screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// Who answered.
    pub by: Named,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// The beginning of its answer; it may be empty, if the model spent all its words on thoughts.
    pub reply: String,
    /// What it took.
    pub spent: Spent,
}

/// Bytes of the reply that a probe shows.
const PROBE_REPLY: usize = 200;
/// Tokens that a probe may take; room for a model that thinks first.
const PROBE_TOKENS: u32 = 256;

type Deltas = Pin<Box<dyn Stream<Item = Result<Delta, ModelError>> + Send>>;

impl Models {
    /// Makes the service. It does nothing by itself.
    pub fn new(mut options: Options, ambient: Ambient) -> Result<Self, NoClient> {
        let http = Http::new(&options.timeouts, ambient.clone())?;
        let saved = std::mem::take(&mut options.breakers);
        let engines = Arc::new(Engines::new(ambient.clone(), options.breaker, saved));
        Ok(Self { shared: Arc::new(Shared { options, ambient, http, engines }) })
    }

    /// Asks, and gives the answer piece by piece; see [`Delta`] for their order. Dropping the stream cancels the
    /// call and closes its connection.
    ///
    /// Failed calls are repeated, and fallbacks asked, only before the first piece that a person sees: what has
    /// been passed on is never said twice. If a schema is given, an answer that does not fit ends with
    /// [`Fault::InvalidOutput`] in place of `Done`.
    pub fn stream(
        &self,
        route: &Route,
        request: Request,
    ) -> impl Stream<Item = Result<Delta, ModelError>> + Send + Unpin + use<> {
        let (shared, route) = (Arc::clone(&self.shared), route.clone());
        let deltas: Deltas = Box::pin(try_stream! {
            let mut deltas = answer(shared, route, request.clone());
            let mut whole = Answer::default();
            let mut by = None;
            while let Some(delta) = deltas.next().await {
                let delta = delta?;
                match &delta {
                    Delta::Start(served) => by = Some(served.by.clone()),
                    Delta::Done { .. } => {
                        if let (Err(fault), Some(by)) = (read(&request, &whole), by.take()) {
                            Err(ModelError::new(fault, by).after(whole.spent()))?;
                        }
                    }
                    _ => {}
                }
                // The bound has been kept below.
                let _ = whole.push(&delta, usize::MAX);
                yield delta;
            }
        });
        deltas
    }

    /// Asks, and waits for the whole answer. If a schema is given and the answer does not fit, the model is told
    /// why and asked once more; [`Completion::spent`] is then what both took.
    pub async fn complete(&self, route: &Route, request: Request) -> Result<Completion, ModelError> {
        let first = self.collect(route, &request).await?;
        let fault = match read(&request, &first) {
            Ok((turn, value)) => return finished(first, turn, value, route),
            Err(fault) => fault,
        };
        let spent = first.spent();
        let unusable =
            |fault, answer: &Answer| ModelError::new(fault, answer.by(route)).after(answer.spent());
        // What was cut off will be cut off again, and what was declined was not a slip.
        let slip = request.schema.is_some() && matches!(first.stop(), Some(Stop::End | Stop::Other));
        let (Fault::InvalidOutput { reason }, true) = (&fault, slip) else {
            return Err(unusable(fault, &first));
        };
        tracing::debug!(reason, "an answer is sent back to be mended");
        let mut again = request;
        if let Ok(turn) = first.turn()
            && !turn.text.trim().is_empty()
        {
            again.messages.push(Message::Assistant(turn));
        }
        again.messages.push(Message::user(format!(
            "That answer cannot be used: {reason}. Answer again with JSON only, without any other words, that fits \
             the schema."
        )));
        let second = self.collect(route, &again).await.map_err(|error| error.after(spent))?;
        let (turn, value) = read(&again, &second).map_err(|fault| unusable(fault, &second).after(spent))?;
        let mut completion = finished(second, turn, value, route)?;
        completion.repaired = true;
        completion.spent = spent.map_or(completion.spent, |spent| completion.spent.plus(spent));
        Ok(completion)
    }

    /// Makes a small call, to see whether address, key and model work. It is made once, whatever the breaker says;
    /// if it succeeds, the breaker is closed.
    pub async fn probe(&self, target: &Target) -> Result<Probe, ModelError> {
        let shared = &self.shared;
        let failed = |fault| ModelError::new(fault, target.named());
        let request = Request::new(vec![Message::user("Answer with the single word: ready")])
            .with_max_tokens(PROBE_TOKENS);
        let begun_at = Instant::now();
        let deadline = Deadline::after(shared.options.timeouts.probe, &shared.ambient);
        let mut begun = shared.begin_once(target, &request, deadline).await.map_err(failed)?;
        let (mut reply, mut usage) = (String::new(), begun.usage);
        let mut batch = std::mem::take(&mut begun.seen);
        let mut bytes = 0;
        while !take_in(&batch, &mut reply, &mut bytes, &mut usage) {
            let next = shared.next(&mut begun.rest, deadline).await.map_err(failed)?;
            batch = next.ok_or(Fault::Cut { received: bytes }).map_err(failed)?;
        }
        shared.engines.breakers().reset(&target.engine());
        let usage = usage.unwrap_or_else(|| estimate(&request, bytes));
        Ok(Probe {
            by: target.named(),
            took_ms: millis(begun_at.elapsed()),
            reply: clip(reply.trim(), PROBE_REPLY).to_owned(),
            spent: Spent { usage, cost: shared.options.prices.cost(target, usage) },
        })
    }

    /// What a call of this route costs at most if it takes `usage`: the price of its dearest model, and unknown if one's is.
    #[must_use]
    pub fn price(&self, route: &Route, usage: Usage) -> Cost {
        let costs = route.targets().map(|target| self.shared.options.prices.cost(target, usage));
        costs.fold(Cost::MicroUsd(0), |dearest, cost| match (dearest, cost) {
            (Cost::MicroUsd(a), Cost::MicroUsd(b)) => Cost::MicroUsd(a.max(b)),
            _ => Cost::Unknown,
        })
    }

    /// Where prices are from, and of what day.
    #[must_use]
    pub fn prices(&self) -> (&str, &str) {
        self.shared.options.prices.origin()
    }

    /// The breakers before the providers: how they stand, and what is given to [`Options::breakers`] after a restart.
    #[must_use]
    pub fn breakers(&self) -> &Breakers<Engine> {
        self.shared.engines.breakers()
    }

    async fn collect(&self, route: &Route, request: &Request) -> Result<Answer, ModelError> {
        let mut deltas = answer(Arc::clone(&self.shared), route.clone(), request.clone());
        let mut whole = Answer::default();
        while let Some(delta) = deltas.next().await {
            let _ = whole.push(&delta?, usize::MAX);
        }
        Ok(whole)
    }
}

/// The whole call as a stream, without a look at the schema.
fn answer(shared: Arc<Shared>, route: Route, request: Request) -> Deltas {
    let named = route.first().named();
    // It lasts as long as the stream, and is told who served once that is known.
    let span = tracing::info_span!(
        "model call",
        provider = named.provider.as_str(),
        model = named.model,
        served = tracing::field::Empty
    );
    Box::pin(try_stream! {
        request.check(shared.options.bounds.request).map_err(|message| {
            ModelError::new(Fault::BadRequest { message }, route.first().named())
        })?;
        let deadline = Deadline::after(shared.options.timeouts.overall, &shared.ambient);
        let Live { target, served, ticket, begun } = Box::pin(shared.begin(&route, &request, deadline)).instrument(span.clone()).await?;
        let by = target.named();
        span.record("served", &by.model);
        yield Delta::Start(served);
        let (mut usage, mut rest, mut batch) = (begun.usage, begun.rest, begun.seen);
        let mut whole = Answer::default();
        let fault = 'answer: loop {
            usage = last_usage(&batch).or(usage);
            for piece in batch {
                let delta = match piece {
                    Piece::Usage(_) => continue,
                    Piece::Done(stop) => {
                        ticket.record(Outcome::Success);
                        let usage = usage.unwrap_or_else(|| estimate(&request, whole.bytes()));
                        let cost = shared.options.prices.cost(&target, usage);
                        yield Delta::Spent(Spent { usage, cost });
                        yield Delta::Done { stop };
                        return;
                    }
                    Piece::Text(text) | Piece::Thinking(text) if text.is_empty() => continue,
                    Piece::Text(text) => Delta::Text { text },
                    Piece::Thinking(text) => Delta::Thinking { text },
                    Piece::ToolCall(mut fragment) => {
                        let nameless = fragment.id.as_ref().is_none_or(String::is_empty);
                        if nameless && !whole.has_call(fragment.index) {
                            fragment.id = Some(call_id(&shared.ambient));
                        }
                        Delta::ToolCall(fragment)
                    }
                    Piece::Echo(content) => {
                        Delta::Echo(Echo { provider: by.provider, model: by.model.clone(), content })
                    }
                };
                if whole.push(&delta, shared.options.bounds.answer).is_err() {
                    break 'answer Fault::unreadable("the answer is longer than its bound");
                }
                yield delta;
            }
            batch = match shared.next(&mut rest, deadline).await {
                Ok(Some(batch)) => batch,
                Ok(None) | Err(Fault::Cut { .. }) => break Fault::Cut { received: whole.bytes() },
                Err(fault) => break fault,
            };
        };
        ticket.record(fault.outcome());
        // It was paid for all the same. What the provider said before it fell silent is more than nothing.
        let guess = estimate(&request, whole.bytes());
        let usage = usage.map_or(guess, |known| Usage {
            output_tokens: known.output_tokens.max(guess.output_tokens),
            estimated: true,
            ..known
        });
        let spent = Spent { usage, cost: shared.options.prices.cost(&target, usage) };
        yield Delta::Spent(spent);
        Err(ModelError::new(fault, by).after(Some(spent)))?;
    })
}

/// An id for a call whose provider gave it none. Other providers want them unique within a conversation.
fn call_id(ambient: &Ambient) -> String {
    format!("call_{:016x}", u64::from_le_bytes(ambient.bytes()))
}

/// The turn, and what a schema reads from it. An answer that calls tools need not fit yet.
fn read(request: &Request, answer: &Answer) -> Result<(Turn, Option<Value>), Fault> {
    let turn = answer.turn().map_err(Fault::unreadable)?;
    let value = match &request.schema {
        Some(schema) if turn.tool_calls.is_empty() => {
            Some(schema.read(&turn.text).map_err(Fault::unreadable)?)
        }
        _ => None,
    };
    Ok((turn, value))
}

fn finished(
    answer: Answer,
    turn: Turn,
    value: Option<Value>,
    route: &Route,
) -> Result<Completion, ModelError> {
    let cut =
        ModelError::new(Fault::Cut { received: answer.bytes() }, answer.by(route)).after(answer.spent());
    answer.complete(turn, value).ok_or(cut)
}

/// Takes one batch of a probe's answer in, and says whether it was the last.
fn take_in(batch: &[Piece], reply: &mut String, bytes: &mut usize, usage: &mut Option<Usage>) -> bool {
    *usage = last_usage(batch).or(*usage);
    for piece in batch {
        match piece {
            Piece::Text(text) => {
                *bytes += text.len();
                if reply.len() < PROBE_REPLY {
                    reply.push_str(text);
                }
            }
            Piece::Thinking(text) => *bytes += text.len(),
            Piece::Done(_) => return true,
            Piece::ToolCall(_) | Piece::Echo(_) | Piece::Usage(_) => {}
        }
    }
    false
}

/// A guess at the tokens, by the rule of thumb of four bytes for each (English; other scripts take more bytes and
/// more tokens). Always marked as a guess.
fn estimate(request: &Request, answer_bytes: usize) -> Usage {
    let asked: usize = request.messages.iter().map(|message| message.text().len() + 16).sum();
    let tokens = |bytes: usize| u64::try_from(bytes.div_ceil(4)).unwrap_or(u64::MAX);
    Usage {
        input_tokens: tokens(asked),
        output_tokens: tokens(answer_bytes),
        estimated: true,
        ..Usage::default()
    }
}
