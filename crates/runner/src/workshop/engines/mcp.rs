//! A tool of a server that speaks the Model Context Protocol (<https://modelcontextprotocol.io>) by its standard input and output: a
//! program of the runner's own, which is started for one call.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use rmcp::ServiceExt;
use rmcp::model::{CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ResourceContents};
use serde_json::{Map, Value};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader, ReadBuf};
use tokio::net::UnixStream;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until, timeout};
use wire::fleet::End;

use super::{Ending, Job, LAST, Wish, broken, left_out, wanted, with_remains};
use crate::keeper::{Cause, Verdict};
use crate::workshop::MIB;
use crate::workshop::kept::{Heard, Kept};
use crate::workshop::spool::{OUTPUT, Writer};

/// The most bytes of a message of the server.
const LONGEST: usize = 16 * 1024 * 1024;
/// The most bytes of a line of its errors that are written down together.
const LINE: u64 = 16 * 1024;

/// What a tool answered: all that is text in it, and whether it says that it failed.
struct Answer {
    text: String,
    failed: bool,
}

/// What is waited for, besides the server's own end.
enum Stage {
    /// The tool's answer.
    Calls,
    /// That it ends by itself, since it answers no more.
    Leaves(Instant),
    /// The end of its processes.
    Ends(Instant),
}

/// Calls a tool, and ends its server.
pub(crate) async fn run(
    mut job: Job<'_>,
    server: &str,
    tool: &str,
    arguments: &Map<String, Value>,
) -> Ending {
    let Some(argv) = job.tools.servers.get(server) else {
        return Ending::new(End::Refused, format!("This runner has no tools of the name `{server}`."));
    };
    let writer = match Writer::open(job.spool, OUTPUT, u64::from(job.bounds.output_mib) * MIB) {
        Ok(writer) => Mutex::new(writer),
        Err(error) => return broken(&error),
    };
    let (mut kept, errors, socket) = match Kept::talk(&job, argv).await {
        Ok(started) => started,
        Err(error) => {
            return Ending::new(End::Broken, format!("The tools could not be watched over: {error}."));
        }
    };
    let (heard, why, answer, mut fault) = {
        let mut pour = pin!(pour(errors, &writer));
        let mut call = pin!(call(socket, tool, arguments));
        let (mut poured, mut answer, mut why, mut fault) = (false, None, None, None);
        let mut heeded = Wish::None;
        let mut stage = Stage::Calls;
        let heard = loop {
            let next = match stage {
                Stage::Calls => job.until,
                Stage::Leaves(until) | Stage::Ends(until) => until,
            };
            tokio::select! {
                heard = kept.hear() => break heard,
                said = &mut call, if answer.is_none() => {
                    stage = match stage {
                        // It may be about to end by itself, and how says more than that it was asked to.
                        Stage::Calls if said.is_err() => Stage::Leaves(Instant::now() + LAST),
                        Stage::Calls | Stage::Leaves(_) => Stage::Ends(kept.end().await),
                        ends @ Stage::Ends(_) => ends,
                    };
                    answer = Some(said);
                }
                written = &mut pour, if !poured => {
                    poured = true;
                    fault = written.err();
                }
                wish = wanted(&mut job.wish, heeded) => {
                    heeded = wish;
                    if answer.is_none() && why.is_none() {
                        why = Some(Ending::unwanted(wish));
                    }
                    if !matches!(stage, Stage::Ends(_)) {
                        stage = Stage::Ends(kept.end().await);
                    }
                    if wish == Wish::Forget {
                        kept.kill().await;
                    }
                }
                () = sleep_until(next) => match stage {
                    Stage::Calls => {
                        why = Some(job.late());
                        stage = Stage::Ends(kept.end().await);
                    }
                    Stage::Leaves(_) => stage = Stage::Ends(kept.end().await),
                    Stage::Ends(_) => break Heard::Nothing,
                }
            }
        };
        kept.close(&heard).await;
        if answer.is_none() {
            // It may have answered last, and that was not read yet.
            answer = timeout(LAST, &mut call).await.ok();
        }
        if !poured {
            let _ = timeout(LAST, pour).await;
        }
        (heard, why, answer, fault)
    };
    let mut writer = writer.into_inner();
    if why.is_none()
        && let Some(Ok(Answer { text, .. })) = &answer
        && fault.is_none()
    {
        fault = writer.append(text.as_bytes()).await.err();
    }
    let mut ending = match heard {
        Heard::NotStarted(why) => {
            Ending::new(End::Refused, format!("The tools `{server}` could not be started: {why}."))
        }
        Heard::Ended(verdict) if verdict.cause == Cause::Memory => with_remains(&verdict, job.too_large()),
        Heard::Ended(verdict) => {
            with_remains(&verdict, why.unwrap_or_else(|| of(answer, Some(&verdict), server)))
        }
        Heard::Nothing => why.unwrap_or_else(|| of(answer, None, server)),
    };
    if let Some(error) = fault
        && ending.end == End::Complete
    {
        ending = broken(&error);
    }
    ending.notes.extend(left_out(&writer));
    ending
}

