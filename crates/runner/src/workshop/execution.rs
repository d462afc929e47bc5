//! A task from its beginning to its end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use wire::fleet::{Bounds, Continued, Deliver, End, Engine, Outcome};
use wire::runner::NAME;

use super::changes::{self, Changes};
use super::collect::{FILES, collect};
use super::conversations::Earlier;
use super::delivery::deliver;
use super::engines::{Ending, Job, Wish, agent, broken, command, mcp};
use super::ground::Ground;
use super::spool::{Begun, DIFF, Spool};
use super::words::Words;
use super::{Shared, on_disk, paths};

/// After how long a disk that did not take an outcome is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// The most bytes of an outcome as JSON: it goes to the server in one message.
const LARGEST: usize = 48 * 1024;
/// The most notes of an outcome.
const NOTES: usize = 60;

/// Does a task, and tells its end once that is on disk.
pub(super) async fn run(
    shared: Arc<Shared>,
    spool: Arc<Spool>,
    begun: Begun,
    words: Arc<Words>,
    mut wish: watch::Receiver<Wish>,
) {
    let began = Instant::now();
    let mut outcome = perform(&shared, &spool, &begun, &words, began, wish.clone()).await;
    let unheeded = words.close();
    if unheeded > 0 {
        outcome
            .notes
            .push(format!("It ended before it turned to what it was told last: {unheeded} of that."));
    }
    outcome.duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let mut outcome = Some(fitting(outcome));
    while let Some(ended) = &outcome
        && *wish.borrow() != Wish::Forget
    {
        let (to, what) = (Arc::clone(&spool), ended.clone());
        match on_disk(move || to.end(&what)).await {
            Ok(()) => break,
            // It has to be known as lost at the next start.
            Err(_) if *wish.borrow() == Wish::Stop => outcome = None,
            Err(error) => {
                tracing::warn!(task = spool.name(), %error, "how a task ended cannot be written down yet");
                tokio::select! {
                    () = tokio::time::sleep(AGAIN) => {}
                    _ = wish.wait_for(|wish| *wish >= Wish::Stop) => {}
                }
            }
        }
    }
    let task = begun.submit.task;
    let forgotten = {
        let mut table = shared.table();
        table.entries.get_mut(&task).is_none_or(|entry| {
            entry.runs = false;
            entry.asks.open.clear();
            entry.outcome = outcome;
            entry.is_forgotten()
        })
    };
    if forgotten {
        shared.remove(task, spool).await;
    }
    shared.running.send_modify(|running| *running -= 1);
    shared.changed.notify_one();
}

async fn perform(
    shared: &Arc<Shared>,
    spool: &Arc<Spool>,
    begun: &Begun,
    words: &Arc<Words>,
    began: Instant,
    wish: watch::Receiver<Wish>,
) -> Outcome {
    let order = &begun.submit.order;
    if let Err(ending) = judge(shared, begun) {
        return outcome(ending, 0);
    }
    let earlier = match earlier(shared, begun).await {
        Ok(earlier) => earlier,
        Err(ending) => return outcome(ending, 0),
    };
    let earlier = earlier.as_ref();
    let ground = tokio::select! {
        ground = Ground::prepare(shared, spool, begun, earlier) => ground,
        wish = wanted(wish.clone(), Wish::Cancel) => Err(Ending::unwanted(wish)),
    };
    let ground = match ground {
        Ok(ground) => ground,
        Err(ending) => return outcome(ending, 0),
    };
    let folder = match ground.folder(order.folder.as_deref()) {
        Ok(folder) => folder,
        Err(ending) => return outcome(ending, 0),
    };
    let bounds = bounds(order.bounds);
    let until = began + Duration::from_secs(u64::from(bounds.minutes) * 60);
    let (task, tools) = (begun.submit.task, &shared.tools);
    let wished = wish.clone();
    let ground = &ground;
    let project = begun.submit.project_id;
    let job = Job {
        task,
        project,
        shared,
        tools,
        ground,
        earlier,
        spool,
        folder,
        bounds,
        until,
        words,
        wish: wished,
    };
    let ending = match &order.engine {
        Engine::Command { argv } => command::run(job, argv).await,
        Engine::Agent { name, prompt } => agent::run(job, name, prompt, order.read_only).await,
        Engine::Mcp { server, tool, arguments } => mcp::run(job, server, tool, arguments).await,
    };
    let began_work = !matches!(ending.end, End::Refused | End::Lost);
    let mut outcome = outcome(ending, 0);
    outcome.notes.splice(0..0, ground.notes.iter().cloned());
    if !began_work {
        return outcome;
    }
    tokio::select! {
        outcome = harvest(shared, ground, spool, begun, outcome) => outcome,
        // A runner that is stopped waits for nobody's files.
        wish = wanted(wish, Wish::Stop) => self::outcome(Ending::unwanted(wish), 0),
    }
}

