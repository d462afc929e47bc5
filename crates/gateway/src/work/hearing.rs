//! What a runner says of the steps that it has: taken down, stored, and ended.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::Code;
use serde_json::json;
use store::executions::{self, Most, Part};
use tokio::time::Instant;
use wire::fleet::Outcome;
use wire::runner::{
    CHUNK, Chunk, Close, Ended, FromRunner, NAME, Progress, STREAMS, Stored, Task, ToRunner, WINDOW,
};

use super::ends::{health, settle};
use super::{Done, Given, Work, held};
use crate::{End, Grown, Word};

/// The most messages of streams that are not stored yet: beyond them, and beyond [`WINDOW`] bytes, a runner has to wait.
const UNSTORED: usize = 256;
/// The most things that may be under way for one runner: who says more than can be answered is no runner of ours.
const DOING: usize = 1_024;
/// How often it is noted that a task gets on.
const NOTED: Duration = Duration::from_secs(10);
/// How often it is told at most that what a runner's tasks write has grown.
const GROWTH: Duration = Duration::from_millis(300);
/// How often what a runner says of its progress is kept.
const TOLD: Duration = Duration::from_secs(1);
/// The most bytes of a stream that is not the output.
const FILE_BYTES: u64 = 64 * 1024 * 1024;
const OUTPUT: &str = "output";

impl Work {
    /// Follows what the runner says of a task. Of one that is not its own any more, it is told so.
    ///
    /// # Errors
    /// When it makes no sense.
    pub(crate) fn hear(&mut self, said: FromRunner) -> Result<(), Close> {
        let task = match &said {
            FromRunner::TaskAck(task) => *task,
            FromRunner::TaskProgress(progress) => progress.task,
            FromRunner::TaskStream(chunk) => chunk.task,
            FromRunner::TaskAsk(ask) => ask.task,
            FromRunner::TaskWithdraw(withdrawn) => withdrawn.task,
            FromRunner::TaskHeard(heard) => heard.task,
            FromRunner::TaskComplete(ended) | FromRunner::TaskError(ended) => ended.task,
            FromRunner::Auth(_) | FromRunner::Heartbeat {} => return Err(Close::Malformed),
        };
        if self.doing.len() > DOING {
            return Err(Close::Malformed);
        }
        if !self.given.contains_key(&task) {
            self.doing.push(Box::pin(async move { Ok(vec![Done::Say(ToRunner::TaskSettled(task))]) }));
            return Ok(());
        }
        match said {
            FromRunner::TaskAck(task) => self.start(task),
            FromRunner::TaskProgress(progress) => self.progress(progress)?,
            FromRunner::TaskStream(chunk) => self.stream(chunk)?,
            FromRunner::TaskAsk(ask) => self.ask(ask)?,
            FromRunner::TaskWithdraw(withdrawn) => self.withdraw(withdrawn)?,
            FromRunner::TaskHeard(heard) => self.heard(heard),
            FromRunner::TaskComplete(ended) | FromRunner::TaskError(ended) => self.end(ended)?,
            FromRunner::Auth(_) | FromRunner::Heartbeat {} => {}
        }
        Ok(())
    }

    fn start(&mut self, task: Task) {
        if let Some(given) = self.given.get_mut(&task).filter(|given| !given.acknowledged) {
            given.acknowledged = true;
            let starts = given.lease.start();
            // A lease that is over says so by its stop.
            self.doing.push(Box::pin(async move {
                let _ = starts.await;
                Ok(Vec::new())
            }));
        }
    }

    /// The runner has a task no more.
    pub(super) fn take_away(&mut self, task: Task) -> Option<Given> {
        self.asked.retain(|(asks, _)| *asks != task);
        self.withdrawn.retain(|(asks, _)| *asks != task);
        self.said.retain(|(hears, _), _| *hears != task);
        self.given.remove(&task)
    }

    /// Notes that a task gets on.
    pub(super) fn note(&mut self, task: Task) {
        let Some(given) = self.given.get_mut(&task) else { return };
        if given.noted.is_some_and(|noted| noted.elapsed() < NOTED) {
            return;
        }
        given.noted = Some(Instant::now());
        let gets_on = given.lease.progress();
        self.doing.push(Box::pin(async move {
            let _ = gets_on.await;
            Ok(Vec::new())
        }));
    }

    fn progress(&mut self, progress: Progress) -> Result<(), Close> {
        let words = progress.message.iter().chain(&progress.steps);
        if progress.steps.len() > STREAMS || words.into_iter().any(|text| text.chars().count() > NAME) {
            return Err(Close::Malformed);
        }
        let Some(given) = self.given.get_mut(&progress.task) else { return Ok(()) };
        if given.told.is_some_and(|told| told.elapsed() < TOLD) {
            return Ok(());
        }
        given.told = Some(Instant::now());
        let Progress { progress, message, steps, used, .. } = progress;
        let entry = json!({ "progress": progress, "message": message, "steps": steps, "used": used });
        let logs = given.lease.log("progress", entry.to_string());
        self.doing.push(Box::pin(async move {
            let _ = logs.await;
            Ok(Vec::new())
        }));
        Ok(())
    }

    fn stream(&mut self, chunk: Chunk) -> Result<(), Close> {
        let Chunk { task, stream, offset, data } = chunk;
        let bytes = STANDARD.decode(data).map_err(|_| Close::Malformed)?;
        let fits = bytes.len() <= CHUNK
            && self.unstored + bytes.len() <= WINDOW
            && self.waiting.len() < UNSTORED
            && is_stream(&stream);
        let Some(given) = self.given.get_mut(&task).filter(|_| fits) else { return Err(Close::Malformed) };
        self.unstored += bytes.len();
        given.unstored += 1;
        let most = if stream == OUTPUT { given.output } else { FILE_BYTES };
        self.waiting.push((Part { lease: held(task), stream, offset, bytes }, task, most));
        self.store();
        Ok(())
    }

