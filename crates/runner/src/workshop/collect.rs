//! Files that are brought back when a task is done.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use tokio::io::AsyncReadExt;
use wire::runner::NAME;

use super::spool::{FILE, Spool, Writer};
use super::{MIB, paths};

/// The most files of a task.
pub(crate) const FILES: usize = 50;
/// The most bytes of a file.
const LARGEST: u64 = 64 * MIB;
/// The most bytes of all of them together.
const TOGETHER: u64 = 256 * MIB;
const BUFFER: usize = 64 * 1024;

/// Makes streams of the files at `names` within the folder, and notes of those that cannot be had.
///
/// # Errors
/// When the disk does not take them.
pub(crate) async fn collect(
    root: &Path,
    handle: &File,
    names: &[String],
    spool: &Arc<Spool>,
) -> std::io::Result<Vec<String>> {
    let (mut notes, mut total) = (Vec::new(), 0);
    for (number, name) in names.iter().enumerate() {
        if names[..number].contains(name) {
            continue;
        }
        if FILE.len() + name.chars().count() > NAME {
            notes.push(format!("A file was not brought back, since its path is too long: {name}"));
            continue;
        }
        let opened = paths::relative(name).and_then(|path| paths::open(root, handle, &path));
        let (file, length) = match opened.and_then(|file| Ok((file.metadata()?.len(), file))) {
            Ok((length, file)) => (file, length),
            Err(paths::Stray::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                notes.push(format!("{name} is not there."));
                continue;
            }
            Err(why) => {
                notes.push(format!("{name} was not brought back: {why}."));
                continue;
            }
        };
        if length > LARGEST || total + length > TOGETHER {
            let bounds = format!("{} MiB, or all {} MiB", LARGEST / MIB, TOGETHER / MIB);
            notes.push(format!("{name} was not brought back: it is longer than {bounds}."));
            continue;
        }
        // What grows meanwhile is taken as long as it was.
        let mut file = tokio::fs::File::from_std(file).take(length);
        let mut writer = Writer::open(spool, &format!("{FILE}{name}"), length)?;
        let mut buffer = vec![0; BUFFER];
        loop {
            match file.read(&mut buffer).await {
                Ok(0) => break,
                Ok(read) => writer.append(&buffer[..read]).await?,
                Err(error) => {
                    notes.push(format!("{name} could not be read whole: {error}."));
                    break;
                }
            }
        }
        if writer.dropped() > 0 {
            notes.push(format!("{name} was cut: the runner has no more room."));
        }
        total += length;
    }
    Ok(notes)
}
