//! The runner's key, kept from the commands that it runs: they are the same person's, and could read its environment.

use std::io;

/// Hides this process's environment and memory from other processes of the same person, on Linux; the administrator sees
/// them as ever. There is no core dump of it then.
///
/// # Errors
/// When the system does not do it.
pub fn conceal() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use rustix::process::{DumpableBehavior, dumpable_behavior};

    #[test]
    fn a_concealed_process_shows_its_environment_to_the_administrator_only() {
        super::conceal().unwrap();
        let about = std::fs::metadata("/proc/self/environ").unwrap();
        assert_eq!((about.uid(), about.mode() & 0o777), (0, 0o400));
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    }
}
