//! A program: its output is a stream, its code says how it ended.

use std::io;
use std::pin::pin;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::{Instant, sleep_until, timeout};
use wire::fleet::End;

use super::{Ending, Job, LAST, Wish, broken, left_out, wanted, with_remains};
use crate::keeper::{Cause, Verdict};
use crate::workshop::MIB;
use crate::workshop::kept::{Heard, Kept};
use crate::workshop::spool::{OUTPUT, Writer};

/// How much is read at a time, in bytes.
const BUFFER: usize = 64 * 1024;

/// Runs the program, to its end or another.
pub(crate) async fn run(mut job: Job<'_>, argv: &[String]) -> Ending {
    if !job.tools.commands {
        return Ending::new(End::Refused, "This runner runs no commands.");
    }
    let Some(program) = argv.first().filter(|_| !argv.iter().any(|argument| argument.contains('\0'))) else {
        return Ending::new(End::Refused, "What is to be run is no program with its arguments.");
    };
    let limit = u64::from(job.bounds.output_mib) * MIB;
    let mut writer = match Writer::open(job.spool, OUTPUT, limit) {
        Ok(writer) => writer,
        Err(error) => return broken(&error),
    };
    let (mut kept, output) = match Kept::start(&job, argv).await {
        Ok(started) => started,
        Err(error) => {
            return Ending::new(End::Broken, format!("The program could not be watched over: {error}."));
        }
    };
    let (verdict, why, written) = {
        let mut pour = pin!(pour(output, &mut writer));
        let (mut poured, mut why) = (None, None);
        let mut heeded = Wish::None;
        let mut patience: Option<Instant> = None;
        let heard = loop {
            let goes_on = why.is_none();
            let next = patience.unwrap_or(job.until);
            tokio::select! {
                heard = kept.hear() => break heard,
                written = &mut pour, if poured.is_none() => {
                    if let Err(error) = &written && goes_on {
                        why = Some(broken(error));
                        patience = Some(kept.end().await);
                    }
                    poured = Some(written);
                }
                wish = wanted(&mut job.wish, heeded) => {
                    heeded = wish;
                    if goes_on {
                        why = Some(Ending::unwanted(wish));
                        patience = Some(kept.end().await);
                    }
                    if wish == Wish::Forget {
                        kept.kill().await;
                    }
                }
                () = sleep_until(next) => {
                    if !goes_on {
                        break Heard::Nothing;
                    }
                    why = Some(job.late());
                    patience = Some(kept.end().await);
                }
            }
        };
        kept.close(&heard).await;
        if poured.is_none() {
            // A process that none of this could end may hold the pipe for ever.
            poured = timeout(LAST, pour).await.ok();
        }
        (heard, why, poured)
    };
    let mut ending = match (verdict, why) {
        (Heard::NotStarted(why), _) => {
            Ending::new(End::Refused, format!("`{program}` could not be started: {why}."))
        }
        (Heard::Ended(verdict), why) => with_remains(&verdict, of(&verdict, why, &job)),
        (Heard::Nothing, Some(why)) => why,
        (Heard::Nothing, None) => Ending::new(
            End::Broken,
            "What watched over the program was ended. All its processes were killed.",
        ),
    };
    if let Some(Err(error)) = written
        && ending.end == End::Complete
    {
        ending = broken(&error);
    }
    ending.notes.extend(left_out(&writer));
    ending
}

fn of(verdict: &Verdict, why: Option<Ending>, job: &Job<'_>) -> Ending {
    match (verdict.cause, why) {
        (Cause::Memory, _) => job.too_large(),
        (Cause::Asked, Some(why)) => why,
        (Cause::Asked, None) => Ending::new(End::Lost, "The system ended it."),
        // It was faster.
        (Cause::Own, Some(why)) if why.end == End::Broken => why,
        (Cause::Own, _) => match (verdict.code, verdict.signal) {
            (Some(0), _) => Ending { exit_code: Some(0), ..Ending::new(End::Complete, "") },
            (Some(code), _) => {
                let ending = Ending::new(End::Failed, format!("It ended with {code}."));
                Ending { exit_code: Some(code), ..ending }
            }
            (None, Some(signal)) => Ending::new(End::Failed, format!("It was ended by signal {signal}.")),
            (None, None) => Ending::new(End::Failed, "It ended, and did not say how."),
        },
    }
}

/// Writes down all that comes, until nothing more can. What does not fit is dropped, so that the program is not held up.
async fn pour(mut from: impl AsyncRead + Unpin, to: &mut Writer) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        to.append(&buffer[..read]).await?;
    }
}