async fn wanted(mut wish: watch::Receiver<Wish>, least: Wish) -> Wish {
    // Its sender goes only once the task has ended.
    wish.wait_for(|wish| *wish >= least).await.map_or(Wish::Stop, |wish| *wish)
}

/// Whether this machine would do that at all, as far as the order itself says.
fn judge(shared: &Shared, begun: &Begun) -> Result<(), Ending> {
    let refuse = |why: String| Err(Ending::new(End::Refused, why));
    let order = &begun.submit.order;
    if *shared.running.borrow() > shared.tools.limits.at_once {
        return refuse("This runner does as many tasks as it can already.".to_owned());
    }
    if shared.room.is_full() {
        let why = "The runner's disk holds as much of earlier tasks as it may. Let it say that to the server first.";
        return Err(Ending::new(End::Broken, why));
    }
    if order.read_only {
        if !matches!(order.engine, Engine::Agent { .. }) {
            return refuse("Only a coding agent can be told to look only.".to_owned());
        }
        if order.deliver != Deliver::Diff || !order.collect.is_empty() {
            return refuse("What is to look only delivers nothing, and brings no files back.".to_owned());
        }
    }
    if order.continues.is_some() && !matches!(order.engine, Engine::Agent { .. }) {
        return refuse("Only a coding agent can go on with a conversation.".to_owned());
    }
    if order.collect.len() > FILES {
        return refuse(format!("At most {FILES} files are brought back."));
    }
    for name in &order.collect {
        if let Err(why) = paths::relative(name) {
            return refuse(format!("`{name}` cannot be brought back: {why}."));
        }
    }
    Ok(())
}

/// What an order may use up, in the bounds of the protocol.
fn bounds(told: Bounds) -> Bounds {
    Bounds {
        minutes: told.minutes.clamp(1, 1_440),
        memory_mib: told.memory_mib.map(|mib| mib.max(16)),
        output_mib: told.output_mib.clamp(1, 1_024),
        ..told
    }
}

/// Takes what came of the task: what it changed, and the files that were asked for.
async fn harvest(
    shared: &Arc<Shared>,
    ground: &Ground,
    spool: &Arc<Spool>,
    begun: &Begun,
    mut outcome: Outcome,
) -> Outcome {
    let order = &begun.submit.order;
    if order.read_only {
        outcome.notes.extend(thrown_away(ground).await);
        changed(shared, spool, begun, false, &mut outcome).await;
        return outcome;
    }
    if let Some(checkout) = &ground.checkout {
        match changes::take(checkout, spool, order.deliver != Deliver::Diff).await {
            Ok(Changes { files, cut, notes }) => {
                if !cut {
                    changed(shared, spool, begun, !files.is_empty(), &mut outcome).await;
                }
                outcome.files = files;
                outcome.notes.extend(notes);
            }
            Err(failure) => fault(&mut outcome, changes::unknown(&failure)),
        }
    } else {
        changed(shared, spool, begun, false, &mut outcome).await;
    }
    match collect(&ground.root, &ground.handle, &order.collect, spool).await {
        Ok(notes) => outcome.notes.extend(notes),
        Err(error) => {
            fault(&mut outcome, format!("What was to be brought back could not be written down: {error}."));
        }
    }
    if let Some(checkout) = &ground.checkout {
        deliver(checkout, begun, &mut outcome).await;
    }
    outcome
}

/// Notes with the conversation, if it was one, whether there is a diff of what was changed in it.
async fn changed(shared: &Arc<Shared>, spool: &Arc<Spool>, begun: &Begun, any: bool, outcome: &mut Outcome) {
    let (all, step, diff) = (Arc::clone(shared), begun.submit.task.step_id, spool.folder().join(DIFF));
    let keeps = move || all.conversations.changed(step, any.then_some(&*diff));
    if let Err(error) = on_disk(keeps).await {
        outcome.notes.push(format!("Nobody can go on with what it changed: {error}."));
    }
}

