//! What a command that is a server writes: a line is a message, and has a bound.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};

/// Whether a server has written a line that is too long.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overlong(Arc<AtomicBool>);

impl Overlong {
    pub(crate) fn is_so(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Reads no line of more bytes than that: what speaks the protocol above would wait for its end. Whoever writes one finds that
/// nobody reads any more.
pub(crate) struct Bounded<R> {
    inner: Option<R>,
    longest: usize,
    /// Bytes since the last line's end.
    line: usize,
    overlong: Overlong,
}

impl<R> Bounded<R> {
    pub(crate) fn new(inner: R, longest: usize, overlong: Overlong) -> Self {
        Self { inner: Some(inner), longest, line: 0, overlong }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Bounded<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Some(inner) = &mut self.inner else { return Poll::Ready(Err(io::ErrorKind::InvalidData.into())) };
        let before = buffer.filled().len();
        let read = Pin::new(inner).poll_read(context, buffer);
        let new = &buffer.filled()[before..];
        self.line = match new.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => new.len() - end - 1,
            None => self.line + new.len(),
        };
        if self.line > self.longest {
            buffer.set_filled(before);
            self.overlong.0.store(true, Ordering::Relaxed);
            self.inner = None;
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn a_line_that_does_not_end_is_not_read_for_ever() {
        let read = async |text: &[u8]| {
            let (mut all, overlong) = (Vec::new(), Overlong::default());
            let read = Bounded::new(text, 100, overlong.clone()).read_to_end(&mut all).await;
            (read.is_ok(), overlong.is_so())
        };
        let line = [vec![b'x'; 100], b"\n".to_vec()].concat();
        assert_eq!(read(&line.repeat(3)).await, (true, false));
        assert_eq!(read(&[b'x'; 101]).await, (false, true));
    }
}
