//! Paths that a server names: taken within a folder, and never out of it by any way.

use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};

/// Why a path is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stray {
    /// It is not relative, says `..`, or says nothing.
    #[error("it is no path within the folder")]
    Form,
    /// A link on its way leads outside.
    #[error("it leads out of the folder")]
    Outside,
    /// On disk its letters are of another case.
    #[error("on disk it is written in another case")]
    Case,
    /// It is something else than it should be.
    #[error("it is no file")]
    NoFile,
    /// The system says that there is none, or does not say.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// The path, if it is one within any folder: relative, not empty, without `..`.
pub(crate) fn relative(path: &str) -> Result<PathBuf, Stray> {
    let mut taken = PathBuf::new();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(name) => taken.push(name),
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::ParentDir => return Err(Stray::Form),
        }
    }
    if taken.as_os_str().is_empty() || path.contains('\0') { Err(Stray::Form) } else { Ok(taken) }
}

/// What is really at `path` within `root`, itself a real path. Links are followed as long as they lead to places within it.
pub(crate) fn within(root: &Path, path: &Path) -> Result<PathBuf, Stray> {
    let mut real = root.to_owned();
    for component in path.components() {
        let next = real.join(component);
        let is_link = next.symlink_metadata()?.is_symlink();
        real = next.canonicalize()?;
        if !real.starts_with(root) {
            return Err(Stray::Outside);
        }
        if !is_link && real != next {
            return Err(Stray::Case);
        }
    }
    Ok(real)
}

/// Opens a regular file within a folder. What lies on the way may change meanwhile: it leads nowhere else.
pub(crate) fn open(root: &Path, handle: &File, path: &Path) -> Result<File, Stray> {
    let file = match under(handle, path, FLAGS, rustix::fs::Mode::empty()) {
        Err(Stray::Io(error)) if error.kind() == io::ErrorKind::Unsupported => {
            // Where the system cannot hold a path to a folder, the name is looked at before.
            let real = within(root, path)?;
            let flags = rustix::fs::OFlags::NOFOLLOW | FLAGS;
            File::from(rustix::fs::open(real, flags, rustix::fs::Mode::empty()).map_err(io::Error::from)?)
        }
        opened => opened?,
    };
    if file.metadata()?.is_file() { Ok(file) } else { Err(Stray::NoFile) }
}

/// Opens a regular file within a folder to be written anew, and makes it with the folders on its way if there is none. What it
/// had is gone. As with [`open`], nothing on the way leads elsewhere.
pub(crate) fn create(root: &Path, handle: &File, path: &Path) -> Result<File, Stray> {
    use rustix::fs::{Mode, OFlags};
    /// What a new file may be read and written by, before the process's own mask.
    const FILE: Mode = Mode::from_raw_mode(0o666);
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        folders(root, handle, parent)?;
    }
    let file = match under(handle, path, flags, FILE) {
        Err(Stray::Io(error)) if error.kind() == io::ErrorKind::Unsupported => {
            let name = path.file_name().ok_or(Stray::Form)?;
            let parent = within(root, path.parent().unwrap_or(Path::new("")))?;
            let opened = rustix::fs::open(parent.join(name), flags | OFlags::NOFOLLOW, FILE);
            File::from(opened.map_err(io::Error::from)?)
        }
        opened => opened?,
    };
    if !file.metadata()?.is_file() {
        return Err(Stray::NoFile);
    }
    file.set_len(0)?;
    Ok(file)
}

/// Makes the folders of a path that are not there.
fn folders(root: &Path, handle: &File, path: &Path) -> Result<(), Stray> {
    use rustix::fs::{Mode, OFlags};
    const FOLDER: Mode = Mode::from_raw_mode(0o777);
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut there = PathBuf::new();
    for component in path.components() {
        let above = there.clone();
        there.push(component);
        match under(handle, &there, flags, Mode::empty()) {
            Ok(_) => {}
            Err(Stray::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
                let made = if above.as_os_str().is_empty() {
                    rustix::fs::mkdirat(handle, component.as_os_str(), FOLDER)
                } else {
                    rustix::fs::mkdirat(
                        under(handle, &above, flags, Mode::empty())?,
                        component.as_os_str(),
                        FOLDER,
                    )
                };
                made.map_err(io::Error::from)?;
            }
            Err(Stray::Io(error)) if error.kind() == io::ErrorKind::Unsupported => {
                let above = within(root, &above)?;
                match std::fs::create_dir(above.join(component)) {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
                    _ => {}
                }
            }
            Err(stray) => return Err(stray),
        }
    }
    Ok(())
}

