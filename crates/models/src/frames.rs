//! Cuts a provider's bytes into frames (server-sent events or lines of JSON), under bounds, wherever the network cut them.

use std::io;

use async_stream::try_stream;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt};
use sse_stream::SseByteStream;
use tokio_util::codec::{FramedRead, LinesCodec, LinesCodecError};
use tokio_util::io::StreamReader;

use crate::error::Fault;
use crate::options::Bounds;
use crate::schema::clip;

/// What can go wrong below the provider's own format.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// One frame is longer than its bound.
    #[error("one frame has more than {0} bytes")]
    FrameTooLong(usize),
    /// The stream is longer than its bound.
    #[error("the stream has more than {0} bytes")]
    StreamTooLong(usize),
    /// The bytes are no text.
    #[error("not text: {0}")]
    NotText(String),
}

impl From<FrameError> for Fault {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::Broken(_) => Self::Cut { received: 0 },
            other => Self::unreadable(other.to_string()),
        }
    }
}

/// Counts the bytes since the last blank line, and finds that line however it is written and cut.
struct Counter {
    frame: usize,
    line: usize,
    after_cr: bool,
}

impl Counter {
    fn take(&mut self, byte: u8) -> usize {
        self.frame += 1;
        match byte {
            b'\n' if self.after_cr => {}
            b'\n' | b'\r' => {
                if self.line == 0 {
                    self.frame = 0;
                }
                self.line = 0;
            }
            _ => self.line += 1,
        }
        self.after_cr = byte == b'\r';
        self.frame
    }
}

fn counted<S, E>(bytes: S, most: usize) -> impl Stream<Item = Result<Bytes, FrameError>> + Send
where
    S: Stream<Item = Result<Bytes, E>> + Send,
    E: std::fmt::Display,
{
    let mut total = 0usize;
    bytes.map(move |chunk| {
        let chunk = chunk.map_err(|error| FrameError::Broken(clip(&error.to_string(), 200).to_owned()))?;
        total = total.saturating_add(chunk.len());
        if total > most { Err(FrameError::StreamTooLong(most)) } else { Ok(chunk) }
    })
}

/// The data of each server-sent event. Comments and events without data are left out.
pub(crate) fn events<S, E>(bytes: S, bounds: Bounds) -> impl Stream<Item = Result<String, FrameError>> + Send
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: std::fmt::Display,
{
    // The parser has no bound of its own.
    let mut counter = Counter { frame: 0, line: 0, after_cr: false };
    let bounded = counted(bytes, bounds.stream).map(move |chunk| {
        let chunk = chunk?;
        if chunk.iter().any(|&byte| counter.take(byte) > bounds.frame) {
            return Err(FrameError::FrameTooLong(bounds.frame));
        }
        Ok(chunk)
    });
    try_stream! {
        let mut events = Box::pin(SseByteStream::new(bounded));
        while let Some(event) = events.next().await {
            let event = event.map_err(|error| match error {
                sse_stream::Error::Body(inner) => match inner.downcast::<FrameError>() {
                    Ok(own) => *own,
                    Err(other) => FrameError::Broken(other.to_string()),
                },
                other => FrameError::NotText(other.to_string()),
            })?;
            if let Some(data) = event.data {
                yield data;
            }
        }
    }
}

