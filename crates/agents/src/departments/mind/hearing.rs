//! Hears a model's answer: every word goes to the run's log as soon as the words before it are stored.

use futures_util::StreamExt;
use futures_util::future::{Fuse, FusedFuture, FutureExt};
use kernel::Result;
use models::{Answer, Delta, ModelError, Request, Served, Spent, Stop};
use tasks::Lease;

use super::notes::TEXT;
use crate::budget::Reserved;
use crate::language::Voice;

/// The most bytes of one entry of the log.
const PIECE: usize = 32 * 1024;

/// What was heard of an answer, whole or not.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) whole: Answer,
    pub(super) served: Option<Served>,
    pub(super) spent: Option<Spent>,
    pub(super) stop: Option<Stop>,
    /// Why it is not whole, or not of the form that it must have.
    pub(super) fault: Option<ModelError>,
}

/// Asks, and hears the answer. While one piece is being stored the next one gathers, so the log keeps pace with any model.
///
/// # Errors
/// `CONFLICT` when the lease is over: nobody wants to hear more.
pub(super) async fn hear(
    lease: &Lease,
    voice: &Voice,
    request: Request,
    reserved: &mut Reserved,
) -> Result<Heard> {
    let mut deltas = voice.models.stream(&voice.route, request);
    let mut heard = Heard::default();
    let mut gathered = String::new();
    let writing = Fuse::terminated();
    tokio::pin!(writing);
    loop {
        tokio::select! {
            biased;
            written = &mut writing, if !writing.is_terminated() => drop(written?),
            delta = deltas.next(), if gathered.len() < PIECE => match delta {
                Some(Ok(delta)) => {
                    take(&mut heard, &mut gathered, delta);
                    reserved.said(heard.whole.bytes());
                }
                Some(Err(fault)) => {
                    heard.fault = Some(fault);
                    break;
                }
                None => break,
            },
        }
        if writing.is_terminated() && !gathered.is_empty() {
            writing.set(lease.log(TEXT, piece(&mut gathered)).fuse());
        }
    }
    if !writing.is_terminated() {
        writing.await?;
    }
    while !gathered.is_empty() {
        lease.log(TEXT, piece(&mut gathered)).await?;
    }
    Ok(heard)
}

fn take(heard: &mut Heard, gathered: &mut String, delta: Delta) {
    match &delta {
        Delta::Start(served) => heard.served = Some(served.clone()),
        Delta::Text { text } => gathered.push_str(text),
        Delta::Spent(spent) => heard.spent = Some(*spent),
        Delta::Done { stop } => heard.stop = Some(*stop),
        Delta::Thinking { .. } | Delta::ToolCall(_) | Delta::Echo(_) => {}
    }
    // The models' service bounds the answer.
    let _ = heard.whole.push(&delta, usize::MAX);
}

/// The beginning of what has gathered, as long as an entry may be.
fn piece(gathered: &mut String) -> String {
    let rest = gathered.split_off(gathered.floor_char_boundary(PIECE));
    std::mem::replace(gathered, rest)
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_gathers_is_cut_at_characters_and_nothing_is_lost() {
        let text = "ü".repeat(super::PIECE);
        let (mut gathered, mut pieces) = (text.clone(), Vec::new());
        while !gathered.is_empty() {
            pieces.push(super::piece(&mut gathered));
        }
        assert!(pieces.iter().all(|piece| piece.len() <= super::PIECE));
        assert_eq!(pieces.concat(), text);
    }
}
