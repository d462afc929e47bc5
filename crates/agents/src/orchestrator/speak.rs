//! Lets a language model write: its words into the answer, its name, cost and shortcomings beside it.

use futures_util::StreamExt;
use models::{Cost, Delta, Named, Request, Served, Spent, Stop};
use wire::orchestrator::Usage;

use super::live::Pen;
use crate::budget::Reserved;
use crate::language::Voice;

/// A model that did not give a whole answer: what happened and what to do, in words for the person.
#[derive(Debug)]
pub(super) struct Silence(pub(super) String);

/// Streams the model's answer into the answer. What was written before a failure stays there. What the call takes is noted where
/// it was `reserved`.
pub(super) async fn speak(
    pen: &mut Pen,
    voice: &Voice,
    request: Request,
    reserved: Reserved,
) -> Result<(), Silence> {
    let (mut by, mut said, mut reserved) = (voice.route.first().named(), 0, Some(reserved));
    let mut deltas = voice.models.stream(&voice.route, request);
    let silent = || Silence(format!("{} had nothing to say. Ask again, or in other words.", voice.name()));
    while let Some(delta) = deltas.next().await {
        let delta = match delta {
            Ok(delta) => delta,
            Err(error) => {
                tracing::warn!(%error, "a model broke off");
                if let Some(spent) = error.spent() {
                    settle(reserved.take(), error.by(), spent).await;
                }
                return Err(Silence(error.advice()));
            }
        };
        match delta {
            Delta::Start(served) => {
                introduce(pen, &served);
                by = served.by;
            }
            Delta::Text { text } => {
                said += text.len();
                if let Some(reserved) = &mut reserved {
                    reserved.said(said);
                }
                if pen.write(&text).await.is_err() {
                    return Ok(());
                }
            }
            Delta::Spent(spent) => {
                pen.metadata.usage = Some(usage(spent));
                settle(reserved.take(), &by, spent).await;
            }
            Delta::Done { stop } => {
                return match stop {
                    Stop::Declined => {
                        Err(Silence(format!("{} declined to answer this. Ask in other words.", voice.name())))
                    }
                    _ if pen.is_empty() => Err(silent()),
                    Stop::MaxTokens => {
                        pen.note(
                            "The model reached the most words that it may use, and may not have finished.",
                        );
                        Ok(())
                    }
                    Stop::End | Stop::ToolCalls | Stop::Other => Ok(()),
                };
            }
            // No tools are offered, thoughts are not part of the answer, and the next request is made anew.
            Delta::Thinking { .. } | Delta::ToolCall(_) | Delta::Echo(_) => {}
        }
    }
    Err(silent())
}

/// What cannot be noted stays reserved; who waits for the answer need not hear of it.
async fn settle(reserved: Option<Reserved>, by: &Named, spent: Spent) {
    if let Some(reserved) = reserved
        && let Err(error) = reserved.settle(by, spent).await
    {
        tracing::warn!(%error, "what a call took could not be noted");
    }
}

fn introduce(pen: &mut Pen, served: &Served) {
    pen.metadata.answered_by = Some(served.by.model.clone());
    if let Some(fallback) = &served.fallback {
        pen.note(format!(
            "{} did not answer; {} stands in for it.",
            fallback.instead_of.model, served.by.model
        ));
    }
}

fn usage(spent: Spent) -> Usage {
    Usage {
        input_tokens: spent.usage.input_tokens,
        output_tokens: spent.usage.output_tokens,
        estimated: spent.usage.estimated,
        cost_micro_usd: match spent.cost {
            Cost::MicroUsd(cost) => Some(cost),
            Cost::Unknown => None,
        },
    }
}
