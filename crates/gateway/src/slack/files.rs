//! What came of a run, as files in its thread: the diff, and the files that were asked for.

use kernel::Result;
use serde_json::json;
use store::executions::{self, Lease};
use store::slack::Thread;
use store::{Scope, Tenant};
use wire::fleet::{Execution, Stream};

use super::Inner;
use super::shown::escaped;

/// The most bytes of a file that is shared. Of larger ones it is said where they are.
const LARGEST: u64 = 1024 * 1024;
/// The most files.
const FILES: usize = 10;
/// What the diff is called.
const DIFF: &str = "changes.diff";

/// Shares what came of a run that has ended, at most once.
///
/// # Errors
/// When Slack or the store fails.
pub(super) async fn share(inner: &Inner, thread: &Thread) -> Result<()> {
    let (scope, run) = (Scope::server(thread.project), thread.run);
    let done = inner.store.read_in(&scope, move |t| executions::of_run(t, run)).await?;
    let (mut shared, mut large) = (Vec::new(), Vec::new());
    for (execution, stream, name) in wanted(&done) {
        if stream.length > LARGEST || shared.len() >= FILES {
            large.push(name);
            continue;
        }
        let lease = Lease { run, step: execution.step_id, fence: execution.fence };
        let (from, most) = (stream.name.clone(), LARGEST as usize);
        let read = move |t: &mut Tenant<'_, '_>| executions::read(t, lease, &from, 0, most);
        let (bytes, _) = inner.store.read_in(&scope, read).await?;
        let id = inner.client.upload(&thread.at.channel, &name, bytes).await?;
        shared.push(json!({ "id": id, "title": name }));
    }
    if shared.is_empty() {
        return Ok(());
    }
    let mut body = json!({ "files": shared, "channel_id": thread.at.channel, "thread_ts": thread.root });
    if !large.is_empty() {
        let text = format!("On the run's page there is also: {}", large.join(", "));
        body["initial_comment"] = json!(escaped(&text));
    }
    inner.client.call("files.completeUploadExternal", &thread.at.channel, &body).await.map(drop)
}

/// The streams that are files, of each step those of its last lease, and what each is called.
fn wanted(done: &[Execution]) -> Vec<(&Execution, &Stream, String)> {
    let is_last = |execution: &&Execution| {
        let same = done.iter().filter(|other| other.step_id == execution.step_id);
        same.map(|other| other.fence).max() == Some(execution.fence)
    };
    let streams = done.iter().filter(is_last).flat_map(|execution| {
        let files = execution.streams.iter().filter(|stream| stream.length > 0);
        files.filter_map(move |stream| Some((execution, stream, called(&stream.name)?)))
    });
    streams.collect()
}

fn called(stream: &str) -> Option<String> {
    if stream == "diff" {
        return Some(DIFF.to_owned());
    }
    let path = stream.strip_prefix("file:")?;
    Some(path.rsplit('/').next().unwrap_or(path).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_diff_and_what_was_asked_for_are_files_and_nothing_else_is() {
        assert_eq!(called("diff").as_deref(), Some("changes.diff"));
        assert_eq!(called("file:target/report.html").as_deref(), Some("report.html"));
        assert_eq!((called("output"), called("answer")), (None, None));
    }
}
