//! The data folder, on which one server at a time works.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use kernel::{Code, Error, Result};

/// The file that a server has locked while it works, and that says so.
const FILE: &str = "server.lock";

/// A folder that is this server's until this is dropped, or the process ends.
pub(crate) struct Folder {
    file: File,
    ended_well: bool,
}

impl Folder {
    /// Takes the folder.
    ///
    /// # Errors
    /// `CONFLICT` when another server works on it; when its file cannot be opened or locked.
    pub(crate) fn take(data: &Path) -> Result<Self> {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(data.join(FILE)).map_err(Error::internal)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let folder = data.display();
                let taken = format!(
                    "Another server works on the data folder {folder}. Nothing was changed. End that one first, or name \
                     another folder with --data."
                );
                return Err(Error::new(Code::Conflict, taken));
            }
            Err(TryLockError::Error(error)) => return Err(Error::internal(error)),
        }
        let mut said = String::new();
        file.read_to_string(&mut said).map_err(Error::internal)?;
        // A full disk keeps nobody from starting and looking at what is there.
        let noted = file.rewind().and_then(|()| file.write_all(b"open"));
        if let Err(error) = &noted {
            tracing::warn!(%error, "that a server works on the data folder could not be noted; this one is careful");
        }
        Ok(Self { file, ended_well: said.is_empty() && noted.is_ok() })
    }

    /// Whether the server before did what it does at its end. One that was killed, perhaps by what it was doing, did not.
    pub(crate) fn ended_well(&self) -> bool {
        self.ended_well
    }

    /// The server ends well.
    pub(crate) fn close(self) {
        if let Err(error) = self.file.set_len(0) {
            tracing::warn!(%error, "that the server ended well could not be noted; its next start will be careful");
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_server_at_a_time() {
        let data = tempfile::tempdir().unwrap();
        let first = Folder::take(data.path()).unwrap();
        assert_eq!(Folder::take(data.path()).err().unwrap().code(), Code::Conflict);
        drop(first);
        Folder::take(data.path()).unwrap();
    }

    #[test]
    fn a_server_knows_whether_the_one_before_ended_well() {
        let data = tempfile::tempdir().unwrap();
        let first = Folder::take(data.path()).unwrap();
        assert!(first.ended_well(), "nothing went before it");
        first.close();
        let second = Folder::take(data.path()).unwrap();
        assert!(second.ended_well());
        drop(second);
        assert!(!Folder::take(data.path()).unwrap().ended_well());
    }
}
