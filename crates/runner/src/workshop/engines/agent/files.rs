//! The files that an agent reads and writes through the runner: those of the project's folder, by the rules of all paths there.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use agent_client_protocol::Error;
use agent_client_protocol::v1::schema::{
    ReadTextFileRequest, ReadTextFileResponse, WriteTextFileRequest, WriteTextFileResponse,
};

use crate::workshop::paths::{self, Stray};

/// The most bytes that are read at a time.
const LONGEST: u64 = 1024 * 1024;
/// The most bytes of a file of which lines are read.
const LARGEST: u64 = 64 * 1024 * 1024;

/// A project's folder, as an agent is shown it. A clone is the same.
#[derive(Clone)]
pub(super) struct Files {
    root: PathBuf,
    handle: Arc<File>,
    /// Whether none of them is written.
    read_only: bool,
}

impl Files {
    /// # Errors
    /// When the system does not give the folder once more.
    pub(super) fn of(root: &Path, handle: &File, read_only: bool) -> io::Result<Self> {
        Ok(Self { root: root.to_owned(), handle: Arc::new(handle.try_clone()?), read_only })
    }

    /// Whether none of them is written.
    pub(super) fn read_only(&self) -> bool {
        self.read_only
    }

    /// # Errors
    /// What the agent is told when it cannot be read.
    pub(super) async fn read(&self, wanted: ReadTextFileRequest) -> Result<ReadTextFileResponse, Error> {
        let files = self.clone();
        blocking(move || {
            let path = files.inner(&wanted.path)?;
            let file = paths::open(&files.root, &files.handle, &path)?;
            let content = text(file, wanted.line, wanted.limit)?;
            Ok(ReadTextFileResponse::new(content))
        })
        .await
    }

    /// # Errors
    /// What the agent is told when it cannot be written.
    pub(super) async fn write(&self, wanted: WriteTextFileRequest) -> Result<WriteTextFileResponse, Error> {
        if self.read_only {
            return Err(Error::invalid_params().data("this task may only look: nothing is written"));
        }
        let files = self.clone();
        blocking(move || {
            let path = files.inner(&wanted.path)?;
            let mut file = paths::create(&files.root, &files.handle, &path)?;
            file.write_all(wanted.content.as_bytes())?;
            Ok(WriteTextFileResponse::new())
        })
        .await
    }

    /// A path of the agent's, which is absolute, as one within the folder.
    fn inner(&self, path: &Path) -> Result<PathBuf, Stray> {
        let inner = path.strip_prefix(&self.root).map_err(|_| Stray::Form)?;
        paths::relative(inner.to_str().ok_or(Stray::Form)?)
    }
}

async fn blocking<T: Send + 'static>(
    what: impl FnOnce() -> Result<T, Stray> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(what).await;
    match done.unwrap_or_else(|fault| Err(Stray::Io(fault.into()))) {
        Ok(done) => Ok(done),
        Err(Stray::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
            let error = agent_client_protocol::v1::schema::Error::resource_not_found(None);
            Err(error.into())
        }
        Err(stray) => Err(Error::invalid_params().data(stray.to_string())),
    }
}

/// A file's text, or so many of its lines from that one on, which is counted from one.
fn text(file: File, line: Option<u32>, limit: Option<u32>) -> Result<String, Stray> {
    let long = || Stray::Io(io::Error::other("it is too long to be read at once"));
    let mut content = Vec::new();
    if line.is_none() && limit.is_none() {
        file.take(LONGEST + 1).read_to_end(&mut content)?;
        if content.len() as u64 > LONGEST {
            return Err(long());
        }
    } else {
        if file.metadata()?.len() > LARGEST {
            return Err(long());
        }
        let mut reader = BufReader::new(file.take(LARGEST));
        let first = line.unwrap_or(1).max(1);
        for _ in 1..first {
            if reader.skip_until(b'\n')? == 0 {
                break;
            }
        }
        for _ in 0..limit.unwrap_or(u32::MAX) {
            let left = (LONGEST + 1).saturating_sub(content.len() as u64);
            if (&mut reader).take(left).read_until(b'\n', &mut content)? == 0 {
                break;
            }
        }
        if content.len() as u64 > LONGEST {
            return Err(long());
        }
    }
    String::from_utf8(content).map_err(|_| Stray::Io(io::Error::other("it is no text")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_from_one_and_given_with_their_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "one\ntwo\nthree").unwrap();
        let read = |line, limit| text(File::open(&path).unwrap(), line, limit).unwrap();
        assert_eq!(read(None, None), "one\ntwo\nthree");
        assert_eq!(read(Some(2), Some(1)), "two\n");
        assert_eq!(read(Some(2), None), "two\nthree");
        assert_eq!(read(None, Some(2)), "one\ntwo\n");
        assert_eq!(read(Some(9), Some(1)), "");
        assert_eq!(read(Some(0), Some(1)), "one\n");
    }

    #[test]
    fn what_is_too_long_to_be_said_is_not_read_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "0123456\n".repeat(200_000)).unwrap();
        let read = |line, limit| text(File::open(&path).unwrap(), line, limit);
        assert!(read(None, None).is_err() && read(Some(2), None).is_err());
        assert_eq!(read(Some(150_000), Some(2)).unwrap(), "0123456\n0123456\n");
    }
}
