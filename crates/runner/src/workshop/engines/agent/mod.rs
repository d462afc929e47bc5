//! A coding agent: a program of the runner's own that speaks the Agent Client Protocol (<https://agentclientprotocol.com>), version 1.
//!
//! It is started under a keeper as a command is, prompted, and ended when its turn is over and people have said nothing more to it.
//! What it tells is a text for people, and how far it is. Terminals it has to make itself: its processes are the keeper's, whoever starts them.

mod account;
mod asking;
mod conversation;
mod course;
mod files;
mod memory;
mod phrases;
mod transport;
mod usage;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use agent_client_protocol::v1::schema::{PromptResponse, StopReason};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::sync::Mutex;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};
use wire::fleet::End;

use super::{Ending, Job, LAST, Wish, broken, left_out, wanted, with_remains};
use crate::keeper::{Cause, Verdict};
use crate::workshop::MIB;
use crate::workshop::kept::{Heard, Kept};
use crate::workshop::spool::{ANSWER, OUTPUT, Spool, Writer};
use account::{Account, Voice};
use asking::Asker;
use conversation::{Book, Setting, Silence, hold};
use course::Course;
use files::Files;
use memory::Memory;
use transport::Gate;

/// The most bytes of a line of its errors that are written down together.
const LINE: u64 = 16 * 1024;
/// How often it is told how far it is.
const TELL: Duration = Duration::from_secs(1);

/// What is waited for, besides the agent's own end.
enum Stage {
    /// The end of its turn.
    Works,
    /// That it stops, as it was told to.
    Stops(Instant),
    /// The end of its processes.
    Ends(Instant),
}

/// Has a coding agent do the task, to its end or another.
pub(crate) async fn run(mut job: Job<'_>, name: &str, prompt: &str, read_only: bool) -> Ending {
    let Some(argv) = job.tools.agents.get(name) else {
        return Ending::new(End::Refused, format!("This runner has no coding agent of the name `{name}`."));
    };
    let limit = u64::from(job.bounds.output_mib) * MIB;
    let writer = match Writer::open(job.spool, OUTPUT, limit) {
        Ok(writer) => writer,
        Err(error) => return broken(&error),
    };
    let started = match Files::of(&job.ground.root, &job.ground.handle, read_only) {
        Ok(files) => Kept::talk(&job, argv).await.map(|started| (files, started)),
        Err(error) => Err(error),
    };
    let (files, (mut kept, errors, socket)) = match started {
        Ok(started) => started,
        Err(error) => {
            return Ending::new(End::Broken, format!("The agent could not be watched over: {error}."));
        }
    };
    let book = Arc::new(Mutex::new(Book {
        account: Account::default(),
        writer,
        fault: None,
        bounds: job.bounds,
        asked: prompt.to_owned(),
        repeats: false,
    }));
    let memory = Memory::of(&job, name);
    let course = Course::new();
    let gate = Gate::new();
    let setting = Setting {
        folder: job.folder.clone(),
        prompt: prompt.to_owned(),
        files,
        book: Arc::clone(&book),
        gate: gate.clone(),
        asker: Asker::new(job.shared, job.task, read_only),
        words: Arc::clone(job.words),
        course: course.clone(),
        memory: memory.clone(),
    };
    let (heard, why, answer) = {
        let mut pour = pin!(pour(errors, &book));
        let mut talk = Box::pin(hold(socket, setting));
        let (mut poured, mut answer, mut why) = (false, None, None);
        let mut heeded = Wish::None;
        let mut stage = Stage::Works;
        let mut tell = interval(TELL);
        tell.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let heard = loop {
            let next = match stage {
                Stage::Works => job.until,
                Stage::Stops(until) | Stage::Ends(until) => until,
            };
            tokio::select! {
                heard = kept.hear() => break heard,
                said = &mut talk, if answer.is_none() => {
                    let left = matches!(said, Err(Silence::Ended)) && gate.fault().is_none();
                    answer = Some(said);
                    match stage {
                        // It ends by itself, and how says more than that it was asked to.
                        Stage::Works if left => stage = Stage::Stops(Instant::now() + LAST),
                        Stage::Works | Stage::Stops(_) => stage = Stage::Ends(kept.end().await),
                        Stage::Ends(_) => {}
                    }
                }
                () = &mut pour, if !poured => poured = true,
                _ = tell.tick() => {
                    // Whoever holds it is not polled here. There is a next time.
                    let Ok(mut book) = book.try_lock() else { continue };
                    if let Some(progress) = book.account.progress(job.task) {
                        job.shared.tell(progress);
                    }
                    if let Some(fault) = &book.fault && why.is_none() {
                        why = Some(broken(fault));
                        stage = Stage::Ends(kept.end().await);
                    } else if let Some(over) = book.over() && let Stage::Works = stage {
                        why = Some(Ending::new(End::Budget, over));
                        course.stop();
                        stage = Stage::Stops(Instant::now() + job.tools.limits.grace);
                    }
                }
                wish = wanted(&mut job.wish, heeded) => {
                    heeded = wish;
                    if answer.is_none() && why.is_none() {
                        why = Some(Ending::unwanted(wish));
                    }
                    match (wish, &stage) {
                        (Wish::None | Wish::Cancel, Stage::Works) => {
                            course.stop();
                            stage = Stage::Stops(Instant::now() + job.tools.limits.grace);
                        }
                        (Wish::Forget, _) => {
                            stage = Stage::Ends(kept.end().await);
                            kept.kill().await;
                        }
                        (Wish::Stop, Stage::Works | Stage::Stops(_)) => {
                            stage = Stage::Ends(kept.end().await);
                        }
                        (_, Stage::Stops(_) | Stage::Ends(_)) => {}
                    }
                }
                () = sleep_until(next) => match stage {
                    Stage::Works => {
                        why = Some(job.late());
                        stage = Stage::Ends(kept.end().await);
                    }
                    Stage::Stops(_) => stage = Stage::Ends(kept.end().await),
                    Stage::Ends(_) => break Heard::Nothing,
                }
            }
        };
        kept.close(&heard).await;
        if answer.is_none() {
            // It may have said something last that was not read yet.
            answer = timeout(LAST, &mut talk).await.ok();
        }
        if !poured {
            let _ = timeout(LAST, pour).await;
        }
        (heard, why, answer)
    };
    let mut book = book.lock().await;
    let program = argv.first().map_or("", String::as_str);
    let mut ending = match heard {
        Heard::NotStarted(why) => {
            Ending::new(End::Refused, format!("The agent `{program}` could not be started: {why}."))
        }
        Heard::Ended(verdict) => {
            let ending = match (verdict.cause, why) {
                (Cause::Memory, _) => job.too_large(),
                (_, Some(why)) => why,
                (_, None) => of(answer, gate.fault(), Some(&verdict)),
            };
            with_remains(&verdict, ending)
        }
        Heard::Nothing => match (why, answer) {
            (Some(why), _) => why,
            (None, Some(answer)) => of(Some(answer), gate.fault(), None),
            (None, None) => Ending::new(
                End::Broken,
                "What watched over the agent was ended. All its processes were killed.",
            ),
        },
    };
    if let Some(error) = book.fault.take()
        && ending.end == End::Complete
    {
        ending = broken(&error);
    }
    ending.notes.extend(left_out(&book.writer));
    ending.used = book.account.usage.used();
    if ending.end == End::Complete {
        // It was done before it could be ended for that.
        ending.notes.extend(book.over());
    }
    let (answer, _) = book.account.answer();
    if let Err(error) = memory.end(&book.asked, answer, book.account.usage.session()).await {
        ending.notes.push(format!("Nobody can go on with this conversation: {error}."));
    }
    if let Err(error) = answer_of(&book.account, job.spool, &mut ending).await
        && ending.end == End::Complete
    {
        return broken(&error);
    }
    ending
}