/// Each line that is not blank.
pub(crate) fn lines<S, E>(bytes: S, bounds: Bounds) -> impl Stream<Item = Result<String, FrameError>> + Send
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: std::fmt::Display,
{
    let reader = StreamReader::new(counted(bytes, bounds.stream).map_err(io::Error::other));
    let codec = LinesCodec::new_with_max_length(bounds.frame);
    FramedRead::new(Box::pin(reader), codec)
        .map_err(move |error| match error {
            LinesCodecError::MaxLineLengthExceeded => FrameError::FrameTooLong(bounds.frame),
            LinesCodecError::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                FrameError::NotText(error.to_string())
            }
            LinesCodecError::Io(error) => match error.downcast::<FrameError>() {
                Ok(own) => own,
                Err(error) => FrameError::Broken(error.to_string()),
            },
        })
        .try_filter(|line| std::future::ready(!line.trim().is_empty()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SMALL: Bounds = Bounds { request: 0, frame: 40, stream: 200, answer: 0 };

    fn run<S: Stream<Item = Result<String, FrameError>> + Send>(frames: S) -> Result<Vec<String>, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut out = Vec::new();
            let mut frames = Box::pin(frames);
            while let Some(frame) = frames.next().await {
                out.push(frame.map_err(|error| error.to_string())?);
            }
            Ok(out)
        })
    }

    /// `text` cut into chunks at the given places.
    fn chunks(text: &[u8], cuts: &[usize]) -> impl Stream<Item = Result<Bytes, io::Error>> + Send + 'static {
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (text.len() + 1)).collect();
        places.extend([0, text.len()]);
        places.sort_unstable();
        let parts: Vec<_> =
            places.windows(2).map(|w| Ok(Bytes::copy_from_slice(&text[w[0]..w[1]]))).collect();
        futures_util::stream::iter(parts)
    }

    const EVENTS: &str =
        ": hello\r\n\r\nevent: x\ndata: {\"é\":\n\ndata:二\r\ndata: three 🎬\r\n\r\nid: 1\n\ndata: last\n\n";
    const LINES: &str = "{\"é\":1}\n\r\n{\"b\":\"🎬\"}\r\nlast";

    #[test]
    fn a_cut_at_any_byte_changes_nothing() {
        let events_whole = vec!["{\"é\":".to_owned(), "二\nthree 🎬".into(), "last".into()];
        let lines_whole = vec!["{\"é\":1}".to_owned(), "{\"b\":\"🎬\"}".into(), "last".into()];
        for cut in 0..=EVENTS.len() {
            assert_eq!(
                run(events(chunks(EVENTS.as_bytes(), &[cut]), SMALL)),
                Ok(events_whole.clone()),
                "{cut}"
            );
        }
        for cut in 0..=LINES.len() {
            assert_eq!(run(lines(chunks(LINES.as_bytes(), &[cut]), SMALL)), Ok(lines_whole.clone()), "{cut}");
        }
    }

    proptest! {
        #[test]
        fn many_cuts_anywhere_change_nothing(cuts in prop::collection::vec(any::<usize>(), 0..80)) {
            prop_assert_eq!(
                run(events(chunks(EVENTS.as_bytes(), &cuts), SMALL)),
                run(events(chunks(EVENTS.as_bytes(), &[]), SMALL))
            );
            prop_assert_eq!(
                run(lines(chunks(LINES.as_bytes(), &cuts), SMALL)),
                run(lines(chunks(LINES.as_bytes(), &[]), SMALL))
            );
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, cuts in prop::collection::vec(any::<usize>(), 0..8)) {
            let _ = run(events(chunks(&bytes, &cuts), SMALL));
            let _ = run(lines(chunks(&bytes, &cuts), SMALL));
        }
    }

    #[test]
    fn a_frame_that_never_ends_is_given_up_at_its_bound() {
        let endless = "data: ".to_owned() + &"x".repeat(60);
        assert!(run(events(chunks(endless.as_bytes(), &[7]), SMALL)).unwrap_err().contains("40"));
        let many_short_lines = "data: x\n".repeat(10);
        assert!(run(events(chunks(many_short_lines.as_bytes(), &[7]), SMALL)).unwrap_err().contains("40"));
        assert!(run(lines(chunks("x".repeat(60).as_bytes(), &[7]), SMALL)).unwrap_err().contains("40"));
    }

    #[test]
    fn a_stream_that_never_ends_is_given_up_at_its_bound() {
        let pings = ": ping\n\n".repeat(50);
        assert!(run(events(chunks(pings.as_bytes(), &[]), SMALL)).unwrap_err().contains("200"));
        assert!(run(lines(chunks("a\n".repeat(101).as_bytes(), &[]), SMALL)).unwrap_err().contains("200"));
    }

    #[test]
    fn bytes_that_are_no_text_are_an_error() {
        assert!(run(events(chunks(b"data: \xFF\n\n", &[]), SMALL)).unwrap_err().contains("text"));
        assert!(run(lines(chunks(b"\xFF\n", &[]), SMALL)).unwrap_err().contains("text"));
    }

    #[test]
    fn a_broken_connection_is_told_apart_from_an_end() {
        let parts = vec![Ok(Bytes::from_static(b"data: a\n\n")), Err(io::Error::other("reset"))];
        assert!(run(events(futures_util::stream::iter(parts), SMALL)).unwrap_err().contains("broke"));
        let parts = vec![Ok(Bytes::from_static(b"a\nb")), Err(io::Error::other("reset"))];
        assert!(run(lines(futures_util::stream::iter(parts), SMALL)).unwrap_err().contains("broke"));
    }
}
