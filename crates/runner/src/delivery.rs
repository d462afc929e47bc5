//! What is to be sent of the workshop's tasks on one connection, and in which order: a small part of a stream at a time, of one
//! task after the other, as long as the server has not too much that it did not acknowledge; each end after its streams.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wire::fleet::{End, Outcome};
use wire::runner::{Ask, CHUNK, Chunk, Ended, FromRunner, Kept, Progress, Stored, Task, WINDOW, Withdrawn};

/// The most parts that are sent and not acknowledged: half of what a server takes.
const PARTS: usize = 128;

/// What there is to send, and what of it was sent.
pub(crate) trait Source {
    /// The tasks that there are.
    fn tasks(&self) -> Vec<Task>;
    /// How a task ended, if it has.
    fn outcome(&self, task: Task) -> Option<Outcome>;
    /// How far it is, if it has said so since this was asked last.
    fn progress(&self, task: Task) -> Option<Progress>;
    /// What it asks people.
    fn asks(&self, task: Task) -> Vec<Ask>;
    /// What it has asked, and withdrew before it was answered.
    fn withdrawn(&self, task: Task) -> Vec<u32>;
    /// Its streams, with their lengths so far.
    fn streams(&self, task: Task) -> Vec<wire::fleet::Stream>;
    /// A part of a stream.
    fn read(&self, task: Task, stream: &str, offset: u64, most: usize) -> std::io::Result<Vec<u8>>;
}

/// How far a connection is with what there is to send.
#[derive(Debug, Default)]
pub(crate) struct Delivery {
    tasks: BTreeMap<Task, Said>,
    /// Whose turn it was last.
    last: Option<Task>,
}

/// What was said of a task.
#[derive(Debug, Default)]
struct Said {
    streams: BTreeMap<String, Sent>,
    asked: BTreeSet<u32>,
    withdrawn: BTreeSet<u32>,
    end: bool,
}

/// How much of a stream was sent.
#[derive(Debug, Default)]
struct Sent {
    sent: u64,
    stored: u64,
    /// Where the parts end that are not acknowledged.
    parts: VecDeque<u64>,
}

impl Delivery {
    /// A connection on which the server has so much of the tasks that the runner had before.
    pub(crate) fn after(kept: Vec<Kept>) -> Self {
        let mut delivery = Self::default();
        for Kept { task, streams } in kept {
            let streams = streams
                .into_iter()
                .map(|(name, at)| (name, Sent { sent: at, stored: at, parts: VecDeque::new() }));
            delivery.tasks.insert(task, Said { streams: streams.collect(), ..Said::default() });
        }
        delivery
    }

    /// There is a task that may be told of.
    pub(crate) fn begin(&mut self, task: Task) {
        self.tasks.entry(task).or_default();
    }

    /// Nothing more is to be said of a task.
    pub(crate) fn forget(&mut self, task: Task) {
        self.tasks.remove(&task);
    }

    /// The server has stored a part.
    pub(crate) fn stored(&mut self, Stored { task, stream, offset }: &Stored) {
        let sent = self.tasks.get_mut(task).and_then(|said| said.streams.get_mut(stream));
        if let Some(sent) = sent {
            // A server that had more than this runner thought goes on from there.
            sent.stored = sent.stored.max(*offset);
            sent.sent = sent.sent.max(sent.stored);
            while sent.parts.front().is_some_and(|end| *end <= sent.stored) {
                sent.parts.pop_front();
            }
        }
    }

    /// The next thing to send; nothing if there is nothing, or the server has enough to do.
    pub(crate) fn next(&mut self, source: &impl Source) -> Option<FromRunner> {
        let streams = || self.tasks.values().flat_map(|said| said.streams.values());
        let parts: usize = streams().map(|sent| sent.parts.len()).sum();
        let bytes: u64 = streams().map(|sent| sent.sent - sent.stored).sum();
        let room = parts < PARTS && bytes + CHUNK as u64 <= WINDOW as u64;
        let there = source.tasks();
        // Those after the last one first, so that none has to wait for another that says much.
        let turn = there.iter().position(|task| Some(*task) > self.last).unwrap_or(0);
        for &task in there[turn..].iter().chain(&there[..turn]) {
            let Some(said) = self.tasks.get_mut(&task) else { continue };
            if let Some(next) = said.next(task, source, room) {
                self.last = Some(task);
                return Some(next);
            }
        }
        None
    }
}