/// Keeps what the agent said to people in its last turn as a stream of its own.
async fn answer_of(account: &Account, spool: &Arc<Spool>, ending: &mut Ending) -> std::io::Result<()> {
    let (answer, left_out) = account.answer();
    if answer.is_empty() {
        return Ok(());
    }
    let mut writer = Writer::open(spool, ANSWER, account::ANSWER as u64)?;
    writer.append(answer).await?;
    if left_out > 0 || writer.dropped() > 0 {
        let most = account::ANSWER / 1024;
        ending
            .notes
            .push(format!("The answer was longer than {most} KiB, or than there is room for, and was cut."));
    }
    Ok(())
}

/// How a task ends by what its agent said, or did not say.
fn of(
    answer: Option<Result<PromptResponse, Silence>>,
    fault: Option<String>,
    verdict: Option<&Verdict>,
) -> Ending {
    let failed = |why: String| Ending::new(End::Failed, why);
    let ended = || match verdict {
        Some(Verdict { cause: Cause::Own, code: Some(code), .. }) => Ending {
            exit_code: Some(*code),
            ..failed(format!("The agent ended with {code} before it was done."))
        },
        Some(Verdict { cause: Cause::Own, signal: Some(signal), .. }) => {
            failed(format!("The agent was ended by signal {signal} before it was done."))
        }
        Some(Verdict { cause: Cause::Asked, .. }) if answer.is_none() => {
            Ending::new(End::Lost, "The system ended it.")
        }
        _ => failed("The agent said nothing more before it was done.".to_owned()),
    };
    match (&answer, fault) {
        (Some(Ok(response)), _) => turned(response.stop_reason),
        (_, Some(fault)) => failed(fault),
        (None | Some(Err(Silence::Ended)), None) => ended(),
        (Some(Err(Silence::Stopped)), None) => Ending::unwanted(Wish::Cancel),
        (Some(Err(Silence::Version)), None) => {
            failed("The agent speaks another version of the Agent Client Protocol than 1.".to_owned())
        }
        (Some(Err(Silence::Stays)), None) => failed(
            "The agent did not leave its turn when it was told something that could not wait.".to_owned(),
        ),
        (Some(Err(Silence::Spent(why))), None) => Ending::new(End::Budget, why.as_str()),
        (Some(Err(Silence::Late)), None) => failed("The agent was not ready in time.".to_owned()),
        (Some(Err(Silence::SignIn)), None) => {
            failed("The agent wants somebody to sign in to it on the runner's machine first.".to_owned())
        }
        (Some(Err(Silence::Said(why))), None) => failed(format!("The agent says: {}", phrases::short(why))),
    }
}

/// How a task ends by how its agent's turn did.
fn turned(reason: StopReason) -> Ending {
    let failed = |why: &str| Ending::new(End::Failed, why);
    match reason {
        StopReason::EndTurn => Ending::new(End::Complete, ""),
        StopReason::MaxTokens => failed("The agent stopped: it has used up the tokens of a turn."),
        StopReason::MaxTurnRequests => {
            failed("The agent stopped: it has asked its model as often as it may in a turn.")
        }
        StopReason::Refusal => failed("The agent refused to do it."),
        StopReason::Cancelled => Ending::new(End::Cancelled, "The agent says that it was cancelled."),
        _ => failed("The agent stopped for a reason that this runner does not know."),
    }
}

/// Writes down what the agent's program says besides the protocol, a line at a time, until it can say nothing more.
async fn pour(from: impl AsyncRead + Unpin, to: &Mutex<Book>) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while (&mut from).take(LINE).read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
        to.lock().await.say(Voice::Error, &line).await;
        line.clear();
    }
}
