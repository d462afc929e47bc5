//! What runners did: streams without a gap, bounds, and the first end that was told.

use kernel::Code;
use store::executions::{self, Lease, Most, Part};
use store::runners;
use wire::fleet::{End, Outcome};

use crate::archives;
use crate::stage::Stage;

const MOST: Most = Most { streams: 2, bytes: 100 };

fn part(lease: Lease, stream: &str, offset: u64, bytes: &[u8]) -> Part {
    Part { lease, stream: stream.into(), offset, bytes: bytes.to_vec() }
}

fn outcome(end: End) -> Outcome {
    Outcome::of(end, "")
}

impl Stage {
    /// A lease that was given to a runner.
    async fn lease(&self, scope: &store::Scope) -> Lease {
        let owner = scope.actor().unwrap();
        let made = self.store.transact_in(scope, move |t| {
            let runner = runners::create(t, owner, "forge", "hash", "atn_hint")?.id;
            let lease = archives::run(t)?;
            executions::begin(t, lease, runner)?;
            executions::begin(t, lease, runner)?;
            Ok(lease)
        });
        made.await.unwrap()
    }

    async fn append(&self, parts: Vec<Part>) -> kernel::Result<Vec<u64>> {
        self.store.transact(move |tx| executions::append(tx, parts.iter().map(|part| (part, MOST)))).await
    }
}

on_both! {
    async fn a_stream_is_what_was_written_each_byte_once_however_often_it_was_sent(stage) {
        let scope = stage.begun().await;
        let lease = stage.lease(&scope).await;
        let parts = vec![
            part(lease, "output", 0, b"ab\0"),
            part(lease, "diff", 0, b"-a"),
            part(lease, "output", 3, b"cd"),
            part(lease, "output", 1, b"b\0cdef"),
            part(lease, "output", 0, b"ab"),
        ];
        assert_eq!(stage.append(parts).await.unwrap(), [3, 2, 5, 7, 7]);
        assert_eq!(stage.append(vec![part(lease, "output", 6, b"fg")]).await.unwrap(), [8]);
        for (from, most, expected) in
            [(0, 99, &b"ab\0cdefg"[..]), (2, 3, b"\0cd"), (4, 99, b"defg"), (8, 9, b""), (99, 9, b"")]
        {
            let read = stage.store.read_in(&scope, move |t| executions::read(t, lease, "output", from, most));
            assert_eq!(read.await.unwrap(), (expected.to_vec(), 8), "{from}");
        }
    }

    async fn a_part_that_would_leave_a_gap_or_is_too_much_is_not_kept(stage) {
        let scope = stage.begun().await;
        let lease = stage.lease(&scope).await;
        let refused = async |part| stage.append(vec![part]).await.unwrap_err().code();
        assert_eq!(refused(part(lease, "output", 1, b"b")).await, Code::Conflict);
        assert_eq!(refused(part(lease, "output", 0, &[b'x'; 101])).await, Code::ValidationError);
        stage.append(vec![part(lease, "a", 0, b"1"), part(lease, "b", 0, b"2")]).await.unwrap();
        assert_eq!(refused(part(lease, "c", 0, b"3")).await, Code::ValidationError);
        let other = Lease { fence: 9, ..lease };
        assert_eq!(refused(part(other, "a", 0, b"1")).await, Code::NotFound);
    }

    async fn the_first_end_that_is_told_counts(stage) {
        let scope = stage.begun().await;
        let lease = stage.lease(&scope).await;
        stage.append(vec![part(lease, "output", 0, b"hello")]).await.unwrap();
        for end in [End::Complete, End::Lost] {
            stage.store.transact(move |tx| executions::end(tx, lease, &outcome(end))).await.unwrap();
        }
        let told = stage.store.read_in(&scope, move |t| executions::of_run(t, lease.run)).await.unwrap();
        assert_eq!((told.len(), told[0].runner_name.as_str()), (1, "forge"));
        assert_eq!(told[0].outcome, Some(outcome(End::Complete)));
        assert_eq!((told[0].streams[0].name.as_str(), told[0].streams[0].length), ("output", 5));
    }

    async fn what_waits_is_told_in_its_order_and_runs_are_found_by_how_they_begin(stage) {
        let scope = stage.begun().await;
        let lease = stage.lease(&scope).await;
        let waiting = stage.store.read_in(&scope, |t| store::runs::waiting(t, 9)).await.unwrap();
        let names: Vec<_> = waiting.iter().map(|step| (step.run, step.name.as_str())).collect();
        assert_eq!(names, [(lease.run, "a"), (lease.run, "b")]);
        assert_eq!(stage.store.read_in(&scope, |t| store::runs::waiting(t, 1)).await.unwrap().len(), 1);
        let turn = format!("one/{}", scope.project());
        let standing = |scope| {
            let turn = turn.clone();
            stage.store.read_in(scope, move |t| store::fleet::queue::standing(t, &turn, 9))
        };
        let names: Vec<_> = standing(&scope).await.unwrap().into_iter().map(|step| (step.run, step.name)).collect();
        assert_eq!(names, [(lease.run, "a".to_owned()), (lease.run, "b".to_owned())]);
        let other = stage.project(scope.actor().unwrap()).await;
        assert_eq!(standing(&other).await.unwrap(), []);
        let prefix = lease.run.to_string()[..12].to_owned();
        for (scope, prefix, expected) in
            [(scope, prefix.clone(), 1), (scope, "run_zzzzzz".to_owned(), 0), (scope, "run%".to_owned(), 0), (other, prefix, 0)]
        {
            let found = stage.store.read_in(&scope, move |t| store::runs::beginning_with(t, &prefix, 2)).await.unwrap();
            assert_eq!(found.len(), expected);
        }
    }

    async fn nobody_reads_what_was_done_in_anothers_project(stage) {
        let scope = stage.begun().await;
        let lease = stage.lease(&scope).await;
        stage.append(vec![part(lease, "output", 0, b"hello")]).await.unwrap();
        let other = stage.project(scope.actor().unwrap()).await;
        let read = stage.store.read_in(&other, move |t| executions::read(t, lease, "output", 0, 9)).await;
        assert_eq!(read.unwrap_err().code(), Code::NotFound);
        let told = stage.store.read_in(&other, move |t| executions::of_run(t, lease.run)).await;
        assert_eq!(told.unwrap_err().code(), Code::NotFound);
    }
}