impl Said {
    fn next(&mut self, task: Task, source: &impl Source, room: bool) -> Option<FromRunner> {
        if self.end {
            return None;
        }
        // Before the streams: what they have once there is an end is all that they will have.
        let outcome = source.outcome(task);
        if let Some(progress) = source.progress(task).filter(|_| outcome.is_none()) {
            return Some(FromRunner::TaskProgress(progress));
        }
        // An end answers all of them.
        if outcome.is_none()
            && let Some(ask) = source.asks(task).into_iter().find(|ask| !self.asked.contains(&ask.ask_id))
        {
            self.asked.insert(ask.ask_id);
            return Some(FromRunner::TaskAsk(ask));
        }
        if outcome.is_none()
            && let Some(ask_id) = source.withdrawn(task).into_iter().find(|id| !self.withdrawn.contains(id))
        {
            self.withdrawn.insert(ask_id);
            return Some(FromRunner::TaskWithdraw(Withdrawn { task, ask_id }));
        }
        let mut whole = true;
        for stream in source.streams(task) {
            let sent = self.streams.entry(stream.name.clone()).or_default();
            whole &= sent.stored >= stream.length;
            if room && sent.sent < stream.length {
                let bytes = source.read(task, &stream.name, sent.sent, CHUNK);
                let bytes = match bytes {
                    Ok(bytes) if !bytes.is_empty() => bytes,
                    // It is said again later, or never if the disk has lost it; the server's clocks see to that.
                    other => {
                        tracing::warn!(error = ?other.err(), stream = stream.name, "a stream cannot be read");
                        continue;
                    }
                };
                let offset = sent.sent;
                sent.sent += bytes.len() as u64;
                sent.parts.push_back(sent.sent);
                let data = STANDARD.encode(bytes);
                return Some(FromRunner::TaskStream(Chunk { task, stream: stream.name, offset, data }));
            }
        }
        let outcome = outcome.filter(|_| whole)?;
        self.end = true;
        let well = outcome.end == End::Complete;
        let ended = Ended { task, outcome };
        Some(if well { FromRunner::TaskComplete(ended) } else { FromRunner::TaskError(ended) })
    }
}

#[cfg(test)]
mod tests {
    use kernel::{Id, RunId, StepId};
    use wire::fleet::Stream;

    use super::*;

    type Streams = BTreeMap<String, Vec<u8>>;

    #[derive(Default)]
    struct Given(BTreeMap<Task, (Option<Outcome>, Streams)>);

    impl Source for Given {
        fn tasks(&self) -> Vec<Task> {
            self.0.keys().copied().collect()
        }
        fn outcome(&self, task: Task) -> Option<Outcome> {
            self.0[&task].0.clone()
        }
        fn progress(&self, _: Task) -> Option<Progress> {
            None
        }
        fn withdrawn(&self, _: Task) -> Vec<u32> {
            Vec::new()
        }
        fn asks(&self, task: Task) -> Vec<Ask> {
            if self.0[&task].1.contains_key("asks") { vec![ask(task)] } else { Vec::new() }
        }
        fn streams(&self, task: Task) -> Vec<Stream> {
            let streams = self.0[&task].1.iter();
            streams.map(|(name, bytes)| Stream { name: name.clone(), length: bytes.len() as u64 }).collect()
        }
        fn read(&self, task: Task, stream: &str, offset: u64, most: usize) -> std::io::Result<Vec<u8>> {
            let bytes = &self.0[&task].1[stream][usize::try_from(offset).unwrap()..];
            Ok(bytes[..bytes.len().min(most)].to_vec())
        }
    }

    fn ask(task: Task) -> Ask {
        Ask { task, ask_id: 7, title: "May I?".into(), detail: String::new(), options: Vec::new() }
    }

    fn task(fence: i64) -> Task {
        Task { task_id: RunId::from_bits(1), step_id: StepId::from_bits(1), fence }
    }