/// To read, and not to wait for who writes into a pipe of that name.
const FLAGS: rustix::fs::OFlags = rustix::fs::OFlags::RDONLY
    .union(rustix::fs::OFlags::CLOEXEC)
    .union(rustix::fs::OFlags::NONBLOCK)
    .union(rustix::fs::OFlags::NOCTTY);

#[cfg(target_os = "linux")]
fn under(
    handle: &File,
    path: &Path,
    flags: rustix::fs::OFlags,
    mode: rustix::fs::Mode,
) -> Result<File, Stray> {
    use rustix::fs::{ResolveFlags, openat2};
    use rustix::io::Errno;

    /// How often a path is tried that others change meanwhile.
    const TRIES: u32 = 10;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    for _ in 0..TRIES {
        match openat2(handle, path, flags, mode, resolve) {
            Ok(file) => return Ok(File::from(file)),
            Err(Errno::AGAIN) => {}
            Err(Errno::XDEV) => return Err(Stray::Outside),
            // Older systems, and sandboxes that do not know it.
            Err(Errno::NOSYS | Errno::PERM) => {
                return Err(Stray::Io(io::ErrorKind::Unsupported.into()));
            }
            Err(error) => return Err(Stray::Io(error.into())),
        }
    }
    Err(Stray::Io(Errno::AGAIN.into()))
}

#[cfg(not(target_os = "linux"))]
fn under(
    _handle: &File,
    _path: &Path,
    _flags: rustix::fs::OFlags,
    _mode: rustix::fs::Mode,
) -> Result<File, Stray> {
    Err(Stray::Io(io::ErrorKind::Unsupported.into()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_path_is_relative_and_says_nothing_of_what_lies_above() {
        for wrong in ["", ".", "/etc/passwd", "..", "a/../b", "../a", "a\0b", "a/.."] {
            assert!(matches!(relative(wrong), Err(Stray::Form)), "{wrong:?}");
        }
        assert_eq!(relative("./a//b.txt").unwrap(), Path::new("a/b.txt"));
        assert_eq!(relative("..a/b..").unwrap(), Path::new("..a/b.."));
    }

    #[test]
    fn links_are_followed_within_the_folder_and_never_out_of_it() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let root = folder.path().canonicalize().unwrap();
        std::fs::write(outside.path().join("secret"), "s").unwrap();
        std::fs::create_dir(root.join("in")).unwrap();
        std::fs::write(root.join("in/file"), "f").unwrap();
        symlink("in", root.join("link")).unwrap();
        symlink(outside.path(), root.join("out")).unwrap();
        symlink("..", root.join("up")).unwrap();
        let handle = File::open(&root).unwrap();
        let open = |path: &str| open(&root, &handle, Path::new(path));
        assert_eq!(within(&root, Path::new("link/file")).unwrap(), root.join("in/file"));
        assert!(open("link/file").is_ok());
        for path in ["out/secret", "up"] {
            assert!(matches!(within(&root, Path::new(path)), Err(Stray::Outside)), "{path}");
            assert!(matches!(open(path), Err(Stray::Outside)), "{path}");
        }
        assert!(matches!(open("in"), Err(Stray::NoFile)));
        assert!(matches!(open("IN/file"), Err(Stray::Io(_) | Stray::Case)));
        assert!(matches!(within(&root, Path::new("IN/file")), Err(Stray::Io(_) | Stray::Case)));
    }

    #[test]
    fn a_file_is_made_with_its_folders_and_never_outside() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let root = folder.path().canonicalize().unwrap();
        symlink(outside.path(), root.join("out")).unwrap();
        symlink(outside.path().join("new"), root.join("link")).unwrap();
        std::fs::write(root.join("old"), "longer").unwrap();
        let handle = File::open(&root).unwrap();
        let write = |path: &str| {
            let mut file = create(&root, &handle, Path::new(path))?;
            std::io::Write::write_all(&mut file, b"new").map_err(Stray::from)
        };
        for path in ["old", "a", "b/c/d"] {
            write(path).unwrap();
            assert_eq!(std::fs::read_to_string(root.join(path)).unwrap(), "new", "{path}");
        }
        for path in ["out/new", "out/deep/new", "link"] {
            assert!(matches!(write(path), Err(Stray::Outside)), "{path}");
        }
        assert!(write("b").is_err() && write("a/b").is_err());
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_pipe_in_a_files_place_holds_nobody_up() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let made = std::process::Command::new("mkfifo").arg(root.join("pipe")).status().unwrap();
        assert!(made.success());
        let handle = File::open(&root).unwrap();
        assert!(matches!(open(&root, &handle, Path::new("pipe")), Err(Stray::NoFile)));
    }
}