    /// Stores what waits for it, all of it together.
    pub(super) fn store(&mut self) {
        if self.storing || self.waiting.is_empty() {
            return;
        }
        self.storing = true;
        let store = self.gateway.inner.store.clone();
        let waiting = std::mem::take(&mut self.waiting);
        self.doing.push(Box::pin(async move {
            let waiting = Arc::new(waiting);
            let parts = waiting.clone();
            let stored = store.transact(move |tx| {
                let most = |bytes| Most { streams: STREAMS as i64, bytes };
                executions::append(tx, parts.iter().map(|(part, _, bytes)| (part, most(*bytes))))
            });
            let lengths = stored.await.map_err(|error| match error.code() {
                Code::Conflict | Code::ValidationError => End::Close(Close::Malformed),
                // The project, and the run with it, may have been removed just now; or the store fails.
                _ => End::Later,
            })?;
            let mut newest: HashMap<(Task, &str), u64> = HashMap::new();
            let mut parts = Vec::with_capacity(waiting.len());
            for ((part, task, _), length) in waiting.iter().zip(lengths) {
                newest.insert((*task, &part.stream), length);
                parts.push((*task, part.bytes.len() as u64));
            }
            let says = newest.into_iter().map(|((task, stream), offset)| {
                Done::Say(ToRunner::TaskStreamAck(Stored { task, stream: stream.to_owned(), offset }))
            });
            Ok(says.chain([Done::Stored(parts)]).collect())
        }));
    }

    /// Notes that more of a task is stored. It is told at once, unless that was so just now.
    pub(super) fn grew(&mut self, task: Task) {
        let Some(given) = self.given.get(&task) else { return };
        let is_first = self.grown.is_empty();
        self.grown.insert(task, given.lease.step().project);
        if is_first {
            let at = self.told_of_growth.map_or_else(Instant::now, |told| told + GROWTH);
            self.doing.push(Box::pin(async move {
                tokio::time::sleep_until(at).await;
                Ok(vec![Done::Grown])
            }));
        }
    }

    /// Tells who looks on what has grown.
    pub(super) fn tell_of_growth(&mut self) {
        self.told_of_growth = Some(Instant::now());
        for (Task { task_id: run, step_id: step, fence }, project) in std::mem::take(&mut self.grown) {
            self.gateway.spread(Word::Grown(Grown { project, run, step, fence }));
        }
    }

    fn end(&mut self, ended: Ended) -> Result<(), Close> {
        let Ended { task, outcome } = ended;
        let waits = self.given.get(&task).is_some_and(|given| given.unstored > 0);
        if waits || !is_sensible(&outcome) {
            return Err(Close::Malformed);
        }
        let Some(given) = self.take_away(task) else { return Ok(()) };
        // One that it had when it came back has no ticket yet.
        if let Some(ticket) = given.ticket.or_else(|| self.gateway.inner.breakers.admit(&self.runner).ok()) {
            ticket.record(health(&outcome, given.is_command));
        }
        let (store, lease) = (self.gateway.inner.store.clone(), given.lease);
        self.doing.push(Box::pin(async move {
            let noted = outcome.clone();
            let noted = store.transact(move |tx| executions::end(tx, held(task), &noted)).await;
            let settled = match noted {
                Ok(()) => settle(lease, &outcome).await,
                Err(error) => Err(error),
            };
            match settled {
                Err(error) if !matches!(error.code(), Code::Conflict | Code::NotFound) => {
                    tracing::warn!(%error, "what came of a runner's task could not be kept; it says so again");
                    Err(End::Later)
                }
                // Accepted, or over before.
                _ => Ok(vec![Done::Say(ToRunner::TaskSettled(task))]),
            }
        }));
        Ok(())
    }
}

/// Whether a stream may be called so.
fn is_stream(name: &str) -> bool {
    let known = [OUTPUT, "answer", "diff"].contains(&name)
        || name.strip_prefix("file:").is_some_and(|path| !path.is_empty());
    known && name.chars().count() <= 2 * NAME + NAME && !name.contains('\0')
}

/// Whether an end says no more than is kept.
fn is_sensible(outcome: &Outcome) -> bool {
    let texts = outcome.notes.iter().chain([&outcome.message]).chain(&outcome.branch);
    outcome.files.len() <= 500
        && outcome.notes.len() <= 2 * STREAMS
        && texts.into_iter().all(|text| text.len() <= 4_000 && !text.contains('\0'))
        && outcome.files.iter().all(|file| !file.path.contains('\0'))
}

#[cfg(test)]
mod tests {
    use wire::fleet::End;

    use super::*;

    #[test]
    fn a_stream_is_the_output_the_answer_the_diff_or_a_file() {
        for name in ["output", "answer", "diff", "file:a b/c"] {
            assert!(is_stream(name), "{name}");
        }
        for name in ["", "file:", "Output", "other", "file:\0", &format!("file:{}", "a".repeat(3 * NAME))] {
            assert!(!is_stream(name), "{name}");
        }
    }

    #[test]
    fn an_end_says_no_more_than_is_kept() {
        assert!(is_sensible(&Outcome::of(End::Complete, "")));
        assert!(!is_sensible(&Outcome::of(End::Failed, "x".repeat(4_001))));
        let much = Outcome { notes: vec![String::new(); 2 * STREAMS + 1], ..Outcome::of(End::Complete, "") };
        assert!(!is_sensible(&much));
    }
}