/// The conversation that a task is to go on with, if it is to.
///
/// # Errors
/// How it ends if there is none.
async fn earlier(shared: &Arc<Shared>, begun: &Begun) -> Result<Option<Earlier>, Ending> {
    let order = &begun.submit.order;
    let (Some(Continued { step_id, .. }), Engine::Agent { name, .. }) = (order.continues, &order.engine)
    else {
        return Ok(None);
    };
    let (all, submit, agent) = (Arc::clone(shared), &begun.submit, name.clone());
    let (project, by) = (submit.project_id, submit.task.step_id);
    match on_disk(move || all.conversations.take_up(step_id, project, &agent, by)).await {
        Ok(Some(earlier)) => Ok(Some(earlier)),
        Ok(None) => {
            let why = "This runner does not have that conversation any more. Order it anew.";
            Err(Ending::new(End::Refused, why))
        }
        Err(error) => Err(broken(&error)),
    }
}

/// What there is to say of what a task changed that was to look only. Its checkout goes with it.
async fn thrown_away(ground: &Ground) -> Option<String> {
    let checkout = ground.checkout.as_ref()?;
    match changes::any(checkout).await {
        Ok(false) => None,
        Ok(true) => {
            Some("It was to look only, and changed something all the same. That was thrown away.".to_owned())
        }
        Err(failure) => Some(format!("What it may have changed was thrown away unseen: {failure}.")),
    }
}

/// What the runner could not do is how the task ended, unless that had not ended well before.
fn fault(outcome: &mut Outcome, why: String) {
    if outcome.end == End::Complete {
        (outcome.end, outcome.message) = (End::Broken, why);
    } else {
        outcome.notes.push(why);
    }
}

/// How an engine ended, as the server is told it.
pub(super) fn outcome(ending: Ending, duration_ms: u64) -> Outcome {
    let Ending { end, message, exit_code, used, notes } = ending;
    Outcome { end, message, exit_code, duration_ms, files: Vec::new(), branch: None, used, notes }
}

/// The same within the bounds of what a runner says.
fn fitting(mut outcome: Outcome) -> Outcome {
    let sentence = |text: &mut String| {
        if let Some((end, _)) = text.char_indices().nth(NAME) {
            let end = text[..end].char_indices().next_back().map_or(0, |(last, _)| last);
            text.truncate(end);
            text.push('…');
        }
    };
    sentence(&mut outcome.message);
    outcome.notes.truncate(NOTES);
    outcome.notes.iter_mut().for_each(sentence);
    let length = |outcome: &Outcome| serde_json::to_vec(outcome).map_or(0, |json| json.len());
    let all = outcome.files.len();
    while length(&outcome) > LARGEST && !outcome.files.is_empty() {
        outcome.files.truncate(outcome.files.len() * 9 / 10);
    }
    while length(&outcome) > LARGEST && outcome.notes.pop().is_some() {}
    if outcome.files.len() < all {
        outcome.notes.push(format!("Of {all} changed files, {} are listed.", outcome.files.len()));
    }
    outcome
}

#[cfg(test)]
mod tests {
    use wire::fleet::{Change, ChangedFile};

    use super::*;

    #[test]
    fn what_is_told_of_an_end_fits_into_a_message() {
        let mut long = outcome(Ending::new(End::Failed, "ä".repeat(5_000)), 0);
        let file = |number| ChangedFile {
            path: format!("{number}/{}", "\u{1}".repeat(500)),
            change: Change::Added,
            added: None,
            removed: None,
        };
        long.files = (0..1_000).map(file).collect();
        long.notes = vec!["\u{1}".repeat(1_000); 100];
        let fits = fitting(long);
        assert!(serde_json::to_vec(&fits).unwrap().len() <= wire::runner::LARGEST * 9 / 10);
        assert_eq!(fits.message.chars().count(), NAME);
        assert_eq!(fits.notes.last().unwrap(), "Of 1000 changed files, 0 are listed.");
        let short = outcome(Ending::new(End::Complete, ""), 0);
        assert_eq!(fitting(short.clone()), short);
    }
}
