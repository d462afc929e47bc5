//! How a run gets on: one message for it, which is changed when there is something to tell, and not too often.

use std::sync::Arc;
use std::time::Duration;

use kernel::{Code, Error, Result, RunId};
use serde_json::{Value, json};
use store::slack::{self, Thread};
use store::{Scope, asks, executions, runs};

use super::said::{What, Word};
use super::{Inner, files, shown};

/// The least time between two changes of a message.
const EVERY: Duration = Duration::from_secs(3);
/// How often in a row a message may not be changed before it stays as it is.
const FAILURES: u32 = 20;
/// Nothing of what a step gave is wanted.
const NOTHING: i64 = 0;

/// Begins to tell of a run, in the channel where it was ordered: in the thread, if it was ordered in one of ours. Nothing if it
/// is told of there already.
///
/// # Errors
/// When Slack or the store fails.
pub(super) async fn begin(inner: &Inner, word: &Word, scope: Scope, run: RunId) -> Result<Option<Thread>> {
    let at = word.at.clone();
    if inner.store.read_in(&scope, move |t| slack::tells_of(t, run, &at)).await? {
        return Ok(None);
    }
    let (mut body, _) = message(inner, &scope, run).await?;
    body["channel"] = json!(word.at.channel);
    let within = word.thread.as_ref().filter(|_| matches!(word.what, What::Reply(_)));
    if let Some(root) = within {
        body["thread_ts"] = json!(root);
    }
    let posted = inner.client.call("chat.postMessage", &word.at.channel, &body).await?;
    let ts = posted["ts"].as_str().filter(|ts| (1..=100).contains(&ts.len()));
    let ts = ts.ok_or_else(|| Error::new(Code::ProviderError, "Slack did not say which message that is."))?;
    let root = within.map_or(ts, String::as_str).to_owned();
    let thread = Thread { at: word.at.clone(), thread: ts.to_owned(), root, project: scope.project(), run };
    let (begun, server, id) = (thread.clone(), inner.server.clone(), word.id.clone());
    let begins = inner.store.transact_in(&scope, move |t| {
        slack::begin(t, &begun, &server)?;
        // From now on the same words in this thread mean the run that was just begun.
        slack::heeded(t, &id)
    });
    begins.await?;
    Ok(Some(thread))
}

/// Tells how a run gets on until it has ended.
pub(super) async fn tell(inner: Arc<Inner>, thread: Thread) {
    let scope = Scope::server(thread.project);
    let (mut last, mut failures, mut ended) = (Value::Null, 0, false);
    while failures < FAILURES {
        let told = match message(&inner, &scope, thread.run).await {
            Ok((body, has_ended)) => change(&inner, &thread, &mut last, body).await.map(|()| has_ended),
            Err(error) => Err(error),
        };
        match told {
            Ok(true) => {
                ended = true;
                break;
            }
            Ok(false) => failures = 0,
            // The run was removed, or the message was.
            Err(error) if error.code() == Code::NotFound => break,
            Err(error) => {
                failures += 1;
                tracing::warn!(%error, run = %thread.run, "how a run gets on could not be told in Slack");
            }
        }
        tokio::time::sleep(EVERY).await;
    }
    let (at, first) = (thread.at.clone(), thread.thread.clone());
    match inner.store.transact(move |tx| slack::told(tx, &at, &first)).await {
        // Once it is noted as told, so that no server shares the files a second time.
        Ok(()) if ended => {
            if let Err(error) = files::share(&inner, &thread).await {
                tracing::warn!(%error, run = %thread.run, "what came of a run could not be shared in Slack");
            }
        }
        Ok(()) => {}
        Err(error) => {
            tracing::warn!(%error, "a run that was told of in Slack to its end is told of again after the next start");
        }
    }
}

/// Changes the message, if it says something else.
async fn change(inner: &Inner, thread: &Thread, last: &mut Value, body: Value) -> Result<()> {
    if *last == body {
        return Ok(());
    }
    let mut update = body.clone();
    (update["channel"], update["ts"]) = (json!(thread.at.channel), json!(thread.thread));
    inner.client.call("chat.update", &thread.at.channel, &update).await?;
    *last = body;
    Ok(())
}

/// The message that tells how a run gets on now, and whether it has ended.
async fn message(inner: &Inner, scope: &Scope, run: RunId) -> Result<(Value, bool)> {
    let read = inner.store.read_in(scope, move |t| {
        let about = runs::get(t, run)?;
        Ok((runs::steps_of(t, run, NOTHING)?, executions::of_run(t, run)?, asks::of_run(t, run)?, about))
    });
    let (steps, done, asked, about) = read.await?;
    Ok((shown::progress(&about, &steps, &done, &asked), about.state.has_ended()))
}