/// How a task ends by what its tool answered, or did not.
fn of(answer: Option<Result<Answer, String>>, verdict: Option<&Verdict>, server: &str) -> Ending {
    match (answer, verdict) {
        (Some(Ok(Answer { failed: false, .. })), _) => Ending::new(End::Complete, ""),
        (Some(Ok(_)), _) => Ending::new(End::Failed, "The tool says that it failed; the output says why."),
        (_, Some(Verdict { cause: Cause::Own, code: Some(code), .. })) => Ending {
            exit_code: Some(*code),
            ..Ending::new(End::Failed, format!("`{server}` ended with {code} before it answered."))
        },
        (Some(Err(why)), _) => Ending::new(End::Failed, format!("The tool could not be called: {why}.")),
        (None, _) => Ending::new(End::Failed, format!("`{server}` ended before it answered.")),
    }
}

/// Greets a server and calls a tool of it.
async fn call(socket: UnixStream, tool: &str, arguments: &Map<String, Value>) -> Result<Answer, String> {
    let (reader, writer) = socket.into_split();
    let service = ().serve((Bounded { inner: reader, line: 0 }, writer)).await;
    let service = service.map_err(|error| format!("it is no server of tools: {error}"))?;
    let call = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments.clone());
    match service.call_tool_once(call).await {
        Ok(CallToolResponse::Complete(result)) => Ok(read(result)),
        Ok(_) => Err("it wants to know more before it answers, which nobody here can say".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// What people read of a result.
fn read(result: CallToolResult) -> Answer {
    let failed = result.is_error == Some(true);
    let part = |block| match block {
        ContentBlock::Text(text) => text.text,
        ContentBlock::Resource(resource) => match resource.resource {
            ResourceContents::TextResourceContents { text, .. } => text,
            _ => "(a file that is no text was left out)".to_owned(),
        },
        ContentBlock::ResourceLink(link) => format!("(a link: {})", link.uri),
        ContentBlock::Image(image) => format!("(an image, {}, was left out)", image.mime_type),
        ContentBlock::Audio(audio) => format!("(a sound, {}, was left out)", audio.mime_type),
        _ => "(what is no text was left out)".to_owned(),
    };
    let mut parts: Vec<String> = result.content.into_iter().map(part).collect();
    // Servers repeat what is structured as text; only where they do not it is told.
    if parts.is_empty()
        && let Some(structured) = result.structured_content
    {
        parts.push(structured.to_string());
    }
    let mut text = parts.join("\n");
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    Answer { text, failed }
}

/// Writes down what the server says besides the protocol, a line at a time, until it can say nothing more.
async fn pour(from: impl AsyncRead + Unpin, to: &Mutex<Writer>) -> io::Result<()> {
    let mut from = BufReader::new(from);
    loop {
        let mut line = b"[stderr] ".to_vec();
        if (&mut from).take(LINE).read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        if !line.ends_with(b"\n") {
            line.push(b'\n');
        }
        to.lock().await.append(&line).await?;
    }
}

/// Reads no line that is longer than a message may be: what speaks the protocol above would wait for its end.
struct Bounded<R> {
    inner: R,
    /// Bytes since the last line's end.
    line: usize,
}

impl<R: AsyncRead + Unpin> AsyncRead for Bounded<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(context, buffer);
        let new = &buffer.filled()[before..];
        self.line = match new.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => new.len() - end - 1,
            None => self.line + new.len(),
        };
        if self.line > LONGEST {
            buffer.set_filled(before);
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_line_that_does_not_end_is_not_read_for_ever() {
        let read = async |text: &[u8]| {
            let mut all = Vec::new();
            Bounded { inner: text, line: 0 }.read_to_end(&mut all).await.map(|length| length == text.len())
        };
        let half = [vec![b'x'; LONGEST], b"\n".to_vec()].concat();
        assert!(read(&half.repeat(2)).await.unwrap());
        assert!(read(&vec![b'x'; LONGEST + 1]).await.is_err());
    }
}