    fn given(tasks: impl IntoIterator<Item = (i64, Option<End>, Vec<(&'static str, usize)>)>) -> Given {
        let streams = |streams: Vec<(&str, usize)>| {
            streams.into_iter().map(|(name, length)| (name.to_owned(), vec![b'x'; length])).collect()
        };
        Given(
            tasks
                .into_iter()
                .map(|(fence, end, of)| (task(fence), (end.map(|end| Outcome::of(end, "")), streams(of))))
                .collect(),
        )
    }

    /// What was sent: whose, of which stream, from where, and how much.
    fn sent(said: &FromRunner) -> (i64, String, u64, usize) {
        match said {
            FromRunner::TaskStream(Chunk { task, stream, offset, data }) => {
                (task.fence, stream.clone(), *offset, STANDARD.decode(data).unwrap().len())
            }
            FromRunner::TaskAsk(ask) => (ask.task.fence, "ask".into(), u64::from(ask.ask_id), 0),
            FromRunner::TaskComplete(ended) => (ended.task.fence, "complete".into(), 0, 0),
            FromRunner::TaskError(ended) => (ended.task.fence, "error".into(), 0, 0),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn no_more_is_sent_than_a_server_takes_and_the_end_comes_when_all_is_stored() {
        let source = given([(1, Some(End::Complete), vec![("diff", 5), ("output", WINDOW)])]);
        let mut delivery = Delivery::after(vec![Kept { task: task(1), streams: BTreeMap::new() }]);
        let mut offsets = Vec::new();
        while let Some(said) = delivery.next(&source) {
            offsets.push(sent(&said));
        }
        assert_eq!(offsets[0], (1, "diff".into(), 0, 5));
        assert_eq!(offsets.len(), WINDOW / CHUNK, "a part of the window is the diff's");
        let ack = |stream: &str, offset| Stored { task: task(1), stream: stream.into(), offset };
        delivery.stored(&ack("diff", 5));
        delivery.stored(&ack("output", CHUNK as u64));
        assert_eq!(delivery.next(&source).map(|said| sent(&said).3), Some(CHUNK));
        delivery.stored(&ack("output", WINDOW as u64));
        assert_eq!(delivery.next(&source).map(|said| sent(&said).1), Some("complete".into()));
        assert_eq!(delivery.next(&source), None, "it is said once");
    }

    #[test]
    fn what_the_server_has_already_is_not_sent_again() {
        let source = given([(1, Some(End::Failed), vec![("output", 10)])]);
        let streams = BTreeMap::from([("output".to_owned(), 4)]);
        let mut delivery = Delivery::after(vec![Kept { task: task(1), streams }]);
        assert_eq!(delivery.next(&source).map(|said| sent(&said)), Some((1, "output".into(), 4, 6)));
        delivery.stored(&Stored { task: task(1), stream: "output".into(), offset: 10 });
        assert_eq!(delivery.next(&source).map(|said| sent(&said).1), Some("error".into()));
    }

    #[test]
    fn a_task_that_says_much_does_not_keep_others_from_saying_something() {
        let much = || vec![("output", 3 * CHUNK)];
        let source = given([(1, None, much()), (2, None, much()), (3, None, vec![("output", 1)])]);
        let mut delivery = Delivery::default();
        (1..=3).for_each(|fence| delivery.begin(task(fence)));
        let whose: Vec<i64> =
            std::iter::from_fn(|| delivery.next(&source)).map(|said| sent(&said).0).collect();
        assert_eq!(whose, [1, 2, 3, 1, 2, 1, 2]);
    }

    #[test]
    fn what_a_task_asks_is_said_once_on_each_connection_before_what_it_wrote() {
        let source = given([(1, None, vec![("asks", 3)])]);
        for _connection in 0..2 {
            let mut delivery = Delivery::after(vec![Kept { task: task(1), streams: BTreeMap::new() }]);
            let all: Vec<String> =
                std::iter::from_fn(|| delivery.next(&source)).map(|said| sent(&said).1).collect();
            assert_eq!(all, ["ask", "asks"]);
        }
        let source = given([(1, Some(End::Complete), vec![("asks", 3)])]);
        let mut delivery = Delivery::after(vec![Kept { task: task(1), streams: BTreeMap::new() }]);
        assert_eq!(delivery.next(&source).map(|said| sent(&said).1), Some("asks".into()), "it has ended");
    }

    #[test]
    fn a_task_that_is_not_the_runners_any_more_is_not_told_of() {
        let source = given([(1, Some(End::Complete), vec![])]);
        let mut delivery = Delivery::default();
        assert_eq!(delivery.next(&source), None);
        delivery.begin(task(1));
        delivery.forget(task(1));
        assert_eq!(delivery.next(&source), None);
    }
}
